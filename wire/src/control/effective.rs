//! What several policies come to that are asked together.

use serde::{Deserialize, Serialize};

/// Whose policies: a session's that runs, or those that one begun now would have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EffectiveQuery {
    /// A session's id, or the start of it that names one only.
    pub session: Option<String>,
    /// The policy it would name, absolute.
    pub path: Option<String>,
    /// The working folder it would have, absolute.
    pub cwd: Option<String>,
}

/// One of the policies that are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EffectiveMember {
    /// Its file.
    pub path: String,
    /// `own`, `base` or `layer`.
    pub role: String,
    /// Its `metadata.name`.
    pub name: String,
    /// Its own hash.
    pub hash: String,
    /// `enforce`, or `monitor`: what it refuses is only recorded.
    pub mode: String,
    /// What it says, by line.
    pub entries: Vec<EffectiveEntry>,
}

/// An entry of one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EffectiveEntry {
    /// Its line, from 1.
    pub line: u64,
    /// The list it stands in, as `tool_rules`.
    pub list: String,
    /// As the policy writes it; of a DLP pattern its name.
    pub written: String,
    /// `allow`, `ask` or `block`, for a rule.
    pub action: Option<String>,
}

/// What all of them come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EffectiveEnd {
    /// The hash that records name.
    pub hash: String,
    /// Every tool and pattern that one of them names.
    pub tools: Vec<EffectiveTool>,
    /// There are more tools than are told.
    pub more: bool,
}

/// What becomes of a tool, its arguments not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EffectiveTool {
    /// Its name or pattern, in normal form.
    pub tool: String,
    /// What each policy with an opinion says, the strictest first: the first one decides.
    pub said: Vec<EffectiveWord>,
}

/// What one policy says of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EffectiveWord {
    /// `allow`, `ask` or `block`.
    pub word: String,
    /// The policy's file.
    pub path: String,
    /// The line it goes by; none where no entry has the tool.
    pub line: Option<u64>,
}
