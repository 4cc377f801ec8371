//! What every match of a pattern is made of: texts without it are not searched at all.

use std::ops::Range;

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, Hir, HirKind};
use regex_syntax::utf8::Utf8Sequences;

/// The longest character, in bytes: what `^`, `$` and `\b` look at beside a match.
const WIDEST: usize = 4;

/// Bytes a match may hold, and how many it has at least.
#[derive(Debug, Clone)]
pub(super) struct Needs {
    bytes: [bool; 256],
    least: usize,
    /// It begins with one of a few texts, which the regular expression looks for by itself and faster.
    literal: bool,
}

/// A shorter text at the start of a pattern is found too often to be looked for.
const LITERAL: usize = 3;

impl Needs {
    /// Those of a pattern; none for one that may match nothing at all, or that can't be read.
    pub(super) fn of(regex: &str) -> Option<Self> {
        let hir = regex_syntax::parse(regex).ok()?;
        let least = hir.properties().minimum_len().filter(|least| *least > 0)?;
        let mut needs = Self {
            bytes: [false; 256],
            least,
            literal: begins_with_literal(&hir),
        };
        needs.add(&hir);
        Some(needs)
    }

    /// How many bytes a match has at least.
    pub(super) fn least(&self) -> usize {
        self.least
    }

    /// Whether a search of the whole text is cheaper than one for stretches.
    pub(super) fn is_literal(&self) -> bool {
        self.literal
    }

    /// The stretches of `text` that may hold a match, each with the characters beside it: a match
    /// anywhere in the text is one inside such a stretch too.
    pub(super) fn stretches<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let run = self.next_run(text.as_bytes(), at)?;
            at = run.end;
            let start = text.floor_char_boundary(run.start.saturating_sub(WIDEST));
            let end = text.ceil_char_boundary(run.end.saturating_add(WIDEST));
            text.get(start..end)
        })
    }

    /// The next longest run of bytes a match may hold, where it is long enough for one. Looks at the
    /// last byte of each place a run could have first, and so passes over most of a text.
    fn next_run(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let mut start = from;
        loop {
            let window = text.get(start..start.checked_add(self.least)?)?;
            match window.iter().rposition(|byte| !self.may_hold(*byte)) {
                Some(at) => start += at + 1,
                None => break,
            }
        }
        let rest = text.get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| !self.may_hold(*byte));
        Some(start..start + length.unwrap_or(rest.len()))
    }

    fn may_hold(&self, byte: u8) -> bool {
        self.bytes.get(usize::from(byte)).is_none_or(|held| *held)
    }

    fn add(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => literal.0.iter().for_each(|byte| self.hold(*byte, *byte)),
            HirKind::Class(Class::Bytes(class)) => {
                for range in class.iter() {
                    self.hold(range.start(), range.end());
                }
            }
            HirKind::Class(Class::Unicode(class)) => {
                for range in class.iter() {
                    for sequence in Utf8Sequences::new(range.start(), range.end()) {
                        for bytes in sequence.as_slice() {
                            self.hold(bytes.start, bytes.end);
                        }
                    }
                }
            }
            HirKind::Repetition(repetition) => self.add(&repetition.sub),
            HirKind::Capture(capture) => self.add(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                parts.iter().for_each(|part| self.add(part));
            }
        }
    }

    fn hold(&mut self, first: u8, last: u8) {
        let held = self.bytes.get_mut(usize::from(first)..=usize::from(last));
        held.into_iter().flatten().for_each(|held| *held = true);
    }
}

fn begins_with_literal(hir: &Hir) -> bool {
    let starts = Extractor::new().extract(hir);
    let shortest = starts.min_literal_len();
    shortest.is_some_and(|length| length >= LITERAL) && starts.len().is_some_and(|count| count <= 3)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;
    use crate::re2::ascii_reading;

    fn may_match(needs: &Needs, regex: &Regex, text: &str) -> bool {
        needs.stretches(text).any(|it| regex.is_match(it))
    }

    #[test]
    fn a_text_without_what_a_match_is_made_of_has_no_stretch() {
        let check = |pattern: &str, text: &str, stretches: &[&str]| {
            let needs = Needs::of(&ascii_reading(pattern)).unwrap();
            let found: Vec<_> = needs.stretches(text).collect();
            assert_eq!(found, stretches, "{pattern} in {text}");
        };
        check("AKIA[A-Z0-9]{16}", "nothing of the kind, 12 TIMES", &[]);
        check(r"\b\d{3}-\d{2}-\d{4}\b", "on 2024-01-02 it was", &[]);
        check(
            r"\b\d{3}-\d{2}-\d{4}\b",
            "it is 123-45-6789, ja",
            &[" is 123-45-6789, ja"],
        );
        check(r"a{3}", "aaa aa aaaa", &["aaa aa ", " aa aaaa"]);
        check(r"a{3}é", "größe aaaé ü", &["ße aaaé ü"]);
    }

    #[test]
    fn what_may_be_empty_needs_nothing() {
        for pattern in ["", "a*", "(a|)", r"\b", "^$"] {
            assert!(Needs::of(pattern).is_none(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn no_match_is_passed_over(
            which in 0..14_usize,
            text in "([0-9]{3}-[0-9]{2}-[0-9]{4}|[ab]{0,5}|[0-9- ]{0,20}|\n|\r|é|ſ|K|１|x{0,40}|AKIA|.){0,12}",
        ) {
            let pattern = [
                r"\b\d{3}-\d{2}-\d{4}\b", r"\b(?:\d{4}[- ]?){3}\d{4}\b", r"AKIA[A-Z0-9]{2}", r"\Ba+\B",
                r"^a", r"(?m)^a+$", r"(?Rm)^b$", r"a|bb|\d\d", r"(?i)k+s", r"[^a]{3}", r"é\b.", r"(?s).b",
                r"\z|\d{2}\z", r"\A[a-b]+",
            ].get(which).copied().unwrap_or_default();
            for pattern in [pattern.to_owned(), ascii_reading(pattern)] {
                let regex = Regex::new(&pattern).unwrap();
                if let Some(needs) = Needs::of(&pattern) {
                    prop_assert!(!regex.is_match(&text) || may_match(&needs, &regex, &text), "{pattern}");
                }
            }
        }
    }
}
