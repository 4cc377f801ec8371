//! A record as the store gives it, read no further than it is asked for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use rusqlite::Row;
use serde_json::Value;
use serde_json::value::RawValue;

use super::escape::escaped;
use super::record::{NewRecord, ordered};

/// One record.
pub struct Stored {
    /// Its number.
    pub seq: u64,
    /// Its arguments as JSON text, where they are kept.
    pub args: Option<String>,
    text: String,
    /// Where its fields stand in the text: name and value.
    members: Vec<(Range<usize>, Range<usize>)>,
}

impl Stored {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut text: String = row.get(1)?;
        if let Cow::Owned(_) = escaped(&text) {
            // Not as we write it: somebody's hand was in it, and its line is to stay one line.
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            text = escaped(&value.to_string()).into_owned();
        }
        Ok(Self::new(row.get(0)?, row.get(2)?, text))
    }

    /// A record as the store would give it back under this number.
    #[must_use]
    pub fn of(mut record: NewRecord, seq: u64) -> Self {
        let text = record.chained_text(seq, None);
        Self::new(seq, record.body().map(str::to_owned), text)
    }

    fn new(seq: u64, args: Option<String>, text: String) -> Self {
        Self {
            seq,
            args,
            members: members(&text).unwrap_or_default(),
            text,
        }
    }

    /// The record as a line of the export.
    #[must_use]
    pub fn line(&self) -> String {
        self.line_with(self.args.as_deref())
    }

    /// The same as if no arguments were kept.
    #[must_use]
    pub fn line_without_args(&self) -> String {
        self.line_with(None)
    }

    fn line_with(&self, args: Option<&str>) -> String {
        if self.is_unreadable() {
            return format!(r#"{{"event":"AUDIT_UNREADABLE","seq":{}}}"#, self.seq);
        }
        let args = args.map(escaped);
        ordered(self.fields(), |name| self.find(name), args.as_deref())
    }

    /// Whether its text is none of ours: it is shown as such, whatever is asked for.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.members.is_empty()
    }

    /// The text that is hashed, as far as it is one of ours.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// Each field's name and its value as JSON text.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let part = |range: &Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        self.members
            .iter()
            .map(move |(name, value)| (part(name), part(value)))
    }

    /// A field's value as JSON text.
    fn find(&self, name: &str) -> Option<&str> {
        let at = self
            .members
            .iter()
            .find(|(at, _)| self.text.get(at.clone()) == Some(name));
        self.text.get(at?.1.clone())
    }

    /// A field's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.find(name)?).ok()
    }

    /// A field's text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        let value = self.find(name)?;
        let inner = value.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            return serde_json::from_str(value).ok().map(Cow::Owned);
        }
        Some(Cow::Borrowed(inner))
    }
}

fn members(text: &str) -> Option<Vec<(Range<usize>, Range<usize>)>> {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(text).ok()?;
    let place = |part: &str| {
        let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
        Some(start..start + part.len())
    };
    members
        .iter()
        .map(|(name, value)| Some((place(name)?, place(value.get())?)))
        .collect()
}
