//! A configuration as a tree whose every value knows its bytes, whatever the syntax.

use std::ops::Range;

use crate::broken::Broken;
use crate::table::Format;

mod json;
mod toml;
mod yaml;

pub(crate) use yaml::dash;

/// The deepest nesting that is read.
const DEPTH: usize = 128;
const TOO_DEEP: &str = "it is nested too deeply";

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its bytes. Those of a YAML list in block style begin with the first dash.
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Flag(bool),
    Null,
    /// A number or a date, as it is written; in YAML also an alias, and text over several lines.
    Other(String),
    List(Vec<Node>),
    Map(Vec<Member>),
}

/// A member of a map.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

/// A whole text, read.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// `None` where the text holds nothing.
    pub(crate) root: Option<Node>,
    /// A value stands in two places at once (YAML's aliases): an edit of one would change both.
    pub(crate) shared: bool,
}

impl Node {
    /// The member of this name: the last where there are several, as most clients read it.
    pub(crate) fn get(&self, key: &str) -> Option<&Member> {
        self.members().iter().rev().find(|it| it.key == key)
    }

    pub(crate) fn members(&self) -> &[Member] {
        match &self.value {
            Value::Map(members) => members,
            Value::Text(_) | Value::Flag(_) | Value::Null | Value::Other(_) | Value::List(_) => &[],
        }
    }

    pub(crate) fn items(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            Value::Text(_) | Value::Flag(_) | Value::Null | Value::Other(_) | Value::Map(_) => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Flag(_) | Value::Null | Value::Other(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        match &self.value {
            Value::Flag(flag) => Some(*flag),
            Value::Text(_) | Value::Null | Value::Other(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Whether both say the same, wherever it stands.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Text(a), Value::Text(b)) | (Value::Other(a), Value::Other(b)) => a == b,
            (Value::Flag(a), Value::Flag(b)) => a == b,
            (Value::Null, Value::Null) => true,
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b)
                        .all(|(a, b)| a.key == b.key && a.node.same(&b.node))
            }
            (
                Value::Text(_)
                | Value::Flag(_)
                | Value::Null
                | Value::Other(_)
                | Value::List(_)
                | Value::Map(_),
                _,
            ) => false,
        }
    }
}

/// Reads a text.
pub(crate) fn read(text: &str, format: Format) -> Result<Document, Broken> {
    match format {
        Format::Json => json::read(text, false),
        Format::Jsonc => json::read(text, true),
        Format::Toml => toml::read(text),
        Format::Yaml => yaml::read(text),
    }
}

/// A text as a quoted value: the same in JSON, in TOML and in YAML.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", character as u32));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}
