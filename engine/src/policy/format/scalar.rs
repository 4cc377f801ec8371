//! How a scalar is written: without quotes where no reader takes it for something else.

use super::nodes::Scalar;
use crate::{
    name::is_unprintable,
    policy::fields::{Plain, plain},
    yaml_text::quoted,
};

/// Words that YAML 1.1 has for a boolean or for nothing.
const WORDS: [&str; 14] = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "<<", "=", ".inf", ".nan",
];

/// A scalar on one line; `flow` inside of brackets.
pub(super) fn written(scalar: &Scalar, flow: bool) -> String {
    let text = &scalar.text;
    let means_itself = scalar.plain && plain(text) != Plain::Text;
    if means_itself || is_bare(text, flow) {
        return text.clone();
    }
    let simple = !text.contains('\'') && !text.chars().any(is_unprintable);
    if simple && text.contains(['\\', '"']) {
        return format!("'{text}'");
    }
    quoted(text)
}

/// The lines of a text of several, and the mark that stands before them; none where they could not
/// be read back as they are.
pub(super) fn block(scalar: &Scalar) -> Option<(&'static str, Vec<&str>)> {
    let text = scalar.text.as_str();
    let (mark, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    let lines: Vec<&str> = body.split('\n').collect();
    let plain =
        |line: &&str| !line.chars().any(is_unprintable) && !line.ends_with(char::is_whitespace);
    let first = lines
        .first()
        .is_some_and(|it| !it.is_empty() && !it.starts_with(char::is_whitespace));
    let last = lines.last().is_some_and(|it| !it.is_empty());
    (lines.len() > 1 && first && last && lines.iter().all(plain)).then_some((mark, lines))
}

/// Whether it can stand without quotes, and nobody reads it as a number, a date or a boolean.
fn is_bare(text: &str, flow: bool) -> bool {
    let begins = |it: char| !it.is_whitespace() && !"-?:,[]{}#&*!|>'\"%@`".contains(it);
    let structure = text.contains(": ") || text.contains(" #") || text.ends_with(':');
    let brackets = flow && text.contains([',', '[', ']', '{', '}', ':']);
    text.starts_with(begins)
        && !text.ends_with(char::is_whitespace)
        && !text.chars().any(is_unprintable)
        && !structure
        && !brackets
        && plain(text) == Plain::Text
        && !WORDS.contains(&text.to_lowercase().as_str())
        && !looks_like_a_number(text)
}

/// Also what other readers of YAML take for one: `1.0.0`, `1_000`, `12:30`, `2026-01-01`.
fn looks_like_a_number(text: &str) -> bool {
    let begins = text.starts_with(|it: char| it.is_ascii_digit() || "+.".contains(it));
    let hex = text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b");
    let made_of = |it: char| it.is_ascii_digit() || "._:+-eETZtz ".contains(it);
    let digit = text.chars().any(|it| it.is_ascii_digit());
    begins && digit && (hex || text.chars().all(made_of))
}
