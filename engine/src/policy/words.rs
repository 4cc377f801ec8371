//! The words that fields with a few of them know: what the reader takes and the schema lists.

use super::{
    pattern::Matching,
    rule::Action,
    written::{ArgsWish, ListFilter, MethodsWish, Mode, OnBlock, Pinning, Profile, SyncWish},
};
use crate::dlp::{OnFailure, OnRequestMatch, PatternScope};

/// Words and what each means.
pub(super) type Words<T, const N: usize> = [(&'static str, T); N];

pub(super) const MODES: Words<Mode, 2> = [("enforce", Mode::Enforce), ("monitor", Mode::Monitor)];
pub(super) const MATCHING: Words<Matching, 2> =
    [("full", Matching::Full), ("search", Matching::Search)];
pub(super) const ANSWERS: Words<OnBlock, 2> = [
    ("error", OnBlock::Error),
    ("tool_result", OnBlock::ToolResult),
];
pub(super) const FILTERS: Words<ListFilter, 3> = [
    ("hide", ListFilter::Hide),
    ("mark", ListFilter::Mark),
    ("none", ListFilter::None),
];
pub(super) const PROFILES: Words<Profile, 2> =
    [("compat", Profile::Compat), ("strict", Profile::Strict)];
pub(super) const PINNING: Words<Pinning, 3> = [
    ("off", Pinning::Off),
    ("warn", Pinning::Warn),
    ("block", Pinning::Block),
];
pub(super) const ACTIONS: Words<Action, 3> = [
    ("allow", Action::Allow),
    ("block", Action::Block),
    ("ask", Action::Ask),
];
pub(super) const AUDIT_ARGS: Words<ArgsWish, 3> = [
    ("full", ArgsWish::Full),
    ("shape", ArgsWish::Shape),
    ("hash", ArgsWish::Hash),
];
pub(super) const AUDIT_METHODS: Words<MethodsWish, 2> =
    [("refused", MethodsWish::Refused), ("all", MethodsWish::All)];
pub(super) const AUDIT_SYNC: Words<SyncWish, 2> =
    [("normal", SyncWish::Normal), ("full", SyncWish::Full)];
pub(super) const ON_MATCH: Words<OnRequestMatch, 3> = [
    ("block", OnRequestMatch::Block),
    ("redact", OnRequestMatch::Redact),
    ("warn", OnRequestMatch::Warn),
];
pub(super) const ON_FAILURE: Words<OnFailure, 3> = [
    ("block", OnFailure::Block),
    ("reject", OnFailure::Reject),
    ("allow_original", OnFailure::AllowOriginal),
];
pub(super) const OVERSIZE: Words<bool, 2> = [("scan", false), ("refuse", true)];
pub(super) const SCOPES: Words<PatternScope, 3> = [
    ("request", PatternScope::Request),
    ("response", PatternScope::Response),
    ("all", PatternScope::All),
];
pub(super) const READ_ONLY: Words<(), 1> = [("read_only", ())];
pub(super) const SCHEMES: Words<&str, 2> = [("https", "https"), ("http", "http")];
