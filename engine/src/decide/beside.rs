//! Judges by several policies at once: each for itself, and the strictest word counts.

use std::borrow::Cow;

use super::{Allow, Ask, Call, Decision, Facts, Refusal, judge_message, tool::Judging};
use crate::{
    method::TOOLS_CALL,
    policy::{Member, Policy, Stack},
    rate,
};

pub(super) fn decide(
    (policy, stack): (&Policy, &Stack),
    call: &Call<'_>,
    facts: &Facts<'_>,
    buckets: &mut rate::Buckets,
    (normal, spelling): (&str, Cow<'_, str>),
) -> Decision {
    let mut violation = None;
    for member in stack.members() {
        match judge_message(member.policy, normal, call, facts) {
            Ok(found) => violation = violation.or(found.map(|it| it.in_layer(member.path))),
            Err(refusal) => return Decision::Refuse(refusal.in_layer(member.path)),
        }
    }
    if normal != TOOLS_CALL {
        return Decision::Allow(Allow {
            forward_as: spelling.into_owned(),
            violation,
            spent: None,
        });
    }
    tool((policy, stack), call, facts, buckets, violation)
        .unwrap_or_else(|it| Decision::Refuse(*it))
}

/// What refuses comes first, then what is spent, then what asks.
fn tool(
    (policy, stack): (&Policy, &Stack),
    call: &Call<'_>,
    facts: &Facts<'_>,
    buckets: &mut rate::Buckets,
    mut violation: Option<Refusal>,
) -> Result<Decision, Box<Refusal>> {
    let mut judged = Vec::new();
    let mut forward_as = None;
    for member in stack.members() {
        let named = |it: Box<Refusal>| Box::new(it.in_layer(member.path));
        let judging = Judging::new(member.policy, call, facts).map_err(named)?;
        let found = judging.stops().map_err(named)?;
        violation = violation.or(found.map(|it| it.in_layer(member.path)));
        judged.push((member, judging));
    }
    if let Some((_, own)) = judged.first() {
        forward_as = Some(own.name_to_forward(policy)?);
    }
    let forward_as = forward_as.unwrap_or_default();
    let spent = spend(&judged, buckets)?;
    let asking = judged
        .iter()
        .find_map(|(member, it)| Some((member, it.asks()?)));
    Ok(match asking {
        None => Decision::Allow(Allow {
            forward_as,
            violation,
            spent,
        }),
        Some((member, rule)) => Decision::Ask(Ask {
            forward_as,
            violation,
            spent,
            rule: rule.written.clone(),
            line: rule.line,
            layer: member.path.cloned(),
        }),
    })
}

/// All of them count the call, or none does.
fn spend(
    judged: &[(Member<'_>, Judging<'_>)],
    buckets: &mut rate::Buckets,
) -> Result<Option<rate::Spent>, Box<Refusal>> {
    let mut spent: Option<rate::Spent> = None;
    for (member, judging) in judged {
        let key = match member.path {
            None => Cow::Borrowed(judging.normal()),
            Some(path) => Cow::Owned(rate::key(judging.normal(), path)),
        };
        match (judging.spends(&key, buckets), &mut spent) {
            (Ok(None), _) => {}
            (Ok(Some(more)), None) => spent = Some(more),
            (Ok(Some(more)), Some(first)) => first.also.push(more),
            (Err(refusal), before) => {
                if let Some(before) = before {
                    buckets.undo(before);
                }
                return Err(Box::new(refusal.in_layer(member.path)));
            }
        }
    }
    Ok(spent)
}
