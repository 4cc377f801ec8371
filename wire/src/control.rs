//! What a person's command and the daemon say to each other on the control socket: one JSON
//! object a line. A connection carries one request; the daemon answers with any number of
//! [`Reply::Item`] and then one [`Reply::End`] or [`Reply::Error`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod approvals;
mod clients;
mod dashboard;
mod effective;
mod grants;
mod learning;
mod policies;
mod records;
mod stats;
mod tools;

pub use approvals::{Approval, Channel};
pub use clients::{ClientServer, EditedFile, ServerState, Unwrapped};
pub use dashboard::{DashboardCode, DashboardOpened, DashboardToken};
pub use effective::{
    EffectiveEnd, EffectiveEntry, EffectiveMember, EffectiveQuery, EffectiveTool, EffectiveWord,
};
pub use grants::{Before, Grant, GrantPlan, GrantWish, Lasts, PastCall, What};
pub use learning::{ReplayChange, ReplayQuery, Replayed, SuggestQuery, Suggested, Unknown};
pub use policies::{ExplainQuery, Explained, PolicyChecked, PolicyDiagnostic, PolicyRule};
pub use records::{
    MAX_PAGE, PAGE, RecordKind, RecordPage, RecordQuery, RuleIdea, SearchState, Story, Trace,
    TraceSource,
};
pub use stats::{
    AuditState, ClientStats, HourStats, Latency, MAX_HOURS, MOST_REMOVED, MOST_SHOWN,
    RemovedSegment, RetentionState, ServerStats, Stats, ToolStats, VerifiedAt,
};
pub use tools::{PinnedBefore, PinnedDefinition, PinnedServer, PinnedTool, ShownTool, ToolFinding};

/// The longest request line, in bytes.
pub const MAX_REQUEST: usize = 256 * 1024;

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// How the daemon is. End: [`Status`].
    Status,
    /// The sessions that run. Items: [`Session`].
    Sessions,
    /// Audit records, oldest first. Items: one object each, in the export's form.
    Logs(LogQuery),
    /// A page of audit records, newest first. Items: one object each, in the export's form. End:
    /// [`RecordPage`].
    Records(RecordQuery),
    /// One record and what belongs to it. End: [`Story`].
    Record {
        /// Its number.
        seq: u64,
    },
    /// The calls of some time in figures. End: [`Stats`].
    Stats {
        /// Hours before now, the present one among them: 1 to [`MAX_HOURS`].
        hours: u32,
    },
    /// How the audit store is. End: [`AuditState`].
    AuditState,
    /// Checks the audit chain. End: [`Verified`].
    AuditVerify {
        /// `SEQ:HASH` noted earlier: the record must still be there and have that hash.
        checkpoint: Option<String>,
    },
    /// Erases the bodies of records, the chain stays. End: `{"erased": N}`.
    AuditErase(EraseQuery),
    /// Policies the daemon knows. Items: [`PolicyState`].
    Policies {
        /// Only this one.
        path: Option<String>,
    },
    /// Puts the present version of a policy file in force. End: [`PolicyState`].
    PolicyTrust {
        /// Absolute path.
        path: String,
        /// Hash of the version the person was shown; another one is refused.
        hash: Option<String>,
    },
    /// Looks at every policy file in use again. Items: [`PolicyState`].
    PolicyReload,
    /// Checks a policy's text. End: [`PolicyChecked`].
    PolicyValidate {
        /// The text.
        text: String,
        /// The file it is for, absolute: relative entries are read beside it.
        path: Option<String>,
    },
    /// Tells how a call would be decided. End: [`Explained`].
    PolicyExplain(ExplainQuery),
    /// Tells what the policies come to that a session is judged by. Items: [`EffectiveMember`], the
    /// session's own first; end: [`EffectiveEnd`].
    PolicyEffective(EffectiveQuery),
    /// What each entry of a policy in force did of late. Items: [`PolicyRule`]; end:
    /// `{"looked_at": N, "more": bool}`, the decisions under this version that were counted and
    /// whether there are older ones.
    PolicyRules {
        /// As in [`PolicyState`].
        path: String,
        /// How far back, in hours.
        hours: u64,
    },
    /// The tightest policy that admits the calls that passed. End: [`Suggested`].
    PolicySuggest(SuggestQuery),
    /// What another policy would make of the calls that were recorded. Items: [`ReplayChange`]; end:
    /// [`Replayed`].
    PolicyReplay(ReplayQuery),
    /// Calls that wait for a person. Items: [`Approval`].
    Approvals,
    /// The same, and then each as it begins to wait, is given more time, and ends, until the
    /// asker hangs up or the daemon ends. Items: [`Approval`]; one that ended comes without
    /// arguments.
    ApprovalsWatch,
    /// A person's answer. Only for a person. End: [`Approval`].
    Answer {
        /// The approval's id, or the start of it that names one only.
        id: String,
        /// Allow or deny.
        allow: bool,
        /// Where the person was asked.
        #[serde(default)]
        channel: Channel,
        /// What is allowed beyond this call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<GrantWish>,
    },
    /// Gives a person as much time again for one call, once. Only for a person. End:
    /// [`Approval`] with its new deadline; an error where it was given before.
    Extend {
        /// The approval's id, or the start of it that names one only.
        id: String,
        /// Where the person was asked.
        #[serde(default)]
        channel: Channel,
    },
    /// What a grant for a waiting call would be; answers nothing. End: [`GrantPlan`].
    GrantPlan {
        /// As in [`Request::Answer`].
        id: String,
        /// Which.
        grant: GrantWish,
    },
    /// The grants there are. Items: [`Grant`].
    Grants,
    /// Ends grants. End: `{"revoked": N}`.
    GrantRevoke {
        /// Which one, by its id or the start of it that names one only; all where there is none.
        id: Option<String>,
    },
    /// Sets the daemon-wide override. End: `{"override": ..., "until": ...}`.
    Override {
        /// `none`, `monitor` or `deny_all`.
        mode: OverrideMode,
        /// Until when, RFC 3339; `None` until changed.
        until: Option<String>,
    },
    /// What is pinned of servers' tools. Items: [`PinnedServer`].
    Tools,
    /// Definitions of one server's tools. Items: [`PinnedDefinition`].
    ToolDefinitions {
        /// As in [`PinnedServer`].
        client: String,
        /// As in [`PinnedServer`].
        identity: String,
        /// Only this one.
        tool: Option<String>,
    },
    /// Takes the definitions last listed for the approved ones. End: `{"approved": N}`.
    ToolsApprove {
        /// As in [`PinnedServer`].
        client: String,
        /// As in [`PinnedServer`].
        identity: String,
        /// Which; none of them where one is not as it was shown.
        tools: Vec<ShownTool>,
        /// What else was to be looked at is settled too: the command that changed.
        all: bool,
    },
    /// A code by which a browser gets its token. Only for a person. Items: one [`DashboardCode`].
    /// End, once the code was traded or its time is over: [`DashboardOpened`].
    DashboardCode,
    /// A token for programs, which can look and change nothing. Only for a person. End:
    /// [`DashboardToken`].
    DashboardToken,
    /// Ends every token of the dashboard. End: `{"revoked": N}`.
    DashboardRevoke,
    /// The servers in clients' configurations, as they stand there now. Items: [`ClientServer`].
    Clients,
    /// Records that aip is about to be put in front of servers. End: `{}`.
    ClientsWrap {
        /// Absolute path of `aip`, as it will stand in the entries.
        aip: String,
        /// The files and their entries.
        files: Vec<EditedFile>,
    },
    /// Records that aip is about to be taken away again. Only for a person. End: `{}`.
    ClientsUnwrap {
        /// The files and their entries.
        files: Vec<EditedFile>,
    },
    /// Ends the daemon once what it has begun is done. End: `{}`.
    Stop,
}

/// The daemon-wide override every decision reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideMode {
    /// Policies decide.
    #[default]
    None,
    /// Every policy is judged as if in monitor mode.
    Monitor,
    /// Every call is refused.
    DenyAll,
}

/// Which audit records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    /// Go on with new ones as they come.
    pub follow: bool,
    /// Not before this time, RFC 3339.
    pub since: Option<String>,
    /// Not after this time, RFC 3339; following goes on all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Only of this tool.
    pub tool: Option<String>,
    /// Only of this server (label or command).
    pub server: Option<String>,
    /// Only with this decision (`ALLOW`, `BLOCK`, `ALLOW_MONITOR`, `RATE_LIMITED`).
    pub decision: Option<String>,
    /// Only of this session (the id or its start).
    pub session: Option<String>,
    /// At most so many, the newest ones.
    pub limit: Option<u64>,
    /// Events too (DLP findings, sessions, policies, approvals).
    pub events: bool,
    /// Outcomes of calls too.
    pub outcomes: bool,
}

/// Which bodies to erase. At least one must be set; all that are must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EraseQuery {
    /// Recorded before this time, RFC 3339.
    pub before: Option<String>,
    /// Of this session.
    pub session: Option<String>,
    /// Of this record.
    pub seq: Option<u64>,
}

/// One line of the daemon's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// One of several.
    Item(Value),
    /// The last line when all went well.
    End(Value),
    /// The last line when it did not.
    Error(Failure),
}

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable word: `not_found`, `ambiguous`, `refused`, `not_a_person`, `invalid`,
    /// `unavailable`, `conflict`.
    pub code: String,
    /// For the person.
    pub message: String,
}

/// How the daemon is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// The process.
    pub daemon: DaemonStatus,
    /// Where its files are.
    pub folders: FolderStatus,
    /// The override in force.
    #[serde(rename = "override")]
    pub override_mode: OverrideMode,
    /// Until when, RFC 3339.
    pub override_until: Option<String>,
    /// Sessions that run.
    pub sessions: Vec<Session>,
    /// Calls that wait for a person.
    pub approvals_waiting: u64,
    /// What a person should know: policies that wait for trust, an audit that can't be written.
    pub attention: Vec<String>,
    /// Servers that clients start without aip.
    pub unwrapped: Vec<Unwrapped>,
    /// Records in the store.
    pub records: u64,
    /// What only a person may do needs their password (`approval_auth: system`).
    pub needs_password: bool,
    /// Where the dashboard is, as `http://127.0.0.1:PORT/`; `None` where there is none.
    pub dashboard: Option<String>,
}

/// The daemon's process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// Process id.
    pub pid: u32,
    /// Version of its build.
    pub version: String,
    /// When it started, RFC 3339.
    pub started: String,
}

/// Where the files are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderStatus {
    /// `AIP_HOME`, where it is in effect.
    pub aip_home: Option<String>,
    /// Configuration.
    pub config: String,
    /// Store, live audit log, lock, daemon log.
    pub state: String,
    /// Sockets.
    pub runtime: String,
}

/// One running session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// UUIDv7.
    pub id: String,
    /// `--name`, or the command's base name.
    pub server: String,
    /// SHA-256 over the server's program and arguments, as in [`PinnedServer`].
    pub identity: String,
    /// The server's command line.
    pub command: Vec<String>,
    /// Process id of the server.
    pub server_pid: Option<u32>,
    /// The client: executable as observed, or as claimed.
    pub client: String,
    /// `observed` or `claimed`.
    pub client_source: String,
    /// Path of the policy in force.
    pub policy: Option<String>,
    /// Its name.
    pub policy_name: Option<String>,
    /// Its hash.
    pub policy_hash: Option<String>,
    /// `enforce` or `monitor`.
    pub mode: String,
    /// When it started, RFC 3339.
    pub started: String,
    /// The client's working folder.
    pub cwd: String,
    /// Calls judged so far.
    pub calls: u64,
    /// Calls refused so far.
    pub refused: u64,
}

/// One policy the daemon knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyState {
    /// Path of the file.
    pub path: String,
    /// `metadata.name` of the version in force.
    pub name: String,
    /// Hash of the version in force.
    pub hash: String,
    /// When it was put in force, RFC 3339.
    pub since: String,
    /// Source text of the version in force.
    pub text: String,
    /// Set when the file holds another version that waits for `aipctl policy trust`.
    pub pending: Option<PendingPolicy>,
}

/// A newer version of a policy file that is not in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingPolicy {
    /// Its hash; empty when it does not load.
    pub hash: String,
    /// Its source text.
    pub text: String,
    /// Why it is not in force.
    pub why: String,
}

/// What [`Request::AuditVerify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verified {
    /// Every record, body and segment fits.
    pub intact: bool,
    /// Records walked.
    pub records: u64,
    /// The last record as a checkpoint, `SEQ:HASH`, to be kept outside the store.
    pub head: String,
    /// What does not fit, the first twenty.
    pub problems: Vec<String>,
}
