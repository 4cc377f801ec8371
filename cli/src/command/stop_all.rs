//! `stop-all`: every call is refused until told otherwise.

use clap::Args;
use wire::control::{OverrideMode, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Nothing to choose.
#[derive(Debug, Args)]
pub struct StopAll {}

impl StopAll {
    /// Sets the override.
    ///
    /// # Errors
    /// When the daemon can't be asked, or refuses.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        context.ask(&Request::Override {
            mode: OverrideMode::DenyAll,
            until: None,
        })?;
        writeln!(
            context.out,
            "Stopped: every call is refused until `aipctl resume`."
        )?;
        Ok(Exit::Done)
    }
}
