//! Pinning turned off: a tool can change after it was looked at.

use super::{Found, Subject};
use crate::policy::Pinning;

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    if subject.spec().pinning == Some(Pinning::Off) {
        let message = "`pinning: off` tells nobody when a server changes what a tool does";
        found.say(
            subject.at("pinning"),
            message,
            "write `pinning: warn`, or `block`",
        );
    }
}
