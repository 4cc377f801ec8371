//! The door before what only a person may do. An AI client or a server that got hold of a shell
//! can run `aipctl` as its user can; what it says counts only where it can be told that none of
//! them is behind it, and doubt refuses.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use wire::control::{Approval, Channel, Failure, OverrideMode, Request};

use crate::approval::failure;
use crate::audit::{Batch, NewRecord};
use crate::config::ApprovalAuth;
use crate::daemon::{Daemon, Overriding};
use crate::operation::{self, Caller};
use crate::peer::Process;
use crate::session::state::{Answer, By};

pub mod polkit;
mod seat;
mod seen;

pub use seat::{Doubt, Side, judge, judge_service};
pub use seen::{Look, Seen, System};

/// What only a person may do, by the command that does it; `None` for what anybody may. This is
/// the one table of it.
#[must_use]
pub fn deed(request: &Request, now: Overriding) -> Option<&'static str> {
    match request {
        Request::Answer { allow: true, .. } | Request::GrantPlan { .. } => Some("approve"),
        Request::Answer { allow: false, .. } => Some("deny"),
        Request::Extend { .. } => Some("extend"),
        Request::GrantRevoke { .. } => Some("grants revoke"),
        Request::PolicyTrust { .. } => Some("policy trust"),
        Request::ToolsApprove { .. } => Some("tools approve"),
        Request::AuditErase(_) => Some("audit erase"),
        Request::DashboardCode | Request::DashboardToken => Some("dashboard"),
        Request::ClientsUnwrap { .. } => Some("uninstall"),
        Request::Override { mode, until } => overriding(*mode, until.is_some(), now),
        Request::Status
        | Request::Sessions
        | Request::Logs(_)
        | Request::Records(_)
        | Request::Record { .. }
        | Request::Stats { .. }
        | Request::AuditState
        | Request::AuditVerify { .. }
        | Request::Policies { .. }
        | Request::PolicyValidate { .. }
        | Request::PolicyExplain(_)
        | Request::PolicyEffective(_)
        | Request::PolicyRules { .. }
        | Request::PolicySuggest(_)
        | Request::PolicyReplay(_)
        // Puts nothing in force that would have to be trusted.
        | Request::PolicyReload
        | Request::Approvals
        | Request::ApprovalsWatch
        | Request::Grants
        | Request::Tools
        | Request::ToolDefinitions { .. }
        // To close a door is for anybody.
        | Request::DashboardRevoke
        | Request::Clients
        // It only puts more behind a policy.
        | Request::ClientsWrap { .. }
        // Without a daemon nothing passes.
        | Request::Stop => None,
    }
}

/// Anybody may stop everything for good; what lets more through than now is for a person.
fn overriding(mode: OverrideMode, ends: bool, now: Overriding) -> Option<&'static str> {
    match mode {
        OverrideMode::DenyAll if !ends => None,
        OverrideMode::DenyAll => Some("stop-all"),
        OverrideMode::Monitor => Some("pause"),
        OverrideMode::None if now.mode == OverrideMode::None => None,
        OverrideMode::None => Some("resume"),
    }
}

/// The most clients remembered whose sessions are over and who still run.
const CLIENTS: usize = 256;
/// Refusals that get a record of their own in a minute; what is over is counted in the next.
const RECORDED: usize = 30;
const MINUTE: i64 = 60_000;
/// Questions for the person's password in a minute; a client could ask on and on.
const QUESTIONS: usize = 10;

/// The clients seen, and who was turned away.
#[derive(Debug, Default)]
pub struct Door {
    clients: Mutex<VecDeque<Process>>,
    refused: Mutex<Refused>,
    /// When the person was asked for their password of late, ms since 1970.
    questions: Mutex<VecDeque<i64>>,
}

#[derive(Debug, Default)]
struct Refused {
    /// When those were that have a record, ms since 1970.
    recorded: VecDeque<i64>,
    /// How many have none.
    more: u64,
    /// How many in all.
    count: u64,
    /// The last, for the person.
    last: String,
}

impl Door {
    /// A client has a session: as long as it runs, nothing it starts is taken for a person. A shell
    /// is none any more once its session is over: a person may have tried aip by hand.
    pub fn client_seen(&self, client: &Process) {
        if seat::is_shell(client.program.as_deref()) {
            return;
        }
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.iter().any(|it| it.is(client)) {
            return;
        }
        clients.retain(Process::alive);
        if clients.len() >= CLIENTS {
            clients.pop_front();
        }
        clients.push_back(client.clone());
    }

    /// What a person should know of those turned away.
    #[must_use]
    pub fn attention(&self) -> Option<String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match refused.count {
            0 => None,
            1 => Some(format!("a command was refused: {}", refused.last)),
            more => Some(format!(
                "{more} commands were refused, the last: {}",
                refused.last
            )),
        }
    }

    /// Whether the person may be asked for their password once more; if so, that counts.
    fn may_question(&self, now_ms: i64) -> bool {
        let asked = self.questions.lock();
        let mut asked = asked.unwrap_or_else(PoisonError::into_inner);
        asked.retain(|it| (0..MINUTE).contains(&(now_ms - it)));
        if asked.len() >= QUESTIONS {
            return false;
        }
        asked.push_back(now_ms);
        true
    }

    /// Whether this refusal gets a record, and of how many without one it tells.
    fn counts(&self, now_ms: i64, told: &str) -> Option<u64> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.count += 1;
        told.clone_into(&mut refused.last);
        while refused
            .recorded
            .front()
            .is_some_and(|it| now_ms - it > MINUTE)
        {
            refused.recorded.pop_front();
        }
        if refused.recorded.len() >= RECORDED {
            refused.more += 1;
            return None;
        }
        refused.recorded.push_back(now_ms);
        Some(std::mem::take(&mut refused.more))
    }
}

/// How a request was let pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// Only a person may do it, and one does.
    pub as_person: bool,
    /// What stands behind it beside the process.
    pub auth: Option<&'static str>,
}

impl Admitted {
    const PERSON: Self = Self {
        as_person: true,
        auth: None,
    };
}

/// Lets a request pass, or says why it does not: recorded, and shown by `aipctl status`. `gone` is heard when nobody waits for the answer any more.
///
/// # Errors
/// `not_a_person` where only a person may do it and it can't be told that one does, and where it
/// names nothing there is.
pub async fn admit(
    daemon: &Arc<Daemon>,
    request: &mut Request,
    caller: Caller,
    gone: impl Future<Output = ()>,
) -> Result<Admitted, Failure> {
    let Some(deed) = deed(request, daemon.overriding(crate::time::now_ms())) else {
        return Ok(Admitted::default());
    };
    let by_terminal = match daemon.config.approval_auth {
        ApprovalAuth::Off => return Ok(Admitted::PERSON),
        ApprovalAuth::Terminal => true,
        // It changes nothing, and the person is asked for the answer that follows.
        ApprovalAuth::System if matches!(request, Request::GrantPlan { .. }) => {
            return Ok(Admitted::PERSON);
        }
        ApprovalAuth::System => false,
    };
    // To deny or to think longer, the terminal is enough: that lets nothing pass.
    let lets_nothing_pass = matches!(
        request,
        Request::Answer { allow: false, .. } | Request::Extend { .. }
    );
    if by_terminal || lets_nothing_pass {
        match seated(daemon, caller) {
            Ok(()) => return Ok(Admitted::PERSON),
            Err(doubt) if by_terminal => {
                refuse(daemon, deed, request, caller, &doubt.to_string()).await;
                let instead = instead(request, caller.door);
                return Err(not_a_person(&format!("{doubt}; {instead}")));
            }
            Err(_) => {}
        }
    }
    let (what, ask) = polkit::what::asked(request, &daemon.approvals)?;
    let peer = caller.pid.and_then(Process::observe);
    match polkit::confirm(daemon, peer, what.clone(), ask.as_deref(), gone).await {
        Ok(()) => {
            let auth = confirmed(daemon, deed, request, caller, what).await?;
            Ok(Admitted {
                auth,
                ..Admitted::PERSON
            })
        }
        Err(why) => {
            refuse(daemon, deed, request, caller, &why.to_string()).await;
            Err(not_a_person(&why.to_string()))
        }
    }
}

/// Whether a person can be told to be the one who asks.
fn seated(daemon: &Daemon, caller: Caller) -> Result<(), Doubt> {
    let pid = caller.pid.ok_or(Doubt::Unseen)?;
    match caller.door {
        operation::Door::Control => judge(&System, pid, &sides(daemon)),
        // A browser has no terminal; that it had a person's token was looked at before.
        operation::Door::Http => judge_service(&System, pid, &sides(daemon)),
    }
}

/// Nothing is done on a password before that is recorded.
async fn confirmed(
    daemon: &Daemon,
    deed: &'static str,
    request: &Request,
    caller: Caller,
    what: String,
) -> Result<Option<&'static str>, Failure> {
    let record = event("COMMAND_CONFIRMED", deed, request, caller)
        .set("auth", polkit::AUTH)
        .set("what", what);
    let batch = Batch {
        records: vec![record],
        ..Batch::default()
    };
    match daemon.audit.commit(batch).await {
        Ok(_) => Ok(Some(polkit::AUTH)),
        Err(error) => Err(failure(
            "unavailable",
            format!("the audit store can't be used: {error}"),
        )),
    }
}

fn event(name: &'static str, deed: &'static str, request: &Request, caller: Caller) -> NewRecord {
    let channel = match caller.door {
        operation::Door::Control => None,
        operation::Door::Http => Some(Channel::Dashboard.word()),
    };
    NewRecord::event(crate::time::now_ms(), name)
        .set("command", deed)
        .set_some("channel", channel)
        .set_some("pid", caller.pid)
        .set_some("program", caller.program())
        .set_some("approval_id", approval(request))
}

async fn refuse(daemon: &Daemon, deed: &'static str, request: &Request, caller: Caller, why: &str) {
    let what = match caller.door {
        operation::Door::Control => format!("`aipctl {deed}`"),
        operation::Door::Http => format!("`{deed}` on the dashboard"),
    };
    let told = format!("{what} by {}: {why}", who(caller));
    tracing::warn!(
        pid = caller.pid,
        deed,
        why,
        "a command that only a person may give was refused"
    );
    let record = event("COMMAND_REFUSED", deed, request, caller).set("reason", why.to_owned());
    turned_away(daemon, &told, record, crate::time::now_ms()).await;
}

fn not_a_person(why: &str) -> Failure {
    failure(
        "not_a_person",
        format!("this is for a person to do, and {why}"),
    )
}

/// Hands on what a person answered in a window or a notification. With `approval_auth: system` a yes
/// counts once they have given their password as well: this daemon asks for it in its own name.
///
/// # Errors
/// When the call no longer waits, or the yes does not count: recorded, and the call waits on.
pub async fn hand_on(daemon: &Arc<Daemon>, ask: &str, answer: Answer) -> Result<Approval, Failure> {
    let answer = match (daemon.config.approval_auth, answer) {
        (ApprovalAuth::System, Answer::Allow(by)) => Answer::Allow(behind(daemon, ask, by).await?),
        (ApprovalAuth::Terminal | ApprovalAuth::System | ApprovalAuth::Off, answer) => answer,
    };
    daemon.approvals.answer(ask, answer).await
}

async fn behind(daemon: &Arc<Daemon>, ask: &str, by: By) -> Result<By, Failure> {
    let approval = daemon.approvals.look(ask)?;
    let what = polkit::what::allowed(&approval);
    let own = Process::observe(std::process::id());
    let never = std::future::pending();
    match polkit::confirm(daemon, own, what, Some(ask), never).await {
        Ok(()) => Ok(By {
            auth: Some(polkit::AUTH),
            ..by
        }),
        Err(why) => {
            ignore_answer(daemon, ask, by.channel, by.pid, &why.to_string()).await;
            Err(not_a_person(&why.to_string()))
        }
    }
}

/// Whether what this process says a person did is a person's: a service of the desktop's.
///
/// # Errors
/// Why that can't be told.
pub fn serves(daemon: &Daemon, pid: Option<u32>) -> Result<(), Doubt> {
    judge_service(&System, pid.ok_or(Doubt::Unseen)?, &sides(daemon))
}

/// An answer by a notification or in a window does not count, for this reason: recorded, and shown
/// by `aipctl status`.
pub async fn ignore_answer(
    daemon: &Daemon,
    ask: &str,
    channel: &'static str,
    pid: Option<u32>,
    reason: &str,
) {
    let now_ms = crate::time::now_ms();
    let caller = Caller {
        door: operation::Door::Control,
        pid,
    };
    let told = format!("an answer by {channel}, by {}: {reason}", who(caller));
    tracing::warn!(ask, channel, ?pid, reason, "an answer does not count");
    let session = daemon.approvals.oldest(1, |id| id == ask).pop();
    let record = NewRecord::event(now_ms, "ANSWER_IGNORED")
        .set_some("session_id", session.map(|it| it.session.clone()))
        .set("approval_id", ask.to_owned())
        .set("channel", channel)
        .set("reason", reason.to_owned())
        .set_some("pid", pid)
        .set_some("program", caller.program());
    turned_away(daemon, &told, record, now_ms).await;
}

/// The program and its process, for the person.
fn who(caller: Caller) -> String {
    let program = caller.program();
    let program = program.as_deref().unwrap_or("a program that can't be told");
    let process = caller.pid.map(|pid| format!(" (process {pid})"));
    format!("{program}{}", process.unwrap_or_default())
}

/// Records it, as far as there are not too many.
async fn turned_away(daemon: &Daemon, told: &str, record: NewRecord, now_ms: i64) {
    let Some(more) = daemon.door.counts(now_ms, told) else {
        return;
    };
    let batch = Batch {
        records: vec![record.set_some("more", (more > 0).then_some(more))],
        ..Batch::default()
    };
    // It is refused in any case.
    if let Err(error) = daemon.audit.commit(batch).await {
        tracing::warn!(%error, "what was refused could not be recorded");
    }
}

/// What came in by the HTTP door does not count, for this reason: recorded with who it was, and
/// shown by `aipctl status`.
pub(crate) async fn turn_away(
    daemon: &Daemon,
    what: &str,
    caller: Caller,
    record: NewRecord,
    why: &str,
) {
    let told = format!("{what} by {}: {why}", who(caller));
    tracing::warn!(pid = caller.pid, why, "{what} was refused");
    let record = caller.sign(record);
    turned_away(daemon, &told, record, crate::time::now_ms()).await;
}

/// Where the person can do it.
fn instead(request: &Request, door: operation::Door) -> &'static str {
    if door == operation::Door::Http {
        "do it by `aipctl` in a terminal that was open before the client started, or in a browser \
         that was"
    } else if approval(request).is_some() {
        "answer in the window, or in a terminal that was open before the client started, or in \
         another login"
    } else {
        "do it in a terminal that was open before the client started, or in another login"
    }
}

/// The call that is answered.
fn approval(request: &Request) -> Option<String> {
    let (Request::Answer { id, .. } | Request::Extend { id, .. } | Request::GrantPlan { id, .. }) =
        request
    else {
        return None;
    };
    Some(id.chars().take(64).collect())
}

/// Every client, shim and server there is.
fn sides(daemon: &Daemon) -> Vec<Side> {
    let mut sides: Vec<Side> = daemon
        .sessions()
        .values()
        .map(|running| running.side.clone())
        .collect();
    let clients = daemon.door.clients.lock();
    let clients = clients.unwrap_or_else(PoisonError::into_inner);
    for client in clients.iter().filter(|it| it.alive()) {
        sides.push(Side {
            client: Some(client.clone()),
            ..Side::default()
        });
    }
    sides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_asked_for_the_password_ten_times_a_minute_at_most() {
        let door = Door::default();
        let asked = (0..20).filter(|it| door.may_question(*it)).count();
        assert_eq!(asked, 10);
        assert!(!door.may_question(MINUTE - 1));
        assert!(door.may_question(MINUTE + 10));
    }
}
