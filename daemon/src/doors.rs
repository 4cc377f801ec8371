//! The two doors: `shim.sock` for shims, `control.sock` for people's commands. At both, a peer
//! that is not this very user is turned away, root too.

use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::daemon::Daemon;

/// Connections served at once at one door; more wait in the socket's queue.
const MOST: usize = 512;

/// Serves one door until the daemon is to end, then waits for what was begun there.
pub async fn serve<F>(
    daemon: Arc<Daemon>,
    listener: UnixListener,
    door: impl Fn(Arc<Daemon>, UnixStream, u32) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut stop = daemon.stop.subscribe();
    let mut served = JoinSet::new();
    loop {
        tokio::select! {
            () = async { let _gone = stop.wait_for(|stop| *stop).await.is_err(); } => break,
            Some(_) = served.join_next() => {}
            accepted = listener.accept(), if served.len() < MOST => match accepted {
                Ok((stream, _)) => {
                    if let Some(pid) = ours(&stream) {
                        served.spawn(door(Arc::clone(&daemon), stream, pid));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    while served.join_next().await.is_some() {}
}

/// The peer's process id, where it is this user's.
fn ours(stream: &UnixStream) -> Option<u32> {
    let peer = stream.peer_cred().ok()?;
    if peer.uid() != rustix::process::geteuid().as_raw() {
        tracing::warn!(uid = peer.uid(), "a connection of another user was refused");
        return None;
    }
    peer.pid().and_then(|pid| u32::try_from(pid).ok())
}
