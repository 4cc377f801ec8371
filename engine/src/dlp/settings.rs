//! The `dlp` block as a policy writes it, with defaults filled in.

use std::sync::Arc;

/// Which way a text travels, and so which patterns look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// From the client to the server.
    Request,
    /// From the server to the client.
    Response,
    /// A copy kept for the audit: every pattern, whatever its scope.
    Record,
}

/// The scope a pattern is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternScope {
    /// Requests only.
    Request,
    /// Responses only.
    Response,
    /// Both ways.
    All,
}

impl PatternScope {
    /// Whether a pattern written with this scope looks at a text of that one.
    pub(super) fn covers(self, scope: Scope) -> bool {
        match (self, scope) {
            (Self::All, _) | (_, Scope::Record) => true,
            (Self::Request, Scope::Request) | (Self::Response, Scope::Response) => true,
            (Self::Request, Scope::Response) | (Self::Response, Scope::Request) => false,
        }
    }
}

/// What happens to a request that holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRequestMatch {
    /// It is refused.
    Block,
    /// It is forwarded with markers.
    Redact,
    /// It is forwarded unchanged; the finding is recorded.
    Warn,
}

/// What happens when a scan can't be finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Refused with -32001.
    Block,
    /// Refused with -32014.
    Reject,
    /// The original passes.
    AllowOriginal,
}

/// One pattern as the policy writes it.
#[derive(Debug, Clone)]
pub struct PatternSpec {
    /// Shown in the marker.
    pub name: String,
    /// Read as RE2 reads it.
    pub regex: String,
    /// Which way it looks.
    pub scope: PatternScope,
    /// Line in the policy, 1-based.
    pub line: usize,
    /// Column in the policy, 1-based.
    pub column: usize,
    /// The file of another policy than the session's own that it stands in.
    pub layer: Option<Arc<str>>,
}

/// The whole block; each field is named after the policy's own.
#[derive(Debug, Clone)]
pub struct DlpSpec {
    /// `enabled`
    pub enabled: bool,
    /// `scan_responses`
    pub scan_responses: bool,
    /// `scan_requests`
    pub scan_requests: bool,
    /// `on_request_match`
    pub on_request_match: OnRequestMatch,
    /// `on_redaction_failure`
    pub on_failure: OnFailure,
    /// `log_original_on_failure`
    pub log_original_on_failure: bool,
    /// `detect_encoding`
    pub detect_encoding: bool,
    /// `filter_stderr`
    pub filter_stderr: bool,
    /// `max_scan_size`, in bytes
    pub max_scan_size: usize,
    /// `on_oversize: refuse`
    pub refuse_oversize: bool,
    /// `patterns`
    pub patterns: Vec<PatternSpec>,
}

impl Default for DlpSpec {
    /// The block as it stands when it is written empty.
    fn default() -> Self {
        Self {
            enabled: true,
            scan_responses: true,
            scan_requests: false,
            on_request_match: OnRequestMatch::Block,
            on_failure: OnFailure::Block,
            log_original_on_failure: false,
            detect_encoding: false,
            filter_stderr: false,
            max_scan_size: 1 << 20,
            refuse_oversize: false,
            patterns: Vec::new(),
        }
    }
}
