//! The audit in figures, and how its store is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Hours [`super::Request::Stats`] looks back at the most: a year of 366 days.
pub const MAX_HOURS: u32 = 8784;

/// The calls of some time, in figures. A decision counts in the hour of its timestamp.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// The first hour's beginning, RFC 3339.
    pub from: String,
    /// When it was asked, RFC 3339.
    pub to: String,
    /// All records up to this one are counted.
    pub indexed_to: u64,
    /// Every record there was is counted.
    pub complete: bool,
    /// Hours that have records, oldest first.
    pub hours: Vec<HourStats>,
    /// How many decisions of each word.
    pub decisions: BTreeMap<String, u64>,
    /// The tools with the most calls, [`MOST_SHOWN`] at the most. Where more names came in an hour
    /// than are told apart, the others are one without a name.
    pub tools: Vec<ToolStats>,
    /// The same of servers.
    pub servers: Vec<ServerStats>,
    /// The same of clients.
    pub clients: Vec<ClientStats>,
}

/// Tools, servers and clients named in [`Stats`].
pub const MOST_SHOWN: usize = 50;

/// One hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HourStats {
    /// Its beginning, RFC 3339.
    pub hour: String,
    /// Decisions that let through.
    pub allow: u64,
    /// That refused.
    pub block: u64,
    /// That refused since a rate limit was spent.
    pub rate_limited: u64,
    /// That let through in monitor mode what the policy refuses.
    pub monitor: u64,
    /// Times a person was asked.
    pub asked: u64,
    /// Events of DLP findings.
    pub findings: u64,
    /// From a message's receipt to its decision, of those no person was asked about; `None` where
    /// there were none.
    pub latency_us: Option<Latency>,
}

/// Microseconds, each within some 6 % of the true value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latency {
    /// Of how many.
    pub count: u64,
    /// The middle one.
    pub p50: u64,
    /// 95 of 100 took no longer.
    pub p95: u64,
    /// 99 of 100 took no longer.
    pub p99: u64,
}

/// One tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolStats {
    /// The server's label.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// Decisions on calls of it.
    pub calls: u64,
    /// Those that refused.
    pub refused: u64,
    /// The last, RFC 3339.
    pub last: String,
}

/// One server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerStats {
    /// Its label.
    pub server: String,
    /// Decisions on messages to or from it.
    pub calls: u64,
    /// Those that refused.
    pub refused: u64,
    /// The last, RFC 3339.
    pub last: String,
}

/// One client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientStats {
    /// The client, as in [`super::Session`].
    pub client: String,
    /// Decisions on messages from or to it.
    pub calls: u64,
    /// Those that refused.
    pub refused: u64,
}

/// The audit store as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditState {
    /// Records in it.
    pub records: u64,
    /// The last one's number; 0 where there is none.
    pub last_seq: u64,
    /// The last one as a checkpoint, `SEQ:HASH`; empty where there is none.
    pub head: String,
    /// Bytes of the store's file and its write-ahead log.
    pub store_bytes: u64,
    /// The time of the oldest record, RFC 3339.
    pub first: Option<String>,
    /// How long what is kept.
    pub retention: RetentionState,
    /// What retention has removed, oldest first, the last [`MOST_REMOVED`].
    pub removed: Vec<RemovedSegment>,
    /// The last verification since the daemon started.
    pub verified: Option<VerifiedAt>,
}

/// Removed segments named in [`AuditState`].
pub const MOST_REMOVED: usize = 100;

/// How long what is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetentionState {
    /// Days records are kept.
    pub days: u32,
    /// Megabytes (of 1,048,576 bytes) past which the oldest go.
    pub megabytes: u64,
    /// Days arguments are kept.
    pub body_days: u32,
}

/// A run of records that retention has removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemovedSegment {
    /// The first record.
    pub first_seq: u64,
    /// The last.
    pub last_seq: u64,
    /// When they were removed, RFC 3339.
    pub removed: String,
}

/// A verification and when it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VerifiedAt {
    /// When, RFC 3339.
    pub at: String,
    /// What it found.
    #[serde(flatten)]
    pub found: super::Verified,
}
