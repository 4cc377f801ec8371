//! The daemon from start to end, as a list of steps.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use wire::folders::Folders;

use crate::audit::{Audit, Batch, NewRecord, retention, store};
use crate::config::{Config, ConfigError};
use crate::daemon::Daemon;
use crate::place::{self, Lock, PlaceError};
use crate::session::orphans;
use crate::{control, doors, session};

/// Why the daemon did not start.
#[derive(Debug)]
pub enum StartError {
    /// Its folders.
    Place(PlaceError),
    /// Its configuration.
    Config(ConfigError),
    /// Its store.
    Store(store::OpenError),
    /// Anything of the system's.
    Io(std::io::Error),
    /// The audit.
    Audit(crate::audit::AuditError),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Place(error) => write!(f, "{error}"),
            Self::Config(error) => write!(f, "{error}"),
            Self::Store(error) => write!(f, "{error}"),
            Self::Io(error) => write!(f, "{error}"),
            Self::Audit(error) => write!(f, "the audit store can't be used: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// How often retention looks at the store.
const UPKEEP: Duration = Duration::from_secs(6 * 60 * 60);
/// How long the end waits for what was begun.
const DRAIN: Duration = Duration::from_secs(5);
/// The exit code after a second signal, as a shell names an end by SIGTERM.
const TOLD_TWICE: i32 = 128 + 15;

/// Runs the daemon until it is told to end.
///
/// # Errors
/// When it can't start; [`PlaceError::Held`] when another one runs already.
pub async fn run(folders: Folders) -> Result<(), StartError> {
    place::prepare(&folders).map_err(StartError::Place)?;
    let lock = Lock::take(&folders).map_err(StartError::Place)?;
    let config = Config::load(&folders.config_file()).map_err(StartError::Config)?;
    let connection = store::open(&folders.store()).map_err(StartError::Store)?;
    let (audit, writer) = Audit::start(connection, &folders.store(), folders.live_audit())
        .map_err(StartError::Audit)?;
    let home = std::env::var_os("HOME").map(std::path::PathBuf::from);
    let daemon = Daemon::new(
        folders,
        config,
        audit,
        home.filter(|home| home.is_absolute()),
    );
    daemon.restore().await.map_err(StartError::Audit)?;
    note(&daemon, "DAEMON_STARTED").await;
    let shims = listen(&daemon.folders.shim_socket(), &lock)?;
    let people = listen(&daemon.folders.control_socket(), &lock)?;
    let signals = tokio::spawn(signals(Arc::clone(&daemon)));
    let upkeep = tokio::spawn(upkeep(Arc::clone(&daemon)));
    let adopting = tokio::spawn(orphans::adopt(Arc::clone(&daemon)));
    tracing::info!(
        pid = std::process::id(),
        version = env!("CARGO_PKG_VERSION"),
        "started"
    );

    let doors = async {
        tokio::join!(
            doors::serve(Arc::clone(&daemon), shims, session::task::serve),
            doors::serve(Arc::clone(&daemon), people, control::serve),
        )
    };
    let mut stop = daemon.stop.subscribe();
    tokio::select! {
        _ = doors => {}
        () = async {
            // The guard must not be held over the wait that follows.
            drop(stop.wait_for(|stop| *stop).await);
            tokio::time::sleep(DRAIN).await;
        } => tracing::warn!("ending with connections still open"),
    }

    for task in [upkeep, adopting] {
        task.abort();
        let _ended = task.await;
    }
    note(&daemon, "DAEMON_STOPPED").await;
    for socket in [
        daemon.folders.shim_socket(),
        daemon.folders.control_socket(),
    ] {
        let _gone = std::fs::remove_file(socket);
    }
    // The writer ends, and leaves no write-ahead log behind, once nobody can hand it anything.
    drop(daemon);
    let written = tokio::task::spawn_blocking(move || writer.join());
    if !matches!(tokio::time::timeout(DRAIN, written).await, Ok(Ok(Ok(())))) {
        tracing::warn!("the audit writer did not end as it should");
    }
    signals.abort();
    tracing::info!("stopped");
    Ok(())
}

fn listen(path: &std::path::Path, lock: &Lock) -> Result<UnixListener, StartError> {
    let listener = place::bind(path, lock).map_err(StartError::Place)?;
    UnixListener::from_std(listener).map_err(StartError::Io)
}

async fn note(daemon: &Daemon, event: &'static str) {
    let record = NewRecord::event(crate::time::now_ms(), event)
        .set("version", env!("CARGO_PKG_VERSION"))
        .set("pid", std::process::id());
    let batch = Batch {
        records: vec![record],
        ..Batch::default()
    };
    if let Err(error) = daemon.audit.commit(batch).await {
        tracing::error!(%error, event, "could not be recorded");
    }
}

/// SIGTERM and SIGINT end the daemon, a second time at once; SIGHUP has it look at its policies
/// again.
async fn signals(daemon: Arc<Daemon>) {
    let streams = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ]
    .map(signal);
    let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = streams else {
        tracing::error!("signals can't be received");
        return;
    };
    let mut stop = daemon.stop.subscribe();
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = async { drop(stop.wait_for(|stop| *stop).await) } => break,
            _ = hangup.recv() => drop(daemon.policies.reload().await),
        }
    }
    daemon.stop.send_replace(true);
    // The end waits until nobody holds the daemon any more.
    drop(stop);
    drop(daemon);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    // What was acknowledged is on disk; shims keep what was not.
    tracing::warn!("told to end a second time: ending at once");
    std::process::exit(TOLD_TWICE);
}

/// Retention at start and a few times a day.
async fn upkeep(daemon: Arc<Daemon>) {
    loop {
        let keep = daemon.config.retention;
        let now = crate::time::now_ms();
        match daemon
            .audit
            .read(move |store| retention::due(store, keep, now))
            .await
        {
            Ok(batch) => {
                if let Err(error) = daemon.audit.commit(batch).await {
                    tracing::error!(%error, "retention could not be done");
                }
            }
            Err(error) => tracing::error!(%error, "retention could not look at the store"),
        }
        tokio::time::sleep(UPKEEP).await;
    }
}
