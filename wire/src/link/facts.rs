//! What the packets that open and close a session say, as JSON: fields may be added, unknown
//! ones are skipped.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::LinkError;

/// What a shim says of itself. All of it is a claim; the daemon observes what it can.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// Version of the shim's build.
    pub build: String,
    /// Set when a session goes on after its daemon was lost.
    pub resume: Option<Resume>,
    /// The policy file, or `None`: then every tool call is refused.
    pub policy: Option<PolicyFile>,
    /// The client's working folder.
    pub cwd: String,
    /// The client's home folder.
    pub home: String,
    /// The server's command and arguments, as parsed.
    pub argv: Vec<String>,
    /// The program `argv` starts with, as it is found by the client's `PATH`, links resolved;
    /// `None` where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// `--name`: a label for the server.
    pub name: Option<String>,
    /// `--verbose`: trace lines are wanted.
    pub verbose: bool,
    /// `--audit FILE`: its path; the shim writes it, and audit lines are wanted.
    pub audit_mirror: Option<String>,
    /// The server, when it runs already (on resume).
    pub server: Option<Spawned>,
}

/// The policy file as the shim read it. The daemon reads the same file and refuses a difference.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFile {
    /// Absolute path, links resolved once.
    pub path: String,
    /// Device number of the file read.
    pub device: u64,
    /// Inode number of the file read.
    pub inode: u64,
    /// Its text.
    pub text: String,
}

/// Names the session to go on with.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The session's id.
    pub session: String,
    /// The secret its welcome gave, 128 bits as hex.
    pub secret: String,
    /// Number the next frame read from the client will have.
    pub client_next: u64,
    /// Number the next frame read from the server will have.
    pub server_next: u64,
    /// The last audit record written to the mirror; 0 for none.
    pub audit_seen: u64,
    /// Frames of the client whose requests had their answers written, the last ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_answered: Vec<u64>,
    /// The same of the server's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_answered: Vec<u64>,
}

impl std::fmt::Debug for Resume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resume")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// The session stands.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Welcome {
    /// The protocol version both sides now speak.
    pub version: u16,
    /// Version of the daemon's build.
    pub build: String,
    /// The session's id (UUIDv7).
    pub session: String,
    /// What a resume must show, 128 bits as hex.
    pub secret: String,
    /// The server's standard error is to be sent for a verdict too.
    pub filter_stderr: bool,
    /// Lines for the person, written to the shim's standard error.
    pub notices: Vec<String>,
}

impl std::fmt::Debug for Welcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Welcome")
            .field("version", &self.version)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// No session. `policy`: the policy can't be used, the shim ends with its exit code for that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refused {
    /// A stable word: `policy`, `resume`, `unavailable`, `protocol`.
    pub why: String,
    /// For the person; may be several lines.
    pub message: String,
}

/// The server's process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spawned {
    /// Process id.
    pub pid: u32,
    /// Process group id.
    pub group: u32,
    /// When it started, in the kernel's clock ticks since boot (Linux); 0 where unknown.
    pub start: u64,
}

/// How the server ended: exactly one of the two is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exited {
    /// Exit code.
    pub code: Option<i32>,
    /// Number of the signal that ended it.
    pub signal: Option<i32>,
}

/// The session is over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// For the person, or empty when the session ended as it should.
    pub message: String,
}

pub(super) fn to_json<T: Serialize>(it: &T) -> Vec<u8> {
    serde_json::to_vec(it).unwrap_or_default()
}

pub(super) fn from_json<T: DeserializeOwned>(
    body: &[u8],
    what: &'static str,
) -> Result<T, LinkError> {
    serde_json::from_slice(body).map_err(|_| LinkError::Malformed(what))
}
