//! `extend`: more time to think about a waiting call, once.

use clap::Args;
use wire::control::{Approval, Channel, Request};

use crate::asking::{call, left};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Which call.
#[derive(Debug, Args)]
pub struct Extend {
    /// The call's id from `aipctl approvals`, or enough of its start
    id: String,
}

impl Extend {
    /// Asks for more time.
    ///
    /// # Errors
    /// When no such call waits, or it was given more time before.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let request = Request::Extend {
            id: self.id,
            channel: Channel::Control,
        };
        let extended: Approval = context.ask(&request)?.end()?;
        let call = call(&extended);
        match left(&extended.deadline, context.now) {
            Some(left) => writeln!(context.out, "{call} denies itself in {left} now.")?,
            None => writeln!(context.out, "{call} waits longer now.")?,
        }
        Ok(Exit::Done)
    }
}
