//! Why a configuration can't be read: where, and never what stands there.

use std::fmt;

/// A file, or an entry of it, that does not have the form its client reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which line, from 1; 0 where no line is to blame.
    pub line: usize,
    /// Which character of it, from 1.
    pub column: usize,
    /// What is wrong, in words of ours.
    pub why: &'static str,
}

impl Broken {
    /// At this byte of the text.
    pub(crate) fn at(text: &str, byte: usize, why: &'static str) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            why,
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(self.why),
            line => write!(f, "line {line}, column {}: {}", self.column, self.why),
        }
    }
}

impl std::error::Error for Broken {}
