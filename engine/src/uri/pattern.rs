//! Patterns for URIs: `*` stands for any run of characters, everything else for itself.

use std::fmt;

use super::{
    LONGEST,
    readings::{Reading, Readings, of_pattern},
    steps::{HOST_AS_FOLDER, NO_FRAGMENT, NO_QUERY, TO_NUL},
};
use crate::name::{is_unprintable, normal_form, star_matches};

/// A pattern in all of its own readings.
///
/// A reading of a URI is held against the pattern as written, and against what the same steps, or some of
/// them, make of the pattern: so an entry written as the server lists it, percent signs and all, is met by
/// that URI, and by no reading that the author did not write.
#[derive(Debug, Clone)]
pub(crate) struct UriPattern {
    readings: Vec<Reading>,
}

/// Why a pattern can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatternError {
    Empty,
    TooLong,
    Hidden,
    HiddenStar,
    TooManyReadings,
}

impl UriPattern {
    pub(crate) fn new(written: &str) -> Result<Self, PatternError> {
        if written.is_empty() {
            return Err(PatternError::Empty);
        }
        if written.len() > LONGEST {
            return Err(PatternError::TooLong);
        }
        if written.chars().any(is_unprintable) {
            return Err(PatternError::Hidden);
        }
        let readings = of_pattern(written).ok_or(PatternError::TooManyReadings)?;
        let stars = |text: &str| text.matches('*').count();
        if readings.iter().any(|it| stars(&it.text) > stars(written)) {
            return Err(PatternError::HiddenStar);
        }
        Ok(UriPattern { readings })
    }

    /// Whether it is a lone `*` (`**` means the same).
    pub(crate) fn is_everything(&self) -> bool {
        self.written().chars().all(|it| it == '*')
    }

    fn written(&self) -> &str {
        self.readings.first().map_or("", |it| &it.text)
    }

    /// Whether this reading of a URI is one of what the pattern allows.
    fn allows(&self, reading: &Reading) -> bool {
        self.readings
            .iter()
            .filter(|own| own.steps & !reading.steps == 0)
            .any(|own| star_matches(&own.text, &reading.text))
    }

    /// Whether one of the patterns allows each reading.
    pub(crate) fn allow<'p>(
        mut all: impl Iterator<Item = &'p UriPattern> + Clone,
        uri: &Readings,
    ) -> bool {
        if all.clone().any(UriPattern::is_everything) {
            return true;
        }
        let one_allows = |reading| all.clone().any(|it| it.allows(reading));
        let each = uri.0.iter().all(one_allows);
        each && !uri.hold_control() && all.next().is_some()
    }

    /// Whether it denies a URI, by any reading of either, with closing slashes or without.
    pub(crate) fn denies(&self, uri: &Readings) -> bool {
        self.denied_readings().any(|own| {
            let bare = without_slash(&own.text);
            let matches = |text| star_matches(&own.text, text) || star_matches(bare, text);
            uri.0
                .iter()
                .any(|it| matches(&it.text) || matches(without_slash(&it.text)))
        })
    }

    /// What is denied: not what remains of the pattern without a part that the author wrote.
    fn denied_readings(&self) -> impl Iterator<Item = &Reading> {
        let cut = NO_FRAGMENT | NO_QUERY | TO_NUL | HOST_AS_FOLDER;
        self.readings.iter().filter(move |it| it.steps & cut == 0)
    }

    /// Whether a URI that begins so could be allowed.
    pub(crate) fn could_begin(&self, start: &str) -> bool {
        let own = self.written();
        match own.split_once('*') {
            Some((literal, _)) => literal.starts_with(start) || start.starts_with(literal),
            None => own.starts_with(start),
        }
    }

    /// Whether every URI that begins so is denied.
    pub(crate) fn denies_all_from(&self, start: &str) -> bool {
        let all = format!("{start}*");
        let folded = normal_form(&all);
        self.denied_readings()
            .any(|own| star_matches(&own.text, &all) || star_matches(&own.text, &folded))
    }

    /// Whether everything the other denies is surely denied by this one.
    pub(crate) fn covers_denial(&self, other: &UriPattern) -> bool {
        let denies_bare = |theirs: &Reading| {
            let theirs = without_slash(&theirs.text);
            self.denied_readings().any(|own| {
                star_matches(&own.text, theirs) || star_matches(without_slash(&own.text), theirs)
            })
        };
        self.covers(other) && other.denied_readings().all(denies_bare)
    }

    /// Whether everything the other allows is surely allowed by this one: a `*` of the other's is only
    /// taken in by one of this pattern's.
    pub(crate) fn covers(&self, other: &UriPattern) -> bool {
        if self.is_everything() || other.is_everything() {
            return self.is_everything();
        }
        other.readings.iter().all(|theirs| {
            let by = |own: &&Reading| own.steps & !theirs.steps == 0;
            self.readings
                .iter()
                .filter(by)
                .any(|own| star_matches(&own.text, &theirs.text))
        })
    }
}

/// The text without the slashes it ends in; as it is where a `*` stands before them.
fn without_slash(text: &str) -> &str {
    let bare = text.trim_end_matches('/');
    if bare.ends_with('*') { text } else { bare }
}

/// The text of a URI template before its first variable.
pub(crate) fn literal_start(template: &str) -> Option<&str> {
    template.split_once('{').map(|(start, _)| start)
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PatternError::Empty => "it is empty",
            PatternError::TooLong => return write!(f, "it is longer than {LONGEST} bytes"),
            PatternError::Hidden => "it holds a character that can't be seen",
            PatternError::HiddenStar => "a part of it becomes a `*` when it is decoded; write `*`",
            PatternError::TooManyReadings => "it can be read in too many ways; write it plainly",
        })
    }
}
