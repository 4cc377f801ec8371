//! What the reader itself warns of.

use super::{Found, Subject};
use crate::policy::At;

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    for warning in &subject.reading.loaded.warnings.0 {
        let at = At {
            line: warning.line,
            column: warning.column,
            length: 1,
        };
        let help = warning.help.clone().unwrap_or_default();
        found.say(at, warning.message.clone(), help);
    }
}
