//! What can be asked of the daemon, each operation once and in a file of its own: the control
//! socket and the HTTP API both call [`operate`].

use std::sync::Arc;

use wire::control::{Channel, Failure, Request};

use crate::approval::failure;
use crate::audit::{AuditError, NewRecord};
use crate::daemon::Daemon;
use crate::peer::Process;
use crate::person;

mod approvals;
mod clients;
mod dashboard;
mod effective;
mod grants;
mod learning;
mod logs;
mod maintain;
mod overriding;
mod policy;
mod records;
mod status;
mod story;
mod tools;
mod try_out;

/// The way an operation's items go.
pub trait Answers: Send {
    /// An item that is JSON text already.
    ///
    /// # Errors
    /// When nobody takes it any more.
    fn line(&mut self, line: &str) -> impl Future<Output = std::io::Result<()>> + Send;

    /// All that was there at the beginning has been told; what follows is new.
    ///
    /// # Errors
    /// When nobody takes it any more.
    fn begun(&mut self) -> impl Future<Output = std::io::Result<()>> + Send {
        std::future::ready(Ok(()))
    }

    /// An item.
    ///
    /// # Errors
    /// When nobody takes it any more.
    fn item(
        &mut self,
        item: &(impl serde::Serialize + Sync),
    ) -> impl Future<Output = std::io::Result<()>> + Send {
        async {
            let line = serde_json::to_string(item).map_err(std::io::Error::other)?;
            self.line(&line).await
        }
    }
}

/// The door an operation is asked for at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The control socket.
    Control,
    /// The HTTP API.
    Http,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Where.
    pub door: Door,
    /// The process, where the kernel tells it.
    pub pid: Option<u32>,
}

impl Caller {
    /// What the command says it is, as far as its door lets it.
    fn channel(self, said: Channel) -> Channel {
        match self.door {
            Door::Control if said == Channel::Dashboard => Channel::Control,
            Door::Control => said,
            Door::Http => Channel::Dashboard,
        }
    }

    /// Names itself in a record.
    pub(crate) fn sign(self, record: NewRecord) -> NewRecord {
        record
            .set("channel", self.channel(Channel::Control).word())
            .set_some("pid", self.pid)
            .set_some("program", self.program())
    }

    /// The executable.
    pub(crate) fn program(self) -> Option<String> {
        let program = self.pid.and_then(Process::observe)?.program;
        program.map(|it| it.display().to_string())
    }
}

/// How an operation ends: with what the last line says, or why it was not done.
pub type Outcome = Result<serde_json::Value, Failure>;

/// Runs a change in a task of its own: neither a peer that hangs up nor the end of the drain
/// comes between a commit and what follows from it in memory.
async fn to_its_end<T: Send + 'static>(
    change: impl Future<Output = T> + Send + 'static,
) -> Result<T, Failure> {
    tokio::spawn(change)
        .await
        .map_err(|error| failure("unavailable", error.to_string()))
}

/// Does what is asked, if this caller may. `gone` is heard when nobody waits for the answer any
/// more: it ends a question to the person, and nothing that was begun.
///
/// # Errors
/// What keeps it from being done.
pub async fn operate(
    daemon: &Arc<Daemon>,
    mut request: Request,
    answers: &mut impl Answers,
    caller: Caller,
    gone: impl Future<Output = ()>,
) -> Outcome {
    let admitted = person::admit(daemon, &mut request, caller, gone).await?;
    let auth = admitted.auth;
    let it = Arc::clone(daemon);
    match request {
        Request::Status => status::status(&it).await,
        Request::Sessions => status::sessions(daemon, answers).await,
        Request::Logs(query) => logs::logs(daemon, query, answers).await,
        Request::Records(query) => records::page(daemon, query, answers).await,
        Request::Record { seq } => story::story(daemon, seq).await,
        Request::Stats { hours } => records::stats(daemon, hours).await,
        Request::AuditState => maintain::state(daemon).await,
        Request::AuditVerify { checkpoint } => maintain::verify(daemon, checkpoint).await,
        Request::AuditErase(query) => to_its_end(maintain::erase(it, query)).await?,
        Request::Policies { path } => policy::list(daemon, path, answers).await,
        Request::PolicyTrust { path, hash } => to_its_end(policy::trust(it, path, hash)).await?,
        Request::PolicyReload => {
            let reloaded = to_its_end(async move { it.policies.reload().await }).await?;
            policy::reloaded(reloaded, answers).await
        }
        Request::PolicyValidate { text, path } => try_out::validate(daemon, text, path).await,
        Request::PolicyExplain(query) => try_out::explain(daemon, query).await,
        Request::PolicyEffective(query) => effective::tell(daemon, query, answers).await,
        Request::PolicyRules { path, hours } => policy::rules(daemon, path, hours, answers).await,
        Request::PolicySuggest(query) => learning::suggest::suggest(&it, query).await,
        Request::PolicyReplay(query) => learning::replay::replay(&it, query, answers).await,
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
                (caller.channel(channel), caller.pid, auth),
            ))
            .await?
        }
        Request::Extend { id, channel } => {
            to_its_end(approvals::extend(
                it,
                id,
                (caller.channel(channel), caller.pid, auth),
            ))
            .await?
        }
        Request::GrantPlan { id, grant } => grants::plan(daemon, id, grant).await,
        Request::Grants => grants::list(daemon, answers).await,
        Request::GrantRevoke { id } => to_its_end(grants::revoke(it, id, caller)).await?,
        Request::Override { mode, until } => {
            to_its_end(overriding::set(it, mode, until, admitted.as_person)).await?
        }
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
        } => to_its_end(tools::approve(it, (client, identity), tools, all, caller)).await?,
        Request::DashboardCode => dashboard::code(daemon, answers).await,
        Request::DashboardToken => to_its_end(dashboard::token(it, caller)).await?,
        Request::DashboardRevoke => to_its_end(dashboard::revoke(it, caller)).await?,
        Request::Clients => clients::list(&it, answers).await,
        Request::ClientsWrap { aip, files } => {
            to_its_end(clients::wrapped(it, aip, files, caller)).await?
        }
        Request::ClientsUnwrap { files } => {
            to_its_end(clients::unwrapped(it, files, caller)).await?
        }
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
