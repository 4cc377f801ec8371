//! Calls that wait for a person, and what the person says to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use wire::control::{Approval, Channel, GrantWish};

use super::{Answers, Daemon, Outcome, as_value, gone};
use crate::approval::{News, Said, Settled, before, failure};
use crate::peer::Process;
use crate::session::state::{Answer, By};

/// Where an answer came from: the channel, the process, and what else stands behind it.
type From = (Channel, Option<u32>, Option<&'static str>);

pub(super) async fn list(daemon: &Daemon, answers: &mut impl Answers) -> Outcome {
    for approval in before::with_history(daemon, daemon.approvals.list()).await {
        answers.item(&approval).await.map_err(gone)?;
    }
    Ok(serde_json::json!({}))
}

/// What the peer has been told of those that wait: without their arguments.
type Told = BTreeMap<String, Approval>;

pub(super) async fn watch(daemon: &Daemon, answers: &mut impl Answers) -> Outcome {
    let Ok(_place) = daemon.followers.clone().try_acquire_owned() else {
        let message = "too many watch already; end one of them".to_owned();
        return Err(failure("unavailable", message));
    };
    let mut news = daemon.approvals.news();
    let mut stop = daemon.stop.subscribe();
    let mut told = Told::new();
    compare(daemon, answers, &mut told).await?;
    answers.begun().await.map_err(gone)?;
    loop {
        let heard = tokio::select! {
            heard = news.recv() => heard,
            // The end does not wait for those who look on.
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match heard {
            Ok(it) => tell(daemon, answers, &mut told, it).await?,
            Err(RecvError::Lagged(_)) => compare(daemon, answers, &mut told).await?,
            Err(RecvError::Closed) => break,
        }
    }
    Ok(serde_json::json!({}))
}

/// Tells what the queue holds and the peer does not know, and what it knows and is gone.
async fn compare(
    daemon: &Daemon,
    answers: &mut impl Answers,
    told: &mut Told,
) -> Result<(), super::Failure> {
    for approval in daemon.approvals.list() {
        let id = approval.id.clone();
        drop(approval);
        let state = "waiting";
        tell(daemon, answers, told, News { id, state }).await?;
    }
    let gone: Vec<_> = told.keys().cloned().collect();
    for id in gone.into_iter().filter(|id| !daemon.approvals.waits(id)) {
        // How was among what could not be heard in time.
        let state = "ended";
        tell(daemon, answers, told, News { id, state }).await?;
    }
    Ok(())
}

async fn tell(
    daemon: &Daemon,
    answers: &mut impl Answers,
    told: &mut Told,
    News { id, state }: News,
) -> Result<(), super::Failure> {
    let approval = match (state, daemon.approvals.get(&id)) {
        ("waiting", Some(approval)) => approval,
        // What has ended since is told by the news that follows.
        ("waiting", None) => return Ok(()),
        (_, _) => {
            let mut ended = told.remove(&id).unwrap_or_else(|| Approval {
                id,
                ..Approval::default()
            });
            state.clone_into(&mut ended.state);
            return answers.item(&ended).await.map_err(gone);
        }
    };
    let before = told.get(&approval.id);
    if before.is_some_and(|it| it.deadline == approval.deadline) {
        return Ok(());
    }
    let known = Approval {
        args: String::new(),
        ..Approval::clone(&approval)
    };
    told.insert(id, known);
    let known = before::with_history(daemon, vec![approval]).await;
    for approval in known {
        answers.item(&approval).await.map_err(gone)?;
    }
    Ok(())
}

pub(super) async fn answer(
    daemon: Arc<Daemon>,
    id: String,
    (allow, grant): (bool, Option<GrantWish>),
    from: From,
) -> Outcome {
    if grant.is_some() && !allow {
        return Err(failure("invalid", "a no can't be a grant".to_owned()));
    }
    let answer = if allow { Answer::Allow } else { Answer::Deny };
    let said = Said::Answer(answer(by(from)), grant);
    let Settled { approval, grant } = daemon.approvals.say(&id, said).await?;
    as_value(&Approval {
        grant: grant.map(|it| Box::new(it.grant.shown())),
        ..approval
    })
}

pub(super) async fn extend(daemon: Arc<Daemon>, id: String, from: From) -> Outcome {
    as_value(&daemon.approvals.extend(&id, by(from)).await?)
}

fn by((channel, pid, auth): From) -> By {
    let program = pid.and_then(Process::observe).and_then(|it| it.program);
    By {
        channel: channel.word(),
        pid,
        program: program.map(|it| it.display().to_string()),
        auth,
    }
}
