//! A lenient look at both ends of an object too long to be read: some SDKs write `id` last. As
//! with the head alone, good enough to find an id to answer with, never to judge a message by.

use super::Id;
use super::head::{Members, find_id_in_head};
use crate::json;

/// Looks for the id of a message of which only the first and the last bytes are there. Doubt is
/// `None`: no id, more than one, or an end that is not plainly the top-level object's.
#[must_use]
pub fn find_id(head: &[u8], tail: &[u8]) -> Option<Id> {
    if Members::of(head).any(|(key, _)| key == "id") {
        let again = LastMembers::of(tail).any(|last| last.key == b"id");
        return find_id_in_head(head).filter(|_| !again);
    }
    if !head.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    id_in_tail(tail)
}

/// The `id` at the object's end, with at most `jsonrpc` behind it.
fn id_in_tail(tail: &[u8]) -> Option<Id> {
    let mut members = LastMembers::of(tail);
    let mut last = members.next()?;
    if last.key == b"jsonrpc" {
        last = members.next()?;
    }
    if last.key != b"id" || members.any(|earlier| earlier.key == b"id") {
        return None;
    }
    Id::from_value(&json::parse(last.value).ok()?.value)
}

struct Last<'a> {
    key: &'a [u8],
    value: &'a [u8],
}

/// The members at the end of an object, from the last one on backwards, as far as they are
/// plain: an integer or a string, and no escape in string or key. What a longer string holds
/// can't pass for one: its quotes are escaped, and the byte before each quote is looked at.
struct LastMembers<'a> {
    rest: &'a [u8],
}

impl<'a> LastMembers<'a> {
    fn of(tail: &'a [u8]) -> Self {
        let body = tail.trim_ascii_end().strip_suffix(b"}");
        Self {
            rest: body.unwrap_or_default(),
        }
    }
}

impl<'a> Iterator for LastMembers<'a> {
    type Item = Last<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.trim_ascii_end();
        let (rest, value) = rest.split_at_checked(last_value(rest)?)?;
        let rest = rest.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
        let (rest, key) = rest.split_at_checked(last_string(rest)?)?;
        self.rest = rest.trim_ascii_end().strip_suffix(b",")?;
        let key = key.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        Some(Last { key, value })
    }
}

/// Where the value that ends here begins.
fn last_value(bytes: &[u8]) -> Option<usize> {
    if bytes.last()? == &b'"' {
        return last_string(bytes);
    }
    let digits = bytes
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-'));
    bytes.len().checked_sub(digits.count())
}

/// Where the string that ends here begins, quotes included.
fn last_string(bytes: &[u8]) -> Option<usize> {
    let body = bytes.strip_suffix(b"\"")?;
    let quote = body.iter().rposition(|byte| *byte == b'"')?;
    let escapes = body.get(quote..)?.contains(&b'\\');
    (!escapes).then_some(quote)
}
