//! Text as YAML has it.

use std::fmt::Write;

use crate::name::is_unprintable;

/// A text in YAML's double quotes, on one line: whatever a screen would act on or not show is
/// written as an escape (YAML 1.2.2, section 5.7).
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for character in text.chars() {
        let code = u32::from(character);
        // A String takes every write.
        let _ = match character {
            '"' | '\\' => write!(out, "\\{character}"),
            hidden if is_unprintable(hidden) && code > 0xffff => write!(out, "\\U{code:08x}"),
            hidden if is_unprintable(hidden) => write!(out, "\\u{code:04x}"),
            plain => write!(out, "{plain}"),
        };
    }
    out.push('"');
    out
}
