//! What is wrong with a policy file, where, and how to mend it: made for a person to read.

use std::fmt::{self, Write};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The policy is not used.
    Error,
    /// The policy is used, but likely not as meant.
    Warning,
}

/// One thing found in a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What it is: lower case, one line.
    pub message: String,
    /// The line, from 1; 0 where it concerns the whole file.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The line itself with a caret below the place; empty where there is none.
    pub snippet: String,
    /// How to mend it.
    pub help: Option<String>,
}

/// Everything found in one file, in the order of its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// All of them for a terminal, under the file's name.
    pub fn render(&self, file: &str) -> String {
        let blocks: Vec<String> = self.0.iter().map(|it| it.render(file)).collect();
        blocks.join("\n")
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|it| it.severity == Severity::Error)
    }
}

impl Diagnostic {
    fn render(&self, file: &str) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut out = format!("{severity}: {}", escaped(file));
        if self.line > 0 {
            let _ = write!(out, ":{}:{}", self.line, self.column); // a String takes every write
        }
        let _ = writeln!(out, ": {}", escaped(&self.message));
        if !self.snippet.is_empty() {
            let _ = writeln!(out, "{}", self.snippet);
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "help: {}", escaped(help));
        }
        out
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render("policy"))
    }
}

impl std::error::Error for Diagnostics {}

/// The text with every character that a terminal would act on, or not show, written as an escape.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if crate::name::is_unprintable(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_as_place_line_and_help() {
        let found = Diagnostics(vec![Diagnostic {
            severity: Severity::Error,
            message: "unknown key `x`".into(),
            line: 3,
            column: 5,
            snippet: "3 |     x: 1\n  |     ^".into(),
            help: Some("did you mean `y`?".into()),
        }]);
        let expected = "error: agent.yaml:3:5: unknown key `x`\n\
                        3 |     x: 1\n  |     ^\nhelp: did you mean `y`?\n";
        assert_eq!(found.render("agent.yaml"), expected);
        assert!(found.has_errors());
    }

    #[test]
    fn nothing_that_a_terminal_acts_on_is_printed() {
        assert_eq!(escaped("a\u{1b}[2J\n\u{202e}b"), "a\\u{1b}[2J\\n\\u{202e}b");
        assert_eq!(escaped("größe 漢字"), "größe 漢字");
    }
}
