//! What weakens a policy that is valid: one check a file, in a table. Nothing here decides about a
//! call; a finding says where the policy is likely not as meant, and what to write instead.

mod anything;
mod arguments;
mod beaten;
mod dlp;
mod everything;
mod listed;
mod mode;
mod paths;
mod pinning;
mod read;
mod silence;
mod statement;
#[cfg(test)]
mod tests;
mod tools;
mod unanchored;
mod unreached;
mod unsafe_dlp;

use crate::{
    diagnostic::Diagnostics,
    policy::{At, Place, Policy, Reading, Spec, comments},
};

pub use listed::{Listed, ListedTool};

/// Most findings told of one policy.
const MAX_FINDINGS: usize = 1_000;

/// One thing that weakens a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stays the same from version to version, as `L004`.
    pub code: &'static str,
    /// The code in words.
    pub name: &'static str,
    /// From 1; 0 where it concerns the whole file.
    pub line: usize,
    /// From 1; 0 where there is no line.
    pub column: usize,
    /// What it is: lower case, one line.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What was found in one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order of their lines.
    pub findings: Vec<Finding>,
    /// Findings that a comment in the policy allows.
    pub silenced: usize,
    /// Codes of checks that need a list of the server's tools, where there was none.
    pub skipped: Vec<&'static str>,
}

/// A check and what it is known by.
struct Check {
    code: &'static str,
    name: &'static str,
    /// It needs the tools a server lists.
    of_list: bool,
    run: fn(&Subject<'_>, &mut Found),
}

/// Every check. A code is never given to another one.
const CHECKS: [Check; 14] = [
    check("L001", "reader-warning", read::run),
    check("L003", "unanchored-pattern", unanchored::run),
    check("L004", "pattern-admits-anything", anything::run),
    check("L005", "second-statement", statement::run),
    of_list("L006", "unknown-tool", tools::run),
    of_list("L007", "unknown-argument", arguments::run),
    check("L008", "unreached-rule", unreached::run),
    check("L009", "beaten-entry", beaten::run),
    check("L010", "no-dlp", dlp::run),
    check("L011", "monitor-mode", mode::run),
    check("L012", "no-protected-paths", paths::run),
    check("L013", "everything-allowed", everything::run),
    check("L014", "unsafe-dlp", unsafe_dlp::run),
    check("L015", "pinning-off", pinning::run),
];

const fn check(code: &'static str, name: &'static str, run: fn(&Subject<'_>, &mut Found)) -> Check {
    Check {
        code,
        name,
        of_list: false,
        run,
    }
}

const fn of_list(
    code: &'static str,
    name: &'static str,
    run: fn(&Subject<'_>, &mut Found),
) -> Check {
    Check {
        of_list: true,
        ..check(code, name, run)
    }
}

/// What is looked at.
struct Subject<'s> {
    reading: &'s Reading,
    listed: Option<&'s Listed>,
}

impl Subject<'_> {
    fn spec(&self) -> &Spec {
        &self.reading.document.spec
    }

    fn policy(&self) -> &Policy {
        &self.reading.loaded.policy
    }

    /// A key of `spec`, or `spec` itself where it has none.
    fn at(&self, key: &str) -> At {
        let own = self.reading.key(&["spec", key]);
        own.or_else(|| self.reading.key(&["spec"]))
            .unwrap_or_default()
    }
}

/// What a check says.
#[derive(Default)]
struct Found(Vec<(At, String, String)>);

impl Found {
    fn say(&mut self, at: At, message: impl Into<String>, help: impl Into<String>) {
        if self.0.len() < MAX_FINDINGS {
            self.0.push((at, message.into(), help.into()));
        }
    }
}

/// Looks for everything that weakens a policy. Without a list of the server's tools the checks that
/// need one are skipped, and told.
///
/// # Errors
/// The policy's own, where it is not valid.
pub fn lint(text: &str, place: &Place, listed: Option<&Listed>) -> Result<Report, Diagnostics> {
    let reading = Reading::of(text, place)?;
    let subject = Subject {
        reading: &reading,
        listed,
    };
    let mut report = Report::default();
    let mut findings = Vec::new();
    for check in &CHECKS {
        if check.of_list && listed.is_none() {
            report.skipped.push(check.code);
            continue;
        }
        let mut found = Found::default();
        (check.run)(&subject, &mut found);
        let finding = |(at, message, help): (At, String, String)| Finding {
            code: check.code,
            name: check.name,
            line: at.line,
            column: at.column,
            message,
            help,
        };
        findings.extend(found.0.into_iter().map(finding));
    }
    let mut silences = silence::read(&comments(text), text);
    for finding in findings {
        if silences.take(&finding) {
            report.silenced += 1;
        } else {
            report.findings.push(finding);
        }
    }
    report.findings.extend(silences.idle(&report.skipped));
    report
        .findings
        .sort_by_key(|it| (it.line, it.column, it.code));
    report.findings.truncate(MAX_FINDINGS);
    Ok(report)
}
