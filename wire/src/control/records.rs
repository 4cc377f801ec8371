//! Audit records as a screen asks for them: page by page, newest first, with their story.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which audit records, newest first. All that is set must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordQuery {
    /// Not before this time, RFC 3339.
    pub since: Option<String>,
    /// Not after this time, RFC 3339.
    pub until: Option<String>,
    /// Of this tool.
    pub tool: Option<String>,
    /// Of this server (label or command).
    pub server: Option<String>,
    /// With this decision (`ALLOW`, `BLOCK`, `ALLOW_MONITOR`, `RATE_LIMITED`).
    pub decision: Option<String>,
    /// Of this session (the id or its start).
    pub session: Option<String>,
    /// Of this client.
    pub client: Option<String>,
    /// Events of this name (`DLP_TRIGGERED`, ...).
    pub event: Option<String>,
    /// Which kinds; decisions and events where none is named.
    pub kinds: Vec<RecordKind>,
    /// Words that tool, server, client, reason, arguments or other fields hold: all of them, the
    /// last one at least by its beginning; words in quotation marks follow one another. Any text
    /// will do; one without a word in it is as none.
    pub q: Option<String>,
    /// Only records with a lower number: the `next` of the page before.
    pub before: Option<u64>,
    /// Only records with a higher number.
    pub after: Option<u64>,
    /// At most so many, 1 to [`MAX_PAGE`]; [`PAGE`] where none is given.
    pub limit: Option<u64>,
}

/// Records in a page where nothing says otherwise.
pub const PAGE: u64 = 50;
/// Records in a page at the most.
pub const MAX_PAGE: u64 = 200;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A verdict on one message.
    Decision,
    /// Something that happened.
    Event,
    /// What became of a call after its decision.
    Outcome,
}

/// How a page of records ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordPage {
    /// Where to go on, as `before` of the next query; `None` where nothing older fits. So many
    /// records are looked at in one go that a page can be short, or empty, and yet have a next one.
    pub next: Option<u64>,
    /// How far the text index is; `None` where it was not asked.
    pub search: Option<SearchState>,
}

/// How far the text index is. What it lacks is read from the store itself: results are whole all
/// the same, but take more pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchState {
    /// All records up to this one are in it.
    pub indexed_to: u64,
    /// The last record there is.
    pub last: u64,
    /// It lacks none, or so few that they cost nothing.
    pub complete: bool,
}

/// One record and what belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Story {
    /// The record, in the export's form.
    pub record: Value,
    /// Its arguments as compact JSON, numbers as they were written; `None` where none are kept.
    pub args: Option<String>,
    /// What became of its call.
    pub outcome: Option<Value>,
    /// Other records of the same call or approval, oldest first.
    pub related: Vec<Value>,
    /// How it was decided.
    pub trace: Trace,
    /// Rules that would decide such calls otherwise.
    pub rules: Vec<RuleIdea>,
}

/// How a call was decided, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trace {
    /// Where the lines come from.
    pub source: TraceSource,
    /// The lines `aip --verbose` prints; empty where there is nothing to tell.
    pub lines: Vec<String>,
    /// Why they were not derived from the policy.
    pub why_not: Option<String>,
}

/// Where a trace comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceSource {
    /// The call was judged once more by the very policy that decided it.
    Policy,
    /// What the record says.
    #[default]
    Record,
}

/// A rule a person could put into their policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleIdea {
    /// What it does, in a few words.
    pub title: String,
    /// The rule as YAML.
    pub yaml: String,
    /// Where to put it, and what to think of first.
    pub note: String,
}
