//! JSON written compactly on one line, such that every reader sees one line.

use super::Value;
use super::text::{is_line_end, length_before};

/// Appends the value as compact JSON: order and number lexemes kept; no raw control byte, no
/// raw U+007F, U+0085, U+2028 or U+2029.
pub fn write(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(lexeme) => out.extend_from_slice(lexeme.as_bytes()),
        Value::String(text) => write_string(text, out),
        Value::Array(elements) => {
            out.push(b'[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(element, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            out.push(b'{');
            for (at, (key, value)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_string(key, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

/// Appends the text as a JSON string.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.push(b'"');
    let (mut from, mut at) = (0, 0);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at += length_before(rest, is_suspect);
        if at >= bytes.len() {
            break;
        }
        let Some((escape, length)) = escape(bytes, at) else {
            at += 1;
            continue;
        };
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        out.extend_from_slice(escape.bytes());
        at += length;
        from = at;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out.push(b'"');
}

/// Whether an escape may be due where this byte stands.
fn is_suspect(byte: u8) -> bool {
    (byte < 0x20)
        | (byte == b'"')
        | (byte == b'\\')
        | (byte == 0x7F)
        | (byte == 0xC2)
        | (byte == 0xE2)
}

/// How the character at this byte is written, and its length in bytes, when not as it is.
fn escape(bytes: &[u8], at: usize) -> Option<(Escape, usize)> {
    let byte = *bytes.get(at)?;
    match byte {
        b'"' | b'\\' => Some((Escape::short(byte), 1)),
        b'\n' => Some((Escape::short(b'n'), 1)),
        b'\r' => Some((Escape::short(b'r'), 1)),
        b'\t' => Some((Escape::short(b't'), 1)),
        0x08 => Some((Escape::short(b'b'), 1)),
        0x0C => Some((Escape::short(b'f'), 1)),
        0..0x20 | 0x7F => Some((Escape::unit(u16::from(byte)), 1)),
        0xC2 if is_line_end(bytes, at) => Some((Escape::unit(0x85), 2)),
        0xE2 if is_line_end(bytes, at) => {
            let last = bytes.get(at + 2)?;
            Some((Escape::unit(0x2000 + u16::from(last - 0x80)), 3))
        }
        _ => None,
    }
}

/// An escape as it is written.
struct Escape {
    text: [u8; 6],
    length: usize,
}

impl Escape {
    fn short(letter: u8) -> Self {
        Self {
            text: [b'\\', letter, 0, 0, 0, 0],
            length: 2,
        }
    }

    /// `\u` and four hexadecimal digits.
    fn unit(unit: u16) -> Self {
        let digit = |shift: u16| match (unit >> shift & 0xF) as u8 {
            low @ 0..10 => b'0' + low,
            high => b'a' + (high - 10),
        };
        Self {
            text: [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)],
            length: 6,
        }
    }

    fn bytes(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }
}
