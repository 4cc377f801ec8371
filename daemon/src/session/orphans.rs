//! What a shim that was killed leaves behind: its server's process group, and its session.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::state::{Context, Facts, InForce, State};
use crate::audit::{Batch, restore};
use crate::daemon::Daemon;
use crate::grants::Grants;
use crate::peer::{Process, group_members};

/// How long a group has after SIGTERM before SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Ends what is left of a server's group.
pub async fn end_group(server: &Process) {
    let members = || group_members(server.group, server.start);
    let Some(group) = i32::try_from(server.group).ok().and_then(Pid::from_raw) else {
        return;
    };
    for signal in [Signal::TERM, Signal::KILL] {
        if members().is_empty() {
            return;
        }
        tracing::info!(
            group = server.group,
            ?signal,
            "ending the group of a server without a shim"
        );
        // A group that is gone meanwhile is what was wanted.
        let _gone = kill_process_group(group, signal);
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < GRACE && !members().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Records the end of a session whose shim is gone.
pub async fn close(daemon: &Daemon, state: &mut State, why: &str) {
    let id = state.facts.id.clone();
    // It may have come back and ended properly meanwhile.
    if !matches!(
        daemon.audit.read(move |it| restore::session(it, &id)).await,
        Ok(Some(_))
    ) {
        return;
    }
    let batch = ending(state, &daemon.grants, why);
    if let Err(error) = daemon.audit.commit(batch).await {
        tracing::error!(%error, "the end of a session could not be recorded");
    }
}

/// The session's end needs no policy: nothing is judged any more.
fn ending(state: &mut State, grants: &std::sync::Arc<Grants>, why: &str) -> Batch {
    let in_force = InForce {
        policy: engine::policy::Policy::none(),
        path: String::new(),
        file: String::new(),
        buckets: std::sync::Arc::default(),
    };
    let ctx = Context {
        now_ms: crate::time::now_ms(),
        in_force: &in_force,
        frame_bytes: 0,
        pins: &std::sync::Arc::default(),
        grants,
        override_: engine::decide::Override::None,
        ask_timeout: Duration::ZERO,
        clients_may_answer: false,
        prompts_per_minute: 0,
        resolve: &|path| path.to_owned(),
        through_links: &|_| None,
        home: None,
        user_homes: &|_| None,
        fresh_id: &String::new,
        latency_us: &|| 0,
    };
    state.ended(&ctx, None, why)
}

/// How long shims have to come back to a daemon started anew.
const COME_BACK: Duration = Duration::from_secs(10);

/// Sessions the store knows as running: their shims come back, or they are closed.
pub async fn adopt(daemon: std::sync::Arc<Daemon>) {
    let Ok(open) = daemon.audit.read(restore::open_sessions).await else {
        return;
    };
    if open.is_empty() {
        return;
    }
    tokio::time::sleep(COME_BACK).await;
    for (id, facts) in open {
        let facts: Owned = serde_json::from_str(&facts).unwrap_or_default();
        if daemon.sessions().contains_key(&id) || facts.shim.as_ref().is_some_and(Process::alive) {
            continue;
        }
        let Ok(kept) = super::opening::kept(&daemon, &id).await else {
            continue;
        };
        let Some((_, kept)) = kept else { continue };
        let mut state = State::resume(
            Facts {
                id,
                ..facts.session
            },
            kept,
        );
        if let Some(server) = state.server_process().cloned() {
            end_group(&server).await;
        }
        close(&daemon, &mut state, "the shim ended while no daemon ran").await;
    }
}

/// A session's facts as they are stored.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(super) struct Owned {
    /// Who it belongs to.
    pub(super) session: Facts,
    /// Its shim, where the system tells.
    pub(super) shim: Option<Process>,
}
