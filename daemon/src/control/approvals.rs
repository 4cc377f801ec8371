//! Calls that wait for a person, and the person's answers.

use super::{Answers, Daemon, Outcome, as_value, gone};
use crate::session::state::Answer;

pub(super) async fn list(daemon: &Daemon, answers: &mut Answers) -> Outcome {
    for approval in daemon.approvals.list() {
        answers.item(&approval).await.map_err(gone)?;
    }
    Ok(serde_json::json!({}))
}

pub(super) async fn answer(daemon: &Daemon, id: &str, allow: bool, pid: u32) -> Outcome {
    let channel = format!("control:{pid}");
    let answer = if allow {
        Answer::Allow(channel)
    } else {
        Answer::Deny(channel)
    };
    as_value(&daemon.approvals.answer(id, answer).await?)
}
