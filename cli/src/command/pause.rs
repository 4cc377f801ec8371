//! `pause`: for a while, policies are recorded and not enforced.

use clap::Args;
use jiff::SignedDuration;
use wire::control::{OverrideMode, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::when::{duration, rfc3339};

/// For how long.
#[derive(Debug, Args)]
pub struct Pause {
    /// How long: 90s, 15m, 2h
    #[arg(value_parser = duration)]
    duration: SignedDuration,
}

impl Pause {
    /// Sets the override. It ends by itself.
    ///
    /// # Errors
    /// When the daemon can't be asked, or refuses.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let until = context
            .now
            .checked_add(self.duration)
            .map_err(|_| Failure::Usage("that is too far in the future".to_owned()))?;
        let until = rfc3339(until);
        context.ask(&Request::Override {
            mode: OverrideMode::Monitor,
            until: Some(until.clone()),
        })?;
        writeln!(
            context.out,
            "Paused until {until}: what policies refuse is recorded and let through. Protected \
             paths, rate limits, asking and redaction stay. `aipctl resume` ends it sooner."
        )?;
        Ok(Exit::Done)
    }
}
