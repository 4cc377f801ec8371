//! JSON written compactly on one line, such that every reader sees one line.

use super::{Value, text::is_line_end};

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
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let suspect = matches!(byte, 0..0x20 | b'"' | b'\\' | 0x7F | 0xC2 | 0xE2);
        if !suspect {
            continue;
        }
        let Some((escape, length)) = escape(bytes, at) else {
            continue;
        };
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        out.extend_from_slice(&escape);
        from = at + length;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out.push(b'"');
}

/// How the character at this byte is written, and its length in bytes, when not as it is.
fn escape(bytes: &[u8], at: usize) -> Option<(Vec<u8>, usize)> {
    let byte = *bytes.get(at)?;
    let short = |letter: u8| Some((vec![b'\\', letter], 1));
    match byte {
        b'"' | b'\\' => short(byte),
        b'\n' => short(b'n'),
        b'\r' => short(b'r'),
        b'\t' => short(b't'),
        0x08 => short(b'b'),
        0x0C => short(b'f'),
        0..0x20 | 0x7F => Some((format!("\\u{byte:04x}").into_bytes(), 1)),
        0xC2 if is_line_end(bytes, at) => Some((b"\\u0085".to_vec(), 2)),
        0xE2 if is_line_end(bytes, at) => {
            let last = bytes.get(at + 2)?;
            Some((format!("\\u20{:02x}", last - 0x80).into_bytes(), 3))
        }
        _ => None,
    }
}
