//! Monitor mode left on.

use super::{Found, Subject};
use crate::policy::Mode;

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    if subject.policy().mode() == Mode::Monitor {
        let message = "`mode: monitor` lets pass what the policy would refuse";
        let help = "write `mode: enforce` once the records show what is needed";
        found.say(subject.at("mode"), message, help);
    }
}
