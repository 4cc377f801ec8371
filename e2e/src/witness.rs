//! A witness stands in a program's place, runs it, and keeps what it was told, what it said, what
//! it wrote to standard error and how it ended. Signals are passed on, and the witness ends as the
//! program did, so that whoever started it sees no difference.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::client::PATIENCE;
use crate::home::alive;
use crate::wait::wait_until;

/// How often the witness looks whether it got a signal.
const LOOK: Duration = Duration::from_millis(5);

/// One run of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Testimony {
    /// The lines it read.
    pub told: Vec<String>,
    /// The lines it wrote.
    pub said: Vec<String>,
    /// What it wrote to standard error.
    pub stderr: String,
    /// `exit N`, `signal N`, or `killed` when the witness was killed with it.
    pub end: String,
}

/// Reads what was kept in a folder, run by run, once all have ended.
///
/// # Panics
/// When one does not end in time.
#[must_use]
pub fn testimonies(folder: &Path) -> Vec<Testimony> {
    (0..)
        .map(|run| folder.join(run.to_string()))
        .take_while(|run| run.exists())
        .map(|run| {
            let text = |name: &str| {
                let bytes = fs::read(run.join(name)).unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            };
            wait_until("a witnessed program to end", PATIENCE, || {
                run.join("end").exists() || text("pid").parse().is_ok_and(|pid| !alive(pid))
            });
            let lines = |name: &str| text(name).lines().map(str::to_owned).collect();
            let end = text("end");
            Testimony {
                told: lines("told"),
                said: lines("said"),
                stderr: text("stderr"),
                end: if end.is_empty() {
                    "killed".to_owned()
                } else {
                    end
                },
            }
        })
        .collect()
}

/// Runs the program and keeps what happens in a folder of its own inside this one.
///
/// # Errors
/// When the program can't be started or nothing can be kept.
pub fn stand(folder: &Path, command: Vec<OsString>) -> io::Result<ExitCode> {
    let run = (0..)
        .map(|run: u32| folder.join(run.to_string()))
        .find_map(|run| match fs::create_dir(&run) {
            Ok(()) => Some(Ok(run)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
            Err(error) => Some(Err(error)),
        })
        .ok_or_else(|| io::Error::other("no number is left"))??;
    fs::write(run.join("pid"), std::process::id().to_string())?;
    let mut words = command.into_iter();
    let program = words.next().ok_or_else(|| io::Error::other("no command"))?;
    let signals = [Signal::TERM, Signal::INT, Signal::HUP].map(|it| (it, Arc::default()));
    for (signal, seen) in &signals {
        signal_hook::flag::register(signal.as_raw(), Arc::clone(seen))?;
    }
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let outputs = keep(&mut child, &run)?;
    let id = child.id();
    thread::spawn(move || pass_signals(id, &signals));
    let status = child.wait()?;
    for output in outputs {
        let _ = output.join();
    }
    let (end, code) = ended(status);
    // Written whole or not at all: who reads it takes its being there for the end.
    fs::write(run.join("end.new"), end)?;
    fs::rename(run.join("end.new"), run.join("end"))?;
    if let Some(signal) = status.signal() {
        signal_hook::low_level::emulate_default_handler(signal)?;
    }
    Ok(code)
}

/// Starts the three pumps; gives the two that end with the program.
fn keep(child: &mut Child, run: &Path) -> io::Result<[JoinHandle<()>; 2]> {
    let file = |name: &str| File::create(run.join(name));
    let (told, said, stderr) = (file("told")?, file("said")?, file("stderr")?);
    let missing = || io::Error::other("a pipe is missing");
    let input = child.stdin.take().ok_or_else(missing)?;
    let output = child.stdout.take().ok_or_else(missing)?;
    let errors = child.stderr.take().ok_or_else(missing)?;
    thread::spawn(move || pump(io::stdin(), input, told));
    Ok([
        thread::spawn(move || pump(output, io::stdout(), said)),
        thread::spawn(move || pump(errors, io::stderr(), stderr)),
    ])
}

fn pump(mut from: impl Read, mut to: impl Write, mut kept: File) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        let bytes = &piece[..length];
        if kept.write_all(bytes).is_err() || to.write_all(bytes).and_then(|()| to.flush()).is_err()
        {
            return;
        }
    }
}

fn pass_signals(id: u32, signals: &[(Signal, Arc<AtomicBool>)]) {
    let Some(child) = i32::try_from(id).ok().and_then(Pid::from_raw) else {
        return;
    };
    loop {
        for (signal, seen) in signals {
            if seen.swap(false, Ordering::Relaxed) {
                let _ = kill_process(child, *signal);
            }
        }
        thread::sleep(LOOK);
    }
}

fn ended(status: ExitStatus) -> (String, ExitCode) {
    match (status.code(), status.signal()) {
        (Some(code), _) => {
            let code = u8::try_from(code).unwrap_or(u8::MAX);
            (format!("exit {code}"), ExitCode::from(code))
        }
        (None, signal) => (
            format!("signal {}", signal.unwrap_or_default()),
            ExitCode::FAILURE,
        ),
    }
}
