//! `watch`: a screen of the calls that wait, to be answered by a key, and of decisions.

use std::io::{self, IsTerminal};

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// The screen.
#[derive(Debug, Args)]
pub struct Watch {}

impl Watch {
    /// Shows it.
    ///
    /// # Errors
    /// When there is no terminal, or no daemon.
    pub fn run(self, context: &Context<'_>) -> Result<Exit, Failure> {
        let Self {} = self;
        if !(io::stdin().is_terminal() && context.screen.terminal) || context.screen.dumb {
            return Err(Failure::Usage(
                "there is no terminal to draw on; `aipctl approvals --watch` and \
                 `aipctl logs --follow` print lines anywhere"
                    .to_owned(),
            ));
        }
        crate::watch::run(context)
    }
}
