//! Policies: checked, tried on a call that nobody made, and what their rules did.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is found in a policy's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyChecked {
    /// It can be used.
    pub valid: bool,
    /// Its `metadata.name`, where it can be used.
    pub name: Option<String>,
    /// Its hash, where it can be used.
    pub hash: Option<String>,
    /// Errors and warnings, in the order of their lines.
    pub diagnostics: Vec<PolicyDiagnostic>,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyDiagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// From 1; `None` where it concerns the whole text.
    pub line: Option<u64>,
    /// From 1; `None` where there is no line.
    pub column: Option<u64>,
    /// What it is.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

/// A call that nobody made, and the policy it is tried on: one in force by its path, or a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExplainQuery {
    /// A policy in force; with `text` where the text is to stand.
    pub path: Option<String>,
    /// A policy's text.
    pub text: Option<String>,
    /// The method; `tools/call` where there is none.
    pub method: Option<String>,
    /// The tool, for `tools/call`.
    pub tool: Option<String>,
    /// The call's arguments, or another method's params: an object.
    pub arguments: Option<Value>,
    /// The working folder that relative paths are read against, absolute.
    pub cwd: Option<String>,
}

/// How such a call would be decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Explained {
    /// `ALLOW`, `ASK`, `BLOCK` or `ALLOW_MONITOR`; `None` where the policy can't be used.
    pub decision: Option<String>,
    /// The error it would be answered with, or in monitor mode would have been.
    pub error_code: Option<i64>,
    /// What the client would be told.
    pub reason: Option<String>,
    /// What the person is told besides.
    pub detail: Option<String>,
    /// The line of the policy that decides.
    pub line: Option<u64>,
    /// The file of the policy beside it that decides: a base it extends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// Each step, as `--verbose` tells it.
    pub trace: Vec<String>,
    /// What is wrong with the text.
    pub diagnostics: Vec<PolicyDiagnostic>,
    /// What was not looked at.
    pub notes: Vec<String>,
}

/// An entry of a policy in force, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRule {
    /// Its line, from 1.
    pub line: u64,
    /// The list it stands in, as `tool_rules`.
    pub list: String,
    /// As the policy writes it.
    pub written: String,
    /// `allow`, `ask` or `block`, for a rule.
    pub action: Option<String>,
    /// Calls that went by it.
    pub calls: u64,
    /// Of those, refused.
    pub refused: u64,
    /// Of those, a person was asked about.
    pub asked: u64,
    /// When the last was, RFC 3339.
    pub last: Option<String>,
}
