//! The text of a policy file and everything found in it so far.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

/// Most findings reported of one file.
const MAX_FINDINGS: usize = 100;

/// Most findings kept to choose them from; what comes later is only counted.
const MAX_KEPT: usize = 1_000;

/// Longest part of a line shown, in characters.
const MAX_SHOWN: usize = 120;

/// A place in the file: line and column from 1, and how many characters the caret runs over.
/// Line 0 stands for the whole file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) length: usize,
}

/// The file, and the findings.
pub(crate) struct Source<'s> {
    text: &'s str,
    lines: Vec<&'s str>,
    found: Vec<Diagnostic>,
    errors: usize,
    /// Findings not kept.
    dropped: usize,
}

impl<'s> Source<'s> {
    pub(crate) fn new(text: &'s str) -> Self {
        Source {
            text,
            lines: lines(text),
            found: Vec::new(),
            errors: 0,
            dropped: 0,
        }
    }

    pub(crate) fn text(&self) -> &'s str {
        self.text
    }

    pub(crate) fn error(&mut self, at: At, message: impl Into<String>) {
        self.report(Severity::Error, at, message.into(), None);
    }

    pub(crate) fn error_with_help(
        &mut self,
        at: At,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(Severity::Error, at, message.into(), Some(help.into()));
    }

    pub(crate) fn warning(&mut self, at: At, message: impl Into<String>, help: impl Into<String>) {
        self.report(Severity::Warning, at, message.into(), Some(help.into()));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Everything found, by line; what concerns the whole file first.
    pub(crate) fn into_diagnostics(mut self) -> Diagnostics {
        self.found.sort_by_key(|it| (it.line, it.column));
        let unshown = self.found.len().saturating_sub(MAX_FINDINGS) + self.dropped;
        self.found.truncate(MAX_FINDINGS);
        if unshown > 0 {
            self.found.push(Diagnostic {
                severity: if self.errors > 0 {
                    Severity::Error
                } else {
                    Severity::Warning
                },
                message: format!("and {unshown} more"),
                line: 0,
                column: 0,
                snippet: String::new(),
                help: None,
            });
        }
        Diagnostics(self.found)
    }

    fn report(&mut self, severity: Severity, at: At, message: String, help: Option<String>) {
        if severity == Severity::Error {
            self.errors += 1;
        }
        if self.found.len() >= MAX_KEPT {
            self.dropped += 1;
            return;
        }
        let snippet = self.snippet(at);
        let (line, column) = (at.line, at.column);
        self.found.push(Diagnostic {
            severity,
            message,
            line,
            column,
            snippet,
            help,
        });
    }

    fn snippet(&self, at: At) -> String {
        let Some(line) = at
            .line
            .checked_sub(1)
            .and_then(|index| self.lines.get(index))
        else {
            return String::new();
        };
        let before = at.column.saturating_sub(1);
        let skipped = before.saturating_sub(MAX_SHOWN / 2);
        let shown: String = line
            .chars()
            .skip(skipped)
            .take(MAX_SHOWN)
            .map(visible)
            .collect();
        let width = shown.chars().count();
        let indent = before - skipped;
        let carets = at.length.clamp(1, width.saturating_sub(indent).max(1));
        let (number, lead) = (at.line.to_string(), if skipped > 0 { "..." } else { "" });
        let gutter = " ".repeat(number.len());
        let margin = " ".repeat(lead.len() + indent);
        let carets = "^".repeat(carets);
        let line = format!("{number} | {lead}{shown}");
        format!("{}\n{gutter} | {margin}{carets}", line.trim_end())
    }
}

/// Splits as YAML does: after a line feed, a carriage return, or both.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        lines.extend(line.strip_suffix('\r').unwrap_or(line).split('\r'));
    }
    lines
}

/// One character for each of the line's, so that the caret stands where it should.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if crate::name::is_unprintable(c) => '\u{fffd}',
        c => c,
    }
}
