//! Entries of `allowed_tools` that a denial or a rule with `action: block` always beats.

use super::{Found, Subject};
use crate::{
    name::Glob,
    policy::{Action, Rule},
};

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    for entry in subject.spec().allowed() {
        let Ok(glob) = Glob::new(&entry.text) else {
            continue;
        };
        let denied = subject.policy().denied_tools().iter();
        let mut denied = denied.filter(|it| it.glob.covers(&glob));
        let by = match denied.next() {
            Some(it) => format!("`{}` in `denied_tools`, line {}", it.written, it.line),
            None => match blocked(subject, &glob) {
                Some(rule) => format!("the rule on line {}, which blocks", rule.line),
                None => continue,
            },
        };
        let message = format!(
            "`{}` in `allowed_tools` allows nothing: {by}, wins",
            entry.text
        );
        found.say(entry.at, message, "delete one of the two");
    }
}

/// The rule that speaks of all that the entry allows, and blocks it. A rule that speaks more closely
/// of a part allows that part by itself, if at all.
fn blocked<'s>(subject: &'s Subject<'_>, glob: &Glob) -> Option<&'s Rule> {
    let rules = subject.policy().rules();
    let speaks = if glob.is_exact() {
        rules.speaking(glob.normal())
    } else {
        rules.globs().iter().find(|it| it.glob.covers(glob))
    };
    speaks.filter(|it| it.action == Action::Block)
}
