//! `approve`: lets a waiting call through, once.

use clap::Args;

use super::deny::answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Which call.
#[derive(Debug, Args)]
pub struct Approve {
    /// The call's id from `aipctl approvals`, or enough of its start
    id: String,
}

impl Approve {
    /// Answers it.
    ///
    /// # Errors
    /// When no such call waits, or the answer is not taken.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        answer(self.id, true, context)
    }
}
