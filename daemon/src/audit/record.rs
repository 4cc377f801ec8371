//! One audit record before it has a place in the chain, and its form in the export.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::escape::escaped;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A verdict on one message.
    Decision,
    /// Something that happened.
    Event,
    /// What became of a call after its decision.
    Outcome,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Event => "event",
            Self::Outcome => "outcome",
        }
    }
}

/// A record to be written. Its fields go into the chain; its body can be erased later.
#[derive(Clone)]
pub struct NewRecord {
    kind: Kind,
    fields: BTreeMap<String, Value>,
    body: Option<String>,
}

impl std::fmt::Debug for NewRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRecord")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl NewRecord {
    /// A verdict: `decision` is one of SPEC section 5's words.
    #[must_use]
    pub fn decision(now_ms: i64, direction: &'static str, decision: &'static str) -> Self {
        Self::new(Kind::Decision, now_ms)
            .set("direction", direction)
            .set("decision", decision)
    }

    /// Something that happened.
    #[must_use]
    pub fn event(now_ms: i64, event: &'static str) -> Self {
        Self::new(Kind::Event, now_ms).set("event", event)
    }

    /// What became of the call: `forwarded`, `answered`, `not_forwarded` or `unknown`.
    #[must_use]
    pub fn outcome(now_ms: i64, call_id: &str, outcome: &'static str) -> Self {
        Self::new(Kind::Outcome, now_ms)
            .set("call_id", call_id)
            .set("outcome", outcome)
    }

    fn new(kind: Kind, now_ms: i64) -> Self {
        let fields = BTreeMap::from([
            ("kind".to_owned(), Value::from(kind.word())),
            (
                "timestamp".to_owned(),
                Value::from(crate::time::rfc3339(now_ms)),
            ),
        ]);
        Self {
            kind,
            fields,
            body: None,
        }
    }

    /// Sets a field.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Sets a field where there is a value.
    #[must_use]
    pub fn set_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// The call's arguments as JSON text, already redacted.
    #[must_use]
    pub fn with_args(mut self, args: Option<String>) -> Self {
        self.body = args.map(|args| escaped(&args).into_owned());
        self
    }

    /// Whether it tells of a violation.
    #[must_use]
    pub fn violates(&self) -> bool {
        self.fields
            .get("violation")
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    /// A field, where it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// The text that is hashed: canonical JSON (RFC 8785), since keys are sorted and ASCII and
    /// all numbers are integers; save that what is not seen stands escaped.
    pub(super) fn chained_text(&mut self, seq: u64, body_hash: Option<String>) -> String {
        self.fields.insert("seq".to_owned(), Value::from(seq));
        if let Some(hash) = body_hash {
            self.fields.insert("body".to_owned(), Value::from(hash));
        }
        let text = serde_json::to_string(&self.fields).unwrap_or_default();
        escaped(&text).into_owned()
    }

    pub(super) fn line(&self) -> String {
        line(&self.fields, self.body())
    }
}

/// The guide's order; every other field follows in the alphabet's.
const FIRST: [&str; 10] = [
    "timestamp",
    "event",
    "direction",
    "method",
    "tool",
    "args",
    "decision",
    "policy_mode",
    "violation",
    "error_code",
];
/// Fields of the store's own.
const HIDDEN: [&str; 4] = ["kind", "body", "frame", "part"];

/// A record as one line of the export, without the newline.
#[must_use]
pub fn line(fields: &BTreeMap<String, Value>, args: Option<&str>) -> String {
    let mut out = String::from("{");
    let mut member = |name: &str, value: &str| {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&Value::from(name).to_string());
        out.push(':');
        out.push_str(value);
    };
    for name in FIRST {
        if name == "args" {
            if let Some(args) = args {
                member(name, args);
            }
        } else if let Some(value) = fields.get(name) {
            member(name, &value.to_string());
        }
    }
    for (name, value) in fields {
        if !FIRST.contains(&name.as_str()) && !HIDDEN.contains(&name.as_str()) {
            member(name, &value.to_string());
        }
    }
    out.push('}');
    match escaped(&out) {
        Cow::Borrowed(_) => out,
        Cow::Owned(escaped) => escaped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_in_the_guides_order_and_hides_the_stores_own_fields() {
        let mut record = NewRecord::decision(1_772_533_845_123, "upstream", "BLOCK")
            .set("method", "tools/call")
            .set("tool", "delete_file")
            .set("policy_mode", "enforce")
            .set("violation", true)
            .set("error_code", -32001)
            .set("frame", 3)
            .with_args(Some(r#"{"path":"/etc/passwd"}"#.to_owned()));
        let text = record.chained_text(7, Some("ab".to_owned()));
        assert_eq!(
            record.line(),
            r#"{"timestamp":"2026-03-03T10:30:45.123Z","direction":"upstream","method":"tools/call","tool":"delete_file","args":{"path":"/etc/passwd"},"decision":"BLOCK","policy_mode":"enforce","violation":true,"error_code":-32001,"seq":7}"#
        );
        assert!(
            !text.contains("passwd"),
            "the chained text holds no arguments"
        );
    }

    #[test]
    fn what_is_not_seen_stands_escaped_in_text_body_and_line() {
        let hostile = "a\nb\u{1b}[2J\u{9b}2J\u{85}\u{2028}\u{7f}\u{202e}";
        let args = serde_json::json!({ hostile: hostile }).to_string();
        let mut record = NewRecord::event(0, "X")
            .set("tool", hostile)
            .with_args(Some(args.clone()));
        let text = record.chained_text(1, None);
        let (body, line) = (record.body().unwrap_or_default(), record.line());
        for written in [body, &text, &line] {
            assert!(!written.contains(|c: char| c.is_control()), "{written:?}");
            assert!(!written.contains(['\u{2028}', '\u{202e}']), "{written:?}");
        }
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["tool"], hostile);
        assert_eq!(read["args"], serde_json::from_str::<Value>(&args).unwrap());
    }
}
