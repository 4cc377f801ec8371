//! What a measurement gives: a table for people, objects for programs.

use serde_json::Value;

/// One measurement's results.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Markdown.
    pub table: String,
    /// An object a result.
    pub results: Vec<Value>,
}
