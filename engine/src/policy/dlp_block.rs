//! The `dlp` block as written.

use super::{
    fields::{Fields, fields, flag, items, text},
    refused,
    source::Source,
    values,
    walk::{field, word},
    words,
    yaml::Tree,
};
use crate::dlp::{DlpSpec, OnFailure, PatternScope, PatternSpec};

pub(super) const DLP: &[&str] = &[
    "enabled",
    "patterns",
    "scan_responses",
    "scan_requests",
    "on_request_match",
    "on_redaction_failure",
    "unsafe_dlp",
    "log_original_on_failure",
    "detect_encoding",
    "filter_stderr",
    "max_scan_size",
    "on_oversize",
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
    let mut is = |key: &str, default| field(found, key, source, flag).unwrap_or(default);
    DlpSpec {
        enabled: is("enabled", default.enabled),
        scan_responses: is("scan_responses", default.scan_responses),
        scan_requests: is("scan_requests", default.scan_requests),
        log_original_on_failure: is("log_original_on_failure", default.log_original_on_failure),
        detect_encoding: is("detect_encoding", default.detect_encoding),
        filter_stderr: is("filter_stderr", default.filter_stderr),
        on_request_match: word(found, "on_request_match", &words::ON_MATCH, source)
            .unwrap_or(default.on_request_match),
        on_failure: word(found, "on_redaction_failure", &words::ON_FAILURE, source)
            .unwrap_or(default.on_failure),
        max_scan_size: field(found, "max_scan_size", source, values::size)
            .unwrap_or(default.max_scan_size),
        refuse_oversize: word(found, "on_oversize", &words::OVERSIZE, source)
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
    let name = field(&found, "name", source, text);
    let regex = field(&found, "regex", source, text);
    let scope = word(&found, "scope", &words::SCOPES, source).unwrap_or(PatternScope::All);
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
