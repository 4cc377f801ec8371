//! How a recorded call was decided: the very policy judges it once more, where all that it was
//! decided by is in the record; else the record tells what it knows.

use std::path::Path;

use engine::decide::{Call, Decision, Facts, Held, Listing, Override, Verdict, decide};
use engine::paths::{Found, Ground, candidates};
use engine::policy::{ArgsWish, Mode, Policy};
use engine::rate::Buckets;
use engine::trace::{decision_lines, refused_lines};
use wire::control::{Trace, TraceSource};

use crate::audit::query::Stored;
use crate::session::node::node;
use crate::session::redact;
use crate::session::state::InForce;

/// The trace of a record.
pub(super) fn of(record: &Stored, in_force: Option<&InForce>, home: Option<&Path>) -> Trace {
    if record.text("kind").as_deref() != Some("decision") {
        return Trace {
            why_not: Some("only decisions are traced".to_owned()),
            ..Trace::default()
        };
    }
    match in_force
        .ok_or("the policy that decided it is no longer in force")
        .and_then(|it| rederived(record, it, home))
    {
        Ok(lines) => Trace {
            source: TraceSource::Policy,
            lines,
            why_not: None,
        },
        Err(why) => Trace {
            source: TraceSource::Record,
            lines: recorded(record),
            why_not: Some(why.to_owned()),
        },
    }
}

/// The engine's own lines, or why they can't be had.
fn rederived(
    record: &Stored,
    in_force: &InForce,
    home: Option<&Path>,
) -> Result<Vec<String>, &'static str> {
    let policy = &in_force.policy;
    let tool = record.text("tool");
    let method = record.text("method");
    let (Some(tool), Some("tools/call")) = (tool, method.as_deref()) else {
        return Err("only calls of tools are judged once more");
    };
    if policy.audit().args != ArgsWish::Full {
        return Err("the policy has no arguments recorded");
    }
    let text = whole_args(record)?;
    let parsed = wire::json::parse(text.as_bytes()).map_err(|_| "its arguments can't be read")?;
    let args = node(&parsed.value);
    let call = Call {
        method: "tools/call",
        tool: Some(&tool),
        args: &args,
        named: &[],
    };
    let decision = judged(record, policy, &call, home);
    if !is_same(record, &decision, policy) {
        return Err(
            "more than policy and arguments decided it: a rate limit, a listing, DLP or a path",
        );
    }
    let mut lines = decision_lines(policy, &call, &decision);
    for line in &mut lines {
        *line = redact::word(line, policy.dlp());
    }
    if matches!(decision, Decision::Ask(_)) {
        lines.extend(answered(record));
    }
    Ok(lines)
}

/// The policy's word on it, by what the record holds of the facts there were.
fn judged(record: &Stored, policy: &Policy, call: &Call<'_>, home: Option<&Path>) -> Decision {
    let ground = Ground {
        home,
        bases: &[],
        user_homes: &crate::links::home_of,
    };
    let named = candidates(call.args, &ground);
    let resolved: Vec<_> = named.iter().map(|it| it.path.clone()).collect();
    let watched = record.text("policy_mode").as_deref() == Some("monitor");
    let facts = Facts {
        now_ms: 0,
        listing: Listing::Unknown,
        held: held(record),
        override_: if watched && policy.mode() == Mode::Enforce {
            Override::Monitor
        } else {
            Override::None
        },
        paths: Found {
            candidates: &named,
            resolved: &resolved,
        },
        task_known: false,
    };
    decide(policy, call, &facts, &mut Buckets::default())
}

/// The arguments as they were judged.
pub(in crate::operation) fn whole_args(record: &Stored) -> Result<&str, &'static str> {
    let Some(args) = record.args.as_deref() else {
        let kept = record.get("body").is_some();
        return match kept {
            true => Err("its arguments were erased"),
            false => Ok("null"),
        };
    };
    if args.contains("[REDACTED:") {
        return Err("its arguments were redacted");
    }
    if is_cut(args) {
        return Err("its arguments are not kept whole");
    }
    Ok(args)
}

/// Whether something else stands for the arguments: head and tail, or a hash.
pub(in crate::operation) fn is_cut(args: &str) -> bool {
    let parsed: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(args);
    parsed.is_ok_and(|it| {
        it.contains_key("unscanned") || (it.contains_key("sha256") && it.contains_key("length"))
    })
}

/// Whether judging it once more came to what was recorded.
fn is_same(record: &Stored, decision: &Decision, policy: &Policy) -> bool {
    let word = record.text("decision").unwrap_or_default();
    let code = record.get("error_code").and_then(|it| it.as_i64());
    let asked = was_asked(record);
    match decision {
        Decision::Allow(allow) => {
            let expected = if allow.violation.is_some() {
                "ALLOW_MONITOR"
            } else {
                "ALLOW"
            };
            !asked && word == expected
        }
        Decision::Ask(_) => asked,
        Decision::Refuse(refusal) => {
            let expected = match refusal.verdict {
                Verdict::RateLimited => "RATE_LIMITED",
                Verdict::Block => "BLOCK",
            };
            let text = |name: &str| record.text(name).map(|it| it.into_owned());
            !asked
                && word == expected
                && code == Some(i64::from(refusal.code.number()))
                && text("reason") == Some(redact::word(&refusal.reason, policy.dlp()))
                && text("failed_rule") == refusal.failed_rule
                && text("failed_arg") == refusal.failed_arg
        }
    }
}

/// A person was asked about it, or had allowed it before.
pub(in crate::operation) fn was_asked(record: &Stored) -> bool {
    record.get("approval").is_some() || record.get("grant").is_some()
}

/// How the tool differed from its pin.
pub(in crate::operation) fn held(record: &Stored) -> Option<Held> {
    let word = record.text("pin")?;
    [Held::Removed, Held::New, Held::Changed]
        .into_iter()
        .find(|held| held.word() == word)
}

/// What the record itself says, in the form of a trace.
fn recorded(record: &Stored) -> Vec<String> {
    let text = |name: &str| record.text(name).unwrap_or_default().into_owned();
    let what = ["tool", "resource", "prompt"].map(text);
    let what = what.into_iter().find(|it| !it.is_empty());
    let what = what.map_or_else(String::new, |it| format!(" -> {it}"));
    let mut lines = vec![format!("[DEBUG] Request: {}{what}", text("method"))];
    for (name, told) in [("failed_rule", "Rule"), ("failed_arg", "Argument")] {
        let value = text(name);
        if !value.is_empty() {
            lines.push(format!("[DEBUG] {told}: {value}"));
        }
    }
    if was_asked(record) {
        lines.extend(answered(record));
        return lines;
    }
    let code = record.get("error_code").and_then(|it| it.as_i64());
    match (text("decision").as_str(), code) {
        ("BLOCK", Some(code)) => {
            let why = ["detail", "reason"].map(text);
            let why = why.into_iter().find(|it| !it.is_empty());
            lines.extend(refused_lines(&why.unwrap_or_default(), code));
        }
        ("RATE_LIMITED", Some(code)) => {
            lines.push(format!("[WARN] Decision: RATE_LIMITED (error: {code})"));
        }
        ("ALLOW", None) => lines.push("[INFO] Decision: ALLOW".to_owned()),
        (word, Some(code)) => lines.push(format!("[WARN] Decision: {word} (error: {code})")),
        (word, None) => lines.push(format!("[WARN] Decision: {word}")),
    }
    lines
}

/// How a call ended that a person was asked about.
fn answered(record: &Stored) -> Vec<String> {
    let approval = record.get("approval").unwrap_or_default();
    let grant = record.text("grant");
    let word = |name: &str| approval.get(name).and_then(|it| it.as_str()).unwrap_or("?");
    let said = match word("answer") {
        "?" if grant.is_some() => format!("not asked, grant {}", grant.unwrap_or_default()),
        "allow" => format!("allowed by {}", word("channel")),
        "deny" => format!("denied by {}", word("channel")),
        "timeout" => "no answer in time".to_owned(),
        other => other.to_owned(),
    };
    let decision = record.text("decision").unwrap_or_default();
    let code = record.get("error_code").and_then(|it| it.as_i64());
    let end = match code {
        Some(code) => format!("[WARN] Decision: {decision} (error: {code})"),
        None if decision == "ALLOW" => "[INFO] Decision: ALLOW".to_owned(),
        None => format!("[WARN] Decision: {decision}"),
    };
    vec![format!("[DEBUG] Approval: {said}"), end]
}

#[cfg(test)]
mod tests;
