//! The form of an argument's texts, as a pattern: their pieces where all have the same ones, else the
//! characters they are made of.

use std::collections::BTreeSet;
use std::fmt::Write;

/// The most pieces a text is taken apart into.
const MAX_RUNS: usize = 16;
/// The most marks a pattern lists; a text with more is prose.
const MAX_MARKS: usize = 10;
/// The longest text with spaces that is no prose, in characters.
const MAX_WORDS: usize = 48;
/// What a bound on a length is rounded up to at the least.
const SHORT: usize = 16;
/// The longest text a pattern is made for: a pattern's counts cost memory.
const LONGEST: usize = 512;

/// Marks that say something in a pattern, and in a class of characters.
const OUTSIDE: &str = r"\.+*?()|[]{}^$";
const IN_CLASS: &str = r"\[]^-&~";

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Digits {
        least: usize,
        most: usize,
    },
    Letters {
        lower: bool,
        upper: bool,
        most: usize,
    },
    Mark(char),
}

/// The form of all texts so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// The pieces that all have; `None` where they differ.
    runs: Option<Vec<Run>>,
    texts: u64,
    /// Some two differ.
    varied: bool,
    first: String,
    lower: bool,
    upper: bool,
    digits: bool,
    marks: BTreeSet<char>,
    /// More than ASCII's printable characters.
    odd: bool,
    empty: bool,
    /// In characters.
    longest: usize,
}

impl Shape {
    pub(super) fn add(&mut self, text: &str) {
        self.texts += 1;
        self.longest = self.longest.max(text.chars().count());
        self.empty |= text.is_empty();
        if self.odd || self.longest > LONGEST {
            self.odd = true;
            return;
        }
        self.odd = !text.bytes().all(|it| it.is_ascii_graphic() || it == b' ');
        for character in text.chars() {
            match character {
                'a'..='z' => self.lower = true,
                'A'..='Z' => self.upper = true,
                '0'..='9' => self.digits = true,
                mark => {
                    self.marks.insert(mark);
                }
            }
        }
        if self.texts == 1 {
            text.clone_into(&mut self.first);
            self.runs = runs(text);
        } else {
            self.varied |= self.first != text;
            self.runs = self.runs.take().and_then(|it| merged(it, &runs(text)?));
        }
    }

    /// A pattern that matches them all, and what it comes to; `None` where only their length can be
    /// said.
    pub(super) fn pattern(&self) -> Option<(String, &'static str)> {
        let prose =
            self.marks.len() > MAX_MARKS || (self.marks.contains(&' ') && self.longest > MAX_WORDS);
        if self.odd || prose || self.texts == 0 {
            return None;
        }
        if let Some(runs) = self.runs.as_ref().filter(|it| self.varied && it.len() > 1) {
            return Some((format!("^{}$", of_runs(runs)), "texts of one form"));
        }
        Some((self.of_characters()?, "texts of these characters"))
    }

    fn of_characters(&self) -> Option<String> {
        let mut class = String::new();
        for (is, range) in [
            (self.lower, "a-z"),
            (self.upper, "A-Z"),
            (self.digits, "0-9"),
        ] {
            class.push_str(if is { range } else { "" });
        }
        for mark in &self.marks {
            class.push_str(&literal(*mark, IN_CLASS));
        }
        let least = u8::from(!self.empty);
        let most = rounded(self.longest);
        (!class.is_empty()).then(|| format!("^[{class}]{{{least},{most}}}$"))
    }

    /// What `max_length` says.
    pub(super) fn length(&self) -> usize {
        rounded(self.longest)
    }
}

/// So many of what stands before it.
pub(super) fn times(least: usize, most: usize) -> String {
    match (least, most) {
        (1, 1) => String::new(),
        (least, most) if least == most => format!("{{{most}}}"),
        (least, most) => format!("{{{least},{most}}}"),
    }
}

/// A round bound that is not below it.
fn rounded(length: usize) -> usize {
    length.max(SHORT).next_power_of_two()
}

/// A mark as a pattern has it, where `special` are those that say something else there.
fn literal(mark: char, special: &str) -> String {
    if special.contains(mark) {
        return format!("\\{mark}");
    }
    mark.to_string()
}

/// The pieces of a text, where they are few.
fn runs(text: &str) -> Option<Vec<Run>> {
    let mut all: Vec<Run> = Vec::new();
    for character in text.chars() {
        let last = all.last_mut();
        match (character, last) {
            ('0'..='9', Some(Run::Digits { least, most })) => {
                *least += 1;
                *most += 1;
            }
            ('0'..='9', _) => all.push(Run::Digits { least: 1, most: 1 }),
            ('a'..='z' | 'A'..='Z', Some(Run::Letters { lower, upper, most })) => {
                *lower |= character.is_ascii_lowercase();
                *upper |= character.is_ascii_uppercase();
                *most += 1;
            }
            ('a'..='z' | 'A'..='Z', _) => all.push(Run::Letters {
                lower: character.is_ascii_lowercase(),
                upper: character.is_ascii_uppercase(),
                most: 1,
            }),
            (mark, _) => all.push(Run::Mark(mark)),
        }
        if all.len() > MAX_RUNS {
            return None;
        }
    }
    (!all.is_empty()).then_some(all)
}

/// Pieces that fit both, where there are such.
fn merged(mut old: Vec<Run>, new: &[Run]) -> Option<Vec<Run>> {
    if old.len() != new.len() {
        return None;
    }
    for (old, new) in old.iter_mut().zip(new) {
        match (old, *new) {
            (Run::Digits { least, most }, Run::Digits { least: a, most: b }) => {
                *least = a.min(*least);
                *most = b.max(*most);
            }
            (
                Run::Letters { lower, upper, most },
                Run::Letters {
                    lower: low,
                    upper: up,
                    most: more,
                },
            ) => {
                *lower |= low;
                *upper |= up;
                *most = more.max(*most);
            }
            (Run::Mark(one), Run::Mark(other)) if *one == other => {}
            (Run::Digits { .. } | Run::Letters { .. } | Run::Mark(_), _) => return None,
        }
    }
    Some(old)
}

fn of_runs(runs: &[Run]) -> String {
    let mut out = String::new();
    for run in runs {
        // A String takes every write.
        let _ = match *run {
            Run::Digits { least, most } => write!(out, "[0-9]{}", times(least, most)),
            Run::Letters { lower, upper, most } => {
                let lower = if lower { "a-z" } else { "" };
                let upper = if upper { "A-Z" } else { "" };
                write!(out, "[{lower}{upper}]{{1,{}}}", rounded(most))
            }
            Run::Mark(mark) => write!(out, "{}", literal(mark, OUTSIDE)),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_form_they_share() {
        check(
            &["2026-01-02", "2025-12-31"],
            r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        );
        check(&["09:30", "7:05"], r"^[0-9]{1,2}:[0-9]{2}$");
        check(
            &["Asia/Tokyo", "Etc/UTC"],
            r"^[a-zA-Z]{1,16}/[a-zA-Z]{1,16}$",
        );
        check(&["tea"], "^[a-z]{1,16}$");
        check(&["HEAD~1"], r"^[A-Z0-9\~]{1,16}$");
        check(&["", "a]b^c\\d-e"], r"^[a-z\-\\\]\^]{0,16}$");
        check(&["main", "fix/one two"], r"^[a-z /]{1,16}$");
        check(&["größe"], "");
        check(&["a\nb"], "");
        check(
            &["a long text of many words, as people write it to each other"],
            "",
        );
        check(&[], "");
        check(&[""], "");
    }

    fn check(texts: &[&str], expected: &str) {
        let mut shape = Shape::default();
        texts.iter().for_each(|it| shape.add(it));
        let pattern = shape.pattern().map(|it| it.0).unwrap_or_default();
        assert_eq!(pattern, expected, "{texts:?}");
        if !expected.is_empty() {
            matches(&pattern, texts);
        }
    }

    fn matches(pattern: &str, texts: &[&str]) {
        let compiled = regex::Regex::new(pattern).unwrap();
        for text in texts {
            assert!(compiled.is_match(text), "{pattern} {text:?}");
        }
    }
}
