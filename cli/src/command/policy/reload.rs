//! `policy reload`: has the daemon look at its policy files again.

use clap::Args;
use wire::control::{PolicyState, Request};

use super::show::sentences;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Nothing to choose.
#[derive(Debug, Args)]
pub struct Reload {}

impl Reload {
    /// Asks for it and shows what is in force now.
    ///
    /// # Errors
    /// When the daemon can't be asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let states: Vec<PolicyState> = context.ask(&Request::PolicyReload)?.items()?;
        if states.is_empty() {
            writeln!(context.out, "No policy is in use.")?;
        }
        for state in &states {
            write!(context.out, "{}", sentences(state, false))?;
        }
        Ok(Exit::Done)
    }
}
