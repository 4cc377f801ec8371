//! The tools a server lists: started bare, asked, and ended. Only where the user's command says so.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde_json::{Value, json};

use super::fit::Tool;

/// How long a server may take for all of it: its program may have to be fetched first.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(20);
/// The longest line that is read.
const MAX_LINE: u64 = 10 * 1024 * 1024;
/// The most tools that are read, and the most pages they may come on.
const MOST: usize = 1000;
const PAGES: usize = 100;

/// Why a server's tools are not known.
#[derive(Debug)]
pub enum ToolsError {
    /// It could not be started.
    Start(io::Error),
    /// It ended, or closed its output.
    Ended,
    /// It did not answer in time.
    Late,
    /// A line is longer than any may be, or its answer is none.
    Form,
    /// It refused.
    Refused,
    /// It lists more than can be read.
    Many,
}

impl fmt::Display for ToolsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "it could not be started: {error}"),
            Self::Ended => f.write_str("it ended before it answered"),
            Self::Late => write!(f, "it did not answer within {} seconds", PATIENCE.as_secs()),
            Self::Form => f.write_str("its answer has an unknown form"),
            Self::Refused => f.write_str("it refused to say"),
            Self::Many => write!(f, "it lists more than {MOST} tools"),
        }
    }
}

impl std::error::Error for ToolsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start(error) => Some(error),
            Self::Ended | Self::Late | Self::Form | Self::Refused | Self::Many => None,
        }
    }
}

/// Starts this command, asks it for its tools, and ends it.
///
/// # Errors
/// When it does not say.
pub fn list(command: &[String]) -> Result<Vec<Tool>, ToolsError> {
    list_within(PATIENCE, command)
}

fn list_within(patience: Duration, command: &[String]) -> Result<Vec<Tool>, ToolsError> {
    let mut server = Server::start(command, patience)?;
    server.ask(
        "initialize",
        &json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "aipctl", "version": env!("CARGO_PKG_VERSION")}}),
    )?;
    server.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
    let mut tools = Vec::new();
    let mut params = json!({});
    for _ in 0..PAGES {
        let result = server.ask("tools/list", &params)?;
        let page = result.get("tools").and_then(Value::as_array);
        for tool in page.ok_or(ToolsError::Form)? {
            tools.push(read(tool).ok_or(ToolsError::Form)?);
        }
        if tools.len() > MOST {
            return Err(ToolsError::Many);
        }
        match result.get("nextCursor").and_then(Value::as_str) {
            Some(cursor) => params = json!({"cursor": cursor}),
            None => return Ok(tools),
        }
    }
    Err(ToolsError::Many)
}

fn read(tool: &Value) -> Option<Tool> {
    let hint = |name: &str| {
        let hints = tool.get("annotations").and_then(|it| it.get(name));
        hints.and_then(Value::as_bool) == Some(true)
    };
    Some(Tool {
        name: tool.get("name")?.as_str()?.to_owned(),
        read_only: hint("readOnlyHint"),
        destructive: hint("destructiveHint"),
    })
}

/// A server that runs. It is ended with this.
struct Server {
    child: Child,
    /// To the thread that writes: a server that reads nothing must not hold up the asking.
    input: Option<SyncSender<String>>,
    lines: Receiver<Vec<u8>>,
    until: Instant,
    last_id: u64,
}

impl Server {
    fn start(command: &[String], patience: Duration) -> Result<Self, ToolsError> {
        let (program, args) = command.split_first().ok_or(ToolsError::Ended)?;
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(ToolsError::Start)?;
        let (sender, lines) = sync_channel(16);
        let output = child.stdout.take();
        thread::spawn(move || {
            let mut output = BufReader::new(output?);
            loop {
                let mut line = Vec::new();
                let read = output.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
                if read.is_err() || line.is_empty() || sender.send(line).is_err() {
                    return None::<()>;
                }
            }
        });
        let (input, messages) = sync_channel::<String>(1);
        let stdin = child.stdin.take();
        thread::spawn(move || {
            let mut stdin = stdin?;
            for message in messages {
                stdin.write_all(message.as_bytes()).ok()?;
            }
            None::<()>
        });
        Ok(Self {
            child,
            input: Some(input),
            lines,
            until: Instant::now() + patience,
            last_id: 0,
        })
    }

    fn send(&mut self, message: &Value) -> Result<(), ToolsError> {
        let input = self.input.as_ref().ok_or(ToolsError::Ended)?;
        let mut line = format!("{message}\n");
        loop {
            match input.try_send(line) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(ToolsError::Ended),
                Err(TrySendError::Full(unsent)) => line = unsent,
            }
            if Instant::now() >= self.until {
                return Err(ToolsError::Late);
            }
            thread::sleep(STEP);
        }
    }

    /// The result of a request. What the server asks meanwhile it is not given.
    fn ask(&mut self, method: &str, params: &Value) -> Result<Value, ToolsError> {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        loop {
            let mut message = self.next()?;
            if message.get("method").is_some() {
                if let Some(theirs) = message.get("id") {
                    let error = json!({"code": -32601, "message": "Method not found"});
                    self.send(&json!({"jsonrpc": "2.0", "id": theirs, "error": error}))?;
                }
            } else if message.get("id").and_then(Value::as_u64) == Some(id) {
                let result = message.get_mut("result").map(Value::take);
                return result.ok_or(ToolsError::Refused);
            }
        }
    }

    fn next(&mut self) -> Result<Value, ToolsError> {
        let left = self.until.saturating_duration_since(Instant::now());
        // What never stops talking always has a line ready.
        if left.is_zero() {
            return Err(ToolsError::Late);
        }
        match self.lines.recv_timeout(left) {
            Ok(line) => serde_json::from_slice(&line).map_err(|_| ToolsError::Form),
            Err(RecvTimeoutError::Timeout) => Err(ToolsError::Late),
            Err(RecvTimeoutError::Disconnected) => Err(ToolsError::Ended),
        }
    }
}

impl Drop for Server {
    /// As clients end a server: its input first, then by force, and then all that it has started. Its
    /// group keeps its number until it is waited for.
    fn drop(&mut self) {
        self.input = None;
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let until = Instant::now() + FAREWELL;
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            while matches!(waitid(WaitId::Pid(pid), options), Ok(None)) && Instant::now() < until {
                thread::sleep(STEP);
            }
            let _gone = kill_process_group(pid, Signal::KILL);
        }
        let _gone = self.child.wait();
    }
}

#[cfg(test)]
mod tests;
