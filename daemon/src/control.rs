//! The control socket: one request a connection, one JSON object a line.

use std::future::pending;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use wire::control::{LogQuery, MAX_REQUEST, Reply, Request};

use crate::approval::failure;
use crate::daemon::Daemon;
use crate::operation::{Answers, Caller, Door, operate};

/// How long a peer has for its request.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// The peer that is answered.
struct Peer {
    socket: OwnedWriteHalf,
}

impl Peer {
    async fn say(&mut self, reply: &Reply) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(reply).map_err(std::io::Error::other)?;
        line.push(b'\n');
        self.write(&line).await
    }

    /// A peer that does not read is left.
    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match tokio::time::timeout(PATIENCE, self.socket.write_all(bytes)).await {
            Ok(written) => written,
            Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Answers for Peer {
    async fn line(&mut self, line: &str) -> std::io::Result<()> {
        self.write(format!("{{\"item\":{line}}}\n").as_bytes())
            .await
    }
}

/// Serves one connection at people's door.
pub async fn serve(daemon: Arc<Daemon>, socket: UnixStream, pid: u32) {
    let (read, write) = socket.into_split();
    let mut answers = Peer { socket: write };
    let mut line = Vec::new();
    let mut read = BufReader::new(read).take(MAX_REQUEST as u64);
    let asked = tokio::time::timeout(PATIENCE, read.read_until(b'\n', &mut line)).await;
    if !matches!(asked, Ok(Ok(n)) if n > 0) {
        return;
    }
    let caller = Caller {
        door: Door::Control,
        pid: Some(pid),
    };
    let rest = read.into_inner().into_inner();
    let outcome = match serde_json::from_slice(&line) {
        Ok(request) if looks_on(&request) => tokio::select! {
            outcome = operate(&daemon, request, &mut answers, caller, pending()) => outcome,
            () = hung_up(rest) => return,
        },
        // Anybody else gets the answer, also where their own side is closed already.
        Ok(request) => operate(&daemon, request, &mut answers, caller, hung_up(rest)).await,
        Err(error) => Err(failure(
            "invalid",
            format!("not a request of this version: {error}"),
        )),
    };
    let last = outcome.map_or_else(Reply::Error, Reply::End);
    // A peer that is gone has no use for it.
    let _gone = answers.say(&last).await;
}

/// Whether this goes on until the peer hangs up.
fn looks_on(request: &Request) -> bool {
    matches!(
        request,
        Request::ApprovalsWatch
            | Request::DashboardCode
            | Request::Logs(LogQuery { follow: true, .. })
            // They change nothing, walk through all there is, and are one at a time: nobody is to
            // wait for a walk that nobody waits for.
            | Request::PolicySuggest(_)
            | Request::PolicyReplay(_)
    )
}

/// How often a peer that has closed its own side is looked at, whether it still reads.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// Returns once the peer is gone, not when it has only said all it had to say.
async fn hung_up(mut read: OwnedReadHalf) {
    let mut rest = [0; 64];
    while matches!(read.read(&mut rest).await, Ok(n) if n > 0) {}
    while matches!(read.ready(Interest::WRITABLE).await, Ok(it) if !it.is_write_closed()) {
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_through_the_store_ends_with_who_asked_for_it() {
        for (request, ends) in [
            (r#"{"op":"policy_suggest"}"#, true),
            (
                r#"{"op":"policy_replay","path":"/p.yaml","text":"","examples":1}"#,
                true,
            ),
            (r#"{"op":"logs","follow":true}"#, true),
            (r#"{"op":"logs"}"#, false),
            (r#"{"op":"override","mode":"deny_all"}"#, false),
        ] {
            let request: Request = serde_json::from_str(request).unwrap();
            assert_eq!(looks_on(&request), ends, "{request:?}");
        }
    }
}
