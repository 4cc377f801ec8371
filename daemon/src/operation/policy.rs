//! Policies: listed, looked at again, and trusted by a person.

use std::sync::Arc;

use wire::control::PolicyState;

use super::{Answers, Daemon, Outcome, as_value, gone, unavailable};
use crate::approval::failure;
use crate::audit::by_rule;
use crate::policies::PolicyError;

pub(super) async fn list(
    daemon: &Daemon,
    path: Option<String>,
    answers: &mut impl Answers,
) -> Outcome {
    let shown = daemon.policies.shown().await;
    let wanted = |known: &str| path.as_deref().is_none_or(|path| path == known);
    let mut found = false;
    for state in shown.iter().filter(|state| wanted(&state.path)) {
        found = true;
        answers.item(state).await.map_err(gone)?;
    }
    match path {
        Some(path) if !found => Err(unknown(&path)),
        Some(_) | None => Ok(serde_json::json!({})),
    }
}

pub(super) async fn trust(daemon: Arc<Daemon>, path: String, hash: Option<String>) -> Outcome {
    match daemon.policies.trust(&path, hash.as_deref()).await {
        Ok(state) => as_value(&state),
        Err(PolicyError::Unknown(path)) => Err(unknown(&path)),
        Err(
            error @ (PolicyError::File(_)
            | PolicyError::Invalid(_)
            | PolicyError::IsLayer(_)
            | PolicyError::Layer(..)
            | PolicyError::NoFolder),
        ) => Err(failure("invalid", error.to_string())),
        Err(error @ PolicyError::NotAsShown(_)) => Err(failure("conflict", error.to_string())),
        Err(error @ PolicyError::Audit(_)) => Err(failure("unavailable", error.to_string())),
    }
}

pub(super) async fn reloaded(states: Vec<PolicyState>, answers: &mut impl Answers) -> Outcome {
    for state in states {
        answers.item(&state).await.map_err(gone)?;
    }
    Ok(serde_json::json!({}))
}

/// The longest way back, in hours: a year and a day.
const MAX_HOURS: u64 = 366 * 24;

pub(super) async fn rules(
    daemon: &Daemon,
    path: String,
    hours: u64,
    answers: &mut impl Answers,
) -> Outcome {
    if path.is_empty() || !(1..=MAX_HOURS).contains(&hours) {
        let message = format!("name a policy, and from 1 to {MAX_HOURS} hours");
        return Err(failure("invalid", message));
    }
    let Ok(in_force) = daemon.policies.with_bases(&path).await else {
        return Err(unknown(&path));
    };
    let hashes = daemon.policies.hashes_of(&path).await;
    let since = crate::time::now_ms().saturating_sub_unsigned(hours * 3_600_000);
    let since = crate::time::rfc3339(since);
    let read = daemon
        .audit
        .read(move |store| by_rule::look(store, &hashes, &since));
    let looked = read.await.map_err(|error| unavailable(&error))?;
    for rule in by_rule::rules(in_force.policy.own(), &looked.groups) {
        answers.item(&rule).await.map_err(gone)?;
    }
    Ok(serde_json::json!({ "looked_at": looked.looked_at, "more": looked.more }))
}

fn unknown(path: &str) -> super::Failure {
    failure(
        "not_found",
        PolicyError::Unknown(path.to_owned()).to_string(),
    )
}
