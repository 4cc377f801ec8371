//! Keeps out of records what a terminal acts on, what ends a line for some readers, and what is
//! not seen: such characters stand escaped, the JSON way.

use std::borrow::Cow;
use std::fmt::Write;

/// The same JSON value with these characters as `\uXXXX`. They can be only inside strings, so
/// every reader of JSON gets what was there.
pub(crate) fn escaped(json: &str) -> Cow<'_, str> {
    if is_plain(json) || !json.contains(is_hidden) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 32);
    for character in json.chars() {
        if is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String can't fail.
                let _ok = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Bytes looked at together.
const BLOCK: usize = 32;

/// Whether it is all printable ASCII.
pub(super) fn is_plain(text: &str) -> bool {
    let plain = |byte: &u8| (b' '..0x7f).contains(byte);
    // No early end within a block: that lets the compiler look at all of it at once.
    let all = |block: &[u8]| block.iter().fold(true, |so_far, byte| so_far & plain(byte));
    text.as_bytes().chunks(BLOCK).all(all)
}

/// Controls, line separators, the format characters, and letters and marks that are drawn as
/// nothing (Default_Ignorable_Code_Point).
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
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
                | '\u{fff0}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, raw: bool) {
        let json = serde_json::to_string(text).unwrap();
        let safe = escaped(&json);
        assert_eq!(safe.contains(text), raw, "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        assert_eq!(escaped(&safe), safe, "twice is once");
    }

    #[test]
    fn what_is_seen_stays_as_it_is() {
        for text in ["plain ~", "größe", "日本語", "עברית", "\u{1f600}", "a b"] {
            check(text, true);
        }
    }

    #[test]
    fn what_acts_or_hides_is_escaped_and_means_the_same() {
        for hidden in [
            '\u{7f}',
            '\u{80}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            check(&format!("a{hidden}b"), false);
        }
    }
}
