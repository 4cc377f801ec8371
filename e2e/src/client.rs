//! An MCP client that speaks line by line with a program: `aip`, or a server itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::wait::wait_for;

/// How long a client waits for an answer unless told otherwise.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running program and the client's end of its pipes.
#[derive(Debug)]
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    waiting: Vec<Value>,
    stderr: Arc<Mutex<Vec<u8>>>,
    last_id: i64,
}

impl Client {
    /// Starts the program.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} could not be started: {error}"));
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        std::thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut errors) = (
            Arc::clone(&stderr),
            child.stderr.take().expect("it is piped"),
        );
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = errors.read(&mut piece) {
                kept.lock().unwrap().extend(piece.iter().take(length));
            }
        });
        let input = child.stdin.take();
        Self {
            child,
            input,
            lines,
            waiting: Vec::new(),
            stderr,
            last_id: 0,
        }
    }

    /// The handshake of the newest stateful revision; gives the server's result.
    pub fn initialize(&mut self) -> Value {
        self.initialize_as(&json!({}))
    }

    /// The same of a client with these capabilities.
    pub fn initialize_as(&mut self, capabilities: &Value) -> Value {
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": capabilities,
            "clientInfo": {"name": "e2e", "version": "1"},
        });
        let mut answer = self.request("initialize", &params);
        assert!(
            answer.get("result").is_some(),
            "initialize failed: {answer} {}",
            self.stderr()
        );
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        answer["result"].take()
    }

    /// Calls a tool and waits for the whole answer.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.request("tools/call", &json!({"name": tool, "arguments": arguments}))
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        let id = self.ask(method, params);
        self.answer(id, PATIENCE).unwrap_or_else(|| {
            panic!(
                "no answer to {method} {params} in {PATIENCE:?}; stderr: {}",
                self.stderr()
            )
        })
    }

    /// Sends a call of a tool without waiting; gives its id.
    pub fn ask_call(&mut self, tool: &str, arguments: &Value) -> i64 {
        self.ask("tools/call", &json!({"name": tool, "arguments": arguments}))
    }

    /// Sends a request without waiting; gives its id.
    pub fn ask(&mut self, method: &str, params: &Value) -> i64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Sends one message.
    pub fn send(&mut self, message: &Value) {
        self.send_raw(format!("{message}\n").as_bytes());
    }

    /// Sends bytes as they are. A program that has ended is found out by what it answered.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the client's end is open");
        let _ = input.write_all(bytes).and_then(|()| input.flush());
    }

    /// Waits for the answer to this id; other messages are kept for later.
    pub fn answer(&mut self, id: i64, timeout: Duration) -> Option<Value> {
        self.find(timeout, |message| {
            message["id"] == id && message.get("method").is_none()
        })
    }

    /// Waits for a form that a person is to fill in; gives the request.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn form(&mut self) -> Value {
        self.find(PATIENCE, |it| it["method"] == "elicitation/create")
            .unwrap_or_else(|| panic!("no form in {PATIENCE:?}; stderr: {}", self.stderr()))
    }

    /// Sends a form back with this answer.
    pub fn fill_in(&mut self, form: &Value, answer: &str) {
        let result = json!({"action": "accept", "content": {"answer": answer}});
        self.send(&json!({"jsonrpc": "2.0", "id": form["id"], "result": result}));
    }

    /// Waits for the next message that fits; others are kept for later.
    pub fn find(&mut self, timeout: Duration, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        if let Some(place) = self.waiting.iter().position(&fits) {
            return Some(self.waiting.remove(place));
        }
        let end = Instant::now() + timeout;
        loop {
            let message = self.next_line(end.saturating_duration_since(Instant::now()))?;
            let message = serde_json::from_slice(&message)
                .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&message)));
            if fits(&message) {
                return Some(message);
            }
            self.waiting.push(message);
        }
    }

    /// Everything that still comes until the program closes its output, and what was kept.
    ///
    /// # Panics
    /// When it does not close its output in time.
    pub fn rest(&mut self, timeout: Duration) -> Vec<Value> {
        let end = Instant::now() + timeout;
        loop {
            match self
                .lines
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self
                    .waiting
                    .push(serde_json::from_slice(&line).expect("it is JSON")),
                Err(RecvTimeoutError::Disconnected) => return std::mem::take(&mut self.waiting),
                Err(RecvTimeoutError::Timeout) => panic!("output still open after {timeout:?}"),
            }
        }
    }

    /// The program's next line as it was written, its newline cut off.
    pub fn next_line(&mut self, timeout: Duration) -> Option<Vec<u8>> {
        self.lines.recv_timeout(timeout).ok()
    }

    /// Closes the client's end: the program reads an end of input.
    pub fn close(&mut self) {
        self.input = None;
    }

    /// Waits until the program has ended.
    pub fn wait(&mut self, timeout: Duration) -> ExitStatus {
        wait_for("the program to end", timeout, || {
            self.child.try_wait().expect("it is our child")
        })
    }

    /// The program's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the program wrote to its standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    /// Waits until standard error holds a text.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn wait_stderr(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.stderr().contains(text) {
            assert!(
                Instant::now() < end,
                "no `{text}` on stderr, only: {}",
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.input = None;
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
