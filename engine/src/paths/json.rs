//! Reads JSON held by a string. Strict in form, bounded in depth; what isn't JSON is no JSON.

use std::borrow::Cow;

use crate::dlp::forms::{rewritten, unescape};
use crate::node::Node;

/// Deeper values are not read as JSON, and so word by word.
const DEEPEST: usize = 32;

/// The value `text` is, where it begins like a structure or a string.
pub(super) fn parse(text: &str) -> Option<Node<'static>> {
    if !text.trim_start().starts_with(['{', '[', '"']) {
        return None;
    }
    let mut reader = Reader { rest: text };
    let node = reader.value(0)?;
    reader.skip_space();
    reader.rest.is_empty().then_some(node)
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: usize) -> Option<Node<'static>> {
        if depth > DEEPEST {
            return None;
        }
        self.skip_space();
        match self.rest.chars().next()? {
            '{' => self.object(depth),
            '[' => self.array(depth),
            '"' => Some(Node::String(Cow::Owned(self.string()?))),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Node<'static>> {
        self.take('{')?;
        let mut members = Vec::new();
        if self.take('}').is_some() {
            return Some(Node::Object(members));
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            self.take(':')?;
            members.push((Cow::Owned(key), self.value(depth + 1)?));
            if self.take(',').is_none() {
                self.take('}')?;
                return Some(Node::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Node<'static>> {
        self.take('[')?;
        let mut items = Vec::new();
        if self.take(']').is_some() {
            return Some(Node::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(',').is_none() {
                self.take(']')?;
                return Some(Node::Array(items));
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let body = self.rest.strip_prefix('"')?;
        let mut escaped = false;
        let end = body.char_indices().find_map(|(at, letter)| match letter {
            _ if escaped => {
                escaped = false;
                None
            }
            '\\' => {
                escaped = true;
                None
            }
            '"' => Some(at),
            _ => None,
        })?;
        let written = body.get(..end)?;
        self.rest = body.get(end + 1..)?;
        Some(rewritten(written, unescape).unwrap_or_else(|| written.to_owned()))
    }

    /// A number or one of the three names; which doesn't matter, neither names a path.
    fn word(&mut self) -> Option<Node<'static>> {
        let end = self
            .rest
            .find(|letter: char| !letter.is_ascii_alphanumeric() && !"+-.".contains(letter));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let number = word.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-');
        if !number && !matches!(word, "true" | "false" | "null") {
            return None;
        }
        self.rest = rest;
        Some(Node::Null)
    }

    fn take(&mut self, mark: char) -> Option<()> {
        self.skip_space();
        self.rest = self.rest.strip_prefix(mark)?;
        Some(())
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }
}
