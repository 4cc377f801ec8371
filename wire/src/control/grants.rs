//! Grants: what a person allows beyond one call, as they ask for it and as they are shown it.

use serde::{Deserialize, Serialize};

/// What a person wants to allow beyond the call that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantWish {
    /// Which calls.
    pub what: What,
    /// For how long.
    pub lasts: Lasts,
    /// As in [`Grant::print`]: a grant that would be another one than was shown is refused.
    #[serde(default)]
    pub shown: Option<String>,
}

/// Which calls, all of them of the waiting call's tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// Those with the very arguments.
    Call,
    /// Every one.
    Tool,
    /// Those with the same value of one argument.
    Value {
        /// The argument.
        argument: String,
    },
    /// Those whose argument names a path below a folder.
    Folder {
        /// The argument.
        argument: String,
        /// The folder, absolute.
        folder: String,
    },
    /// Those whose argument is a web address of the same scheme, host and port.
    Host {
        /// The argument.
        argument: String,
    },
    /// Those whose argument begins with a text.
    Prefix {
        /// The argument.
        argument: String,
        /// The text.
        prefix: String,
    },
}

/// For how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Lasts {
    /// Until the session ends.
    Session,
    /// For an hour.
    Hour,
    /// Until a time within the next 25 hours, RFC 3339: where the person is, the day's end.
    Until {
        /// When.
        until: String,
    },
    /// Until it is revoked.
    Always,
}

/// A grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grant {
    /// Short id to revoke it by; empty in a plan.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// The server's label.
    pub server: String,
    /// SHA-256 over the server's program and arguments.
    pub identity: String,
    /// Executable of the client.
    pub client: String,
    /// `call`, `tool`, `value`, `folder`, `host` or `prefix`.
    pub what: String,
    /// The argument, where it is about one.
    pub argument: Option<String>,
    /// What the argument has to be: the value as JSON, the folder, the host or the prefix; for a
    /// call SHA-256 of its arguments.
    pub is: Option<String>,
    /// `session`, `time` or `always`.
    pub lasts: String,
    /// The session it ends with.
    pub session: Option<String>,
    /// When it ends, RFC 3339.
    pub until: Option<String>,
    /// Path of the policy that asked.
    pub policy: String,
    /// SHA-256 of the rule that asked, as compiled.
    pub rule: String,
    /// SHA-256 of the tool's definition.
    pub definition: String,
    /// The approval it was made with.
    pub approval: String,
    /// When it was made, RFC 3339.
    pub made: String,
    /// How many calls it has let through.
    pub uses: u64,
    /// When it last did, RFC 3339.
    pub used: Option<String>,
    /// SHA-256 over what it allows and what it is bound to.
    pub print: String,
}

/// A grant as it would be, and what it would have allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantPlan {
    /// The grant.
    pub grant: Grant,
    /// Recorded calls a person was asked about, or a grant let through, that it would have allowed.
    pub would_allow: u64,
    /// The newest of them, at most five.
    pub examples: Vec<PastCall>,
    /// Such calls that can't be told, since their arguments were redacted, cut or not kept.
    pub untold: u64,
    /// Records looked at.
    pub looked_at: u64,
    /// There are more, older ones that were not looked at.
    pub more: bool,
}

/// A recorded call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PastCall {
    /// When, RFC 3339.
    pub timestamp: String,
    /// How it was decided.
    pub decision: String,
    /// Its arguments as recorded.
    pub args: String,
}

/// How often a person allowed a tool before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Before {
    /// How often.
    pub times: u64,
    /// When last, RFC 3339.
    pub last: Option<String>,
}
