//! The HTTP door: the dashboard's page and API for this user's browser, at 127.0.0.1 alone.
//!
//! A connection is served only where the kernel says that it is this user's. What comes over it must name
//! this very host and, where it names one, this very origin, and carry a token in a header: never a
//! cookie, which another port would be sent too.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

use crate::activation::Open;
use crate::daemon::Daemon;
use exports::Tickets;
use peer::Socket;
use tokens::{Named, Tokens};

mod body;
mod collect;
mod events;
mod exports;
mod files;
mod guard;
mod peer;
mod person;
mod place;
mod problem;
mod routes;
mod server;
mod sign_in;
mod tokens;

pub use place::open;
pub use sign_in::{end_all, offer_code, read_token, was_traded};

/// Connections served at once; more wait in the kernel's queue.
const MOST: usize = 128;
/// How long a request's head may take, and a connection stand idle.
const HEAD: Duration = Duration::from_secs(15);
/// How long a peer may read nothing of what it is sent.
const STALLED: Duration = Duration::from_secs(60);
/// The longest head, in bytes.
const HEAD_SIZE: usize = 16 * 1024;
/// Header fields a request may have.
const FIELDS: usize = 64;

/// What the rest of the daemon knows of this door.
#[derive(Debug)]
pub struct Http {
    place: OnceLock<Place>,
    tokens: Mutex<Tokens>,
    /// Held while tokens change, so that what is kept is what there is.
    changing: tokio::sync::Mutex<()>,
    /// Told when a code was traded: which.
    traded: watch::Sender<Option<Named>>,
    tickets: Mutex<Tickets>,
    readers: Arc<Semaphore>,
}

/// Where the door is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    At {
        port: u16,
        /// Why it is not where it was.
        moved: Option<String>,
    },
    /// And why.
    Nowhere(String),
}

impl Default for Http {
    fn default() -> Self {
        Self {
            place: OnceLock::new(),
            tokens: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            traded: watch::Sender::default(),
            tickets: Mutex::default(),
            readers: Arc::new(Semaphore::new(events::READERS)),
        }
    }
}

impl Http {
    /// The dashboard's address, where there is one.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.port().map(|port| format!("{}/", origin(port)))
    }

    /// What a person should know of it.
    #[must_use]
    pub fn attention(&self) -> Option<String> {
        match self.place.get()? {
            Place::At { moved, .. } => moved.clone(),
            Place::Nowhere(why) => Some(why.clone()),
        }
    }

    fn port(&self) -> Option<u16> {
        match self.place.get()? {
            Place::At { port, .. } => Some(*port),
            Place::Nowhere(_) => None,
        }
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tickets(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one origin there is.
fn origin(port: u16) -> String {
    format!("http://{}", host(port))
}

/// As the `Host` field has it.
fn host(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// One connection, as every request on it finds it.
#[derive(Clone, Copy, Debug)]
struct Connection {
    /// The other end, where the system shows it.
    socket: Option<Socket>,
}

/// Serves the door until the daemon is to end, then waits for what was begun there. Each
/// connection counts as open.
pub async fn serve(daemon: Arc<Daemon>, listener: Option<TcpListener>, open: Open) {
    let (Some(listener), Some(port)) = (listener, daemon.http.port()) else {
        return;
    };
    let router = routes::router(Arc::clone(&daemon), port);
    let mut stop = daemon.stop.subscribe();
    let mut served = JoinSet::new();
    loop {
        tokio::select! {
            () = async { let _gone = stop.wait_for(|stop| *stop).await.is_err(); } => break,
            Some(_) = served.join_next() => {}
            accepted = listener.accept(), if served.len() < MOST => match accepted {
                Ok((stream, theirs)) => {
                    let one = open.one();
                    let done = connection(Arc::clone(&daemon), router.clone(), stream, theirs);
                    served.spawn(async move {
                        done.await;
                        drop(one);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the dashboard could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    drop(router);
    while served.join_next().await.is_some() {}
}

async fn connection(
    daemon: Arc<Daemon>,
    router: axum::Router,
    stream: TcpStream,
    theirs: SocketAddr,
) {
    let Ok(ours) = stream.local_addr() else {
        return;
    };
    let looked = tokio::task::spawn_blocking(move || peer::socket(theirs, ours));
    let socket = looked.await.ok().flatten();
    if !is_ours(socket) {
        let uid = socket.map(|it| it.uid);
        tracing::warn!(
            ?uid,
            "a connection to the dashboard that is not this user's was refused"
        );
        return;
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STALLED));
    let service = router.layer(axum::Extension(Connection { socket }));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_SIZE)
        .max_headers(FIELDS)
        .serve_connection(
            TokioIo::new(Box::pin(stream)),
            TowerToHyperService::new(service),
        );
    let mut served = std::pin::pin!(served);
    let mut stop = daemon.stop.subscribe();
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = async { let _gone = stop.wait_for(|stop| *stop).await.is_err(); } => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the dashboard has ended");
    }
}

/// Whether the other end is this very user's. Where no system call tells it, the token has to do.
fn is_ours(socket: Option<Socket>) -> bool {
    match socket {
        Some(socket) => socket.uid == rustix::process::geteuid().as_raw(),
        None => !cfg!(target_os = "linux"),
    }
}
