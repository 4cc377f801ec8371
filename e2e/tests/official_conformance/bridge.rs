//! The bridge from HTTP to a stdio server, and what it does that the suite does not ask for.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use e2e::home::Home;
use e2e::needs::needs;
use e2e::programs::program;
use serde_json::json;

use crate::http::{Answer, ask, read, send};
use crate::suite::{Suite, script};

/// A running bridge; it ends with its standard input.
pub(crate) struct Bridge {
    child: Child,
    url: String,
}

impl Bridge {
    /// Serves this command.
    pub(crate) fn start(home: &Home, node: &str, server: &[String]) -> Self {
        let mut command = Command::new(node);
        command.arg(script("bridge.mjs")).args(server);
        home.dress(&mut command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be run");
        let mut url = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut url)
            .expect("the bridge tells its address");
        let url = url.trim_end().to_owned();
        Self { child, url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn a_session_lasts_from_initialize_to_delete() {
    with_bridge("a_session_lasts_from_initialize_to_delete", &notes, |url| {
        let begun = ask(url, "POST", &[STREAM], &initialize());
        assert_eq!(begun.status, 200, "{begun:?}");
        assert!(begun.body.contains("data: {"), "{begun:?}");
        let session = ("Mcp-Session-Id", begun.session());

        let ping = r#"{"jsonrpc":"2.0","id":"1","method":"ping"}"#;
        let answer = ask(url, "POST", &[session], ping);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/json"))
        );
        assert!(answer.body.contains(r#""id":"1""#), "{answer:?}");
        let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert_eq!(ask(url, "POST", &[session], note).status, 202);

        assert_eq!(ask(url, "DELETE", &[session], "").status, 200);
        assert_eq!(ask(url, "POST", &[session], ping).status, 404);
    });
}

#[test]
fn what_a_server_says_unasked_comes_to_the_one_who_listens() {
    let name = "what_a_server_says_unasked_comes_to_the_one_who_listens";
    with_bridge(name, &|_| shell(UNASKED), |url| {
        let begun = ask(url, "POST", &[], &initialize());
        let session = [("Mcp-Session-Id", begun.session())];
        let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        let tell = || assert_eq!(ask(url, "POST", &session, note).status, 202);

        tell();
        let listener = send(url, "GET", &session, "");
        listener.peek(&mut [0]).expect("the beginning of an answer");
        assert_eq!(ask(url, "GET", &session, "").status, 409);
        tell();
        assert_eq!(ask(url, "DELETE", &session, "").status, 200);

        let heard = read(listener);
        let lines = heard.body.lines().filter(|line| line.starts_with("data: "));
        let data = [
            "data: {\"method\":\"early\u{2028}\"}",
            r#"data: {"method": "late"} "#,
        ];
        assert_eq!(lines.collect::<Vec<_>>(), data, "{heard:?}");
    });
}

/// Answers, and says something of its own after each further line; once with a character that
/// some take for the end of a line.
const UNASKED: &str = r#"
read -r line; echo '{"jsonrpc":"2.0","id":0,"result":{}}'
read -r line; printf '{"method":"early\342\200\250"}\n'
read -r line; printf '{"method":\r"late"}\r\n'
read -r line
"#;

#[test]
fn what_is_not_for_a_session_is_refused() {
    with_bridge("what_is_not_for_a_session_is_refused", &notes, |url| {
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        for (status, method, header, body) in [
            (400, "POST", None, ping),
            (404, "POST", Some(("Mcp-Session-Id", "none")), ping),
            (400, "GET", None, ""),
            (400, "DELETE", None, ""),
            (405, "PUT", None, ping),
            (400, "POST", None, "["),
            (400, "POST", None, "[]"),
            (
                403,
                "POST",
                Some(("Origin", "http://evil.example.com")),
                ping,
            ),
        ] {
            let answer = ask(url, method, header.as_slice(), body);
            assert_eq!(answer.status, status, "{method} {body}: {answer:?}");
        }
    });
}

#[test]
fn nobody_waits_for_a_server_that_has_ended() {
    let name = "nobody_waits_for_a_server_that_has_ended";
    with_bridge(name, &|_| shell("read -r line; exit 1"), |url| {
        let answer = ask(url, "POST", &[STREAM], &initialize());
        assert!(answer.body.contains("the server has ended"), "{answer:?}");
    });
    let missing = |_: &Path| vec!["/no/such/program".to_owned()];
    with_bridge(name, &missing, |url| {
        let answer = ask(url, "POST", &[], &initialize());
        assert!(answer.body.contains("the server has ended"), "{answer:?}");
    });
}

#[test]
fn a_forgotten_session_ends_by_itself() {
    with_bridge("a_forgotten_session_ends_by_itself", &notes, |url| {
        let begun = ask(url, "POST", &[], &initialize());
        let session = ("Mcp-Session-Id", begun.session());
        let since = Instant::now();
        // Nothing that would count as using it.
        let unused = || ask(url, "GET", &[session, ("Origin", "http://x.invalid")], "");
        assert_eq!(unused().status, 403);
        std::thread::sleep(Duration::from_secs(6));
        let answer = ask(url, "DELETE", &[session], "");
        assert_eq!(answer.status, 404, "after {:?}", since.elapsed());
    });
}

const STREAM: (&str, &str) = ("Accept", "application/json, text/event-stream");

fn initialize() -> String {
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bridge.rs", "version": "1"},
    });
    // With line breaks, which no line of stdio may have.
    let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
    serde_json::to_string_pretty(&message).unwrap()
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

/// The command of our own notes server.
fn notes(work: &Path) -> Vec<String> {
    [&program("aip-notes"), work]
        .map(|it| it.to_string_lossy().into_owned())
        .to_vec()
}

fn with_bridge(name: &str, server: &dyn Fn(&Path) -> Vec<String>, run: impl FnOnce(&str)) {
    let Some(suite) = needs(name, Suite::installed()) else {
        return;
    };
    let home = Home::new();
    let bridge = Bridge::start(&home, suite.node(), &server(&home.work()));
    run(bridge.url());
}

impl Answer {
    fn session(&self) -> &str {
        self.header("mcp-session-id").expect("a session")
    }
}
