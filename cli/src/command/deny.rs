//! `deny`: refuses a waiting call.

use clap::Args;
use wire::control::{Approval, Channel, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

/// Which call.
#[derive(Debug, Args)]
pub struct Deny {
    /// The call's id from `aipctl approvals`, or enough of its start
    id: String,
}

impl Deny {
    /// Answers it.
    ///
    /// # Errors
    /// When no such call waits, or the answer is not taken.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        answer(self.id, false, context)
    }
}

/// Sends a person's answer and says what came of it.
pub(super) fn answer(id: String, allow: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let request = Request::Answer {
        id,
        allow,
        channel: Channel::Control,
        grant: None,
    };
    let answered: Approval = context.ask(&request)?.end()?;
    let (what, wanted) = if allow {
        ("Allowed once", "allowed")
    } else {
        ("Denied", "denied")
    };
    let call = format!("{}: {}", visible(&answered.server), visible(&answered.tool));
    if answered.state == wanted {
        writeln!(context.out, "{what}: {call}")?;
        return Ok(Exit::Done);
    }
    if answered.state == "banked" {
        writeln!(
            context.out,
            "{call} no longer waits: the client has given up, and nothing was forwarded. If it tries \
             the very same call again within 5 minutes, it goes through without asking, once."
        )?;
        return Ok(Exit::Done);
    }
    writeln!(
        context.out,
        "{call} no longer waits, it is {}; your answer changed nothing.",
        visible(&answered.state)
    )?;
    Ok(Exit::Refused)
}
