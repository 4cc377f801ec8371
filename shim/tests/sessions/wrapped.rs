//! Runs `aip` as a client would and talks to it line by line.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::daemon::PATIENCE;

/// A running `aip`.
pub(crate) struct Wrapped {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    errors: Option<std::thread::JoinHandle<String>>,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    /// What was not taken by [`Wrapped::line`].
    pub(crate) output: Vec<String>,
    pub(crate) errors: String,
}

/// `aip` with `AIP_HOME` in the folder, wrapping a script of sh.
pub(crate) fn aip(home: &Path, script: &str) -> Command {
    aip_with(home, &["--", "sh", "-c", script])
}

/// A copy in a folder of its own: beside a real `aipd` it would start that one.
fn copied(home: &Path) -> PathBuf {
    let folder = home.join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let copy = folder.join("aip");
    std::fs::copy(env!("CARGO_BIN_EXE_aip"), &copy).unwrap();
    copy
}

pub(crate) fn start(command: &mut Command) -> Wrapped {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (sender, output) = channel();
    let stdout = child.stdout.take().unwrap();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let mut stderr = child.stderr.take().unwrap();
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        text
    });
    Wrapped {
        input: child.stdin.take(),
        child,
        output,
        errors: Some(errors),
    }
}

impl Wrapped {
    pub(crate) fn send(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.input.as_mut().unwrap().write_all(bytes)
    }

    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    /// The next line it writes.
    pub(crate) fn line(&self) -> String {
        self.output.recv_timeout(PATIENCE).expect("a line in time")
    }

    /// Whether it writes nothing for a while.
    pub(crate) fn is_silent(&self, wait: Duration) -> bool {
        matches!(
            self.output.recv_timeout(wait),
            Err(RecvTimeoutError::Timeout)
        )
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for its end; its input stays as it is.
    pub(crate) fn finish(mut self) -> Finished {
        let status = self.wait();
        let output = self.output.iter().collect();
        let errors = self.errors.take().unwrap().join().unwrap();
        Finished {
            code: status.code(),
            signal: status.signal(),
            output,
            errors,
        }
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "aip does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Wrapped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process is there and no zombie.
pub(crate) fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.starts_with(" Z"))
}

/// Runs a command that is expected to end at once.
pub(crate) fn run(command: &mut Command) -> Finished {
    let mut wrapped = start(command);
    wrapped.close_input();
    wrapped.finish()
}

/// `aip` with arguments of the test's own.
pub(crate) fn aip_with<A: AsRef<OsStr>>(home: &Path, arguments: &[A]) -> Command {
    let mut command = Command::new(copied(home));
    command.env("AIP_HOME", home).args(arguments);
    command
}
