//! Calls that wait for a person, and the person's answers.

use std::sync::Arc;

use super::{Answers, Daemon, Outcome, as_value, gone};
use crate::peer::Process;
use crate::session::state::{Answer, By};

pub(super) async fn list(daemon: &Daemon, answers: &mut Answers) -> Outcome {
    for approval in daemon.approvals.list() {
        answers.item(&approval).await.map_err(gone)?;
    }
    Ok(serde_json::json!({}))
}

pub(super) async fn answer(daemon: Arc<Daemon>, id: String, allow: bool, pid: u32) -> Outcome {
    let program = Process::observe(pid).and_then(|it| it.program);
    let by = By {
        channel: "control",
        pid: Some(pid),
        program: program.map(|it| it.display().to_string()),
    };
    let answer = if allow {
        Answer::Allow(by)
    } else {
        Answer::Deny(by)
    };
    as_value(&daemon.approvals.answer(&id, answer).await?)
}
