//! What is left of an attacked session: the server's own record and the exported audit. What no
//! session may show is checked for each.

use std::path::Path;

use e2e::home::{Home, json_lines};
use serde_json::{Value, json};

use crate::session::is_plain;

pub(crate) struct Evidence {
    /// Each byte the server read.
    pub(crate) read: Vec<u8>,
    /// Each tool that ran, and its arguments.
    pub(crate) ran: Vec<(String, Value)>,
    /// The export, events included, oldest first.
    pub(crate) export: Vec<Value>,
}

impl Evidence {
    pub(crate) fn gather(home: &Home, record: &Path) -> Self {
        let mut it = Self::of(record);
        assert!(home.verifies().status.success(), "the chain is broken");
        it.export = home.ctl_lines(&["export", "--format", "jsonl", "--events"]);
        it.check();
        it
    }

    /// A server's record alone.
    pub(crate) fn of(record: &Path) -> Self {
        let facts = json_lines(&std::fs::read(record).unwrap_or_default());
        let ran = facts.iter().filter_map(|fact| {
            let tool = fact["ran"].as_str()?;
            Some((tool.to_owned(), fact["arguments"].clone()))
        });
        Self {
            read: facts.iter().flat_map(|fact| bytes(&fact["read"])).collect(),
            ran: ran.collect(),
            export: Vec::new(),
        }
    }

    fn check(&self) {
        for line in self.read.split(|byte| *byte == b'\n') {
            let shown = String::from_utf8_lossy(line);
            assert!(is_plain(line), "went out: {shown:?}");
            let json = serde_json::from_slice::<Value>(line);
            assert!(line.is_empty() || json.is_ok(), "went out: {shown:?}");
        }
        assert_eq!(self.runs_of("forbidden"), 0, "{:?}", self.ran);
        let mut unmatched = self.ran.clone();
        for record in self.decisions("ALLOW") {
            let tool = record["tool"].as_str().unwrap_or_default();
            let none = json!({});
            let arguments = record.get("args").unwrap_or(&none);
            let call = record["method"] == "tools/call";
            // The record names the tool as the client did; a variant goes on in another spelling.
            let variant = !tool.bytes().all(|it| it.is_ascii_lowercase());
            let run = unmatched
                .iter()
                .position(|(ran, given)| (ran == tool || variant) && is_recorded(given, arguments));
            match run {
                Some(run) => drop(unmatched.remove(run)),
                None => assert!(!call, "recorded as allowed, and never ran: {record}"),
            }
        }
        assert!(unmatched.is_empty(), "ran without a record: {unmatched:?}");
    }

    /// How often a tool ran.
    pub(crate) fn runs_of(&self, tool: &str) -> usize {
        self.ran.iter().filter(|(ran, _)| ran == tool).count()
    }

    /// Whether the server read this text.
    pub(crate) fn was_read(&self, text: &str) -> bool {
        self.read
            .windows(text.len())
            .any(|it| it == text.as_bytes())
    }

    pub(crate) fn decisions(&self, decision: &str) -> impl Iterator<Item = &Value> {
        self.export
            .iter()
            .filter(move |it| it["decision"] == decision)
    }

    pub(crate) fn events(&self, event: &str) -> impl Iterator<Item = &Value> {
        self.export.iter().filter(move |it| it["event"] == event)
    }

    /// The records before the honest call of this number, behind the one before it.
    pub(crate) fn before_honest(&self, number: u64) -> Vec<&Value> {
        let honest = |record: &&Value| record["args"]["honest"].as_u64();
        let from = self
            .export
            .iter()
            .position(|it| honest(&it) == Some(number - 1));
        self.export
            .iter()
            .skip(from.map_or(0, |at| at + 1))
            .take_while(|it| honest(it) != Some(number))
            .filter(|it| {
                !["DAEMON_STARTED", "POLICY_LOADED", "SESSION_STARTED"]
                    .contains(&it["event"].as_str().unwrap_or_default())
            })
            .collect()
    }
}

/// Whether arguments are those of a record, which holds of long ones both ends and the length.
fn is_recorded(given: &Value, recorded: &Value) -> bool {
    let text = given.to_string();
    let end = |name: &str| recorded[name].as_str();
    given == recorded
        || recorded["length"] == text.len()
            && end("head").is_some_and(|it| text.starts_with(it))
            && end("tail").is_some_and(|it| text.ends_with(it))
}

/// Base64, undone.
fn bytes(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap_or_default();
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters: Vec<_> = text.bytes().filter(|it| *it != b'=').map(value).collect();
    let joined = letters.chunks(4).flat_map(|four| {
        let bits = four.iter().fold(0, |bits, six| bits << 6 | u32::from(*six));
        let bits = bits << (6 * (4 - four.len()));
        bits.to_be_bytes().into_iter().skip(1).take(four.len() - 1)
    });
    joined.collect()
}
