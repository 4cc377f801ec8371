//! The ways a person is asked beside the commands: windows, one at a time, the oldest ask first.
//! The first answer by whatever way counts, and the window of an ask that ended closes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use wire::control::Approval;

use super::before::with_history;
use super::desktop::Desktop;
use super::dialog::{self, Asked, Choice, Program};
use super::opening::Opening;
use super::shown::Shown;
use crate::daemon::Daemon;
use crate::person;
use crate::session::state::{Answer, By};

/// Opens windows for asks until the daemon ends, and before others one that a person wished for.
pub async fn windows(daemon: Arc<Daemon>, mut opens: mpsc::Receiver<Opening>) {
    if !daemon.config.channels.dialog {
        return;
    }
    let mut changes = daemon.approvals.changes();
    let mut closed = BTreeSet::new();
    let mut wish: Option<Opening> = None;
    let mut said = String::new();
    loop {
        changes.mark_unchanged();
        let waiting = daemon.approvals.list();
        closed.retain(|id| waiting.iter().any(|it| it.id == *id));
        let Some(approval) = next(&waiting, &closed, &mut wish) else {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                Some(opening) = opens.recv() => wish = Some(opening),
            }
            continue;
        };
        closed.remove(&approval.id);
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
                let wished = wish.take();
                let Err(why) = taken else { continue };
                if why != said {
                    tracing::warn!(why, "no window was shown; other ways to answer stay");
                    said.clone_from(&why);
                }
                if let Some(opening) = wished {
                    let _gone = opening.failed.send(why);
                }
            }
            () = over(&daemon, approval) => {}
            // The window there is makes room, and comes again after this one.
            Some(opening) = opens.recv() => wish = Some(opening),
        }
    }
}

/// What to ask about: what a person wished for, else the oldest that was not closed.
fn next<'a>(
    waiting: &'a [Arc<Approval>],
    closed: &BTreeSet<String>,
    wish: &mut Option<Opening>,
) -> Option<&'a Arc<Approval>> {
    let wished = wish
        .as_ref()
        .and_then(|wish| waiting.iter().find(|it| it.id == wish.id));
    if wished.is_none() {
        *wish = None;
    }
    wished.or_else(|| waiting.iter().find(|it| !closed.contains(&it.id)))
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
    daemon: &Arc<Daemon>,
    approval: &Approval,
    (path, asked): &(PathBuf, Asked),
) -> Result<(), String> {
    let by = By {
        channel: "dialog",
        pid: asked.pid,
        program: Some(path.display().to_string()),
        auth: None,
    };
    let answer = match asked.choice {
        Choice::Allow => Answer::Allow(by),
        Choice::Deny => Answer::Deny(by),
        Choice::Closed if asked.complaint.is_empty() => return Ok(()),
        Choice::Closed => return Err(asked.complaint.clone()),
    };
    let (daemon, id) = (Arc::clone(daemon), approval.id.clone());
    let handed_on = async move {
        if let Err(failure) = person::hand_on(&daemon, &id, answer).await {
            tracing::info!(why = failure.message, "an answer did not count");
        }
    };
    // The windows of other calls don't wait until the person has typed a password.
    tokio::spawn(handed_on);
    Ok(())
}
