//! `audit`: the chain of records, and what they hold.

use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

pub mod erase;
pub mod show;
pub mod verify;

/// What can be done with the audit.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that no record was changed, removed or put in
    Verify(verify::Verify),
    /// Show one record, what became of its call, and how it was decided
    Show(show::Show),
    /// Erase the arguments that records hold; the chain stays whole
    Erase(erase::Erase),
}

impl Audit {
    /// Does it.
    ///
    /// # Errors
    /// When it can't be done.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Verify(it) => it.run(context),
            Self::Show(it) => it.run(context),
            Self::Erase(it) => it.run(context),
        }
    }
}
