//! One case's shim: a real `aip` before a recording server, spoken with as a client does.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Trail;
use super::bench::Bench;

/// How long a shim may take to end once its client has gone.
const GOODBYE: Duration = Duration::from_secs(10);
/// The longest line read from a shim, and the longest record read, in bytes.
const MOST: u64 = 64 * 1024 * 1024;

/// The shim of one case.
pub(super) struct Shim {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    label: String,
    may_ask: bool,
    record: PathBuf,
    stderr: PathBuf,
}

impl Shim {
    /// Starts it.
    pub(super) fn start(
        bench: &mut Bench,
        policy: Option<&str>,
        content: Option<&str>,
    ) -> Result<Self, String> {
        let (label, folder) = bench.next_case();
        let file = |ending: &str| folder.join(format!("{label}.{ending}"));
        let (record, stderr) = (file("record"), file("stderr"));
        write_new(&record, "")?;
        let mut command = Command::new(bench.programs().0);
        command.arg("--name").arg(&label);
        if let Some(text) = policy {
            write_new(&file("yaml"), text)?;
            command.arg("--policy").arg(file("yaml"));
        }
        command
            .arg("--")
            .arg(bench.programs().1)
            .arg("conformance-server")
            .arg(&record);
        if let Some(content) = content {
            write_new(&file("content"), content)?;
            command.arg("--content").arg(file("content"));
        }
        let mut child = spawn(command, bench, &folder, &stderr)
            .map_err(|error| format!("can't start `{}`: {error}", bench.programs().0.display()))?;
        let stdin = child.stdin.take();
        let lines = child
            .stdout
            .take()
            .map(read_lines)
            .ok_or("the shim has no output")?;
        let may_ask = policy.is_some_and(|text| text.contains("ask"));
        Ok(Self {
            child,
            stdin,
            lines,
            label,
            may_ask,
            record,
            stderr,
        })
    }

    /// The name it was given.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// Whether the policy could ask a person at all.
    pub(super) fn may_ask(&self) -> bool {
        self.may_ask
    }

    /// Sends one line.
    pub(super) fn send(&mut self, line: &str) -> Result<(), String> {
        let stdin = self.stdin.as_mut().ok_or("the client has gone")?;
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .map_err(|error| format!("the shim takes no more: {error}"))
    }

    /// The answer with this id, where it comes in time. Other lines are passed over.
    pub(super) fn answer_to(
        &mut self,
        id: &Value,
        within: Duration,
    ) -> Result<Option<Value>, String> {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = match self.lines.recv_timeout(left) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err("the shim ended before it had answered".to_owned());
                }
            };
            let message: Value = serde_json::from_str(&line)
                .map_err(|error| format!("the shim wrote a line that is no JSON: {error}"))?;
            if message.get("id") == Some(id) && message.get("method").is_none() {
                return Ok(Some(message));
            }
        }
    }

    /// Ends it as a client does, and gathers what reached the server and what was recorded.
    pub(super) fn end(&mut self, bench: &Bench) -> Result<Trail, String> {
        drop(self.stdin.take());
        let until = Instant::now() + GOODBYE;
        while self
            .child
            .try_wait()
            .map_err(|error| error.to_string())?
            .is_none()
        {
            if Instant::now() > until {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return Err(format!(
                    "the shim did not end with its client{}",
                    self.said()
                ));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(Trail {
            reached: reached(&self.record)?,
            records: bench.records(&self.label)?,
        })
    }

    /// What it wrote to its standard error.
    pub(super) fn said(&self) -> String {
        match crate::context::read_text(&self.stderr, MOST) {
            Ok(text) if !text.trim().is_empty() => format!("; it said:\n{}", text.trim_end()),
            Ok(_) | Err(_) => String::new(),
        }
    }
}

/// No shim is left behind when a case breaks off.
impl Drop for Shim {
    fn drop(&mut self) {
        drop(self.stdin.take());
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn spawn(
    mut command: Command,
    bench: &Bench,
    folder: &Path,
    stderr: &Path,
) -> std::io::Result<Child> {
    command
        .env_clear()
        .envs(
            bench
                .environment()
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(File::create(stderr)?)
        .spawn()
}

fn read_lines(stdout: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn write_new(path: &Path, text: &str) -> Result<(), String> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| format!("can't write `{}`: {error}", path.display()))
}

fn reached(record: &Path) -> Result<Vec<Value>, String> {
    fs::read_to_string(record)
        .map_err(|error| format!("can't read what reached the server: {error}"))?
        .lines()
        .map(|line| {
            serde_json::from_str(line)
                .map_err(|error| format!("a line that is no JSON reached the server: {error}"))
        })
        .collect()
}
