//! Text from elsewhere, made harmless and cut into lines of the screen's width.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::text::visible;

/// Marks that may stand on one character; more are written out, for they would pile up over
/// other lines.
const MARKS: usize = 4;

/// How a paragraph is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The sentence: who wants what.
    Sentence,
    /// What is known of it.
    Fact,
    /// What comes from the call itself.
    Arguments,
}

/// Columns before each line but a paragraph's first, and before every line of arguments: no text
/// from elsewhere can begin a line as ours do.
pub const GUTTER: u16 = 2;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'t> {
    /// How its paragraph is shown.
    pub look: Look,
    /// What goes before it.
    pub gutter: &'static str,
    /// What it says.
    pub text: &'t str,
}

/// Paragraphs, cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrapped {
    paragraphs: Vec<(Look, String)>,
    /// Paragraph and bytes of each line.
    lines: Vec<(usize, Range<usize>)>,
}

impl Wrapped {
    /// Cuts paragraphs for a screen of so many columns; below four, a line is wider than that.
    #[must_use]
    pub fn new(paragraphs: &[(Look, &str)], width: u16) -> Self {
        let width = usize::from(width.saturating_sub(GUTTER)).max(2);
        let mut wrapped = Self::default();
        for (nth, (look, text)) in paragraphs.iter().enumerate() {
            let text = legible(text);
            let cut = match look {
                Look::Sentence | Look::Fact => cut_between_words(&text, width),
                Look::Arguments => cut(&text, width),
            };
            let cut = cut.into_iter();
            wrapped.lines.extend(cut.map(|bytes| (nth, bytes)));
            wrapped.paragraphs.push((*look, text));
        }
        wrapped
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines from one on.
    pub fn from(&self, first: usize) -> impl Iterator<Item = Row<'_>> {
        let lines = self.lines.get(first..).unwrap_or_default().iter();
        lines.filter_map(|(nth, bytes)| {
            let (look, text) = self.paragraphs.get(*nth)?;
            let gutter = match (look, bytes.start) {
                (Look::Arguments, _) => "│ ",
                (Look::Sentence | Look::Fact, 0) => "",
                (Look::Sentence | Look::Fact, _) => "  ",
            };
            let text = text.get(bytes.clone())?;
            Some(Row {
                look: *look,
                gutter,
                text,
            })
        })
    }
}

/// As [`visible`], and no character bears more than a few marks.
#[must_use]
pub fn legible(text: &str) -> String {
    let text = visible(text);
    let mut shown = String::with_capacity(text.len());
    // A mark at the very beginning would stand on what is before the text.
    let mut marks = MARKS;
    for character in text.chars() {
        if columns(character) > 0 {
            marks = 0;
        } else if marks < MARKS {
            marks += 1;
        } else {
            shown.extend(character.escape_unicode());
            continue;
        }
        shown.push(character);
    }
    shown
}

/// The beginning of a text that is legible, as much of it as `width` columns hold; what was cut
/// is marked.
#[must_use]
pub fn fitted(text: &str, width: u16) -> String {
    let width = usize::from(width);
    let whole = cut(text, width.max(2));
    match whole.as_slice() {
        [] => String::new(),
        [_] => text.to_owned(),
        [..] => {
            let kept = cut(text, width.saturating_sub(1).max(2)).into_iter().next();
            let kept = kept.and_then(|bytes| text.get(bytes)).unwrap_or_default();
            format!("{kept}…")
        }
    }
}

/// Where each line begins and ends. A text of nothing is one line.
fn cut(text: &str, width: usize) -> Vec<Range<usize>> {
    lines(text, |rest| line(rest, width))
}

/// The same, after the last space of each line where it has one.
fn cut_between_words(text: &str, width: usize) -> Vec<Range<usize>> {
    lines(text, |rest| {
        let end = line(rest, width)?;
        let space = rest.get(..end)?.rfind(' ');
        Some(space.map_or(end, |space| space + 1))
    })
}

fn lines(text: &str, end_of: impl Fn(&str) -> Option<usize>) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    while let Some(end) = text.get(start..).and_then(&end_of) {
        lines.push(start..start + end);
        start += end;
    }
    lines.push(start..text.len());
    lines
}

/// Where the first line ends; `None` where it is the last. It holds a character at the least.
fn line(text: &str, width: usize) -> Option<usize> {
    let mut filled = 0;
    for (at, character) in text.char_indices() {
        filled += columns(character);
        if filled > width && at > 0 {
            return Some(at);
        }
    }
    None
}

fn columns(character: char) -> usize {
    character.width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn lines_hold_all_of_the_text_and_fit() {
        check("", 10, &[""]);
        check("abcdef", 6, &["abcdef"]);
        check("abcdefg", 6, &["abcdef", "g"]);
        check("漢字漢字", 5, &["漢字", "漢字"]);
        check("a\u{1b}[2J\nb", 8, &["a\\u{1b}[", "2J\\nb"]);
        check("e\u{301}e\u{301}e", 2, &["e\u{301}e\u{301}", "e"]);
        check("\u{301}", 20, &["\\u{301}"]);
        check(
            &format!("a{}", "\u{301}".repeat(6)),
            14,
            &["a\u{301}\u{301}\u{301}\u{301}\\u{301}\\u{301", "}"],
        );
        fn check(text: &str, width: u16, lines: &[&str]) {
            let wrapped = Wrapped::new(&[(Look::Arguments, text)], width + GUTTER);
            let got: Vec<_> = wrapped.from(0).map(|row| row.text).collect();
            assert_eq!(got, lines);
            assert_eq!(got.concat(), legible(text));
        }
    }

    #[test]
    fn sentences_are_cut_between_words_where_there_are_any() {
        check("one two three", 9, &["one two ", "three"]);
        check("onetwothree four", 6, &["onetwo", "three ", "four"]);
        check("a  b", 2, &["a ", " b"]);
        check("", 5, &[""]);
        fn check(text: &str, width: u16, lines: &[&str]) {
            let wrapped = Wrapped::new(&[(Look::Sentence, text)], width + GUTTER);
            let got: Vec<_> = wrapped.from(0).map(|row| row.text).collect();
            assert_eq!(got, lines);
        }
    }

    /// What a screen counts for a line, by clusters, is never more than what was counted here.
    #[test]
    fn no_line_is_wider_than_the_screen_counts_it() {
        let samples = [
            "ᄀᄀᄀᄀ각힣",
            "🇩🇪🇩🇪👍🏽👩\u{200d}👩\u{200d}👧",
            "क्षत्रिय\u{94d}क\u{94d}ष",
            "\u{600}12 لا",
            "①½™",
        ];
        for width in 2..12 {
            for sample in samples {
                let text = sample.repeat(7);
                let wrapped = Wrapped::new(&[(Look::Arguments, &text)], width + GUTTER);
                for Row { text, .. } in wrapped.from(0) {
                    assert!(text.width() <= usize::from(width), "{text:?} in {width}");
                }
            }
        }
    }

    #[test]
    fn only_our_own_words_begin_a_line() {
        let name = format!("x{}Asked because: nothing", " ".repeat(18));
        let said = [(Look::Sentence, name.as_str()), (Look::Arguments, &name)];
        let wrapped = Wrapped::new(&said, 22);
        let rows: Vec<_> = wrapped
            .from(0)
            .map(|it| (it.gutter, it.text.trim_end()))
            .collect();
        assert_eq!(
            rows,
            [
                ("", "x"),
                ("  ", "Asked because:"),
                ("  ", "nothing"),
                ("│ ", "x                  A"),
                ("│ ", "sked because: nothin"),
                ("│ ", "g"),
            ]
        );
    }

    #[test]
    fn a_line_that_is_cut_says_so() {
        assert_eq!(fitted("abcdef", 6), "abcdef");
        assert_eq!(fitted("abcdefg", 6), "abcde…");
        assert_eq!(fitted("漢字漢字", 6), "漢字…");
        assert_eq!(fitted("", 6), "");
    }

    #[test]
    fn a_megabyte_of_the_worst_is_cut_at_once() {
        let text = "\u{1b}\u{202e}\u{301}\n".repeat(150_000);
        let began = std::time::Instant::now();
        let wrapped = Wrapped::new(&[(Look::Arguments, &text)], 40);
        assert!(wrapped.len() > 10_000);
        // A hundred times what a slow machine needs.
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }
}
