//! Patterns that are searched for, and don't say where they begin and end.

use regex_syntax::hir::Look;

use super::{Found, Subject, anything::each_pattern};
use crate::policy::Matching;

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    each_pattern(subject, |it| {
        let properties = it.hir.properties();
        let begins = properties.look_set_prefix().contains(Look::Start);
        let ends = properties.look_set_suffix().contains(Look::End);
        if it.matching == Matching::Full || (begins && ends) {
            return;
        }
        let message = format!(
            "the pattern of `{}` may stand anywhere in the text: `match: search` is on",
            it.arg.name
        );
        let help = "put it between `^` and `$`, or drop `match: search`";
        found.say(it.text.at, message, help);
    });
}
