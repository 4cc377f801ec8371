//! No redaction at all: what a server sends reaches the model as it is.

use super::{Found, Subject};

const HELP: &str =
    "add a `dlp` block with `patterns` of what may not reach the model, as keys and tokens";

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    let why = match &subject.spec().dlp {
        // That of a base, or of the policy it stands beside, holds here too.
        None if subject.policy().is_tightening() => return,
        None => "there is no `dlp` block",
        Some(dlp) if !dlp.enabled => "`dlp` is turned off",
        Some(dlp) if dlp.patterns.is_empty() => "`dlp` has no patterns",
        Some(dlp) if !dlp.scan_responses && !dlp.scan_requests => "`dlp` scans nothing",
        Some(_) => return,
    };
    let message = format!("{why}: secrets that a server sends reach the model");
    found.say(subject.at("dlp"), message, HELP);
}
