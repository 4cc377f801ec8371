//! What is written in one go: records, and the state that must not outlive or precede them.

use super::grants::GrantOp;
use super::pins::PinOp;
use super::record::NewRecord;

/// How hard a commit is pressed onto the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sync {
    /// Survives a crash of ours, not the last moments before a power cut.
    #[default]
    Normal,
    /// Survives a power cut.
    Full,
}

/// Written whole or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    /// Appended to the chain, in order.
    pub records: Vec<NewRecord>,
    /// Applied in the same transaction.
    pub ops: Vec<StateOp>,
    /// How hard.
    pub sync: Sync,
}

impl Batch {
    /// Nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.ops.is_empty()
    }

    /// Takes another batch's contents in, behind its own.
    pub fn append(&mut self, mut other: Self) {
        self.records.append(&mut other.records);
        self.ops.append(&mut other.ops);
        self.sync = self.sync.max(other.sync);
    }
}

/// A request under way, as a daemon started anew needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutstandingRow {
    /// `client` or `server`.
    pub sender: &'static str,
    /// The id as JSON.
    pub id: String,
    /// The frame it came in.
    pub number: u64,
    /// The method, in MCP's spelling.
    pub method: String,
    /// The tool, for a call.
    pub tool: Option<String>,
    /// What its records share.
    pub call_id: String,
    /// When it came, ms since 1970.
    pub began_ms: i64,
    /// Which page of a list it asks for: see `session::learnt::Page`.
    pub page: String,
}

/// A change of state, in the same transaction as the records.
#[derive(Clone)]
pub enum StateOp {
    /// Of one session.
    Session {
        /// Its id.
        id: String,
        /// What changes.
        op: SessionOp,
    },
    /// Of one approval.
    Approval {
        /// Its id.
        id: String,
        /// What changes.
        op: ApprovalOp,
    },
    /// A rate limit's bucket after a call was counted.
    Bucket {
        /// Path of the policy.
        policy: String,
        /// Normal form of the tool.
        tool: String,
        /// See `engine::rate`.
        tat_ms: i64,
    },
    /// The version of a policy file in force, and the one that waits.
    Policy(PolicyRow),
    /// A layer that is gone is known no more.
    PolicyForgotten(String),
    /// A daemon-wide setting.
    Setting {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// What is pinned of one server's tools.
    Pin {
        /// Executable of the client that runs it.
        client: String,
        /// Its identity.
        server: String,
        /// What changes.
        op: PinOp,
    },
    /// Of grants, and of what a person allowed.
    Grant(GrantOp),
    /// Bodies of these records are erased.
    EraseBodies {
        /// First and last sequence number of each run.
        runs: Vec<(u64, u64)>,
    },
    /// A closed segment's records are removed, its end hash stays.
    RemoveSegment {
        /// Its number.
        id: i64,
        /// When, RFC 3339.
        at: String,
    },
}

/// A change of one session.
#[derive(Clone)]
pub enum SessionOp {
    /// It begins.
    Begins {
        /// SHA-256 of its resume secret, hex.
        secret_hash: String,
        /// Who it belongs to, JSON.
        facts: String,
    },
    /// What it has learnt of its peers, JSON.
    Learnt(String),
    /// It is over and can't be resumed; nothing is kept of it. When, RFC 3339.
    Ends(String),
    /// A request begins.
    OutstandingAdd(OutstandingRow),
    /// A request is over.
    OutstandingDrop {
        /// `client` or `server`.
        sender: &'static str,
        /// Its id as JSON.
        id: String,
        /// The frame it came in: a later request may use the same id.
        number: u64,
    },
}

/// A change of one approval.
#[derive(Clone)]
pub enum ApprovalOp {
    /// A call begins to wait for a person.
    Asked {
        /// The session.
        session: String,
        /// The frame.
        number: u64,
        /// When it denies itself, ms since 1970.
        deadline_ms: i64,
        /// What the person is shown, JSON.
        shown: String,
    },
    /// The call it is about has come back in another frame.
    Moved {
        /// The frame.
        number: u64,
    },
    /// A person has given it more time.
    Extended {
        /// When it denies itself now, ms since 1970.
        deadline_ms: i64,
    },
    /// It no longer waits, and what was shown goes: `allowed`, `denied`, `expired` or
    /// `withdrawn`.
    Ends(&'static str),
}

/// A policy file as the daemon keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// Path of the file.
    pub path: String,
    /// Source in force.
    pub text: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// Source that waits for trust.
    pub pending: Option<String>,
    /// Why it waits.
    pub why: Option<String>,
}

impl std::fmt::Debug for StateOp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateOp(..)")
    }
}
