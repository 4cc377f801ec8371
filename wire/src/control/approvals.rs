//! Calls that wait for a person.

use serde::{Deserialize, Serialize};

use super::grants::{Before, Grant};

/// Which of a person's commands an answer came by, as the command says itself; its process is what
/// the kernel says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// One that answers and ends.
    #[default]
    Control,
    /// The terminal screen of `aipctl watch`.
    Watch,
    /// The dashboard. Said on the control socket it counts as [`Channel::Control`].
    Dashboard,
}

impl Channel {
    /// The word records hold.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Watch => "watch",
            Self::Dashboard => "dashboard",
        }
    }
}

/// One call that waits, or waited, for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Approval {
    /// Short id to answer by.
    pub id: String,
    /// The session that wants it.
    pub session: String,
    /// The client, as in [`super::Session`].
    pub client: String,
    /// The client's working folder.
    pub project: String,
    /// The server, as in [`super::Session`].
    pub server: String,
    /// The tool.
    pub tool: String,
    /// The arguments, redacted, as compact JSON.
    pub args: String,
    /// Why it is asked: policy file, line, and the policy's name.
    pub because: String,
    /// When it was asked, RFC 3339.
    pub asked: String,
    /// When it denies itself, RFC 3339.
    pub deadline: String,
    /// A person has given it more time, which can be done once.
    pub extended: bool,
    /// `waiting`, `allowed`, `denied`, `expired` or `withdrawn`; when watched also `away`: its
    /// session has lost the daemon and may come back, the call then waits again; and `ended`
    /// where it was not heard how.
    pub state: String,
    /// SHA-256 over client, server and tool: the same for the same tool of the same server.
    pub subject: String,
    /// How often the person allowed this tool of this server before; `None` where that is not known.
    pub before: Option<Before>,
    /// The grant that was made with the answer.
    pub grant: Option<Box<Grant>>,
}
