//! A table of attacks: what is sent, and what has to come of it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use e2e::needs::needs;
use serde_json::Value;

use crate::evidence::Evidence;
use crate::server::{ALL, RECORD, Server, on};
use crate::session::{Session, Setting};

/// A call that is not allowed; `HID` becomes a word of the case's own.
const EVIL: &str = r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#;

/// One attack. In what is sent, `@evil` stands for [`EVIL`] and `@call` for the start of a call.
pub(crate) struct Case {
    send: Vec<u8>,
    /// For each reply its error's code, or 0 for a result.
    replies: Vec<i64>,
    /// For each record its decision or event, in order.
    records: Vec<&'static str>,
    /// The word `HID` may reach the server, as data.
    passes: bool,
    /// Who runs the hidden call when no aip is in the way.
    falls: &'static [Server],
}

/// Refused with this error.
pub(crate) fn refused(code: i64, send: impl AsRef<[u8]>) -> Case {
    comes_to(send, &[code], &["BLOCK"])
}

/// Refused, and nobody could be told.
pub(crate) fn silenced(send: impl AsRef<[u8]>) -> Case {
    comes_to(send, &[], &["BLOCK"])
}

/// An answer or a cancel that concerns nothing.
pub(crate) fn dropped(send: impl AsRef<[u8]>) -> Case {
    comes_to(send, &[], &["MESSAGE_DROPPED"])
}

/// An allowed call that goes on, in bytes of one reading.
pub(crate) fn goes_on(send: impl AsRef<[u8]>) -> Case {
    Case {
        passes: true,
        ..comes_to(send, &[0], &["ALLOW"])
    }
}

pub(crate) fn comes_to(send: impl AsRef<[u8]>, replies: &[i64], records: &[&'static str]) -> Case {
    Case {
        send: send.as_ref().to_owned(),
        replies: replies.to_owned(),
        records: records.to_owned(),
        passes: false,
        falls: &[Server::Lenient],
    }
}

impl Case {
    /// Who runs the hidden call when no aip is in the way, if not the lenient server alone.
    pub(crate) fn falls(self, falls: &'static [Server]) -> Self {
        Self { falls, ..self }
    }

    /// Whether a hidden call is expected to run at this server when no aip is in the way.
    fn is_real_for(&self, server: Server) -> bool {
        let hides = ["forbidden", "@evil"].map(|it| replaced(&self.send, it, "") != self.send);
        hides.contains(&true) && self.falls.contains(&server)
    }

    fn word(at: usize) -> String {
        format!("hid{at}den")
    }

    fn bytes(&self, at: usize) -> Vec<u8> {
        let call = r#""jsonrpc":"2.0","id":7,"method":"tools/call""#;
        let sent = replaced(&self.send, "@evil", EVIL);
        replaced(&replaced(&sent, "@call", call), "HID", &Self::word(at))
    }
}

fn replaced(bytes: &[u8], what: &str, by: &str) -> Vec<u8> {
    let mut rest = bytes;
    let mut out = Vec::new();
    while let Some(at) = rest
        .windows(what.len())
        .position(|it| it == what.as_bytes())
    {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(by.as_bytes());
        rest = &rest[at + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Sends each case to each server, with an honest call behind it, and looks at all there is.
pub(crate) fn play(test: &str, setting: &Setting, cases: &[&[Case]]) {
    play_on(&ALL, test, setting, cases);
}

/// Sends each case to each of these servers.
pub(crate) fn play_on(servers: &[Server], test: &str, setting: &Setting, cases: &[&[Case]]) {
    let cases: Vec<_> = cases.iter().copied().flatten().collect();
    on(servers, test, setting, |mut session: Session| {
        for (at, case) in cases.iter().enumerate() {
            session.send(case.bytes(at));
            let replies = session.settle(case.replies.len());
            check_replies(case, at, &replies);
        }
        let evidence = session.end();
        for (at, case) in cases.iter().enumerate() {
            let shown = String::from_utf8_lossy(&case.send);
            let records = evidence.before_honest(at as u64 + 1);
            let words: Vec<_> = records.iter().map(|it| word_of(it)).collect();
            assert_eq!(words, case.records, "{shown}: {records:?}");
            let upstream = records.iter().all(|it| it["direction"] == "upstream");
            assert!(upstream, "{shown}: {records:?}");
            let read = evidence.was_read(&Case::word(at));
            assert!(case.passes || !read, "{shown} reached the server");
        }
    });
    alone(servers, test, &cases);
}

fn word_of(record: &Value) -> &str {
    let decision = record["decision"].as_str();
    decision.or(record["event"].as_str()).unwrap_or_default()
}

fn check_replies(case: &Case, at: usize, replies: &[Value]) {
    let shown = String::from_utf8_lossy(&case.send);
    let mut codes: Vec<_> = replies
        .iter()
        .map(|it| it["error"]["code"].as_i64().unwrap_or_default())
        .collect();
    codes.sort_unstable();
    let mut wanted = case.replies.clone();
    wanted.sort_unstable();
    assert_eq!(codes, wanted, "{shown}: {replies:?}");
    for reply in replies.iter().filter(|it| it.get("error").is_some()) {
        let told = reply["error"].to_string();
        assert!(!told.contains(&Case::word(at)), "{shown}: {told}");
    }
}

/// Without aip each attack is real: its hidden call runs at the servers it is meant for.
fn alone(servers: &[Server], test: &str, cases: &[&Case]) {
    for server in servers {
        let meant: Vec<_> = cases
            .iter()
            .enumerate()
            .filter(|(_, case)| case.is_real_for(*server))
            .map(|(at, case)| (at, *case))
            .collect();
        let name = format!("{test} ({server:?} alone)");
        if meant.is_empty() {
            continue;
        }
        let Some(command) = needs(&name, server.command()) else {
            continue;
        };
        let evidence = bare(&command, &meant);
        for (at, case) in meant {
            let shown = String::from_utf8_lossy(&case.send);
            let word = Case::word(at);
            let fell = evidence.ran.iter().any(|(tool, arguments)| {
                tool == "forbidden" && arguments.to_string().contains(&word)
            });
            assert!(fell, "{server:?} does not fall for {shown}");
        }
    }
}

fn bare(command: &[String], cases: &[(usize, &Case)]) -> Evidence {
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record.jsonl");
    let mut server = Command::new(&command[0])
        .args(&command[1..])
        .env(RECORD, &record)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let mut input = server.stdin.take().expect("it is piped");
    let hello = br#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"alone","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
"#;
    input.write_all(hello).expect("it reads");
    for (at, case) in cases {
        let line = [case.bytes(*at).as_slice(), b"\n"].concat();
        input.write_all(&line).expect("it reads");
    }
    drop(input);
    server.wait().expect("it ends");
    Evidence::of(&record)
}
