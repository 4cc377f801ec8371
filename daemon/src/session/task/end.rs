//! How a session leaves: with its server, with its shim, or for the next daemon to take up.

use std::sync::Arc;
use std::time::Duration;

use wire::link::Spawned;

use super::{Daemon, Decided, End, Over, Packet, State, Stream, Task, encode};
use crate::peer::Process;
use crate::session::orphans;

impl Task {
    /// The server runs. Its group may be ended for a shim that was killed, so it must be the
    /// shim's own child.
    pub(super) async fn server_runs(&mut self, spawned: &Spawned) {
        let server = Process::observe(spawned.pid).filter(|server| {
            self.shim
                .as_ref()
                .is_some_and(|shim| server.parent == shim.pid)
                && server.group == spawned.group
                && server.group == server.pid
        });
        if server.is_none() && cfg!(target_os = "linux") {
            tracing::warn!(
                pid = spawned.pid,
                "the server a shim named is not its child"
            );
        }
        if let Some(running) = self.daemon.sessions().get_mut(&self.state.facts.id) {
            running.shown.server_pid = Some(spawned.pid);
            running.side.server.clone_from(&server);
        }
        let batch = self.state.server_runs(server);
        self.daemon.audit.later(batch);
    }

    /// The server has ended, or must: whoever still waits hears of it, and the shim may go.
    pub(super) async fn end(&mut self, why: &str) {
        if self.ended {
            return;
        }
        let exited = self.exited.clone();
        let ending = self.with_context(0, |state, ctx| {
            state.server_ended(ctx, exited.as_ref(), why)
        });
        let withdrawn = ending
            .withdrawn
            .into_iter()
            .map(|judged| Decided {
                frame: None,
                judged,
            })
            .collect();
        self.decide(withdrawn).await;
        for error in ending.errors {
            self.inject(Stream::Client, error);
        }
        let mut batch = ending.batch;
        batch.append(self.with_context(0, |state, ctx| state.ended(ctx, exited.as_ref(), why)));
        match self.daemon.audit.commit(batch).await {
            Ok(written) => self.mirror(&written),
            Err(error) => tracing::error!(%error, "the end of a session could not be recorded"),
        }
        let message = if exited.is_some() {
            String::new()
        } else {
            why.to_owned()
        };
        encode(&Packet::End(End { message }), &mut self.out);
        self.ended = true;
    }

    /// The connection is over.
    pub(super) async fn leave(self, over: Over) {
        let id = self.state.facts.id.clone();
        self.daemon.approvals.forget(&id);
        if over != Over::Replaced {
            self.daemon.sessions().remove(&id);
        }
        match over {
            Over::Ended | Over::Replaced | Over::Stopping => {}
            Over::Lost => {
                let server = self.state.server_process().cloned();
                let Self {
                    daemon,
                    state,
                    shim,
                    ..
                } = self;
                tokio::spawn(lost(daemon, state, shim, server));
            }
        }
    }
}

/// How often a shim that lost its connection is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// Waits until the shim has come back or is gone; when it is gone its server's group is ended.
async fn lost(
    daemon: Arc<Daemon>,
    mut state: State,
    shim: Option<Process>,
    server: Option<Process>,
) {
    let mut stop = daemon.stop.subscribe();
    while shim.as_ref().is_some_and(Process::alive) {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if daemon.sessions().contains_key(&state.facts.id) {
            return;
        }
    }
    if let Some(server) = server {
        orphans::end_group(&server).await;
    }
    orphans::close(&daemon, &mut state, "the shim ended").await;
}
