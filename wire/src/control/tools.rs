//! Pinned tools, as a person is shown them and names them.

use serde::{Deserialize, Serialize};

/// A server whose tools are pinned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PinnedServer {
    /// Its label: `--name`, or the command's base name.
    pub server: String,
    /// A short name for this server under this client.
    pub id: String,
    /// SHA-256 over its program and arguments.
    pub identity: String,
    /// Base name of its program.
    pub program: String,
    /// Executable of the client that runs it.
    pub client: String,
    /// When a session of it first began, RFC 3339.
    pub first_seen: String,
    /// When it last listed tools, RFC 3339.
    pub last_listed: Option<String>,
    /// The first list is whole: tools that come are new.
    pub pinned: bool,
    /// The command its name stood for before.
    pub instead_of: Option<PinnedBefore>,
    /// What is suspicious in its instructions.
    pub findings: Vec<ToolFinding>,
    /// Its tools.
    pub tools: Vec<PinnedTool>,
}

/// The command a name stood for before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PinnedBefore {
    /// Its identity.
    pub identity: String,
    /// Base name of its program.
    pub program: String,
    /// When the other one came, RFC 3339.
    pub at: String,
}

/// A tool that is pinned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PinnedTool {
    /// Its name.
    pub tool: String,
    /// `approved`, `changed`, `new` or `removed`.
    pub state: String,
    /// SHA-256 of the definition last listed.
    pub hash: Option<String>,
    /// SHA-256 of the one approved.
    pub approved_hash: Option<String>,
    /// When it was first listed, RFC 3339.
    pub first_seen: String,
    /// When it was last listed, RFC 3339.
    pub last_seen: String,
    /// What is suspicious in the definition last listed.
    pub findings: Vec<ToolFinding>,
}

/// Something suspicious.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolFinding {
    /// What.
    pub finding: String,
    /// Where: a JSON pointer into the definition, or `instructions`.
    pub place: String,
}

/// A tool's definitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PinnedDefinition {
    /// Its name.
    pub tool: String,
    /// As in [`PinnedTool`].
    pub state: String,
    /// SHA-256 of the definition last listed.
    pub hash: Option<String>,
    /// The one approved, redacted, as JSON text; empty where it was too long to be kept.
    pub approved: Option<String>,
    /// The one last listed, likewise.
    pub listed: Option<String>,
    /// What `schema_hash` may say of the one last listed, by each algorithm.
    pub schema_hashes: Vec<String>,
}

/// A tool as a person was shown it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShownTool {
    /// Its name.
    pub tool: String,
    /// SHA-256 of its definition; `None` for one that is listed no more.
    pub hash: Option<String>,
}
