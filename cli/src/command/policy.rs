//! `policy`: policies as files, and as the daemon knows them.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use wire::control::{PolicyState, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

mod effective;
pub mod explain;
pub mod fmt;
pub mod lint;
pub mod reload;
pub mod replay;
pub mod schema;
pub mod show;
pub mod suggest;
pub mod test;
pub mod trust;
pub mod validate;

/// What can be done with policies.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Check policy files and report every error in them
    Validate(validate::Validate),
    /// Warn of what weakens a valid policy
    Lint(lint::Lint),
    /// Tell how a call would be decided, step by step
    Explain(explain::Explain),
    /// Play the cases kept beside a policy file
    Test(test::Test),
    /// Put policy files into their canonical layout
    Fmt(fmt::Fmt),
    /// Print a JSON Schema of the policy language, for an editor
    Schema(schema::Schema),
    /// Make the tightest policy that admits the calls that passed
    Suggest(suggest::Suggest),
    /// Tell what a policy would make of the calls that were recorded
    Replay(replay::Replay),
    /// Show the policies in force
    Show(show::Show),
    /// Accept the present version of a policy file, after showing what changed
    Trust(trust::Trust),
    /// Look at every policy file in use again
    Reload(reload::Reload),
}

impl Policy {
    /// Does it.
    ///
    /// # Errors
    /// When it can't be done.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Validate(it) => it.run(context),
            Self::Lint(it) => it.run(context),
            Self::Explain(it) => it.run(context),
            Self::Test(it) => it.run(context),
            Self::Fmt(it) => it.run(context),
            Self::Schema(it) => it.run(context),
            Self::Suggest(it) => it.run(context),
            Self::Replay(it) => it.run(context),
            Self::Show(it) => it.run(context),
            Self::Trust(it) => it.run(context),
            Self::Reload(it) => it.run(context),
        }
    }
}

/// The path the daemon knows a file by.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::fs::canonicalize(path).map_err(|source| Failure::File {
        doing: "find",
        path: path.to_path_buf(),
        source,
    })
}

/// The path the daemon knows a file by, also where the file is gone.
fn known_as(path: &Path) -> Result<PathBuf, Failure> {
    let missing = |it: &Failure| matches!(it, Failure::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound);
    match absolute(path) {
        Err(failure) if missing(&failure) => {
            let whole = std::path::absolute(path).map_err(|_| failure)?;
            let (Some(folder), Some(name)) = (whole.parent(), whole.file_name()) else {
                return Ok(whole);
            };
            // The folder may be gone as well.
            let folder = std::fs::canonicalize(folder);
            Ok(folder.map_or_else(|_| whole.clone(), |it| it.join(name)))
        }
        other => other,
    }
}

fn states(context: &Context<'_>, path: Option<&Path>) -> Result<Vec<PolicyState>, Failure> {
    let path = path.map(|path| path.to_string_lossy().into_owned());
    Ok(context.ask(&Request::Policies { path })?.items()?)
}
