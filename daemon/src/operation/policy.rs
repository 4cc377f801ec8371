//! Policies: listed, looked at again, and trusted by a person.

use std::sync::Arc;

use wire::control::PolicyState;

use super::{Answers, Daemon, Outcome, as_value, gone};
use crate::approval::failure;
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
        Err(error @ (PolicyError::File(_) | PolicyError::Invalid(_))) => {
            Err(failure("invalid", error.to_string()))
        }
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

fn unknown(path: &str) -> super::Failure {
    failure(
        "not_found",
        PolicyError::Unknown(path.to_owned()).to_string(),
    )
}
