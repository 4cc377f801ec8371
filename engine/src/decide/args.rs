//! Step 6: the arguments against the rule that speaks.

use std::borrow::Cow;

use super::refusal::Refusal;
use crate::{
    node::Node,
    policy::{ArgRule, Outcome, Rule},
};

/// The first argument that fails, as a refusal: the client is told its name, the record the
/// pattern as well.
pub(super) fn judge(rule: &Rule, args: &Node<'_>) -> Option<Refusal> {
    let none = Vec::new();
    let members = match args {
        Node::Object(members) => members,
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Array(_) => &none,
    };
    let failed = rule
        .args
        .iter()
        .find_map(|declared| judge_declared(declared, members));
    failed.or_else(|| judge_undeclared(rule, members))
}

/// Every value under the name has to match, should there be more than one.
fn judge_declared(rule: &ArgRule, members: &[(Cow<'_, str>, Node<'_>)]) -> Option<Refusal> {
    let mut values = members
        .iter()
        .filter(|(name, _)| *name == rule.name)
        .peekable();
    if values.peek().is_none() {
        let reason = format!("argument `{}` is missing", rule.name);
        return Some(refuse(rule, &reason, &reason));
    }
    let worst = values
        .map(|(_, value)| rule.pattern.outcome(&value.text()))
        .find(is_failure)?;
    let pattern = rule.pattern.written();
    let how = match worst {
        Outcome::Match => return None,
        Outcome::Part => "matches only a part of it: the whole has to match, or `match: search`",
        Outcome::Miss => "does not match",
    };
    let reason = format!("argument `{}` is not allowed", rule.name);
    Some(refuse(
        rule,
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

fn refuse(rule: &ArgRule, reason: &str, detail: &str) -> Refusal {
    Refusal::forbidden(reason)
        .detailed(detail)
        .of_arg(rule.name.clone())
        .because(rule.pattern.written())
        .at_line(rule.line)
}
