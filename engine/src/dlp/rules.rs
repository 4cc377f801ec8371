//! Patterns compiled once, and where they match in a view.

use std::collections::HashSet;
use std::ops::Range;

use regex::Regex;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::marker;
use super::reading::Reading;
use super::settings::{PatternScope, PatternSpec, Scope};
use super::view::{View, cut};
use crate::re2::ascii_reading;

/// The patterns of one policy.
#[derive(Debug)]
pub(super) struct Rules {
    list: Vec<Rule>,
    names: HashSet<String>,
    longest_name: usize,
    /// No match of any pattern is shorter, in bytes; 0 where that can't be told.
    least: usize,
}

/// One pattern. RE2's `\b`, `\w` and `\d` know ASCII only, other readers know Unicode: in a text that
/// is not ASCII both readings count, since a missed boundary is a missed secret.
#[derive(Debug, Clone)]
struct Rule {
    name: String,
    scope: PatternScope,
    ascii: Reading,
    unicode: Option<Reading>,
}

/// A match of one rule, in whichever text it was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) range: Range<usize>,
    pub(super) rule: usize,
}

impl Rules {
    /// Compiles the patterns, or says which (by index) are wrong and why.
    pub(super) fn compile(patterns: &[PatternSpec]) -> Result<Self, Vec<(usize, String)>> {
        let mut rules = Self::none();
        let mut errors = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            if let Some(error) = wrong_name(&pattern.name) {
                errors.push((index, error));
            } else if !rules.names.insert(pattern.name.clone()) {
                errors.push((
                    index,
                    format!(
                        "two dlp patterns are named `{}`; give each its own name",
                        pattern.name
                    ),
                ));
            }
            match Rule::compile(pattern) {
                Ok(rule) => rules.list.push(rule),
                Err(error) => errors.push((index, error)),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(rules.measured())
    }

    /// Another policy's pattern, by its index, beside those that are here.
    pub(super) fn add(&mut self, other: &Rules, index: usize) {
        if let Some(rule) = other.list.get(index) {
            self.names.insert(rule.name.clone());
            self.list.push(rule.clone());
        }
    }

    pub(super) fn measured(self) -> Self {
        let least = self.list.iter().map(Rule::least).min();
        Self {
            least: least.unwrap_or(0),
            longest_name: self.names.iter().map(String::len).max().unwrap_or(0),
            ..self
        }
    }

    pub(super) fn none() -> Self {
        Self {
            list: Vec::new(),
            names: HashSet::new(),
            longest_name: 0,
            least: 0,
        }
    }

    pub(super) fn any(&self, scope: Scope) -> bool {
        self.list.iter().any(|rule| rule.scope.covers(scope))
    }

    /// Whether the text surely holds nothing, since it is too short and means only what it says.
    pub(super) fn pass_over(&self, text: &str) -> bool {
        text.len() < self.least && text.is_ascii() && !text.contains('\\')
    }

    pub(super) fn name(&self, rule: usize) -> &str {
        self.list.get(rule).map_or("", |rule| rule.name.as_str())
    }

    /// The markers standing in a text that carry one of our own names.
    pub(super) fn markers(&self, text: &str) -> Vec<Range<usize>> {
        marker::find(text, self.longest_name, |name| self.names.contains(name))
    }

    /// How many patterns look at a text of this scope: what a pass over it costs.
    pub(super) fn count(&self, scope: Scope) -> usize {
        self.list
            .iter()
            .filter(|rule| rule.scope.covers(scope))
            .count()
    }

    /// Every match between the markers of `view` that is at least `least` bytes long.
    pub(super) fn matches(&self, view: &View<'_>, scope: Scope, least: usize) -> Vec<Hit> {
        let text = view.text();
        // In binary data a letter of another script is chance.
        let ascii = least > 1 || text.is_ascii();
        let mut pieces = None;
        let mut hits = Vec::new();
        for (index, rule) in self
            .list
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.scope.covers(scope))
        {
            let readings = [Some(&rule.ascii), rule.unicode.as_ref().filter(|_| !ascii)];
            let readings = readings.into_iter().flatten();
            for reading in readings.filter(|it| it.may_match(view)) {
                for piece in pieces.get_or_insert_with(|| view.pieces()) {
                    find_in(&reading.regex, text, piece, least, &mut |range| {
                        hits.push(Hit { range, rule: index })
                    });
                }
            }
        }
        hits
    }
}

impl Rule {
    fn least(&self) -> usize {
        let unicode = self.unicode.as_ref().map(Reading::least);
        self.ascii.least().min(unicode.unwrap_or(usize::MAX))
    }

    fn compile(pattern: &PatternSpec) -> Result<Self, String> {
        let unicode = Reading::build(&pattern.regex).map_err(|error| explain(pattern, &error))?;
        let reading = ascii_reading(&pattern.regex);
        let differs = reading != pattern.regex;
        let ascii = differs.then(|| Reading::build(&reading).ok()).flatten();
        let (ascii, unicode) = match ascii {
            Some(ascii) => (ascii, Some(unicode)),
            None => (unicode, None),
        };
        Ok(Self {
            name: pattern.name.clone(),
            scope: pattern.scope,
            ascii,
            unicode,
        })
    }
}

/// Matches inside one piece. What stands before the piece is seen by `^` and `\b`; what stands after
/// it is a marker, so a match that needs the text to end there is none.
fn find_in(
    regex: &Regex,
    text: &str,
    piece: &Range<usize>,
    least: usize,
    found: &mut dyn FnMut(Range<usize>),
) {
    let whole = piece.end == text.len();
    let haystack = cut(text, 0..piece.end);
    let mut at = piece.start;
    while at <= piece.end {
        let Some(one) = regex.find_at(haystack, at) else {
            return;
        };
        let real = whole || one.end() < piece.end || continues(regex, text, one.start(), piece.end);
        if !one.is_empty() && one.len() >= least && real {
            found(one.range());
        }
        at = if one.end() > at {
            one.end()
        } else {
            next_boundary(haystack, at)
        };
    }
}

/// Whether a match that ends at the marker would also be one with the marker's bracket after it.
fn continues(regex: &Regex, text: &str, start: usize, end: usize) -> bool {
    regex
        .find_at(cut(text, 0..end + 1), start)
        .is_some_and(|one| one.start() == start && !one.is_empty())
}

fn next_boundary(text: &str, at: usize) -> usize {
    cut(text, at..text.len())
        .chars()
        .next()
        .map_or(at + 1, |letter| at + letter.len_utf8())
}

fn wrong_name(name: &str) -> Option<String> {
    let shown = name.escape_debug();
    if name.trim().is_empty() {
        return Some("a dlp pattern has an empty name; name it after what it finds".to_owned());
    }
    if name.contains(']') {
        return Some(format!(
            "dlp pattern name `{shown}` holds `]`, which ends a marker; leave it out"
        ));
    }
    let hidden = |letter: char| {
        matches!(
            letter.general_category(),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        )
    };
    name.chars().any(hidden).then(|| {
        format!("dlp pattern name `{shown}` holds a control or invisible character; leave it out")
    })
}

/// The regex crate explains over several lines; its last one says what is wrong.
fn explain(pattern: &PatternSpec, error: &regex::Error) -> String {
    let whole = error.to_string();
    let last = whole.lines().last().unwrap_or_default();
    let cause = last.strip_prefix("error: ").unwrap_or(last).trim();
    let help = if cause.contains("look-around") || cause.contains("backreference") {
        "RE2 syntax has neither look-around nor backreferences"
    } else {
        "write it in RE2 syntax"
    };
    let shown = pattern.regex.escape_debug();
    format!(
        "invalid regex `{shown}` in dlp pattern `{}`: {cause}; {help}",
        pattern.name.escape_debug()
    )
}
