//! Rules that no call goes by: a denial comes first, or a rule that speaks more closely.

use super::{Found, Subject};
use crate::policy::{Action, Mode, Rule, WrittenRule};

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    for written in &subject.spec().rules {
        let same =
            |rule: &&Rule| rule.line == written.tool.at.line && rule.written == written.tool.text;
        let Some(rule) = subject.policy().rules().all().find(same) else {
            continue;
        };
        if let Some((message, help)) = by_denial(subject, rule).or_else(|| by_rules(subject, rule))
        {
            say(written, message, help, found);
        }
    }
}

fn say(written: &WrittenRule, why: String, help: &str, found: &mut Found) {
    let message = format!(
        "no call goes by the rule for `{}`: {why}",
        written.tool.text
    );
    found.say(written.tool.at, message, help);
}

/// Monitor mode goes on behind a denial: what asks still asks, and a rate is spent.
fn by_denial(subject: &Subject<'_>, rule: &Rule) -> Option<(String, &'static str)> {
    let watching = subject.policy().mode() == Mode::Monitor;
    if watching && (rule.action == Action::Ask || rule.rate.is_some()) {
        return None;
    }
    let mut denied = subject.policy().denied_tools().iter();
    let denied = denied.find(|it| it.glob.covers(&rule.glob))?;
    let why = format!(
        "`{}` in `denied_tools`, line {}, comes first",
        denied.written, denied.line
    );
    Some((why, "delete the rule, or the denial"))
}

/// The rules in the engine's order: each that stands before this one speaks more closely.
fn by_rules(subject: &Subject<'_>, rule: &Rule) -> Option<(String, &'static str)> {
    if rule.glob.is_exact() {
        return None;
    }
    let rules = subject.policy().rules();
    let before = rules.globs().iter().take_while(|it| it.glob != rule.glob);
    let mut before = before.filter(|it| it.glob.covers(&rule.glob));
    if let Some(other) = before.next() {
        let why = format!(
            "the rule for `{}`, line {}, speaks first",
            other.written, other.line
        );
        return Some((why, "join the two rules"));
    }
    let listed = subject.listed?;
    let mut under = listed.under(&rule.glob).peekable();
    under.peek()?;
    let others = under.all(|tool| {
        let speaking = rules.speaking(&tool.normal());
        speaking.is_some_and(|it| it.glob != rule.glob)
    });
    let why = format!(
        "each tool of `{}` that it fits has a rule that speaks more closely",
        listed.server
    );
    others.then_some((why, "delete the rule"))
}
