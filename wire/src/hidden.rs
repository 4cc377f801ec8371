//! Characters that move a cursor, hide or reorder, and JSON text without them.

use std::fmt::Write;

/// JSON text with hidden characters escaped the JSON way. They can only be inside strings, so
/// the value stays what it was.
#[must_use]
pub fn safe_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        if is_hidden(character) && !matches!(character, '\n' | '\r' | '\t') {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Controls (C0, DEL, C1), line separators, and the format characters that hide or reorder.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_value() {
        check(
            "{\"a\":\"x\u{202e}y\u{7f}\u{e0041}\"}",
            r#"{"a":"x\u202ey\u007f\udb40\udc41"}"#,
        );
        check("{\"a\":\"é\",\n\"b\":1.50}", "{\"a\":\"é\",\n\"b\":1.50}");
        fn check(json: &str, safe: &str) {
            let got = safe_json(json);
            assert_eq!(got, safe);
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(value(json), value(&got));
        }
    }
}
