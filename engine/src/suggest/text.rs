//! Texts of others in a policy: in double quotes, where nothing can end them early.

use unicode_normalization::UnicodeNormalization;

use crate::name::looks_like;
use crate::yaml_text::quoted;

/// Words that YAML readers take for something else than text.
const WORDS: [&str; 10] = [
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "~",
];

/// A name of a tool or an argument: bare where it is a plain word, else quoted, in ASCII alone: what
/// looks like another name does not look like it here.
pub(super) fn name(text: &str) -> String {
    let letter = text.starts_with(|it: char| it.is_ascii_alphabetic());
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    let word = WORDS.iter().any(|it| text.eq_ignore_ascii_case(it));
    if letter && !word && text.chars().all(plain) {
        return text.to_owned();
    }
    ascii(text)
}

/// A value: as it is read, save what does not show or looks like ASCII and is not.
pub(super) fn value(text: &str) -> String {
    if text.chars().any(poses) {
        return ascii(text);
    }
    quoted(text)
}

/// Whether a character looks like one of ASCII, and is no letter with an accent on it.
fn poses(character: char) -> bool {
    let accented = || character.nfd().next().is_some_and(|it| it.is_ascii());
    let looks = || looks_like(&character.to_string());
    !character.is_ascii() && !accented() && looks().is_ascii() && !looks().is_empty()
}

/// In double quotes, all but ASCII as escapes.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for character in quoted(text).chars() {
        let code = u32::from(character);
        match character {
            it if it.is_ascii() => out.push(it),
            _ if code > 0xffff => out.push_str(&format!("\\U{code:08x}")),
            _ => out.push_str(&format!("\\u{code:04x}")),
        }
    }
    out
}

/// Texts as a list on one line.
pub(super) fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let all: Vec<String> = texts.into_iter().map(value).collect();
    format!("[{}]", all.join(", "))
}

/// `1 call`, `2 calls`.
pub(super) fn counted(count: u64, what: &str) -> String {
    if count == 1 {
        return format!("1 {what}");
    }
    format!("{count} {what}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_stay_in_their_quotes() {
        check(name, "read_file", "read_file");
        check(name, "true", "\"true\"");
        check(name, "a: b #c", "\"a: b #c\"");
        check(name, "a\n- tool: b", "\"a\\u000a- tool: b\"");
        check(name, "re\u{430}d", "\"re\\u0430d\"");
        check(name, "\"", "\"\\\"\"");
        check(name, "", "\"\"");
        check(value, "größer", "\"größer\"");
        check(value, "p\u{430}y", "\"p\\u0430y\"");
        check(value, "a\u{202e}b\u{e0041}", "\"a\\u202eb\\U000e0041\"");
    }

    fn check(write: fn(&str) -> String, text: &str, expected: &str) {
        assert_eq!(write(text), expected, "{text:?}");
    }
}
