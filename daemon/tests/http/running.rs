//! A daemon in a home of its own.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::client::{Answer, PATIENCE, send};

/// Any program counts as a person, since a test has no terminal that was there before.
pub(crate) const CONFIG: &str = "approval_auth: off\n";

pub(crate) struct Running {
    pub(crate) home: tempfile::TempDir,
    pub(crate) child: Child,
}

impl Running {
    pub(crate) fn new() -> Self {
        Self::with(CONFIG)
    }

    pub(crate) fn with(config: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("config.yaml"), config).unwrap();
        let child = start(home.path());
        Self { home, child }
    }

    /// Ends it and starts another in the same home, `between` having been done.
    pub(crate) fn again(&mut self, between: impl FnOnce()) {
        self.stop();
        between();
        self.child = start(self.home.path());
    }

    pub(crate) fn stop(&mut self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").arg(pid).status().unwrap();
        assert!(told.success());
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// The lines it answers with to a request on the control socket.
    pub(crate) fn watch(&self, request: &Value) -> impl Iterator<Item = Value> + use<> {
        let mut stream = UnixStream::connect(self.home.path().join("run/control.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        writeln!(stream, "{request}").unwrap();
        let lines = BufReader::new(stream).lines();
        lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap())
    }

    /// The first of them.
    pub(crate) fn ask(&self, request: &Value) -> Value {
        self.watch(request).next().unwrap()
    }

    pub(crate) fn status(&self) -> Value {
        self.ask(&json!({"op": "status"}))["end"].clone()
    }

    pub(crate) fn port(&self) -> u16 {
        let status = self.status();
        let url = status["dashboard"].as_str().unwrap();
        let port = url.strip_prefix("http://127.0.0.1:").unwrap();
        port.strip_suffix('/').unwrap().parse().unwrap()
    }

    pub(crate) fn code(&self) -> String {
        let offered = self.ask(&json!({"op": "dashboard_code"}));
        offered["item"]["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn trade(&self, code: &str) -> Answer {
        self.post("/api/v1/token", "", &json!({"code": code}))
    }

    /// A token that may do everything.
    pub(crate) fn token(&self) -> String {
        let traded = self.trade(&self.code());
        assert_eq!(traded.status, 200, "{traded:?}");
        assert_eq!(traded.json()["scope"], "full");
        traded.json()["token"].as_str().unwrap().to_owned()
    }

    /// One that can look and change nothing.
    pub(crate) fn read_token(&self) -> String {
        let made = self.ask(&json!({"op": "dashboard_token"}));
        made["end"]["token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.request("GET", path, token, "", "")
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        let fields = "content-type: application/json\r\n";
        self.request("POST", path, token, fields, &body.to_string())
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        token: &str,
        fields: &str,
        body: &str,
    ) -> Answer {
        let port = self.port();
        let bearer = match token {
            "" => String::new(),
            token => format!("authorization: Bearer {token}\r\n"),
        };
        let length = match body {
            "" => String::new(),
            body => format!("content-length: {}\r\n", body.len()),
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\
             {bearer}{length}{fields}\r\n"
        );
        send(port, format!("{head}{body}").as_bytes())
    }

    /// Something that gets a record.
    pub(crate) fn happens(&self, token: &str) {
        let done = self.post("/api/v1/override", token, &json!({"mode": "deny_all"}));
        assert_eq!(done.status, 200, "{done:?}");
    }

    /// The records of this event, oldest first.
    pub(crate) fn events(&self, name: &str) -> Vec<Value> {
        let items = self.watch(&json!({"op": "logs", "events": true}));
        items
            .map(|line| line["item"].clone())
            .filter(|it| it["event"] == name)
            .collect()
    }
}

fn start(home: &Path) -> Child {
    let child = Command::new(env!("CARGO_BIN_EXE_aipd"))
        .env("AIP_HOME", home)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while UnixStream::connect(home.join("run/control.sock")).is_err() {
        assert!(begun.elapsed() < PATIENCE, "it does not listen");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}
