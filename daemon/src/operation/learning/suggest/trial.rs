//! The trial of a policy that was made: on the calls it was made of, and on those that were refused.

use std::collections::BTreeSet;

use engine::replay::Effect;
use wire::control::Failure;

use super::super::Session;
use super::super::judge::Judge;
use super::super::record::old;
use crate::approval::failure;
use crate::audit::query::Stored;
use crate::operation::Daemon;

/// The most records that are named.
const MAX_EXAMPLES: usize = 5;
/// The most arguments that one round makes wider.
const MAX_WIDENED: usize = 1024;

/// The policy on its trial.
pub(super) struct Trial {
    judge: Judge,
    monitor: bool,
    /// Tools and arguments for which it refuses a call it was made of.
    pub(super) refused: BTreeSet<(String, Option<String>)>,
    pub(super) found: Findings,
}

/// What the trial came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// Calls it is made of and would refuse.
    pub(super) refused: u64,
    /// Calls that were refused, by a rule or a person, and that it would let pass.
    pub(super) reopened: u64,
    /// Records of the first of those.
    pub(super) examples: Vec<u64>,
}

impl Trial {
    /// Of this policy, as a session would go by it.
    pub(super) fn of(daemon: &Daemon, yaml: &str, monitor: bool) -> Result<Self, Failure> {
        Ok(Self {
            judge: judge(daemon, yaml)?,
            monitor,
            refused: BTreeSet::new(),
            found: Findings::default(),
        })
    }
}

/// The policy as a session would go by it.
fn judge(daemon: &Daemon, yaml: &str) -> Result<Judge, Failure> {
    // Where no session's policy is, and what is protected anyway.
    let path = daemon.folders.state.join("suggested.yaml");
    let path = path.to_string_lossy();
    let loaded = daemon.policies.read(&path, yaml).map_err(|errors| {
        let first = errors.0.first().map(|it| it.message.clone());
        let what = first.unwrap_or_default();
        let message = format!(
            "no policy can be made of so much ({what}); name one server, or less time: `--server`, \
             `--since`"
        );
        failure("unavailable", message)
    })?;
    Ok(Judge {
        in_force: daemon.policies.would_be(&path, loaded.policy),
        home: daemon.home.clone(),
        paths: 0,
    })
}

/// Whether a decision let something through that may be learnt from: never what a person or a rule
/// refused.
pub(super) fn passed(record: &Stored, monitor: bool) -> bool {
    let upstream = record.text("direction").as_deref() == Some("upstream");
    let passed = match record.text("decision").as_deref() {
        Some("ALLOW") => true,
        Some("ALLOW_MONITOR") => monitor,
        Some(_) | None => false,
    };
    let watched = record.text("policy_mode").as_deref() == Some("monitor");
    upstream && passed && (!monitor || watched)
}

/// Tries the policy on one call that it was made of, or on a request that was refused.
pub(super) fn attempt(trial: &mut Trial, record: &Stored, session: &Session) {
    let learnt = passed(record, trial.monitor);
    let upstream = record.text("direction").as_deref() == Some("upstream");
    let refused = upstream && record.text("decision").as_deref() == Some("BLOCK");
    let call = record.text("method").as_deref() == Some("tools/call");
    if !(refused || learnt && call) {
        return;
    }
    let Ok(said) = trial.judge.judge(record, session) else {
        return;
    };
    if refused {
        reopens(&mut trial.found, record, said.effect);
        return;
    }
    match said.effect {
        Effect::Allow | Effect::Ask => {}
        // Left out: what it is not made of is told apart.
        Effect::Block if said.rule == "allowed_tools" => {}
        Effect::Block | Effect::RateLimit => {
            trial.found.refused += 1;
            let tool = record.text("tool").unwrap_or_default().into_owned();
            if said.rule != "protected_paths" && trial.refused.len() < MAX_WIDENED {
                trial.refused.insert((tool, said.argument));
            }
        }
    }
}

/// Takes note of a call that was refused, where it would pass, or be asked about and was not.
fn reopens(found: &mut Findings, record: &Stored, new: Effect) {
    let opened = match (old(record), new) {
        (Ok(_), Effect::Allow) => true,
        (Ok(old), Effect::Ask) => old != Effect::Ask,
        (Ok(_) | Err(_), Effect::Block | Effect::RateLimit) | (Err(_), _) => false,
    };
    if opened {
        found.reopened += 1;
        if found.examples.len() < MAX_EXAMPLES {
            found.examples.push(record.seq);
        }
    }
}
