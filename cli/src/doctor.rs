//! What can be wrong with aip on a machine, looked at piece by piece. A look changes nothing, starts
//! nothing but our own programs' `--version` and `--check`, and is bounded in time.

use std::path::PathBuf;

use serde::Serialize;

use crate::context::Context;
use crate::table::Tone;

mod asking;
mod audit;
mod daemon;
mod folders;
mod programs;
pub mod repair;
mod servers;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Good,
    /// Worth knowing; nothing has to be done.
    Note,
    /// It works, but not as it is meant to.
    Warning,
    /// It does not work, or does not protect.
    Problem,
}

impl Health {
    /// The mark before its line, and how it is coloured.
    #[must_use]
    pub fn mark(self) -> (&'static str, Tone) {
        match self {
            Self::Good => ("ok", Tone::Good),
            Self::Note => ("note", Tone::Plain),
            Self::Warning => ("warning", Tone::Warn),
            Self::Problem => ("PROBLEM", Tone::Bad),
        }
    }
}

/// What `--fix` can do by itself: nothing that loosens, removes, or can't be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Make a folder that only its owner can enter.
    Folder(PathBuf),
    /// Take from others what they may do to it.
    Private(PathBuf),
    /// Start the daemon.
    Start,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A word that stays: `docs/doctor.md` has a section for each.
    pub check: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found, in one line.
    pub found: String,
    /// What to do; none where nothing has to be done.
    pub next: Option<String>,
    /// What `--fix` does.
    #[serde(skip)]
    pub fix: Option<Fix>,
}

impl Finding {
    fn new(check: &'static str, health: Health, found: impl Into<String>) -> Self {
        Self {
            check,
            health,
            found: found.into(),
            next: None,
            fix: None,
        }
    }

    fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, Health::Good, found)
    }

    fn next(self, next: impl Into<String>) -> Self {
        let next = Some(next.into());
        Self { next, ..self }
    }

    fn fix(self, fix: Fix) -> Self {
        let fix = Some(fix);
        Self { fix, ..self }
    }
}

/// Looks at everything, in the order in which one thing needs another.
#[must_use]
pub fn look(context: &Context<'_>) -> Vec<Finding> {
    let mut all = programs::look(context);
    let Ok(folders) = context.folders.as_ref() else {
        let found = "neither HOME nor AIP_HOME says where aip's files are";
        all.push(Finding::new("folders", Health::Problem, found).next("set HOME"));
        return all;
    };
    all.extend(folders::look(folders));
    all.extend(programs::config(context, folders));
    let daemon = daemon::ask(context);
    all.extend(daemon::look(&daemon));
    all.extend(servers::look(context));
    all.extend(asking::look(context, daemon.status()));
    all.extend(audit::look(context, daemon.status()));
    all
}
