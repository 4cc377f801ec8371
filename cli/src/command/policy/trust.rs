//! `policy trust`: shows what changed in a policy file, then puts it in force.

use std::path::{Path, PathBuf};

use clap::Args;
use wire::control::{PolicyState, Request};

use super::{known_as, states};
use crate::context::Context;
use crate::diff;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::{visible, visible_lines};

/// Which file.
#[derive(Debug, Args)]
pub struct Trust {
    /// The policy file
    file: PathBuf,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

impl Trust {
    /// Shows the change, asks, and accepts it.
    ///
    /// # Errors
    /// When it is not confirmed, or the daemon refuses.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let path = known_as(&self.file)?;
        // The file as it is now, not as it was when a session last named it.
        let _looked_again: Vec<PolicyState> = context.ask(&Request::PolicyReload)?.items()?;
        let known = states(context, Some(&path))?.into_iter().next();
        let layer = context.folders()?.is_layer(&path);
        let shown = match known {
            Some(state) if layer && std::fs::symlink_metadata(&path).is_err() => {
                return self.gone(context, &state);
            }
            Some(PolicyState {
                pending: Some(pending),
                ..
            }) if pending.hash.is_empty() => return broken(context, &pending.why),
            Some(PolicyState {
                pending: Some(pending),
                text,
                ..
            }) => {
                writeln!(
                    context.out,
                    "Not in force so far: {}\n",
                    visible(&pending.why)
                )?;
                write!(context.out, "{}", diff::render(&text, &pending.text))?;
                pending.hash
            }
            Some(state) => {
                writeln!(
                    context.out,
                    "{} is in force as it is.",
                    visible(&state.path)
                )?;
                return Ok(Exit::Done);
            }
            None => return unknown(context, &path),
        };
        if !self.yes && !context.confirm("\nPut this version in force?")? {
            writeln!(context.out, "Nothing was changed.")?;
            return Ok(Exit::No);
        }
        let request = Request::PolicyTrust {
            path: path.to_string_lossy().into_owned(),
            hash: Some(shown),
        };
        let state: PolicyState = context.ask(&request)?.end()?;
        accepted(context, &state)
    }

    /// A layer that was taken away stands beside no session any more, once that is meant.
    fn gone(self, context: &mut Context<'_>, state: &PolicyState) -> Result<Exit, Failure> {
        let path = visible(&state.path);
        writeln!(
            context.out,
            "The layer {path} is gone; what it held is in force so far:\n\n{}",
            visible_lines(&state.text).trim_end()
        )?;
        if !self.yes && !context.confirm("\nDo without it?")? {
            writeln!(context.out, "Nothing was changed.")?;
            return Ok(Exit::No);
        }
        let request = Request::PolicyTrust {
            path: state.path.clone(),
            hash: Some(state.hash.clone()),
        };
        let _gone: PolicyState = context.ask(&request)?.end()?;
        writeln!(context.out, "No longer in force: {path}")?;
        Ok(Exit::Done)
    }
}

fn unknown(context: &mut Context<'_>, path: &Path) -> Result<Exit, Failure> {
    writeln!(
        context.err,
        "Error: no session has used `{}` yet, so there is nothing to trust; \
         `aipctl policy validate` checks it",
        visible(&path.to_string_lossy())
    )?;
    Ok(Exit::Refused)
}

/// Nobody can put in force what does not load.
fn broken(context: &mut Context<'_>, why: &str) -> Result<Exit, Failure> {
    writeln!(
        context.err,
        "Error: {}\nThe version before it stays in force; correct the file first.",
        visible_lines(why).trim_end()
    )?;
    Ok(Exit::No)
}

/// Says what is in force now.
fn accepted(context: &mut Context<'_>, state: &PolicyState) -> Result<Exit, Failure> {
    writeln!(
        context.out,
        "In force: {} ({}), hash {}",
        visible(&state.name),
        visible(&state.path),
        visible(&state.hash)
    )?;
    Ok(Exit::Done)
}
