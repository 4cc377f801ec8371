//! Makes text from elsewhere safe to show: what could move a cursor, hide or reorder is
//! written out.

use std::fmt::Write;

/// Text for a table or a sentence: one line, nothing in it that a terminal acts on or that
/// can't be seen.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            hidden if is_hidden(hidden) => {
                let _ = write!(shown, "\\u{{{:x}}}", hidden as u32);
            }
            plain => shown.push(plain),
        }
    }
    shown
}

/// As [`visible`], for text of several lines: line ends stay.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    let mut shown: String = text
        .lines()
        .map(visible)
        .flat_map(|line| [line, "\n".to_owned()])
        .collect();
    if !text.ends_with('\n') {
        shown.pop();
    }
    shown
}

/// JSON text with the same characters escaped the JSON way. They can only be inside strings, so
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

/// At most `most` characters; what was cut is marked.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text
            .chars()
            .take(most.saturating_sub(3))
            .chain("...".chars())
            .collect(),
    }
}

/// Controls (C0, DEL, C1), line separators, and the format characters that hide or reorder.
pub(crate) fn is_hidden(character: char) -> bool {
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
    fn what_a_terminal_would_act_on_is_written_out() {
        check("plain é 漢", "plain é 漢");
        check("a\u{1b}[31mred", "a\\u{1b}[31mred");
        check("two\nlines\tand\r", "two\\nlines\\tand\\r");
        check("c1 \u{9b}31m", "c1 \\u{9b}31m");
        check("bidi \u{202e}txt", "bidi \\u{202e}txt");
        check("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}");
        check("tag \u{e0041}", "tag \\u{e0041}");
        fn check(text: &str, shown: &str) {
            assert_eq!(visible(text), shown);
        }
    }

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

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abc...");
        assert_eq!(visible_lines("a\u{1b}\nb\n"), "a\\u{1b}\nb\n");
        assert_eq!(visible_lines("a\nb"), "a\nb");
    }
}
