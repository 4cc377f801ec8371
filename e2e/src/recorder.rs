//! A fake MCP server that keeps what it received and misbehaves on request. What counts as
//! having reached the server is decided by its record file, never by what it answered.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use serde_json::{Value, json};

mod manner;

pub use manner::Manner;

/// Bytes of one write of a very long line.
const CHUNK: usize = 64 * 1024;

/// The running server.
#[derive(Debug)]
pub struct Recorder {
    manner: Manner,
    record: File,
    output: Arc<Mutex<io::Stdout>>,
}

impl Recorder {
    /// Opens the record and does what has to stand before the first line is read.
    ///
    /// # Errors
    /// When the record can't be opened or the grandchild not started.
    pub fn start(manner: Manner) -> io::Result<Self> {
        let record = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&manner.record)?;
        if manner.ignore_term {
            let seen = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal_hook::consts::SIGTERM, seen)?;
        }
        if let Some(path) = &manner.grandchild {
            let child = Command::new("sleep")
                .arg("600")
                .stdin(Stdio::null())
                .spawn()?;
            std::fs::write(path, child.id().to_string())?;
        }
        if let Some(text) = &manner.stderr {
            writeln!(io::stderr(), "{text}")?;
        }
        Ok(Self {
            manner,
            record,
            output: Arc::new(Mutex::new(io::stdout())),
        })
    }

    /// Records and answers line by line until the input ends or a switch says to end.
    ///
    /// # Errors
    /// When the record or the output can't be written.
    pub fn serve(mut self, input: impl BufRead) -> io::Result<ExitCode> {
        let mut calls = 0;
        for line in input.split(b'\n') {
            let mut line = line?;
            line.push(b'\n');
            self.record.write_all(&line)?;
            let message: Value = serde_json::from_slice(&line).unwrap_or_default();
            calls += u64::from(message["method"] == "tools/call");
            self.act(&message)?;
            if message["method"] == "tools/call" && self.manner.exit_after == Some(calls) {
                return self.leave();
            }
        }
        if self.manner.ignore_eof {
            loop {
                std::thread::sleep(Duration::from_secs(60));
            }
        }
        Ok(ExitCode::from(self.manner.exit_code))
    }

    fn act(&self, message: &Value) -> io::Result<()> {
        let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) else {
            return Ok(());
        };
        let result = match method {
            "initialize" => initialize(message),
            "tools/list" => self.list(&message["params"]),
            "resources/list" => json!({"resources": [
                {"uri": "note://team/plan", "name": "plan"},
                {"uri": "note://private/plan", "name": "plan"},
            ]}),
            "prompts/list" => json!({"prompts": [{"name": "review"}, {"name": "other"}]}),
            "tools/call" => return self.call(id, &message["params"]),
            _ => json!({}),
        };
        self.say(&json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string())
    }

    /// A page of the tools; page 0 where no cursor says otherwise.
    fn list(&self, params: &Value) -> Value {
        let Some(path) = &self.manner.tools_from else {
            return json!({"tools": self.manner.tools});
        };
        let listed = manner::json_file(path.clone()).unwrap_or_default();
        let Some(pages) = listed["pages"].as_array() else {
            return json!({"tools": listed});
        };
        let cursor = params["cursor"].as_str().and_then(|it| it.parse().ok());
        let page: usize = cursor.unwrap_or(0);
        let tools = pages.get(page).cloned().unwrap_or_else(|| json!([]));
        match page + 1 < pages.len() {
            true => json!({"tools": tools, "nextCursor": (page + 1).to_string()}),
            false => json!({"tools": tools}),
        }
    }

    fn call(&self, id: &Value, params: &Value) -> io::Result<()> {
        if self.manner.junk {
            self.say("Listening on port 8080 ...")?;
        }
        if let Some(method) = &self.manner.tells {
            self.say(&json!({"jsonrpc": "2.0", "method": method}).to_string())?;
        }
        if let Some(method) = &self.manner.asks {
            let asked = json!({"jsonrpc": "2.0", "id": "asked", "method": method, "params": {}});
            self.say(&asked.to_string())?;
        }
        if let Some(length) = self.manner.big {
            self.say_long(length)?;
        }
        if self.manner.silent {
            return Ok(());
        }
        let result = self.manner.result.clone().unwrap_or_else(|| {
            let text = match self.manner.big_answer {
                Some(length) => "x".repeat(length),
                None => params["arguments"].to_string(),
            };
            json!({"content": [{"type": "text", "text": text}]})
        });
        let line = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        if self.manner.delay.is_zero() {
            return self.say(&line);
        }
        let (output, delay) = (Arc::clone(&self.output), self.manner.delay);
        std::thread::spawn(move || {
            std::thread::sleep(delay);
            // A client that is gone by now is no failure of the server's.
            let _ = say(&output, &line);
        });
        Ok(())
    }

    fn leave(&self) -> io::Result<ExitCode> {
        for number in 0..self.manner.last_words {
            let params = json!({"level": "info", "data": format!("last words {number}")});
            let line =
                json!({"jsonrpc": "2.0", "method": "notifications/message", "params": params});
            self.say(&line.to_string())?;
        }
        if self.manner.unfinished {
            let line = json!({"jsonrpc": "2.0", "method": "notifications/message",
                "params": {"level": "info", "data": "no newline"}});
            let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
            write!(output, "{line}")?;
            output.flush()?;
        }
        if let Some(signal) = self.manner.exit_signal.and_then(Signal::from_named_raw) {
            kill_process(getpid(), signal)?;
        }
        Ok(ExitCode::from(self.manner.exit_code))
    }

    fn say(&self, line: &str) -> io::Result<()> {
        say(&self.output, line)
    }

    fn say_long(&self, length: usize) -> io::Result<()> {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let chunk = vec![b'x'; CHUNK];
        for start in (0..length).step_by(CHUNK) {
            output.write_all(chunk.get(..CHUNK.min(length - start)).unwrap_or(&chunk))?;
        }
        output.write_all(b"\n")?;
        output.flush()
    }
}

fn say(output: &Mutex<io::Stdout>, line: &str) -> io::Result<()> {
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(output, "{line}")?;
    output.flush()
}

fn initialize(message: &Value) -> Value {
    json!({
        "protocolVersion": message["params"]["protocolVersion"],
        "capabilities": {"tools": {"listChanged": true}, "logging": {}},
        "serverInfo": {"name": "aip-recorder", "version": env!("CARGO_PKG_VERSION")},
    })
}
