//! The control socket: one request a connection, each operation in a file of its own.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use wire::control::{Failure, MAX_REQUEST, Reply, Request};

use crate::approval::failure;
use crate::audit::AuditError;
use crate::daemon::Daemon;
use crate::person;

mod approvals;
mod grants;
mod logs;
mod maintain;
mod overriding;
mod policy;
mod status;
mod tools;

/// How long a peer has for its request.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// The way an operation answers.
struct Answers {
    socket: OwnedWriteHalf,
}

impl Answers {
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

    async fn item(&mut self, item: &impl serde::Serialize) -> std::io::Result<()> {
        self.say(&Reply::Item(
            serde_json::to_value(item).map_err(std::io::Error::other)?,
        ))
        .await
    }

    /// An item that is JSON text already.
    async fn line(&mut self, line: &str) -> std::io::Result<()> {
        self.write(format!("{{\"item\":{line}}}\n").as_bytes())
            .await
    }
}

/// How an operation ends: with what the last line says, or why it was not done.
type Outcome = Result<serde_json::Value, Failure>;

/// Serves one connection at people's door.
pub async fn serve(daemon: Arc<Daemon>, socket: UnixStream, pid: u32) {
    let (read, write) = socket.into_split();
    let mut answers = Answers { socket: write };
    let mut line = Vec::new();
    let mut read = BufReader::new(read).take(MAX_REQUEST as u64);
    let asked = tokio::time::timeout(PATIENCE, read.read_until(b'\n', &mut line)).await;
    if !matches!(asked, Ok(Ok(n)) if n > 0) {
        return;
    }
    let outcome = match serde_json::from_slice(&line) {
        Ok(Request::Logs(query)) if query.follow => {
            let rest = read.into_inner().into_inner();
            tokio::select! {
                outcome = logs::logs(&daemon, query, &mut answers) => outcome,
                () = hung_up(rest) => return,
            }
        }
        Ok(Request::ApprovalsWatch) => {
            let rest = read.into_inner().into_inner();
            tokio::select! {
                outcome = approvals::watch(&daemon, &mut answers) => outcome,
                () = hung_up(rest) => return,
            }
        }
        // Anybody else gets the answer, also where their own side is closed already.
        Ok(request) => {
            let rest = read.into_inner().into_inner();
            operate(&daemon, request, &mut answers, (pid, rest)).await
        }
        Err(error) => Err(failure(
            "invalid",
            format!("not a request of this version: {error}"),
        )),
    };
    let last = outcome.map_or_else(Reply::Error, Reply::End);
    // A peer that is gone has no use for it.
    let _gone = answers.say(&last).await;
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

/// Runs a change in a task of its own: neither a peer that hangs up nor the end of the drain
/// comes between a commit and what follows from it in memory.
async fn to_its_end<T: Send + 'static>(
    change: impl Future<Output = T> + Send + 'static,
) -> Result<T, Failure> {
    tokio::spawn(change)
        .await
        .map_err(|error| failure("unavailable", error.to_string()))
}

async fn operate(
    daemon: &Arc<Daemon>,
    mut request: Request,
    answers: &mut Answers,
    (pid, rest): (u32, OwnedReadHalf),
) -> Outcome {
    let auth = person::admit(daemon, &mut request, pid, hung_up(rest)).await?;
    let it = Arc::clone(daemon);
    match request {
        Request::Status => status::status(daemon).await,
        Request::Sessions => status::sessions(daemon, answers).await,
        Request::Logs(query) => logs::logs(daemon, query, answers).await,
        Request::AuditVerify { checkpoint } => maintain::verify(daemon, checkpoint).await,
        Request::AuditErase(query) => to_its_end(maintain::erase(it, query)).await?,
        Request::Policies { path } => policy::list(daemon, path, answers).await,
        Request::PolicyTrust { path, hash } => to_its_end(policy::trust(it, path, hash)).await?,
        Request::PolicyReload => {
            let reloaded = to_its_end(async move { it.policies.reload().await }).await?;
            policy::reloaded(reloaded, answers).await
        }
        Request::Approvals => approvals::list(daemon, answers).await,
        Request::ApprovalsWatch => approvals::watch(daemon, answers).await,
        Request::Answer {
            id,
            allow,
            channel,
            grant,
        } => {
            to_its_end(approvals::answer(
                it,
                id,
                (allow, grant),
                (channel, pid, auth),
            ))
            .await?
        }
        Request::Extend { id, channel } => {
            to_its_end(approvals::extend(it, id, (channel, pid, auth))).await?
        }
        Request::GrantPlan { id, grant } => grants::plan(daemon, id, grant).await,
        Request::Grants => grants::list(daemon, answers).await,
        Request::GrantRevoke { id } => to_its_end(grants::revoke(it, id, pid)).await?,
        Request::Override { mode, until } => to_its_end(overriding::set(it, mode, until)).await?,
        Request::Tools => tools::list(daemon, answers).await,
        Request::ToolDefinitions {
            client,
            identity,
            tool,
        } => tools::definitions(daemon, (client, identity), tool, answers).await,
        Request::ToolsApprove {
            client,
            identity,
            tools,
            all,
        } => to_its_end(tools::approve(it, (client, identity), tools, all, pid)).await?,
        Request::Stop => Ok(maintain::stop(daemon)),
    }
}

fn unavailable(error: &AuditError) -> Failure {
    failure(
        "unavailable",
        format!("the audit store can't be used: {error}"),
    )
}

fn gone(_: std::io::Error) -> Failure {
    failure("unavailable", "the reader has gone".to_owned())
}

fn as_value(it: &impl serde::Serialize) -> Outcome {
    serde_json::to_value(it).map_err(|error| failure("unavailable", error.to_string()))
}
