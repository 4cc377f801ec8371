//! Lists of tools and rules. Every name that either document writes out is judged by itself, as
//! a call of it would be; all other names fall under patterns with a `*`, which are compared
//! pattern by pattern.

use std::collections::BTreeSet;

use super::covered;
use crate::{
    name::Glob,
    policy::{Action, Mode, Policy, Rule},
    rate::Limit,
};

pub(super) fn are_tighter(old: &Policy, new: &Policy) -> bool {
    let names = exact_names(old)
        .chain(exact_names(new))
        .collect::<BTreeSet<_>>();
    let old_denied = globs(old.denied_tools().iter().map(|tool| &tool.glob));
    let new_denied = globs(new.denied_tools().iter().map(|tool| &tool.glob));
    (new.mode() == Mode::Enforce || same_where_watched(old, new, &names))
        && names.iter().all(|name| name_is_tighter(name, old, new))
        && old_denied.iter().all(|glob| covered(glob, &new_denied))
        && allowed_patterns_are_tighter(old, new, &new_denied)
        && rule_patterns_are_tighter(old, new, &new_denied)
}

/// Patterns with a `*`.
fn globs<'a>(all: impl Iterator<Item = &'a Glob>) -> Vec<Glob> {
    all.filter(|glob| !glob.is_exact()).cloned().collect()
}

fn exact_names(policy: &Policy) -> impl Iterator<Item = &str> {
    let lists = policy.allowed_tools().iter().chain(policy.denied_tools());
    let listed = lists
        .filter(|tool| tool.glob.is_exact())
        .map(|tool| tool.glob.normal());
    listed.chain(policy.rules().exact_names())
}

/// In monitor mode refusals pass, so what is refused may not grow at the price of what is asked
/// or counted: there every rule has to ask and count as before.
fn same_where_watched(old: &Policy, new: &Policy, names: &BTreeSet<&str>) -> bool {
    let watched = |policy: &Policy| {
        let rate = |rule: &Rule| {
            rule.rate
                .as_ref()
                .map(|it| (it.limit.count, it.limit.period_ms))
        };
        let facts = |rule: &Rule| (rule.glob.normal().to_owned(), rule.action, rate(rule));
        policy.rules().all().map(facts).collect::<BTreeSet<_>>()
    };
    watched(old) == watched(new) && names.iter().all(|name| is_spelled_alike(name, old, new))
}

/// The new version forwards the name as the old one would have forwarded it.
fn is_spelled_alike(normal: &str, old: &Policy, new: &Policy) -> bool {
    let spelling = new.spelling(normal);
    spelling.is_none_or(|it| it == normal) || spelling == old.spelling(normal)
}

/// What becomes of calls to one tool, as far as the documents say.
enum Fate<'p> {
    Refused,
    /// Passes, on a rule's conditions where there is one.
    Passes(Option<&'p Rule>),
}

fn fate<'p>(policy: &'p Policy, normal: &str) -> Fate<'p> {
    let rule = policy.rules().speaking(normal);
    let blocked = rule.is_some_and(|rule| rule.action == Action::Block);
    let unlisted = rule.is_none() && policy.allowed_by(normal).is_none();
    if blocked || unlisted || policy.denied_by(normal).is_some() {
        Fate::Refused
    } else {
        Fate::Passes(rule)
    }
}

fn name_is_tighter(normal: &str, old: &Policy, new: &Policy) -> bool {
    match (fate(old, normal), fate(new, normal)) {
        (Fate::Refused | Fate::Passes(_), Fate::Refused) => true,
        (Fate::Refused, Fate::Passes(_)) => false,
        (Fate::Passes(before), Fate::Passes(after)) => {
            is_spelled_alike(normal, old, new) && conditions_are_tighter(before, after)
        }
    }
}

fn conditions_are_tighter(old: Option<&Rule>, new: Option<&Rule>) -> bool {
    match (old, new) {
        (None, None | Some(_)) => true,
        (Some(old), None) => is_free(old),
        (Some(old), Some(new)) => rule_is_tighter(old, new),
    }
}

/// The rule asks for nothing.
fn is_free(rule: &Rule) -> bool {
    rule.action == Action::Allow
        && rule.args.is_empty()
        && !rule.strict
        && rule.rate.is_none()
        && rule.schema.is_none()
}

fn rule_is_tighter(old: &Rule, new: &Rule) -> bool {
    if new.action == Action::Block {
        return true;
    }
    let schema = old.schema.is_none() || old.schema == new.schema;
    let rate = match (&old.rate, &new.rate) {
        (None, None | Some(_)) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => rate_is_tighter(old.limit, new.limit),
    };
    new.action >= old.action && schema && rate && args_are_tighter(old, new)
}

/// Whatever has been spent so far, the new limit refuses where the old one does.
fn rate_is_tighter(old: Limit, new: Limit) -> bool {
    let burst = |limit: Limit| limit.window_ms() - limit.cost_ms();
    old == new
        || (old.period_ms == new.period_ms
            && new.count <= old.count
            && new.cost_ms() >= old.cost_ms()
            && burst(new) <= burst(old))
}

/// Every pattern is still there. Where other arguments were refused, declaring one more lets it
/// in, so the names have to be the same.
fn args_are_tighter(old: &Rule, new: &Rule) -> bool {
    let kept = old
        .args
        .iter()
        .all(|old| new.args.iter().any(|new| old.is_kept_by(new)));
    let strict = !old.strict || (new.strict && new.args.len() == old.args.len());
    kept && strict
}

fn allowed_patterns_are_tighter(old: &Policy, new: &Policy, new_denied: &[Glob]) -> bool {
    let before = globs(old.allowed_tools().iter().map(|tool| &tool.glob));
    let after = globs(new.allowed_tools().iter().map(|tool| &tool.glob));
    after
        .iter()
        .all(|glob| covered(glob, &before) || covered(glob, new_denied))
}

/// Each pattern's rule is still there and tighter, new ones only block, and those of one length
/// keep their order: it hangs on their actions.
fn rule_patterns_are_tighter(old: &Policy, new: &Policy, new_denied: &[Glob]) -> bool {
    let same = |rules: &'_ [Rule], glob: &Glob| rules.iter().position(|it| it.glob == *glob);
    let (before, after) = (old.rules().globs(), new.rules().globs());
    let kept = before.iter().all(|rule| {
        let now = same(after, &rule.glob).and_then(|index| after.get(index));
        let tighter = now.is_some_and(|now| rule_is_tighter(rule, now));
        let unmoved = now.is_some_and(|now| now.action == rule.action) || !has_rival(rule, after);
        covered(&rule.glob, new_denied) || (tighter && unmoved)
    });
    let added = after
        .iter()
        .filter(|rule| same(before, &rule.glob).is_none());
    let mut added = added.filter(|rule| !covered(&rule.glob, new_denied));
    kept && added.all(|rule| rule.action == Action::Block)
}

/// Another pattern of the same length.
fn has_rival(rule: &Rule, all: &[Rule]) -> bool {
    let rival = |it: &&Rule| it.glob != rule.glob && it.glob.length() == rule.glob.length();
    all.iter().find(rival).is_some()
}
