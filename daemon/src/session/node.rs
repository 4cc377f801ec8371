//! The engine's view of a wire value: the two meet here and nowhere else.

use std::borrow::Cow;

use engine::node::Node;
use wire::json::Value;

/// The same tree, borrowed.
#[must_use]
pub(crate) fn node<'v>(value: &'v Value<'_>) -> Node<'v> {
    match value {
        Value::Null => Node::Null,
        Value::Bool(it) => Node::Bool(*it),
        Value::Number(lexeme) => Node::Number(Cow::Borrowed(lexeme)),
        Value::String(text) => Node::String(Cow::Borrowed(text)),
        Value::Array(items) => Node::Array(items.iter().map(node).collect()),
        Value::Object(members) => Node::Object(
            members
                .iter()
                .map(|(key, value)| (Cow::Borrowed(key.as_ref()), node(value)))
                .collect(),
        ),
    }
}
