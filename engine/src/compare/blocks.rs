//! The parts of a policy that are compared value by value.

use std::time::Duration;

use crate::{
    dlp::{DlpSpec, OnFailure, OnRequestMatch, PatternScope, PatternSpec},
    policy::AuditWishes,
};

/// The same, or shorter. Without a value the daemon's configuration speaks, which is not known
/// here.
pub(super) fn timeout_is_tighter(old: Option<Duration>, new: Option<Duration>) -> bool {
    match (old, new) {
        (None, None) => true,
        (Some(old), Some(new)) => new <= old,
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// Nothing is recorded less fully or less safely.
pub(super) fn audit_is_tighter(old: &AuditWishes, new: &AuditWishes) -> bool {
    new.args >= old.args && new.methods >= old.methods && new.sync >= old.sync
}

/// Everything found before is still found, and nothing milder follows.
pub(super) fn dlp_is_tighter(old: &DlpSpec, new: &DlpSpec) -> bool {
    if !old.enabled {
        return true;
    }
    let kept = |old: bool, new: bool| new || !old;
    let sizes = old.max_scan_size == new.max_scan_size
        || (new.refuse_oversize && new.max_scan_size <= old.max_scan_size);
    new.enabled
        && kept(old.scan_responses, new.scan_responses)
        && kept(old.scan_requests, new.scan_requests)
        && kept(old.detect_encoding, new.detect_encoding)
        && kept(old.filter_stderr, new.filter_stderr)
        && kept(old.refuse_oversize, new.refuse_oversize)
        && kept(new.log_original_on_failure, old.log_original_on_failure)
        && sizes
        && on_match(new.on_request_match) >= on_match(old.on_request_match)
        && on_failure(new.on_failure) >= on_failure(old.on_failure)
        && patterns_are_tighter(old, new)
}

/// Patterns may be added, but where a scan that fails lets the original out each of them is one
/// more way to fail.
fn patterns_are_tighter(old: &DlpSpec, new: &DlpSpec) -> bool {
    let may_grow =
        new.on_failure != OnFailure::AllowOriginal || new.patterns.len() == old.patterns.len();
    may_grow
        && old
            .patterns
            .iter()
            .all(|pattern| is_kept(pattern, &new.patterns))
}

fn on_match(action: OnRequestMatch) -> u8 {
    match action {
        OnRequestMatch::Warn => 0,
        OnRequestMatch::Redact => 1,
        OnRequestMatch::Block => 2,
    }
}

fn on_failure(action: OnFailure) -> u8 {
    match action {
        OnFailure::AllowOriginal => 0,
        OnFailure::Reject | OnFailure::Block => 1,
    }
}

fn is_kept(old: &PatternSpec, new: &[PatternSpec]) -> bool {
    new.iter().any(|new| {
        let wider = new.scope == old.scope || new.scope == PatternScope::All;
        new.name == old.name && new.regex == old.regex && wider
    })
}
