//! What an argument has to be, beyond a pattern for its text. Each says why it refuses: in words
//! for the client, which name no value, and in detail for the person.

use crate::{node::Node, paths::Found};

pub(crate) mod json_schema;
pub(crate) mod path;
pub(crate) mod sql;
pub(crate) mod url;

/// One demand on an argument.
#[derive(Clone, Debug)]
pub(crate) enum Constraint {
    /// Its text is one SQL statement that only reads.
    Sql(sql::ReadOnly),
    /// It names paths below these folders and nowhere else.
    Path(path::Under),
    /// It is a web address of these hosts.
    Url(url::Web),
    /// Its text is one of these.
    OneOf(Vec<String>),
    /// Its text has at most so many characters.
    MaxLength(usize),
    /// It holds this JSON Schema.
    JsonSchema(json_schema::Schema),
}

/// Why an argument is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Why {
    /// For the client: no value and nothing of the policy's.
    pub(crate) says: &'static str,
    /// For the record and the person.
    pub(crate) detail: String,
}

impl Why {
    pub(crate) fn new(says: &'static str, detail: impl Into<String>) -> Self {
        Self {
            says,
            detail: detail.into(),
        }
    }
}

impl Constraint {
    /// Whether the argument of this name may have this value. `found` holds the paths of all
    /// arguments.
    pub(crate) fn check(&self, name: &str, value: &Node<'_>, found: &Found<'_>) -> Result<(), Why> {
        match self {
            Self::Sql(it) => it.check(value),
            Self::Path(it) => it.check(name, value, found),
            Self::Url(it) => it.check(value),
            Self::OneOf(all) => one_of(all, value),
            Self::MaxLength(most) => max_length(*most, value),
            Self::JsonSchema(it) => it.check(value),
        }
    }

    /// The key that asks for it.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Sql(_) => "sql",
            Self::Path(_) => "path",
            Self::Url(_) => "url",
            Self::OneOf(_) => "one_of",
            Self::MaxLength(_) => "max_length",
            Self::JsonSchema(_) => "json_schema",
        }
    }

    /// About how much memory its patterns take, in bytes.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::JsonSchema(it) => it.weight(),
            Self::Sql(_) | Self::Path(_) | Self::Url(_) | Self::OneOf(_) | Self::MaxLength(_) => 0,
        }
    }
}

fn one_of(all: &[String], value: &Node<'_>) -> Result<(), Why> {
    let scalar = !matches!(value, Node::Array(_) | Node::Object(_) | Node::Null);
    let text = value.text();
    if scalar && all.iter().any(|it| *it == text) {
        return Ok(());
    }
    Err(Why::new(
        "it is none of the values that may be given",
        "it is not in `one_of`",
    ))
}

fn max_length(most: usize, value: &Node<'_>) -> Result<(), Why> {
    let length = value.text().chars().count();
    if length <= most {
        return Ok(());
    }
    let detail = format!("it has {length} characters, `max_length` is {most}");
    Err(Why::new("it is too long", detail))
}

#[cfg(test)]
mod tests;
