//! Policies made of what was recorded, and tried on it.

use serde::{Deserialize, Serialize};

use super::PolicyDiagnostic;

/// Which calls a policy is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuggestQuery {
    /// Not before this time, RFC 3339.
    pub since: Option<String>,
    /// Not after this time, RFC 3339.
    pub until: Option<String>,
    /// Only of this server (label or command).
    pub server: Option<String>,
    /// Only of sessions under this policy file, absolute.
    pub policy: Option<String>,
    /// All that was let through in monitor mode, and nothing else. Without it, what was allowed.
    pub monitor: bool,
}

/// The policy that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Suggested {
    /// It, as YAML.
    pub yaml: String,
    /// Calls it was made of.
    pub calls: u64,
    /// Tools in it.
    pub tools: u64,
    /// Calls that passed and that it can't admit, since it can't name their tool.
    pub left_out: u64,
    /// Calls it was made of and would refuse all the same: their arguments are not known, or one
    /// names a path that is protected by now.
    pub refused: u64,
    /// Calls that were refused, by a rule or a person, and that it would let pass.
    pub reopened: u64,
    /// Their servers, the first few.
    pub servers: Vec<String>,
    /// The policy file of the newest call's session.
    pub policy: Option<String>,
}

/// A policy, and the calls it is tried on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplayQuery {
    /// Its text.
    pub text: String,
    /// The file it is in, absolute: relative entries are read beside it.
    pub path: String,
    /// Not before this time, RFC 3339.
    pub since: Option<String>,
    /// Not after this time, RFC 3339.
    pub until: Option<String>,
    /// Only of this server (label or command).
    pub server: Option<String>,
    /// How many numbers of records are told of each kind of change, 100 at most.
    pub examples: u64,
}

/// Calls that would end in another way, all for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplayChange {
    /// The tool, or another request's method.
    pub what: String,
    /// What the policy of then said: `allow`, `ask`, `block` or `rate_limit`.
    pub old: String,
    /// What this one says.
    pub new: String,
    /// The entry that says so.
    pub rule: Option<String>,
    /// Why, where they would be refused.
    pub reason: Option<String>,
    /// Its line.
    pub line: Option<u64>,
    /// How many calls.
    pub count: u64,
    /// Numbers of their records, the first few.
    pub examples: Vec<u64>,
}

/// How a replay ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Replayed {
    /// Calls and other requests looked at.
    pub calls: u64,
    /// Those that would end as they did.
    pub unchanged: u64,
    /// Those that would not.
    pub changed: u64,
    /// Of those, how many are of kinds that are not told.
    pub more: u64,
    /// Those of which it can't be told.
    pub unknown: Vec<Unknown>,
    /// Calls that named paths: judged by the links there are now.
    pub paths: u64,
    /// What is wrong with the policy; with an error in it, nothing was looked at.
    pub diagnostics: Vec<PolicyDiagnostic>,
}

/// Calls of which it can't be told, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unknown {
    /// Why.
    pub why: String,
    /// How many.
    pub count: u64,
}
