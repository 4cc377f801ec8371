//! All texts that the steps make of one, and by which of them.

use super::{
    LONGEST,
    steps::{ALL, Steps},
};

/// More readings than this are in doubt: an honest URI has a dozen.
const MOST: usize = 128;
/// Of a pattern, whose readings are kept for each set of steps that leads to them.
const MOST_OF_PATTERN: usize = 1024;

/// One way to read a URI or a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) text: String,
    /// The steps that lead here.
    pub(super) steps: Steps,
}

/// A URI in every reading, as sent first.
#[derive(Debug)]
pub(crate) struct Readings(pub(super) Vec<Reading>);

impl Readings {
    /// `None` where the URI is too long or can be read in too many ways.
    pub(crate) fn of(uri: &str) -> Option<Self> {
        if uri.len() > LONGEST {
            return None;
        }
        let known = |all: &[Reading], text: &str, _| all.iter().any(|it| it.text == text);
        closure(uri, false, MOST, known).map(Readings)
    }

    /// The same, with its bytes taken off the work that is left; `None` too where that does not suffice.
    pub(crate) fn within(uri: &str, work: &mut usize) -> Option<Self> {
        if *work == 0 {
            return None;
        }
        let readings = Self::of(uri);
        let cost = match &readings {
            Some(readings) => readings.0.iter().map(|it| it.text.len()).sum(),
            None if uri.len() > LONGEST => 0,
            None => uri.len() * MOST,
        };
        *work = work.saturating_sub(cost);
        readings
    }

    /// Whether a control character stands in one of them: readers end there, or leave it out.
    pub(crate) fn hold_control(&self) -> bool {
        self.0
            .iter()
            .any(|it| it.text.chars().any(char::is_control))
    }
}

/// The readings of a pattern; `None` where there are too many.
pub(super) fn of_pattern(written: &str) -> Option<Vec<Reading>> {
    let known = |all: &[Reading], text: &str, steps: Steps| {
        all.iter()
            .any(|it| it.text == text && it.steps & !steps == 0)
    };
    closure(written, true, MOST_OF_PATTERN, known)
}

fn closure(
    text: &str,
    is_pattern: bool,
    most: usize,
    known: impl Fn(&[Reading], &str, Steps) -> bool,
) -> Option<Vec<Reading>> {
    let mut all = vec![Reading {
        text: text.to_owned(),
        steps: 0,
    }];
    let mut next = 0;
    while let Some(reading) = all.get(next).cloned() {
        for (bit, step) in ALL {
            let steps = reading.steps | bit;
            let Some(text) = step(&reading.text, is_pattern) else {
                continue;
            };
            if known(&all, &text, steps) {
                continue;
            }
            if all.len() >= most {
                return None;
            }
            all.push(Reading { text, steps });
        }
        next += 1;
    }
    Some(all)
}
