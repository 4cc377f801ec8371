//! What clients' configurations say: which servers run through aip, which without it, and which
//! have lost it. Looked at when asked for, when a session begins, and now and then.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wire::control::{ClientServer, EditedFile, ServerState, Unwrapped};

use crate::audit::{AuditError, Batch, NewRecord, StateOp, Sync};
use crate::daemon::Daemon;

mod known;
mod survey;

use known::{Known, Lost};
pub use survey::fits;
use survey::{Cache, Files, Seen};

/// The setting what is known is kept under.
pub const SETTING: &str = "clients";
/// A session that begins has no look taken that would come sooner than this after the last.
const BETWEEN: Duration = Duration::from_secs(30);

/// What was found, and what is known from before.
#[derive(Debug, Default)]
pub struct Clients {
    found: Mutex<Found>,
    /// One look, or one change of what is known, at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Found {
    looked: Option<Instant>,
    servers: Vec<ClientServer>,
    known: Known,
    cache: Cache,
}

impl Clients {
    fn open(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings back what was known.
    pub fn restore(&self, stored: Option<&str>) {
        let known = stored.and_then(|it| serde_json::from_str(it).ok());
        self.open().known = known.unwrap_or_default();
    }

    /// Every server of the last look.
    #[must_use]
    pub fn servers(&self) -> Vec<ClientServer> {
        self.open().servers.clone()
    }

    /// Those of the last look that clients start without aip.
    #[must_use]
    pub fn unwrapped(&self) -> Vec<Unwrapped> {
        let found = self.open();
        let without = found.servers.iter();
        without
            .filter(|it| it.state == ServerState::Unwrapped)
            .map(|it| Unwrapped {
                client: it.client.clone(),
                client_name: it.client_name.clone(),
                server: it.server.clone(),
                file: it.file.clone(),
                project: it.project,
                lost: it.lost,
            })
            .collect()
    }
}

/// Looks soon, unless that was done of late; waits for nothing.
pub fn look_soon(daemon: &Arc<Daemon>) {
    let daemon = Arc::clone(daemon);
    tokio::spawn(async move { look(&daemon, BETWEEN).await });
}

/// Looks at every client's configuration, unless what is known is younger than this. What has lost its
/// wrapper is recorded once.
pub async fn look(daemon: &Arc<Daemon>, older_than: Duration) {
    let _turn = daemon.clients.turn.lock().await;
    let Some(home) = daemon.home.clone() else {
        return;
    };
    let (known, cache) = {
        let mut found = daemon.clients.open();
        if found.looked.is_some_and(|it| it.elapsed() < older_than) {
            return;
        }
        (found.known.clone(), std::mem::take(&mut found.cache))
    };
    let files = Files {
        home,
        projects: projects(daemon),
        more: known.files(),
        aips: known.aips(),
    };
    let looked = tokio::task::spawn_blocking(move || survey::look(&files, cache)).await;
    let Ok((seen, cache)) = looked else {
        tracing::warn!("clients' configurations could not be looked at");
        return;
    };
    let mut next = known.clone();
    let lost = next.observe(&seen);
    if next != known
        && let Err(error) = keep(daemon, &next, events(&lost)).await
    {
        // Found again by the next look, and recorded then.
        tracing::warn!(%error, "what clients' configurations say could not be recorded");
        next = known;
    }
    let servers = shown(seen, &next);
    *daemon.clients.open() = Found {
        looked: Some(Instant::now()),
        servers,
        known: next,
        cache,
    };
}

/// The folders the sessions' clients work in.
fn projects(daemon: &Daemon) -> Vec<PathBuf> {
    let sessions = daemon.sessions();
    let mut folders: Vec<PathBuf> = sessions
        .values()
        .map(|it| PathBuf::from(&it.shown.cwd))
        .filter(|it| it.is_absolute())
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

fn events(lost: &[Lost]) -> Vec<NewRecord> {
    let event = |it: &Lost| {
        NewRecord::event(crate::time::now_ms(), "WRAPPER_LOST")
            .set("server", it.server.clone())
            .set("client_name", it.client.clone())
            .set("file", it.file.clone())
    };
    lost.iter().map(event).collect()
}

async fn keep(daemon: &Daemon, known: &Known, records: Vec<NewRecord>) -> Result<(), AuditError> {
    let value = serde_json::to_string(known).unwrap_or_default();
    let batch = Batch {
        records,
        ops: vec![StateOp::Setting {
            name: SETTING,
            value,
        }],
        sync: Sync::Full,
    };
    daemon.audit.commit(batch).await.map(drop)
}

/// aip is about to be put in front of servers: recorded before it is done.
///
/// # Errors
/// When it can't be recorded.
pub async fn wrapping(
    daemon: &Daemon,
    aip: &str,
    files: &[EditedFile],
    record: NewRecord,
) -> Result<(), AuditError> {
    changing(daemon, record, |known| known.wrapping(aip, files)).await
}

/// aip is about to be taken away: recorded before it is done, and no loss then.
///
/// # Errors
/// When it can't be recorded.
pub async fn unwrapping(
    daemon: &Daemon,
    files: &[EditedFile],
    record: NewRecord,
) -> Result<(), AuditError> {
    changing(daemon, record, |known| known.releasing(files)).await
}

async fn changing(
    daemon: &Daemon,
    record: NewRecord,
    change: impl FnOnce(&mut Known),
) -> Result<(), AuditError> {
    let _turn = daemon.clients.turn.lock().await;
    let mut next = daemon.clients.open().known.clone();
    change(&mut next);
    keep(daemon, &next, vec![record]).await?;
    let mut found = daemon.clients.open();
    found.known = next;
    found.looked = None;
    Ok(())
}

fn shown(seen: Vec<Seen>, known: &Known) -> Vec<ClientServer> {
    let server = |it: Seen| {
        let lost = it.server.state == ServerState::Unwrapped && known.has_lost(&it);
        ClientServer { lost, ..it.server }
    };
    seen.into_iter().map(server).collect()
}
