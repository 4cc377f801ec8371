//! `resume`: policies decide again.

use clap::Args;
use wire::control::{OverrideMode, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Nothing to choose.
#[derive(Debug, Args)]
pub struct Resume {}

impl Resume {
    /// Takes the override away.
    ///
    /// # Errors
    /// When the daemon can't be asked, or refuses.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        context.ask(&Request::Override {
            mode: OverrideMode::None,
            until: None,
        })?;
        writeln!(context.out, "Policies decide again.")?;
        Ok(Exit::Done)
    }
}
