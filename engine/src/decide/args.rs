//! Step 6: the arguments against the rule that speaks.

use std::borrow::Cow;

use super::refusal::Refusal;
use crate::{
    node::Node,
    paths::Found,
    policy::{ArgRule, Outcome, Pattern, Rule},
};

/// The first argument that fails, as a refusal: the client is told its name, the record the
/// pattern as well.
pub(super) fn judge(rule: &Rule, args: &Node<'_>, found: &Found<'_>) -> Option<Refusal> {
    let none = Vec::new();
    let members = match args {
        Node::Object(members) => members,
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Array(_) => &none,
    };
    let failed = rule
        .args
        .iter()
        .find_map(|declared| judge_declared(declared, members, found));
    failed.or_else(|| judge_undeclared(rule, members))
}

/// Every value under the name has to match, should there be more than one.
fn judge_declared(
    rule: &ArgRule,
    members: &[(Cow<'_, str>, Node<'_>)],
    found: &Found<'_>,
) -> Option<Refusal> {
    let named = members.iter().filter(|(name, _)| *name == rule.name);
    let mut values = named.map(|(_, value)| value);
    if values.clone().next().is_none() {
        let reason = format!("argument `{}` is missing", rule.name);
        let written = rule.pattern.as_ref().map(Pattern::written);
        let limit = || rule.limits.first().map(|(written, _)| written.as_str());
        let written = written.or_else(limit).unwrap_or_default();
        return Some(refuse(rule, written, &reason, &reason));
    }
    let by_pattern = rule.pattern.as_ref();
    let by_pattern = by_pattern.and_then(|it| judge_pattern(rule, it, values.clone()));
    by_pattern.or_else(|| values.find_map(|value| judge_limits(rule, value, found)))
}

fn judge_limits(rule: &ArgRule, value: &Node<'_>, found: &Found<'_>) -> Option<Refusal> {
    rule.limits.iter().find_map(|(written, limit)| {
        let why = limit.check(&rule.name, value, found).err()?;
        let reason = format!("argument `{}` is not allowed", rule.name);
        let detail = format!("{reason}: `{}`: {}", limit.key(), why.detail);
        Some(refuse(
            rule,
            written,
            &format!("{reason}: {}", why.says),
            &detail,
        ))
    })
}

fn judge_pattern<'n>(
    rule: &ArgRule,
    pattern: &Pattern,
    values: impl Iterator<Item = &'n Node<'n>>,
) -> Option<Refusal> {
    let worst = values
        .map(|value| pattern.outcome(&value.text()))
        .find(is_failure)?;
    let pattern = pattern.written();
    let how = match worst {
        Outcome::Match => return None,
        Outcome::Part => "matches only a part of it: the whole has to match, or `match: search`",
        Outcome::Miss => "does not match",
    };
    let reason = format!("argument `{}` is not allowed", rule.name);
    Some(refuse(
        rule,
        pattern,
        &reason,
        &format!("{reason}: `{pattern}` {how}"),
    ))
}

fn is_failure(outcome: &Outcome) -> bool {
    *outcome != Outcome::Match
}

fn judge_undeclared(rule: &Rule, members: &[(Cow<'_, str>, Node<'_>)]) -> Option<Refusal> {
    let declared = |name: &str| rule.args.iter().any(|arg| arg.name == name);
    let (name, _) = members
        .iter()
        .find(|(name, _)| rule.strict && !declared(name))?;
    let refusal = Refusal::forbidden(format!("argument `{name}` is not declared"));
    Some(
        refusal
            .of_arg(name.clone())
            .because("strict_args")
            .at_line(rule.line),
    )
}

fn refuse(rule: &ArgRule, written: &str, reason: &str, detail: &str) -> Refusal {
    Refusal::forbidden(reason)
        .detailed(detail)
        .of_arg(rule.name.clone())
        .because(written)
        .at_line(rule.line)
}
