//! What DLP does to a tool's answer, and to a request that would otherwise pass.

use engine::decide::Code;
use engine::dlp::{Dlp, Finding, OnFailure, OnRequestMatch, Scan, Scope};
use engine::node::Node;
use serde_json::json;

use super::super::Request;
use super::super::expected::{Observed, Word};
use super::refusal_line;

/// Scans a tool's answer.
pub(super) fn response(dlp: &Dlp, content: &str) -> Observed {
    let through = |output: String, findings: Vec<Finding>| Observed {
        decision: Some(Word::Allow),
        redacted: Some(output != content),
        output: Some(output),
        dlp_events: Some(findings.into_iter().map(event).collect()),
        ..Observed::default()
    };
    if !(dlp.enabled() && dlp.scan_responses()) {
        return through(content.to_owned(), Vec::new());
    }
    match dlp.scan(content, Scope::Response) {
        Scan::Clean => through(content.to_owned(), Vec::new()),
        Scan::Redacted { text, findings } => through(text, findings),
        Scan::Failed(reason) => match on_failure(dlp) {
            None => through(content.to_owned(), Vec::new()),
            Some(code) => {
                let error = json!({ "code": code.number(), "message": code.message() });
                Observed {
                    decision: Some(Word::Block),
                    response: Some(json!({ "jsonrpc": "2.0", "id": 1, "error": error })),
                    reasons: vec![reason],
                    ..Observed::default()
                }
            }
        },
    }
}

/// Scans what a request carries, where the policy has requests scanned.
pub(super) fn request(dlp: &Dlp, args: &Node<'_>, request: &Request, seen: &mut Observed) {
    let passes = matches!(seen.decision, Some(Word::Allow | Word::Ask));
    if !(passes && dlp.enabled() && dlp.scan_requests()) {
        return;
    }
    let mut found = Found::default();
    found.look(dlp, args);
    let refused = if found.failed {
        on_failure(dlp)
    } else if found.findings.is_empty() {
        None
    } else {
        match dlp.on_request_match() {
            OnRequestMatch::Block => Some(Code::Forbidden),
            OnRequestMatch::Redact | OnRequestMatch::Warn => None,
        }
    };
    if let Some(code) = refused {
        seen.decision = Some(Word::Block);
        seen.violation = Some(true);
        seen.response = Some(refusal_line(code, None, request));
    }
    seen.dlp_events = Some(found.findings.into_iter().map(event).collect());
}

#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    failed: bool,
}

impl Found {
    fn look(&mut self, dlp: &Dlp, node: &Node<'_>) {
        match node {
            Node::Null | Node::Bool(_) => {}
            Node::Number(text) | Node::String(text) => self.scan(dlp, text),
            Node::Array(items) => items.iter().for_each(|item| self.look(dlp, item)),
            Node::Object(members) => {
                for (key, value) in members {
                    self.scan(dlp, key);
                    self.look(dlp, value);
                }
            }
        }
    }

    fn scan(&mut self, dlp: &Dlp, text: &str) {
        match dlp.scan(text, Scope::Request) {
            Scan::Clean => {}
            Scan::Redacted { findings, .. } => self.findings.extend(findings),
            Scan::Failed(_) => self.failed = true,
        }
    }
}

fn on_failure(dlp: &Dlp) -> Option<Code> {
    match dlp.on_failure() {
        OnFailure::AllowOriginal => None,
        OnFailure::Block => Some(Code::Forbidden),
        OnFailure::Reject => Some(Code::RedactionFailed),
    }
}

fn event(finding: Finding) -> (String, u64) {
    (finding.rule, u64::from(finding.count))
}
