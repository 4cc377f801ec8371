//! A pattern read in one way, and where it is not worth a search.

use regex::{Regex, RegexBuilder};

use super::needs::Needs;
use super::view::View;

/// Compiled size of one pattern, in bytes.
const LARGEST_PATTERN: usize = 10 << 20;

/// So many stretches are always worth a search of their own, rather than one of the whole text.
const FEW: usize = 16;
/// And one more for each so many bytes of it.
const APART: usize = 256;

/// A pattern read in one way.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) regex: Regex,
    needs: Option<Needs>,
}

impl Reading {
    pub(super) fn build(regex: &str) -> Result<Self, regex::Error> {
        Ok(Self {
            regex: build(regex)?,
            needs: Needs::of(regex),
        })
    }

    /// Whether it may match anywhere in the view: false only where it surely doesn't. What stands
    /// before a marker ends there, so that no stretch shows what the pattern would see.
    pub(super) fn may_match(&self, view: &View<'_>) -> bool {
        let Some(needs) = &self.needs else {
            return true;
        };
        if view.text().len() < needs.least() {
            return false;
        }
        if needs.is_literal() {
            return true;
        }
        let mut stretches = needs.stretches(view.text());
        if view.has_markers() {
            return stretches.next().is_some();
        }
        let worth_it = FEW + view.text().len() / APART;
        stretches
            .enumerate()
            .any(|(tried, it)| tried >= worth_it || self.regex.is_match(it))
    }

    /// No match is shorter, in bytes; 0 where that can't be told.
    pub(super) fn least(&self) -> usize {
        self.needs.as_ref().map_or(0, Needs::least)
    }
}

fn build(regex: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(regex).size_limit(LARGEST_PATTERN).build()
}
