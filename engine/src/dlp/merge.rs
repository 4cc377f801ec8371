//! The `dlp` blocks of policies that are asked together, as one: what any of them looks for is found,
//! and what one switches on is on.

use std::sync::Arc;

use super::{Dlp, DlpSpec, OnFailure, OnRequestMatch, PatternSpec, rules::Rules};

/// One block of several, each with the file it stands in, the session's own policy first.
pub(crate) fn merged<'d>(all: impl Iterator<Item = (Option<&'d Arc<str>>, &'d Dlp)>) -> Dlp {
    let enabled: Vec<_> = all.filter(|(_, dlp)| dlp.enabled()).collect();
    match enabled.as_slice() {
        [] => return Dlp::disabled(),
        [(None, own)] => return (*own).clone(),
        [..] => {}
    }
    let specs: Vec<&DlpSpec> = enabled.iter().map(|(_, dlp)| &dlp.spec).collect();
    let mut spec = switches(&specs);
    let mut rules = Rules::none();
    for (path, dlp) in &enabled {
        for (index, pattern) in dlp.spec.patterns.iter().enumerate() {
            let known = |it: &PatternSpec| {
                it.name == pattern.name && it.regex == pattern.regex && it.scope == pattern.scope
            };
            if spec.patterns.iter().any(known) {
                continue;
            }
            rules.add(&dlp.rules, index);
            spec.patterns.push(PatternSpec {
                layer: path.map(Arc::clone),
                ..pattern.clone()
            });
        }
    }
    Dlp {
        spec,
        rules: Arc::new(rules.measured()),
    }
}

fn switches(specs: &[&DlpSpec]) -> DlpSpec {
    let any = |is: fn(&DlpSpec) -> bool| specs.iter().any(|it| is(it));
    let all = |is: fn(&DlpSpec) -> bool| specs.iter().all(|it| is(it));
    let of_requests = specs.iter().filter(|it| it.scan_requests);
    let strict = |it: &&&DlpSpec| it.on_failure != OnFailure::AllowOriginal;
    let refusing = specs.iter().filter(|it| it.refuse_oversize);
    let sizes = || specs.iter().map(|it| it.max_scan_size);
    let default = DlpSpec::default();
    DlpSpec {
        enabled: true,
        scan_responses: any(|it| it.scan_responses),
        scan_requests: any(|it| it.scan_requests),
        on_request_match: of_requests
            .map(|it| it.on_request_match)
            .max_by_key(|it| hardness(*it))
            .unwrap_or(default.on_request_match),
        on_failure: specs
            .iter()
            .find(strict)
            .map_or(OnFailure::AllowOriginal, |it| it.on_failure),
        log_original_on_failure: all(|it| it.log_original_on_failure),
        detect_encoding: any(|it| it.detect_encoding),
        filter_stderr: any(|it| it.filter_stderr),
        max_scan_size: refusing
            .map(|it| it.max_scan_size)
            .min()
            .or_else(|| sizes().min())
            .unwrap_or(default.max_scan_size),
        refuse_oversize: any(|it| it.refuse_oversize),
        patterns: Vec::new(),
    }
}

fn hardness(action: OnRequestMatch) -> u8 {
    match action {
        OnRequestMatch::Warn => 0,
        OnRequestMatch::Redact => 1,
        OnRequestMatch::Block => 2,
    }
}
