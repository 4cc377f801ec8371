//! One audit record before it has a place in the chain, and its form in the export.

use serde_json::Value;

use super::chain::SLOT;
use super::escape::escaped;
pub use value::FieldValue;

mod value;

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
    /// In the order of their names, which is the chained text's.
    fields: Vec<Field>,
    /// What the fields' values are as JSON, one behind the other.
    values: String,
    body: Option<String>,
}

/// A field and where its value stands.
#[derive(Clone, Copy)]
struct Field {
    name: &'static str,
    start: usize,
    end: usize,
}

impl std::fmt::Debug for NewRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRecord")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Fields and bytes of an ordinary decision.
const FIELDS: usize = 24;
const BYTES: usize = 512;

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
        let new = Self {
            kind,
            fields: Vec::with_capacity(FIELDS),
            values: String::with_capacity(BYTES),
            body: None,
        };
        new.set("kind", kind.word())
            .set("timestamp", crate::time::rfc3339(now_ms))
    }

    /// Sets a field, in place of what it was before.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: impl FieldValue) -> Self {
        self.put(name, &value);
        self
    }

    fn put(&mut self, name: &'static str, value: &impl FieldValue) {
        let start = self.values.len();
        value.write(&mut self.values);
        let field = Field {
            name,
            start,
            end: self.values.len(),
        };
        match self.fields.binary_search_by(|it| it.name.cmp(name)) {
            Ok(at) => {
                if let Some(old) = self.fields.get_mut(at) {
                    *old = field;
                }
            }
            Err(at) => self.fields.insert(at, field),
        }
    }

    fn value(&self, field: &Field) -> &str {
        self.values.get(field.start..field.end).unwrap_or_default()
    }

    /// A field's value as JSON text, where it is set.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        let at = self.fields.binary_search_by(|it| it.name.cmp(name)).ok()?;
        self.fields.get(at).map(|field| self.value(field))
    }

    /// Sets a field where there is a value.
    #[must_use]
    pub fn set_some(self, name: &'static str, value: Option<impl FieldValue>) -> Self {
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
        self.raw("violation") == Some("true")
    }

    /// A field, where it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// The ten minutes it belongs to.
    pub(super) fn slot(&self) -> &str {
        let timestamp = self.raw("timestamp").unwrap_or_default();
        timestamp.get(1..=SLOT).unwrap_or_default()
    }

    /// The text that is hashed: canonical JSON (RFC 8785), since keys are sorted and ASCII and
    /// all numbers are integers; save that what is not seen stands escaped.
    pub(super) fn chained_text(&mut self, seq: u64, body_hash: Option<&str>) -> String {
        self.put("seq", &seq);
        if let Some(hash) = body_hash {
            self.put("body", &hash);
        }
        let mut out = Members::new(self.values.len() + self.fields.len() * NAME);
        for field in &self.fields {
            out.add(field.name, self.value(field));
        }
        out.finish()
    }

    pub(super) fn line(&self) -> String {
        let all = self.fields.iter().map(|it| (it.name, self.value(it)));
        ordered(all, |name| self.raw(name), self.body())
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

/// What a name, its quotes and its separators come to, for most.
const NAME: usize = 16;

/// A record's fields as one line of the export, without the newline.
pub(super) fn ordered<'a>(
    all: impl Iterator<Item = (&'a str, &'a str)>,
    find: impl Fn(&str) -> Option<&'a str>,
    args: Option<&str>,
) -> String {
    let mut out = Members::new(BYTES + args.map_or(0, str::len));
    for name in FIRST {
        if name == "args" {
            if let Some(args) = args {
                out.add(name, args);
            }
        } else if let Some(value) = find(name) {
            out.add(name, value);
        }
    }
    for (name, value) in all {
        if !FIRST.contains(&name) && !HIDDEN.contains(&name) {
            out.add(name, value);
        }
    }
    out.finish()
}

/// A JSON object under way. Names are ours: plain ASCII, nothing to escape.
struct Members(String);

impl Members {
    fn new(bytes: usize) -> Self {
        let mut text = String::with_capacity(bytes);
        text.push('{');
        Self(text)
    }

    fn add(&mut self, name: &str, value: &str) {
        let separator = if self.0.len() > 1 { ",\"" } else { "\"" };
        for part in [separator, name, "\":", value] {
            self.0.push_str(part);
        }
    }

    fn finish(mut self) -> String {
        self.0.push('}');
        self.0
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
        let text = record.chained_text(7, Some("ab"));
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
