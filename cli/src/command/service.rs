//! `service`: the daemon as a process.

use clap::Subcommand;
use wire::control::{Request, Status as Report};

use crate::client::ClientError;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::launch;

mod left;
mod manage;
mod status;
mod units;

pub(super) use left::units_left;

/// What can be done with the daemon.
#[derive(Debug, Subcommand)]
pub enum Service {
    /// Start it, unless it runs
    Start,
    /// Let it finish what it has begun, then end it
    Stop,
    /// Tell whether it runs and what started it; never starts it
    Status(status::Status),
    /// Have the user's systemd hold its sockets and start it when it is needed
    Install,
    /// Take that back
    Uninstall,
}

impl Service {
    /// Does it.
    ///
    /// # Errors
    /// When it can't be done.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Start => start(context),
            Self::Stop => stop(context),
            Self::Status(it) => it.run(context),
            Self::Install => manage::install(context),
            Self::Uninstall => manage::uninstall(context),
        }
    }
}

fn start(context: &mut Context<'_>) -> Result<Exit, Failure> {
    if let Some(report) = running(context)? {
        writeln!(
            context.out,
            "aipd runs already, as process {}.",
            report.daemon.pid
        )?;
        return Ok(Exit::Done);
    }
    context.start_daemon()?;
    let pid = running(context)?.map(|report| report.daemon.pid.to_string());
    let pid = pid.unwrap_or_else(|| "unknown".to_owned());
    writeln!(context.out, "Started aipd, process {pid}.")?;
    Ok(Exit::Done)
}

fn stop(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let Some(report) = running(context)? else {
        writeln!(context.out, "aipd is not running.")?;
        return Ok(Exit::Done);
    };
    match context.ask_running(&Request::Stop) {
        // It may be gone before its last line was read, which is what was asked for.
        Ok(_) | Err(Failure::Client(ClientError::Cut | ClientError::Io(_))) => {}
        Err(other) => return Err(other),
    }
    launch::wait_until_gone(report.daemon.pid, None)?;
    writeln!(context.out, "Stopped aipd.")?;
    if !report.sessions.is_empty() {
        writeln!(
            context.out,
            "Sessions that still run start it again when they need it."
        )?;
    }
    Ok(Exit::Done)
}

fn running(context: &Context<'_>) -> Result<Option<Report>, Failure> {
    match context.ask_running(&Request::Status) {
        Ok(answer) => Ok(Some(answer.end()?)),
        Err(Failure::Client(ClientError::NotRunning { .. })) => Ok(None),
        Err(other) => Err(other),
    }
}
