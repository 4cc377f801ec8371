//! `policy replay`: what another policy would make of the calls that were recorded.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use wire::control::{MAX_REQUEST, ReplayChange, ReplayQuery, Replayed, Request};

use super::absolute;
use super::explain::diagnostic;
use super::validate::MAX_POLICY;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::{shortened, visible};
use crate::when::{When, rfc3339};

/// The longest reason that is shown, in characters.
const MAX_REASON: usize = 160;
/// A line of ours around the request's own text, in bytes.
const FRAME: usize = 64;

/// Which policy and which calls.
#[derive(Debug, Args)]
pub struct Replay {
    /// The policy file, as it is now, in force or not
    file: PathBuf,
    /// Not before this: 15m, 2h, 3d, a date (UTC), or RFC 3339
    #[arg(long, value_name = "WHEN", default_value = "30d")]
    since: When,
    /// Not after this: 15m, 2h, 3d, a date (UTC), or RFC 3339
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
    /// Only calls of this server: its name or its command
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// How many records are named for each kind of change, 100 at most
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(..=100))]
    limit_examples: u64,
    /// Print a JSON object for a program to read
    #[arg(long)]
    json: bool,
}

/// All of it, for a program.
#[derive(Debug, Serialize)]
struct Told<'t> {
    changes: &'t [ReplayChange],
    #[serde(flatten)]
    end: &'t Replayed,
}

impl Replay {
    /// Tries it on them. Ends with [`Exit::Findings`] where a call would end in another way, with "no"
    /// where the policy can't be used.
    ///
    /// # Errors
    /// When the file can't be read or the daemon can't be asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let path = absolute(&self.file)?;
        let request = Request::PolicyReplay(ReplayQuery {
            text: context.read_text(&path, MAX_POLICY)?,
            path: path.to_string_lossy().into_owned(),
            since: Some(rfc3339(self.since.at(context.now))),
            until: self.until.map(|it| rfc3339(it.at(context.now))),
            server: self.server,
            examples: self.limit_examples,
        });
        let length = serde_json::to_string(&request).map_err(Failure::Answer)?;
        if length.len() + FRAME > MAX_REQUEST {
            let message = format!(
                "`{}` is too long to be replayed: the daemon takes {MAX_REQUEST} bytes",
                self.file.display()
            );
            return Err(Failure::Usage(message));
        }
        let answer = context.ask(&request)?;
        let (changes, end) = (answer.items::<ReplayChange>()?, answer.end::<Replayed>()?);
        if self.json {
            context.print_json(&Told {
                changes: &changes,
                end: &end,
            })?;
        } else {
            let file = self.file.to_string_lossy();
            write!(context.out, "{}", sentences(&changes, &end, &file))?;
        }
        Ok(ending(&end))
    }
}

fn ending(end: &Replayed) -> Exit {
    if is_broken(end) {
        Exit::No
    } else if end.changed > 0 {
        Exit::Findings
    } else {
        Exit::Done
    }
}

fn is_broken(end: &Replayed) -> bool {
    end.diagnostics.iter().any(|it| it.severity == "error")
}

fn sentences(changes: &[ReplayChange], end: &Replayed, file: &str) -> String {
    let mut text = String::new();
    // A String takes every write.
    for found in &end.diagnostics {
        let _ = writeln!(text, "{}", diagnostic(found, file));
    }
    if is_broken(end) {
        return text;
    }
    for change in changes {
        let _ = writeln!(text, "{}", sentence(change));
    }
    if end.more > 0 {
        let _ = writeln!(text, "{} more of other kinds", end.more);
    }
    let unknown: u64 = end.unknown.iter().map(|it| it.count).sum();
    let _ = writeln!(
        text,
        "{}: {} unchanged, {} changed, {unknown} unknown.",
        calls(end.calls),
        end.unchanged,
        end.changed
    );
    for it in &end.unknown {
        let _ = writeln!(text, "Unknown: {}: {}", calls(it.count), visible(&it.why));
    }
    if end.paths > 0 {
        let _ = writeln!(
            text,
            "Note: {} named paths: judged by the links there are now, and without the folders that \
             clients told their servers of",
            calls(end.paths)
        );
    }
    text
}

fn calls(count: u64) -> String {
    if count == 1 {
        return "1 call".to_owned();
    }
    format!("{count} calls")
}

fn sentence(change: &ReplayChange) -> String {
    let ReplayChange {
        what,
        old,
        new,
        rule,
        reason,
        line,
        count,
        examples,
    } = change;
    let mut text = format!(
        "{}: {} -> {}: {}",
        visible(what),
        visible(old),
        visible(new),
        calls(*count)
    );
    if let Some(reason) = reason {
        let _ = write!(text, ", {}", shortened(&visible(reason), MAX_REASON));
    }
    if let Some(rule) = rule {
        let _ = write!(text, ", by {}", shortened(&visible(rule), MAX_REASON));
    }
    if let Some(line) = line {
        let _ = write!(text, " (line {line})");
    }
    let records: Vec<String> = examples.iter().map(u64::to_string).collect();
    if !records.is_empty() {
        let _ = write!(text, "\n  records {}", records.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::control::{PolicyDiagnostic, Unknown};

    #[test]
    fn changes_are_told_with_their_number_and_what_can_not_be_told_apart() {
        let changes = [
            ReplayChange {
                what: "read\u{1b}[2J".to_owned(),
                old: "allow".to_owned(),
                new: "block".to_owned(),
                rule: Some("path: {\"under\":[\"/srv\"]}".to_owned()),
                reason: Some("argument `path` is not allowed".to_owned()),
                line: Some(9),
                count: 12,
                examples: vec![4, 7],
            },
            ReplayChange {
                what: "pay".to_owned(),
                old: "ask".to_owned(),
                new: "allow".to_owned(),
                count: 1,
                ..ReplayChange::default()
            },
        ];
        let end = Replayed {
            calls: 20,
            unchanged: 5,
            changed: 13,
            unknown: vec![Unknown {
                why: "its arguments were redacted".to_owned(),
                count: 2,
            }],
            paths: 12,
            ..Replayed::default()
        };
        insta::assert_snapshot!(sentences(&changes, &end, "new.yaml"));
        assert_eq!(ending(&end), Exit::Findings);
    }

    #[test]
    fn each_end_has_its_exit_code() {
        assert_eq!(ending(&Replayed::default()), Exit::Done);
        let broken = Replayed {
            diagnostics: vec![PolicyDiagnostic {
                severity: "error".to_owned(),
                message: "unknown key `x`".to_owned(),
                ..PolicyDiagnostic::default()
            }],
            ..Replayed::default()
        };
        assert_eq!(ending(&broken), Exit::No);
        let text = sentences(&[], &broken, "new.yaml");
        assert_eq!(text, "error: new.yaml: unknown key `x`\n");
    }
}
