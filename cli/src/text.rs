//! Makes text from elsewhere safe to show: what could move a cursor, hide or reorder is
//! written out.

use std::fmt::Write;

pub(crate) use wire::hidden::is_hidden;
pub use wire::hidden::safe_json;

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
    fn long_text_is_cut_and_says_so() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abc...");
        assert_eq!(visible_lines("a\u{1b}\nb\n"), "a\\u{1b}\nb\n");
        assert_eq!(visible_lines("a\nb"), "a\nb");
    }
}
