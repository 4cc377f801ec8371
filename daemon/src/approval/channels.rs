//! The ways a person is asked beside the commands: windows, one at a time, the oldest ask first.
//! The first answer by whatever way counts, and the window of an ask that ended closes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use wire::control::Approval;

use super::before::with_history;
use super::desktop::Desktop;
use super::dialog::{self, Asked, Choice, Program};
use super::shown::Shown;
use crate::daemon::Daemon;
use crate::session::state::{Answer, By};

/// Opens windows for asks until the daemon ends.
pub async fn windows(daemon: Arc<Daemon>) {
    if !daemon.config.channels.dialog {
        return;
    }
    let mut changes = daemon.approvals.changes();
    let mut closed = BTreeSet::new();
    let mut said = String::new();
    loop {
        changes.mark_unchanged();
        let waiting = daemon.approvals.list();
        closed.retain(|id| waiting.iter().any(|it| it.id == *id));
        let Some(approval) = waiting.iter().find(|it| !closed.contains(&it.id)) else {
            if changes.changed().await.is_err() {
                return;
            }
            continue;
        };
        let known = with_history(&daemon, vec![Arc::clone(approval)])
            .await
            .pop();
        let shown = Shown::new(
            known.as_ref().unwrap_or(approval),
            waiting.len() - closed.len() - 1,
        );
        tokio::select! {
            asked = window(&shown) => {
                closed.insert(approval.id.clone());
                let taken = match asked {
                    Ok(asked) => take(&daemon, approval, &asked).await,
                    Err(why) => Err(why),
                };
                if let Err(why) = taken && why != said {
                    tracing::warn!(why, "no window was shown; other ways to answer stay");
                    said = why;
                }
            }
            () = over(&daemon, approval) => {}
        }
    }
}

/// Opens a window on the desktop there is now.
async fn window(shown: &Shown) -> Result<(PathBuf, Asked), String> {
    let desktop = Desktop::find().await;
    if !desktop.has_display() {
        return Err("there is no display".to_owned());
    }
    let program = Program::find(desktop.name(), |path| path.is_file());
    let program = program.ok_or("neither zenity nor kdialog is installed")?;
    let asked = dialog::ask(&program, &desktop.environment(), shown).await;
    let asked = asked.map_err(|error| format!("{}: {error}", program.1.display()))?;
    Ok((program.1, asked))
}

/// Returns once the ask no longer waits, or no longer until the time that is shown.
async fn over(daemon: &Daemon, shown: &Approval) {
    let mut changes = daemon.approvals.changes();
    let as_shown = |it: &Approval| it.deadline == shown.deadline;
    while daemon
        .approvals
        .get(&shown.id)
        .is_some_and(|it| as_shown(&it))
    {
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Hands the person's answer on. A program that ends by itself with a complaint has shown nothing.
async fn take(
    daemon: &Daemon,
    approval: &Approval,
    (path, asked): &(PathBuf, Asked),
) -> Result<(), String> {
    let by = By {
        channel: "dialog",
        pid: asked.pid,
        program: Some(path.display().to_string()),
    };
    let answer = match asked.choice {
        Choice::Allow => Answer::Allow(by),
        Choice::Deny => Answer::Deny(by),
        Choice::Closed if asked.complaint.is_empty() => return Ok(()),
        Choice::Closed => return Err(asked.complaint.clone()),
    };
    if let Err(failure) = daemon.approvals.answer(&approval.id, answer).await {
        tracing::info!(why = failure.message, "an answer came too late");
    }
    Ok(())
}
