//! The daemon: whether it answers, of which version, and what it has to say.

use wire::control::{OverrideMode, Request, Status};

use super::{Finding, Fix, Health};
use crate::client::ClientError;
use crate::context::Context;
use crate::failure::Failure;

/// What the daemon said when it was asked.
pub(super) enum Daemon {
    Answers(Box<Status>),
    Rests,
    Fails(String),
}

impl Daemon {
    pub(super) fn status(&self) -> Option<&Status> {
        match self {
            Self::Answers(status) => Some(status),
            Self::Rests | Self::Fails(_) => None,
        }
    }
}

/// Never starts one.
pub(super) fn ask(context: &Context<'_>) -> Daemon {
    let answer = context.ask_running(&Request::Status);
    match answer.and_then(|it| Ok(it.end::<Status>()?)) {
        Ok(status) => Daemon::Answers(Box::new(status)),
        Err(Failure::Client(ClientError::NotRunning { .. })) => Daemon::Rests,
        Err(other) => Daemon::Fails(other.to_string()),
    }
}

pub(super) fn look(daemon: &Daemon) -> Vec<Finding> {
    let status = match daemon {
        Daemon::Answers(status) => status,
        Daemon::Rests => {
            let found = "aipd is not running; the next wrapped server starts it";
            let rests = Finding::new("daemon", Health::Note, found);
            return vec![rests.next("aipctl service start").fix(Fix::Start)];
        }
        Daemon::Fails(why) => {
            let found = format!("aipd can't be asked: {why}");
            let fails = Finding::new("daemon", Health::Problem, found);
            return vec![
                fails.next("end it (aipctl service stop) and see its log: aipctl path log"),
            ];
        }
    };
    let mut all = vec![version(status)];
    all.extend(overridden(status));
    let line = |it: &String| Finding::new("attention", Health::Warning, it.clone());
    all.extend(status.attention.iter().map(line));
    if status.approvals_waiting > 0 {
        let found = format!(
            "calls that wait for your answer: {}",
            status.approvals_waiting
        );
        all.push(Finding::new("attention", Health::Note, found).next("aipctl approvals"));
    }
    all
}

fn version(status: &Status) -> Finding {
    let running = &status.daemon.version;
    let found = format!("aipd {running} answers, process {}", status.daemon.pid);
    if running == env!("CARGO_PKG_VERSION") {
        return Finding::good("daemon", found);
    }
    let found = format!("{found}; this is aipctl {}", env!("CARGO_PKG_VERSION"));
    Finding::new("daemon", Health::Warning, found)
        .next("aipctl service stop; sessions that run start the new one and go on")
}

fn overridden(status: &Status) -> Option<Finding> {
    let found = match status.override_mode {
        OverrideMode::None => return None,
        OverrideMode::Monitor => "paused: what policies refuse passes, and is recorded",
        OverrideMode::DenyAll => "stopped: every call is refused",
    };
    Some(Finding::new("override", Health::Warning, found).next("aipctl resume"))
}
