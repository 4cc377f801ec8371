//! The `dlp` block as written.

use super::{
    fields::{Fields, fields, flag, items, text},
    refused,
    source::Source,
    values,
    walk::{field, word},
    yaml::Tree,
};
use crate::dlp::{DlpSpec, OnFailure, OnRequestMatch, PatternScope, PatternSpec};

pub(super) const DLP: &[&str] = &[
    "enabled",
    "patterns",
    "scan_responses",
    "scan_requests",
    "on_request_match",
    "on_redaction_failure",
    "log_original_on_failure",
    "detect_encoding",
    "filter_stderr",
    "max_scan_size",
    "on_oversize",
    "unsafe_dlp",
    "rules",
];
pub(super) const PATTERN: &[&str] = &["name", "regex", "scope"];

/// Reads the block. `unsafe_beside` is `unsafe_dlp` where it stands beside the block.
pub(super) fn read(tree: &Tree, unsafe_beside: bool, source: &mut Source<'_>) -> Option<DlpSpec> {
    let found = fields(tree, "`dlp`", DLP, source)?;
    if let Some(entry) = found.entry("rules") {
        source.error(entry.at, refused::unsupported("dlp.rules"));
    }
    let unsafe_dlp = field(&found, "unsafe_dlp", source, flag).unwrap_or(false) || unsafe_beside;
    let mut spec = switches(&found, source);
    let allows_original = spec.on_failure == OnFailure::AllowOriginal;
    let unsafe_keys = [
        ("on_redaction_failure", allows_original),
        ("log_original_on_failure", spec.log_original_on_failure),
    ];
    for (key, asked) in unsafe_keys {
        if let Some(tree) = found.get(key).filter(|_| asked && !unsafe_dlp) {
            let message = format!("`{key}` would let out what redaction could not remove");
            source.error_with_help(tree.at, message, "write `unsafe_dlp: true` beside it");
        }
    }
    let patterns = found
        .get("patterns")
        .and_then(|it| items(it, "`patterns`", source));
    let read = |tree: &Tree| pattern(tree, source);
    spec.patterns = patterns
        .unwrap_or_default()
        .iter()
        .filter_map(read)
        .collect();
    Some(spec)
}

fn switches(found: &Fields<'_>, source: &mut Source<'_>) -> DlpSpec {
    let default = DlpSpec::default();
    let on_match = [
        ("block", OnRequestMatch::Block),
        ("redact", OnRequestMatch::Redact),
        ("warn", OnRequestMatch::Warn),
    ];
    let on_failure = [
        ("block", OnFailure::Block),
        ("reject", OnFailure::Reject),
        ("allow_original", OnFailure::AllowOriginal),
    ];
    let oversize = [("scan", false), ("refuse", true)];
    let mut is = |key: &str, default| field(found, key, source, flag).unwrap_or(default);
    DlpSpec {
        enabled: is("enabled", default.enabled),
        scan_responses: is("scan_responses", default.scan_responses),
        scan_requests: is("scan_requests", default.scan_requests),
        log_original_on_failure: is("log_original_on_failure", default.log_original_on_failure),
        detect_encoding: is("detect_encoding", default.detect_encoding),
        filter_stderr: is("filter_stderr", default.filter_stderr),
        on_request_match: word(found, "on_request_match", &on_match, source)
            .unwrap_or(default.on_request_match),
        on_failure: word(found, "on_redaction_failure", &on_failure, source)
            .unwrap_or(default.on_failure),
        max_scan_size: field(found, "max_scan_size", source, values::size)
            .unwrap_or(default.max_scan_size),
        refuse_oversize: word(found, "on_oversize", &oversize, source)
            .unwrap_or(default.refuse_oversize),
        patterns: Vec::new(),
    }
}

fn pattern(tree: &Tree, source: &mut Source<'_>) -> Option<PatternSpec> {
    let found = fields(tree, "an item of `patterns`", PATTERN, source)?;
    for key in ["name", "regex"] {
        if found.get(key).is_none() {
            source.error(found.at, format!("a pattern needs a `{key}`"));
        }
    }
    let scopes = [
        ("request", PatternScope::Request),
        ("response", PatternScope::Response),
        ("all", PatternScope::All),
    ];
    let name = field(&found, "name", source, text);
    let regex = field(&found, "regex", source, text);
    let scope = word(&found, "scope", &scopes, source).unwrap_or(PatternScope::All);
    let (name, regex) = (name?, regex?);
    let (line, column) = (regex.at.line, regex.at.column);
    Some(PatternSpec {
        name: name.text,
        regex: regex.text,
        scope,
        line,
        column,
        layer: None,
    })
}
