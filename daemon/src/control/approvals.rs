//! Calls that wait for a person, and the person's answers.

use std::sync::Arc;

use wire::control::{Approval, GrantWish};

use super::{Answers, Daemon, Outcome, as_value, gone};
use crate::approval::{Said, Settled, before, failure};
use crate::peer::Process;
use crate::session::state::{Answer, By};

pub(super) async fn list(daemon: &Daemon, answers: &mut Answers) -> Outcome {
    for approval in before::with_history(daemon, daemon.approvals.list()).await {
        answers.item(&approval).await.map_err(gone)?;
    }
    Ok(serde_json::json!({}))
}

pub(super) async fn answer(
    daemon: Arc<Daemon>,
    id: String,
    allow: bool,
    grant: Option<GrantWish>,
    (pid, auth): (u32, Option<&'static str>),
) -> Outcome {
    if grant.is_some() && !allow {
        return Err(failure("invalid", "a no can't be a grant".to_owned()));
    }
    let program = Process::observe(pid).and_then(|it| it.program);
    let by = By {
        channel: "control",
        pid: Some(pid),
        program: program.map(|it| it.display().to_string()),
        auth,
    };
    let answer = if allow {
        Answer::Allow(by)
    } else {
        Answer::Deny(by)
    };
    let said = Said::Answer(answer, grant);
    let Settled { approval, grant } = daemon.approvals.say(&id, said).await?;
    as_value(&Approval {
        grant: grant.map(|it| Box::new(it.grant.shown())),
        ..approval
    })
}
