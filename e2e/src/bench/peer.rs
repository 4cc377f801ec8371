//! The client's end of one session: blocking pipes, one thread, no reading of what comes back but
//! for its line ends, so that the client costs as little as it can.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::figures::median;
use super::payload::Call;

/// Bytes of one read.
const PIECE: usize = 256 * 1024;
/// How long a program may take to end once its input has.
const GOODBYE: Duration = Duration::from_secs(5);

/// A running program, `aip` or the server itself, and our ends of its pipes.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    piece: Vec<u8>,
}

/// What one stretch of calls took.
#[derive(Clone, Debug, Default)]
pub struct Lap {
    /// How many were answered.
    pub calls: usize,
    /// From the first call to the last answer.
    pub took: Duration,
    /// Each call's own time; empty where several were under way at once.
    pub each: Vec<Duration>,
}

impl Lap {
    /// Microseconds of the middle call; of the mean one where several were under way at once.
    #[must_use]
    pub fn micros(&self) -> f64 {
        if self.each.is_empty() {
            self.mean_micros()
        } else {
            median(self.each.iter().map(|time| time.as_secs_f64() * 1e6))
        }
    }

    /// Microseconds a call, those under way at once counted together.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn mean_micros(&self) -> f64 {
        self.took.as_secs_f64() * 1e6 / self.calls.max(1) as f64
    }
}

impl Peer {
    /// Starts the program; what it writes to standard error is shown.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| io::Error::other(format!("{command:?}: {error}")))?;
        let output = child.stdout.take().expect("stdout is piped");
        Ok(Self {
            input: child.stdin.take(),
            output,
            piece: vec![0; PIECE],
            child,
        })
    }

    /// The handshake up to the server's reply, then the rest of what a client says at first.
    ///
    /// # Errors
    /// The pipes', and an answer that is none.
    pub fn open(&mut self) -> io::Result<()> {
        self.initialize()?;
        self.write(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")?;
        self.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}))?;
        Ok(())
    }

    /// `initialize` and its reply.
    ///
    /// # Errors
    /// The pipes', and an answer that is none.
    pub fn initialize(&mut self) -> io::Result<()> {
        self.ask(&json!({
            "jsonrpc": "2.0",
            "id": 0,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "aip-bench", "version": "1"},
            },
        }))?;
        Ok(())
    }

    fn ask(&mut self, request: &Value) -> io::Result<Value> {
        self.write(format!("{request}\n").as_bytes())?;
        let answer = self.read_line()?;
        let answer: Value = serde_json::from_slice(&answer)?;
        if answer["id"] != request["id"] || answer.get("result").is_none() {
            return Err(io::Error::other(format!("not answered: {answer}")));
        }
        Ok(answer)
    }

    /// One call, read whole: gives the length of an answer's line, and of the text in it.
    ///
    /// # Errors
    /// The pipes', and an answer that is none.
    pub fn check(&mut self, call: &mut Call) -> io::Result<usize> {
        self.write(call.next_line())?;
        let answer = self.read_line()?;
        let read: Value = serde_json::from_slice(&answer)?;
        let text = &read["result"]["content"][0]["text"];
        if read["id"].as_u64() != Some(call.id()) || !text.is_string() {
            return Err(io::Error::other(format!("not answered: {read}")));
        }
        Ok(answer.len())
    }

    /// Calls for so long, with `depth` calls under way; each answer must have the length that
    /// [`Self::check`] found.
    ///
    /// # Errors
    /// The pipes', and answers of another length.
    pub fn lap(
        &mut self,
        call: &mut Call,
        depth: usize,
        at_least: Duration,
        length: usize,
    ) -> io::Result<Lap> {
        let (lap, bytes) = if depth == 1 {
            self.one_by_one(call, at_least)?
        } else {
            self.many_at_once(call, depth, at_least)?
        };
        if bytes == lap.calls * length {
            Ok(lap)
        } else {
            let calls = lap.calls;
            Err(io::Error::other(format!(
                "{calls} answers of {length} bytes were expected, and came as {bytes} bytes"
            )))
        }
    }

    fn one_by_one(&mut self, call: &mut Call, at_least: Duration) -> io::Result<(Lap, usize)> {
        let (mut each, mut bytes) = (Vec::with_capacity(1 << 16), 0);
        let start = Instant::now();
        let mut began = start;
        loop {
            self.write(call.next_line())?;
            loop {
                let piece = self.read_piece()?;
                bytes += piece.len();
                if piece.last() == Some(&b'\n') {
                    break;
                }
            }
            let now = Instant::now();
            each.push(now - began);
            began = now;
            if now - start >= at_least {
                let (calls, took) = (each.len(), now - start);
                return Ok((Lap { calls, took, each }, bytes));
            }
        }
    }

    fn many_at_once(
        &mut self,
        call: &mut Call,
        depth: usize,
        at_least: Duration,
    ) -> io::Result<(Lap, usize)> {
        let (mut calls, mut bytes, mut under_way) = (0, 0, 0);
        let (mut lines, mut more) = (Vec::new(), depth);
        let start = Instant::now();
        loop {
            lines.clear();
            for _ in 0..more {
                lines.extend_from_slice(call.next_line());
            }
            self.write(&lines)?;
            under_way += more;
            let piece = self.read_piece()?;
            bytes += piece.len();
            let answered = piece.iter().filter(|byte| **byte == b'\n').count();
            calls += answered;
            under_way -= answered;
            more = if start.elapsed() < at_least {
                answered
            } else {
                0
            };
            if under_way == 0 && more == 0 {
                let lap = Lap {
                    calls,
                    took: start.elapsed(),
                    each: Vec::new(),
                };
                return Ok((lap, bytes));
            }
        }
    }

    /// Ends the program at once, whatever it waits for.
    pub fn end_now(&mut self) {
        let _gone = self.child.kill();
    }

    /// Writes lines, and reads nothing.
    ///
    /// # Errors
    /// The pipe's.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.input
            .as_mut()
            .expect("open until dropped")
            .write_all(bytes)
    }

    fn read_piece(&mut self) -> io::Result<&[u8]> {
        let length = self.output.read(&mut self.piece)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(&self.piece[..length])
    }

    fn read_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            line.extend_from_slice(self.read_piece()?);
        }
        Ok(line)
    }

    /// The program's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.input = None;
        let end = Instant::now() + GOODBYE;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
