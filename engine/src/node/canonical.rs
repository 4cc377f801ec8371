//! Canonical JSON as RFC 8785 has it: keys by their UTF-16 units, no white space, the shortest
//! escapes; numbers as ECMAScript writes them, or as they were written.

use std::{borrow::Cow, cmp::Ordering, fmt::Write};

use super::Node;
use crate::bytes::length_before;

/// How canonical JSON writes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// Each as it was written.
    AsWritten,
    /// As ECMAScript prints the nearest double, which is what RFC 8785 asks.
    Es6,
}

/// The canonical JSON text of a node.
pub fn canonical(node: &Node<'_>, numbers: Numbers) -> String {
    let mut out = String::new();
    write_node(node, numbers, &mut out);
    out
}

fn write_node(node: &Node<'_>, numbers: Numbers, out: &mut String) {
    match node {
        Node::Null => out.push_str("null"),
        Node::Bool(true) => out.push_str("true"),
        Node::Bool(false) => out.push_str("false"),
        Node::Number(lexeme) => write_number(lexeme, numbers, out),
        Node::String(text) => write_string(text, out),
        Node::Array(items) => write_array(items, numbers, out),
        Node::Object(members) => write_object(members, numbers, out),
    }
}

fn write_array(items: &[Node<'_>], numbers: Numbers, out: &mut String) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_node(item, numbers, out);
    }
    out.push(']');
}

fn write_object(members: &[(Cow<'_, str>, Node<'_>)], numbers: Numbers, out: &mut String) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| by_utf16_units(a, b));
    out.push('{');
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        write_node(value, numbers, out);
    }
    out.push('}');
}

/// The units of ASCII are its bytes.
fn by_utf16_units(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        a.cmp(b)
    } else {
        a.encode_utf16().cmp(b.encode_utf16())
    }
}

/// A number beyond every double has no form in RFC 8785; it is kept as written.
fn write_number(lexeme: &str, numbers: Numbers, out: &mut String) {
    let double = match numbers {
        Numbers::AsWritten => None,
        Numbers::Es6 => lexeme.parse::<f64>().ok().filter(|it| it.is_finite()),
    };
    match double {
        Some(double) => out.push_str(ryu_js::Buffer::new().format_finite(double)),
        None => out.push_str(lexeme),
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    loop {
        let plain = length_before(rest.as_bytes(), |byte| {
            (byte < b' ') | (byte == b'"') | (byte == b'\\')
        });
        let Some((before, after)) = rest.split_at_checked(plain) else {
            break;
        };
        out.push_str(before);
        let mut letters = after.chars();
        match letters.next() {
            None => break,
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\t') => out.push_str("\\t"),
            Some('\n') => out.push_str("\\n"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\r') => out.push_str("\\r"),
            Some(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c)); // a String takes every write
            }
        }
        rest = letters.as_str();
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_by_their_utf_16_units() {
        let keys = [
            "\u{20ac}",
            "\r",
            "\u{fb33}",
            "1",
            "\u{1f600}",
            "\u{80}",
            "\u{f6}",
        ];
        let members = keys.iter().map(|key| ((*key).into(), Node::Null)).collect();
        let sorted = "{\"\\r\":null,\"1\":null,\"\u{80}\":null,\"\u{f6}\":null,\
                      \"\u{20ac}\":null,\"\u{1f600}\":null,\"\u{fb33}\":null}";
        check(Node::Object(members), Numbers::Es6, sorted);
    }

    #[test]
    fn strings_take_the_shortest_escapes() {
        let text = "\u{20ac}$\u{f}\nA'B\"\\\u{7f}/";
        check(
            Node::String(text.into()),
            Numbers::Es6,
            "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\u{7f}/\"",
        );
    }

    #[test]
    fn numbers_are_written_as_ecmascript_does() {
        for (lexeme, es6) in [
            ("333333333.33333329", "333333333.3333333"),
            ("1E30", "1e+30"),
            ("4.50", "4.5"),
            ("2e-3", "0.002"),
            ("0.000000000000000000000000001", "1e-27"),
            ("-0", "0"),
            ("100000000000000000000", "100000000000000000000"),
            ("9007199254740993", "9007199254740992"),
            ("1e400", "1e400"),
        ] {
            check(Node::Number(lexeme.into()), Numbers::Es6, es6);
            check(Node::Number(lexeme.into()), Numbers::AsWritten, lexeme);
        }
    }

    fn check(node: Node<'_>, numbers: Numbers, text: &str) {
        assert_eq!(canonical(&node, numbers), text);
    }
}
