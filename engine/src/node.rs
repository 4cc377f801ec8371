//! JSON as the engine reads it, its canonical text and its hashes. The caller builds a `Node`
//! over its own tree, so that numbers stay as they were written.

mod canonical;
mod hash;

use std::{borrow::Cow, fmt};

pub use canonical::{Numbers, canonical};
pub use hash::{HashKind, definition_hash, sha256_hex};

/// A JSON value.
#[derive(Clone, PartialEq, Eq)]
pub enum Node<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(Cow<'a, str>),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Node<'a>>),
    /// An object, in the order written.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl Node<'_> {
    /// The text a pattern is matched against: a string as it is, a number as written, null as
    /// the empty string, arrays and objects as canonical JSON with numbers as written.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Node::Null => Cow::Borrowed(""),
            Node::Bool(true) => Cow::Borrowed("true"),
            Node::Bool(false) => Cow::Borrowed("false"),
            Node::Number(lexeme) => Cow::Borrowed(lexeme),
            Node::String(text) => Cow::Borrowed(text),
            Node::Array(_) | Node::Object(_) => Cow::Owned(canonical(self, Numbers::AsWritten)),
        }
    }

    /// A string's text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Node::String(text) => Some(text),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => None,
        }
    }

    /// The member of an object with this very key.
    pub fn member(&self, key: &str) -> Option<&Self> {
        let Node::Object(members) = self else {
            return None;
        };
        members
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }
}

impl fmt::Debug for Node<'_> {
    /// Shows the shape only: a node may hold a call's arguments, and so secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Null => f.write_str("null"),
            Node::Bool(_) => f.write_str("bool"),
            Node::Number(_) => f.write_str("number"),
            Node::String(text) => write!(f, "string of {} bytes", text.len()),
            Node::Array(items) => write!(f, "array of {}", items.len()),
            Node::Object(members) => write!(f, "object of {}", members.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arguments_text_is_what_the_client_wrote() {
        check(Node::String("a\nb".into()), "a\nb");
        check(Node::Number("1.50".into()), "1.50");
        check(
            Node::Number("12345678901234567890".into()),
            "12345678901234567890",
        );
        check(Node::Bool(true), "true");
        check(Node::Bool(false), "false");
        check(Node::Null, "");
        check(
            Node::Array(vec![Node::Number("1.0".into()), Node::Null]),
            "[1.0,null]",
        );
        check(
            Node::Object(vec![
                ("b".into(), Node::Null),
                ("a".into(), Node::String("\"".into())),
            ]),
            r#"{"a":"\"","b":null}"#,
        );
    }

    #[test]
    fn debug_output_shows_no_value() {
        let node = Node::Object(vec![("key".into(), Node::String("hunter2".into()))]);
        let shown = format!("{node:?} {:?}", node.member("key"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    fn check(node: Node<'_>, text: &str) {
        assert_eq!(node.text(), text);
    }
}
