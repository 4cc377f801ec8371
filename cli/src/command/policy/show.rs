//! `policy show`: the policies in force, and what waits to be.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use wire::control::{EffectiveQuery, PolicyState};

use super::{absolute, effective, known_as, states};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::{visible, visible_lines};

/// Which policy.
#[derive(Debug, Args)]
pub struct Show {
    /// Only this one, with its text
    file: Option<PathBuf>,
    /// What it comes to in this folder with all that it extends and its layers, entry by entry
    #[arg(long)]
    effective: bool,
    /// With --effective: what a session that runs is judged by
    #[arg(
        long,
        value_name = "ID",
        requires = "effective",
        conflicts_with = "file"
    )]
    session: Option<String>,
    /// Print JSON for a program to read: an array, with --effective an object
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Shows it.
    ///
    /// # Errors
    /// When the daemon does not know it.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        if self.effective {
            return self.effective(context);
        }
        let path = self.file.as_deref().map(known_as).transpose()?;
        let states = states(context, path.as_deref())?;
        if self.json {
            context.print_json(&states)?;
        } else if states.is_empty() {
            writeln!(context.out, "{}", none(path.is_some()))?;
        }
        if !self.json {
            for state in &states {
                write!(context.out, "{}", sentences(state, path.is_some()))?;
            }
        }
        Ok(if path.is_some() && states.is_empty() {
            Exit::Refused
        } else {
            Exit::Done
        })
    }
}

impl Show {
    fn effective(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let query = match (self.session, self.file) {
            (Some(session), _) => EffectiveQuery {
                session: Some(session),
                ..EffectiveQuery::default()
            },
            (None, Some(file)) => EffectiveQuery {
                session: None,
                path: Some(absolute(&file)?.to_string_lossy().into_owned()),
                cwd: Some(absolute(Path::new("."))?.to_string_lossy().into_owned()),
            },
            (None, None) => {
                writeln!(
                    context.err,
                    "Error: whose policies? Name a policy file, or a session: \
                     aipctl policy show --effective --session ID"
                )?;
                return Ok(Exit::Usage);
            }
        };
        effective::run(query, self.json, context)
    }
}

fn none(one: bool) -> &'static str {
    if one {
        "No session has used this policy yet; `aipctl policy validate FILE` checks it."
    } else {
        "No policy is known yet. One is, once a server runs through `aip --policy FILE`."
    }
}

/// A policy's facts, and its text where it is asked for.
pub(super) fn sentences(state: &PolicyState, with_text: bool) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}: {}, in force since {}\n  hash {}",
        visible(&state.path),
        visible(&state.name),
        visible(&state.since),
        visible(&state.hash)
    );
    if let Some(pending) = &state.pending {
        let _ = writeln!(
            text,
            "  the file holds another version that is not in force: {}\n  `aipctl policy trust \
             {}` shows what changed and accepts it",
            visible(&pending.why),
            visible(&state.path)
        );
    }
    if with_text {
        let _ = writeln!(text, "\n{}", visible_lines(&state.text).trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::control::PendingPolicy;

    #[test]
    fn a_version_that_waits_is_named_with_the_next_step() {
        let state = PolicyState {
            path: "/home/me/agent.yaml".to_owned(),
            name: "secure-agent".to_owned(),
            hash: "ab12".to_owned(),
            since: "2026-11-22T10:00:00.000Z".to_owned(),
            text: "kind: AgentPolicy\n".to_owned(),
            pending: Some(PendingPolicy {
                hash: "cd34".to_owned(),
                text: String::new(),
                why: "it allows more".to_owned(),
            }),
        };
        insta::assert_snapshot!(sentences(&state, true));
    }
}
