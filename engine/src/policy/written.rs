//! The policy as its author wrote it, with defaults filled in and places kept.

use std::time::Duration;

use super::{pattern::Matching, rule::Action, source::At};
use crate::{constraint::Constraint, dlp::DlpSpec};

/// What a refused call means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is refused.
    Enforce,
    /// It is recorded as a violation and let through.
    Monitor,
}

/// How a refused call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBlock {
    /// With a JSON-RPC error.
    Error,
    /// With a tool result marked `isError`.
    ToolResult,
}

/// What becomes of a tool whose definition is not the one that was pinned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pinning {
    /// Nothing is compared or recorded.
    Off,
    /// It is recorded and told.
    #[default]
    Warn,
    /// It is held too, until a person approves it.
    Block,
}

/// What becomes of a tool in a list that no call of it could pass, from the most telling to the
/// least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListFilter {
    /// It stays as the server listed it.
    None,
    /// It stays, and its description says that it is blocked.
    Mark,
    /// It is left out.
    Hide,
}

/// What the policy wants of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditWishes {
    /// How arguments are kept.
    pub args: ArgsWish,
    /// Which messages beside tool calls are recorded.
    pub methods: MethodsWish,
    /// How hard a record is written.
    pub sync: SyncWish,
}

/// How a call's arguments are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArgsWish {
    /// Their hash.
    Hash,
    /// Keys and types.
    Shape,
    /// Whole, redacted.
    Full,
}

/// Which messages beside tool calls are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MethodsWish {
    /// Those refused.
    Refused,
    /// All.
    All,
}

/// How hard a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncWish {
    /// It survives a crash of ours.
    Normal,
    /// It survives a power cut.
    Full,
}

impl Default for AuditWishes {
    fn default() -> Self {
        AuditWishes {
            args: ArgsWish::Full,
            methods: MethodsWish::Refused,
            sync: SyncWish::Normal,
        }
    }
}

/// Which methods pass where none are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// AIP's list and what current clients need beside it.
    Compat,
    /// AIP's bare list.
    Strict,
}

/// A text and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) at: At,
}

/// A list of texts, and where its key stands.
#[derive(Debug)]
pub(crate) struct TextList {
    pub(crate) at: At,
    pub(crate) texts: Vec<Text>,
}

/// The document.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) hash: String,
    pub(crate) spec: Spec,
}

/// Its `spec`.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) at: At,
    pub(crate) mode: Mode,
    pub(crate) matching: Matching,
    pub(crate) on_block: Option<OnBlock>,
    pub(crate) list_filter: Option<ListFilter>,
    pub(crate) profile: Option<Profile>,
    pub(crate) strict_args_default: bool,
    pub(crate) allowed_tools: Option<Vec<Text>>,
    pub(crate) denied_tools: Vec<Text>,
    pub(crate) allowed_methods: Option<Vec<Text>>,
    pub(crate) denied_methods: Vec<Text>,
    pub(crate) allowed_server_methods: Option<Vec<Text>>,
    pub(crate) allowed_resources: Option<TextList>,
    pub(crate) denied_resources: Option<TextList>,
    pub(crate) allowed_prompts: Option<TextList>,
    pub(crate) protected_paths: Vec<Text>,
    pub(crate) rules: Vec<WrittenRule>,
    pub(crate) dlp: Option<DlpSpec>,
    pub(crate) audit: Option<AuditWishes>,
    pub(crate) ask_timeout: Option<Duration>,
    pub(crate) ask_in_client: Option<bool>,
    pub(crate) pinning: Option<Pinning>,
    pub(crate) extends: Option<Text>,
}

impl Spec {
    /// What stands in `allowed_tools`.
    pub(crate) fn allowed(&self) -> &[Text] {
        self.allowed_tools.as_deref().unwrap_or_default()
    }
}

/// An entry of `tool_rules`.
#[derive(Debug)]
pub(crate) struct WrittenRule {
    pub(crate) tool: Text,
    pub(crate) action: Action,
    pub(crate) args: Vec<WrittenArg>,
    pub(crate) strict_args: Option<bool>,
    pub(crate) rate_limit: Option<Text>,
    pub(crate) schema_hash: Option<Text>,
    pub(crate) matching: Option<Matching>,
}

/// An entry of `allow_args`.
#[derive(Debug)]
pub(crate) struct WrittenArg {
    pub(crate) name: String,
    pub(crate) at: At,
    pub(crate) pattern: Option<Text>,
    pub(crate) limits: Vec<WrittenLimit>,
}

/// What an argument has to be beside its pattern.
#[derive(Debug)]
pub(crate) struct WrittenLimit {
    pub(crate) limit: Limit,
    /// The same for any way to write it.
    pub(crate) written: String,
}

/// A limit as far as it can be made of the text alone.
#[derive(Debug)]
pub(crate) enum Limit {
    Ready(Constraint),
    /// Folders, to be read where the policy stands.
    Under(Vec<Text>),
}
