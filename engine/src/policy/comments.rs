//! The comments of a policy file: what stands behind a `#` that is no part of a text.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::source::At;

/// A comment and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) at: At,
    /// From its `#` on, without white space at its end.
    pub(crate) text: String,
    /// Nothing stands before it on its line.
    pub(crate) alone: bool,
}

impl Comment {
    /// What it says to `aipctl policy lint`, where it speaks to it.
    pub(crate) fn to_lint(&self) -> Option<&str> {
        let words = self.text.trim_start_matches('#').trim_start();
        words.strip_prefix("aip-lint:")
    }
}

/// Every comment, in order; of a text that can't be read as YAML, those before the place.
pub(crate) fn comments(text: &str) -> Vec<Comment> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let letters: Vec<char> = text.chars().collect();
    let texts = texts(text, &letters);
    let mut texts = texts.iter().peekable();
    let mut found = Vec::new();
    let (mut index, mut line, mut begins) = (0, 1, 0);
    while let Some(letter) = letters.get(index) {
        while texts.next_if(|(_, end)| *end <= index).is_some() {}
        let inside = texts.peek().is_some_and(|(start, _)| *start <= index);
        let before = index.checked_sub(1).and_then(|it| letters.get(it));
        if *letter == '#' && !inside && before.is_none_or(|it| it.is_whitespace()) {
            let rest = letters.get(index..).unwrap_or_default();
            let whole: String = rest.iter().take_while(|it| !is_break(**it)).collect();
            let length = whole.chars().count();
            let lead = letters.get(begins..index).unwrap_or_default();
            found.push(Comment {
                at: At {
                    line,
                    column: index - begins + 1,
                    length,
                },
                text: whole.trim_end().to_owned(),
                alone: lead.iter().all(|it| it.is_whitespace()),
            });
            index += length;
            continue;
        }
        index += 1;
        let pair = *letter == '\r' && letters.get(index) == Some(&'\n');
        if is_break(*letter) && !pair {
            line += 1;
            begins = index;
        }
    }
    found
}

/// Where texts begin and end, in characters. A block scalar begins behind the line with its `|`,
/// where a comment may stand.
fn texts(text: &str, letters: &[char]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        let Event::Scalar(_, style, ..) = event else {
            continue;
        };
        let (start, end) = (span.start.index(), span.end.index());
        let end = match style {
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => end,
            ScalarStyle::SingleQuoted => closing(letters, start, '\''),
            ScalarStyle::DoubleQuoted => closing(letters, start, '"'),
        };
        if start < end {
            found.push((start, end));
        }
    }
    found.sort_unstable();
    found
}

/// Behind the quote that closes: what the parser gives may lie behind a comment that follows.
fn closing(letters: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while let Some(letter) = letters.get(at) {
        let next = letters.get(at + 1);
        if *letter == '\\' && quote == '"'
            || *letter == quote && next == Some(&quote) && quote == '\''
        {
            at += 2;
            continue;
        }
        at += 1;
        if *letter == quote {
            break;
        }
    }
    at
}

fn is_break(letter: char) -> bool {
    matches!(letter, '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_what_no_text_holds() {
        check("# a\nb: c # d\n", &["1:1 # a", "2:6+ # d"]);
        check("a: b#c\nd: \"e # f\"\ng: 'h # i'\n", &[]);
        check("a: |\n  # text\n  b\n# c\n", &["4:1 # c"]);
        check(
            "a: | # kept\n  # text\nb: 1 # c\n",
            &["1:6+ # kept", "3:6+ # c"],
        );
        check("a: >-\n  # text\n\n  # more\n\n# c\nb: 1\n", &["6:1 # c"]);
        check(
            "a: |\n  x\n    # deeper\n  # of it\n # not\nb: 1\n",
            &["5:2 # not"],
        );
        check("a:\n  - [b, # c\n     d] # e\n", &["2:9+ # c", "3:9+ # e"]);
        check("a: b # c\r\n# d  \r\n", &["1:6+ # c", "2:1 # d"]);
        check("\u{feff}# a\nb: ü # c\n", &["1:1 # a", "2:6+ # c"]);
        check("a: \"b\n  # c\n  d\" # e\n", &["3:6+ # e"]);
        check("a: b\n  c # d\n", &["2:5+ # d"]);
        check("a:\n  # b\n\n  # c\n  d: e\n", &["2:3 # b", "4:3 # c"]);
    }

    fn check(text: &str, expected: &[&str]) {
        let told = |it: Comment| {
            let mark = if it.alone { "" } else { "+" };
            format!("{}:{}{mark} {}", it.at.line, it.at.column, it.text)
        };
        let found: Vec<_> = comments(text).into_iter().map(told).collect();
        assert_eq!(found, expected, "{text:?}");
    }
}
