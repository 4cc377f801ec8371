//! Redaction that lets out what it could not remove.

use super::{Found, Subject};
use crate::dlp::OnFailure;

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    let Some(dlp) = &subject.spec().dlp else {
        return;
    };
    let at = |key| {
        let own = subject.reading.key(&["spec", "dlp", key]);
        own.unwrap_or_else(|| subject.at("dlp"))
    };
    if dlp.on_failure == OnFailure::AllowOriginal {
        let message = "an answer that can't be redacted reaches the model as it is";
        let help = "write `on_redaction_failure: block`";
        found.say(at("on_redaction_failure"), message, help);
    }
    if dlp.log_original_on_failure {
        let message = "the audit keeps what could not be redacted, secrets too";
        found.say(
            at("log_original_on_failure"),
            message,
            "drop `log_original_on_failure`",
        );
    }
}
