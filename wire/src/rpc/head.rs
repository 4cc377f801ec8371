//! A lenient look at the top level of an object that may be cut off or that was refused: good
//! enough to find an id to answer with, never to judge a message by.

use std::borrow::Cow;

use super::Id;
use crate::json::{self, Value};

/// Looks for the id of a message too long, or too deep, to be read; the bytes may be only its
/// first. `None` also when there are two.
#[must_use]
pub fn find_id_in_head(head: &[u8]) -> Option<Id> {
    let mut ids = Members::of(head).filter(|(key, _)| key == "id");
    let (_, first) = ids.next()?;
    if ids.next().is_some() {
        return None;
    }
    Id::from_value(&json::parse(first).ok()?.value)
}

/// Whether the first bytes of a message too long to be read show a `method`: it is then a
/// request or a notification, and no answer.
#[must_use]
pub fn head_has_method(head: &[u8]) -> bool {
    Members::of(head).any(|(key, _)| key == "method")
}

/// Whether the message has what an answer has.
pub(super) fn head_has_answer(head: &[u8]) -> bool {
    Members::of(head).any(|(key, _)| key == "result" || key == "error")
}

/// The members of the top-level object that are there whole: key, and the value's bytes. A
/// value that begins but is cut off is given as what there is of it.
pub(super) struct Members<'a> {
    rest: &'a [u8],
}

impl<'a> Members<'a> {
    pub(super) fn of(head: &'a [u8]) -> Self {
        Self {
            rest: head
                .trim_ascii_start()
                .strip_prefix(b"{")
                .unwrap_or_default(),
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.trim_ascii_start();
        let (key, rest) = rest.split_at_checked(string_length(rest)?)?;
        let Value::String(key) = json::parse(key).ok()?.value else {
            return None;
        };
        let rest = rest
            .trim_ascii_start()
            .strip_prefix(b":")?
            .trim_ascii_start();
        let length = value_length(rest);
        let (value, rest) = rest.split_at_checked(length.unwrap_or(rest.len()))?;
        self.rest = rest
            .trim_ascii_start()
            .strip_prefix(b",")
            .unwrap_or_default();
        // A value cut off could read as another one: 12 as 1.
        Some((key, if length.is_some() { value } else { b"" }))
    }
}

/// The length of the string that starts here, quotes included.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let body = bytes.strip_prefix(b"\"")?;
    let mut escaped = false;
    for (at, byte) in body.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// The length of the value that starts here, or `None` when it is cut off.
fn value_length(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'"' => string_length(bytes),
        b'{' | b'[' => nested_length(bytes),
        _ => bytes
            .iter()
            .position(|byte| matches!(byte, b',' | b'}' | b']' | 0..=b' ')),
    }
}

fn nested_length(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        let rest = bytes.get(at..)?;
        match rest.first()? {
            b'"' => {
                at += string_length(rest)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}
