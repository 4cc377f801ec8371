//! Characters that are not seen, or that reorder what is.

use crate::name::is_unprintable;

/// Whether a name has any at all: names have no use for them.
pub(super) fn in_name(name: &str) -> bool {
    name.chars().any(is_unprintable)
}

/// Whether a text has any that its language or its emoji do not need.
pub(super) fn in_text(text: &str) -> bool {
    if text.is_ascii() {
        return in_ascii(text.as_bytes());
    }
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let after = chars.peek().copied();
        if is_hidden(before, c, after) {
            return true;
        }
        before = Some(c);
    }
    false
}

fn in_ascii(bytes: &[u8]) -> bool {
    let hidden = |(at, byte): (usize, &u8)| match byte {
        b'\n' | b'\t' => false,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        other => other.is_ascii_control(),
    };
    bytes.iter().enumerate().any(hidden)
}

fn is_hidden(before: Option<char>, c: char, after: Option<char>) -> bool {
    match c {
        '\n' | '\t' => false,
        '\r' => after != Some('\n'),
        // Joiners within a script or an emoji that has them.
        '\u{200c}' | '\u{200d}' => !(joins(before) && joins(after)),
        // One selector says how the character before it is drawn; more of them draw nothing.
        _ if is_selector(c) => before.is_none_or(|it| it.is_ascii_alphabetic() || is_selector(it)),
        // Flags of regions are spelled with tags, after a black flag.
        '\u{e0020}'..='\u{e007f}' => !before.is_some_and(|it| it == '\u{1f3f4}' || is_tag(it)),
        // A mark at the very beginning says how the text was encoded.
        '\u{feff}' => before.is_some(),
        _ => is_format(c),
    }
}

/// Stands in a script or an emoji that joiners belong to.
fn joins(c: Option<char>) -> bool {
    c.is_some_and(|c| c > '\u{ff}' && !is_format(c) && !matches!(c, '\u{200c}' | '\u{200d}'))
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

/// Controls and format characters, fillers, and what is drawn as nothing.
fn is_format(c: char) -> bool {
    !matches!(c, '\n' | '\t' | '\r') && !is_selector(c) && is_unprintable(c)
}
