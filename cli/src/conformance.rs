//! Runs conformance vectors of the Agent Identity Protocol: at the engine, and on the wire
//! through the built shim and daemon.
//!
//! A vector says what goes in and some of what must come out. What it does not say is not
//! checked; what it says in words this runner does not know is an error of that case, never
//! passed over.

pub mod engine_door;
pub mod expected;
pub mod report;
pub mod tree;
pub mod vectors;
pub mod wire_door;

use expected::Expected;
use tree::Tree;

/// How much of the protocol a folder of vectors is about; each level holds the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Level {
    /// Methods, allowlist, errors
    Basic,
    /// Arguments, rate limits, DLP, audit too
    Full,
    /// Asking too
    Extended,
}

impl Level {
    fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "basic" => Some(Self::Basic),
            "full" => Some(Self::Full),
            "extended" => Some(Self::Extended),
            _ => None,
        }
    }
}

/// One vector: where it stands, and what it says or why it can't be read.
#[derive(Debug)]
pub struct Vector {
    /// The file, from the folder given.
    pub file: String,
    /// Its id; ids repeat across files.
    pub id: String,
    /// The case, or what this runner does not understand.
    pub case: Result<Case, String>,
}

/// What is to be done and what must come of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The policy's text; `None`: no policy is loaded.
    pub policy: Option<String>,
    /// What goes in.
    pub input: Input,
    /// What must come out.
    pub expected: Expected,
}

/// What goes in.
#[derive(Clone, Debug)]
pub enum Input {
    /// A message from the client.
    Request(Box<Request>),
    /// A tool's answer, to be scanned.
    Response {
        /// The text of the answer.
        content: String,
    },
}

/// A message from the client.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method as it is sent.
    pub method: String,
    /// The tool as it is sent.
    pub tool: Option<String>,
    /// The tool's arguments.
    pub args: Option<Tree>,
    /// The JSON-RPC id.
    pub id: Option<Tree>,
    /// How many calls like it were made before.
    pub previous_calls: u32,
    /// What the person says if asked.
    pub user_response: Option<UserResponse>,
}

/// What a person says to an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserResponse {
    /// Yes.
    Allow,
    /// No.
    Deny,
    /// Nothing.
    Timeout,
}
