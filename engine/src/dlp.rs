//! Data loss prevention: finds what a policy calls secret in a text and puts a marker in its place.
//!
//! A text is read as it stands and in every form a reader could decode it to; a match in any of them
//! redacts the bytes it came from. A scan that can't be finished is [`Scan::Failed`]: never a pass. A
//! text over `max_scan_size` is scanned whole, since pieces would only lose matches at their borders;
//! the patterns are linear in it and the decoding has a budget.

mod blob;
mod budget;
mod finder;
pub(crate) mod forms;
mod inflate;
mod marker;
mod merge;
mod needs;
mod reading;
mod rules;
mod runs;
mod scan;
mod settings;
pub(crate) mod view;

use std::sync::Arc;

pub(crate) use merge::merged;
use rules::Rules;
pub use scan::{Finding, JoinedScan, Scan};
pub use settings::{DlpSpec, OnFailure, OnRequestMatch, PatternScope, PatternSpec, Scope};

/// A compiled `dlp` block.
#[derive(Debug, Clone)]
pub struct Dlp {
    spec: DlpSpec,
    rules: Arc<Rules>,
}

/// Compiles the block, or says which patterns (by index) are wrong and why.
pub fn compile(spec: &DlpSpec) -> Result<Dlp, Vec<(usize, String)>> {
    let rules = Rules::compile(&spec.patterns)?;
    Ok(Dlp {
        spec: spec.clone(),
        rules: Arc::new(rules),
    })
}

impl Dlp {
    /// The block of a policy that has none: it finds nothing.
    pub fn disabled() -> Self {
        let spec = DlpSpec {
            enabled: false,
            ..DlpSpec::default()
        };
        Self {
            spec,
            rules: Arc::new(Rules::none()),
        }
    }

    /// `enabled`
    pub fn enabled(&self) -> bool {
        self.spec.enabled
    }

    /// `scan_responses`
    pub fn scan_responses(&self) -> bool {
        self.spec.scan_responses
    }

    /// `scan_requests`
    pub fn scan_requests(&self) -> bool {
        self.spec.scan_requests
    }

    /// `on_request_match`
    pub fn on_request_match(&self) -> OnRequestMatch {
        self.spec.on_request_match
    }

    /// `on_redaction_failure`
    pub fn on_failure(&self) -> OnFailure {
        self.spec.on_failure
    }

    /// `log_original_on_failure`
    pub fn log_original_on_failure(&self) -> bool {
        self.spec.log_original_on_failure
    }

    /// `detect_encoding`
    pub fn detect_encoding(&self) -> bool {
        self.spec.detect_encoding
    }

    /// `filter_stderr`
    pub fn filter_stderr(&self) -> bool {
        self.spec.filter_stderr
    }

    /// `max_scan_size`, in bytes
    pub fn max_scan_size(&self) -> usize {
        self.spec.max_scan_size
    }

    /// `on_oversize: refuse`
    pub fn refuse_oversize(&self) -> bool {
        self.spec.refuse_oversize
    }

    /// The block as written.
    pub fn spec(&self) -> &DlpSpec {
        &self.spec
    }

    /// The file of the policy beside the session's own that a pattern of this name stands in; none for
    /// the own one's.
    pub fn layer_of(&self, name: &str) -> Option<&str> {
        let pattern = self.spec.patterns.iter().find(|it| it.name == name)?;
        pattern.layer.as_deref()
    }

    /// Whether a scan with this scope could find anything. `scan_requests` and `scan_responses` are
    /// the caller's to ask: stderr, for one, has a switch of its own.
    pub fn active(&self, scope: Scope) -> bool {
        self.spec.enabled && self.rules.any(scope)
    }

    /// Scans one text.
    pub fn scan(&self, text: &str, scope: Scope) -> Scan {
        if !self.active(scope) {
            return Scan::Clean;
        }
        scan::text(&self.spec, &self.rules, text, scope)
    }

    /// Scans each part, then all of them as if nothing stood between: a secret split across adjacent
    /// parts leaves its marker in the first, and its remainder leaves the others.
    pub fn scan_joined(&self, parts: &[&str], scope: Scope) -> JoinedScan {
        if !self.active(scope) {
            return JoinedScan::Clean;
        }
        scan::joined(&self.spec, &self.rules, parts, scope)
    }

    /// Scans what a base64 blob holds; the redacted text is base64 again. Data that is not text is
    /// replaced whole by its marker.
    pub fn scan_blob(&self, base64: &str, scope: Scope) -> Scan {
        if !self.active(scope) {
            return Scan::Clean;
        }
        blob::scan(&self.spec, &self.rules, base64, scope)
    }
}
