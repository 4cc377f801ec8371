//! An operation's items as one answer.

use std::io;

use serde_json::{Map, Value};

use super::problem::Problem;
use crate::operation::Answers;

/// Items gathered at the most, in bytes.
const MOST: usize = 64 * 1024 * 1024;

/// What of an operation's answer the route gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// What it ends with.
    End,
    /// The same, with where this door is.
    Status,
    /// `{"items": [...]}` and what it ends with.
    Items,
    /// The one item whose `id` the path names.
    One,
}

/// Items as they come, as JSON text.
#[derive(Debug, Default)]
pub(super) struct Collect {
    items: Vec<String>,
    bytes: usize,
}

impl Answers for Collect {
    async fn line(&mut self, line: &str) -> io::Result<()> {
        self.bytes += line.len();
        if self.bytes > MOST {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.items.push(line.to_owned());
        Ok(())
    }
}

impl Collect {
    /// All of them, with the members of the end.
    pub(super) fn list(self, end: Value) -> String {
        let mut text = String::with_capacity(self.bytes + self.items.len() + 64);
        text.push_str("{\"items\":[");
        text.push_str(&self.items.join(","));
        text.push(']');
        let end = match end {
            Value::Object(end) => end,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Map::new(),
        };
        for (name, value) in end {
            text.push(',');
            text.push_str(&Value::String(name).to_string());
            text.push(':');
            text.push_str(&value.to_string());
        }
        text.push('}');
        text
    }

    /// The one with this id.
    pub(super) fn one(self, id: &str) -> Result<String, Problem> {
        let is_it = |item: &String| {
            let value: Value = serde_json::from_str(item).unwrap_or_default();
            value.get("id").and_then(Value::as_str) == Some(id)
        };
        let found = self.items.into_iter().find(is_it);
        found.ok_or_else(|| Problem::not_found(format!("there is no `{id}` any more")))
    }
}
