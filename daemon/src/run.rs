//! The daemon from start to end, as a list of steps.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use wire::folders::Folders;

use crate::activation::{self, Inherited, Open};
use crate::approval::{channels, notification, opening};
use crate::audit::{Audit, Batch, NewRecord, retention, store};
use crate::config::{Config, ConfigError};
use crate::daemon::Daemon;
use crate::place::{self, Lock, Made, PlaceError, StartedBy};
use crate::policies::watching;
use crate::session::orphans;
use crate::{control, doors, grants, http, session};

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
/// How long it waits for notifications to be taken down.
const TAKING_DOWN: Duration = Duration::from_secs(1);
/// The exit code after a second signal, as a shell names an end by SIGTERM.
const TOLD_TWICE: i32 = 128 + 15;

/// Runs the daemon until it is told to end, at the sockets it was given or makes.
///
/// # Errors
/// When it can't start; [`PlaceError::Held`] when another one runs already.
pub async fn run(folders: Folders, inherited: Option<Inherited>) -> Result<(), StartError> {
    place::prepare(&folders).map_err(StartError::Place)?;
    let lock = lock(&folders, inherited.is_some()).await?;
    let activated = inherited.is_some();
    let config = Config::load(&folders.config_file()).map_err(StartError::Config)?;
    let connection = store::open(&folders.store()).map_err(StartError::Store)?;
    let (audit, writer) = Audit::start(connection, &folders.store(), folders.live_audit())
        .map_err(StartError::Audit)?;
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let daemon = Daemon::new(
        folders,
        config,
        audit,
        home.filter(|home| home.is_absolute()),
    );
    daemon.restore().await.map_err(StartError::Audit)?;
    note(&daemon, "DAEMON_STARTED").await;
    let Sockets {
        shims,
        people,
        made,
    } = sockets(&daemon.folders, inherited, &lock)?;
    let dashboard = http::open(&daemon).await;
    let signals = tokio::spawn(signals(Arc::clone(&daemon)));
    let upkeep = tokio::spawn(upkeep(Arc::clone(&daemon)));
    let adopting = tokio::spawn(orphans::adopt(Arc::clone(&daemon)));
    let (opener, opens) = opening::opener();
    let windows = tokio::spawn(channels::windows(Arc::clone(&daemon), opens));
    let notifying = tokio::spawn(notification::notifications(Arc::clone(&daemon), opener));
    let telling = tokio::spawn(notification::telling(Arc::clone(&daemon)));
    let watching = tokio::spawn(watching::watch(Arc::clone(&daemon)));
    let expiring = tokio::spawn(grants::task::expire(Arc::clone(&daemon)));
    let open = Open::default();
    let idle = tokio::spawn(idle(Arc::clone(&daemon), open.clone(), activated));
    tracing::info!(
        pid = std::process::id(),
        version = env!("CARGO_PKG_VERSION"),
        "started"
    );

    let doors = async {
        tokio::join!(
            doors::serve(
                Arc::clone(&daemon),
                shims,
                counted(&open, session::task::serve)
            ),
            doors::serve(Arc::clone(&daemon), people, counted(&open, control::serve)),
            http::serve(Arc::clone(&daemon), dashboard, open.clone()),
        )
    };
    let mut stop = daemon.stop.subscribe();
    tokio::select! {
        _ = doors => {}
        () = async {
            told(&mut stop).await;
            tokio::time::sleep(DRAIN).await;
        } => tracing::warn!("ending with connections still open"),
    }

    taken_down(notifying).await;
    for task in [upkeep, adopting, windows, telling, watching, expiring, idle] {
        task.abort();
        let _ended = task.await;
    }
    note(&daemon, "DAEMON_STOPPED").await;
    for socket in made {
        socket.remove();
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

/// Returns once no notification is left, or can be taken down.
async fn taken_down(mut notifying: JoinHandle<()>) {
    if tokio::time::timeout(TAKING_DOWN, &mut notifying)
        .await
        .is_err()
    {
        notifying.abort();
        let _ended = notifying.await;
    }
}

/// Returns once the daemon is to end; the guard that says so is not held any longer.
async fn told(stop: &mut tokio::sync::watch::Receiver<bool>) {
    let _gone = stop.wait_for(|stop| *stop).await.is_err();
}

async fn lock(folders: &Folders, activated: bool) -> Result<Lock, StartError> {
    let (lock, started_by) = if activated {
        (activation::take_over(folders).await, StartedBy::Socket)
    } else {
        (Lock::take(folders), StartedBy::Command)
    };
    let lock = lock.map_err(StartError::Place)?;
    lock.sign(std::process::id(), started_by)
        .map_err(StartError::Place)?;
    Ok(lock)
}

struct Sockets {
    shims: UnixListener,
    people: UnixListener,
    /// What is to be unlinked at the end: nothing that a service manager holds.
    made: Vec<Made>,
}

fn sockets(
    folders: &Folders,
    inherited: Option<Inherited>,
    lock: &Lock,
) -> Result<Sockets, StartError> {
    let listen = |listener| UnixListener::from_std(listener).map_err(StartError::Io);
    if let Some(Inherited { shims, people }) = inherited {
        return Ok(Sockets {
            shims: listen(shims)?,
            people: listen(people)?,
            made: Vec::new(),
        });
    }
    let bind = |path: PathBuf| place::bind(&path, lock).map_err(StartError::Place);
    let (shims, shims_made) = bind(folders.shim_socket())?;
    let (people, people_made) = bind(folders.control_socket())?;
    Ok(Sockets {
        shims: listen(shims)?,
        people: listen(people)?,
        made: vec![shims_made, people_made],
    })
}

/// The door, each of its connections counted as open.
fn counted<F: Future<Output = ()> + Send + 'static>(
    open: &Open,
    door: impl Fn(Arc<Daemon>, UnixStream, u32) -> F,
) -> impl Fn(Arc<Daemon>, UnixStream, u32) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    move |daemon, stream, pid| {
        let one = open.one();
        let served = door(daemon, stream, pid);
        Box::pin(async move {
            served.await;
            drop(one);
        })
    }
}

/// Only a daemon whose sockets outlive it may end by itself.
async fn idle(daemon: Arc<Daemon>, open: Open, activated: bool) {
    if let Some(idle) = daemon.config.idle_exit.filter(|_| activated) {
        open.end_when_idle(daemon, idle).await;
    }
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

/// Retention, and a look at clients' configurations, at start and a few times a day; what is derived
/// is carried on.
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
        daemon.audit.roll_on();
        crate::clients::look(&daemon, Duration::ZERO).await;
        tokio::time::sleep(UPKEEP).await;
    }
}
