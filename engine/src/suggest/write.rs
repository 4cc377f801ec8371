//! The policy that was learnt, as YAML. Whatever came from traffic stands in quotes; comments are
//! of our own words, numbers and quoted names.

use std::fmt::Write;

use super::argument::Argument;
use super::text::{counted, name, value};
use super::tool::Tool;
use super::{Head, Learner, LeftOut};
use crate::method::{COMPAT, PROMPTS, RESOURCES, SAFE};
use crate::name::normal_form;

/// The most names a comment lists.
const MAX_LISTED: usize = 12;
/// The longest line of a comment, in characters.
const WIDTH: usize = 100;

pub(super) fn policy(learnt: &Learner, head: &Head) -> String {
    let mut out = String::new();
    comments(&mut out, learnt, head);
    let name = head.name.trim();
    let name = if name.is_empty() { "learnt" } else { name };
    let _ = writeln!(
        out,
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: {}\nspec:\n  mode: enforce",
        value(name)
    );
    methods(&mut out, learnt);
    if learnt.tools.is_empty() {
        comment(
            &mut out,
            2,
            "No call was learnt from, so no tool may be called.",
        );
        out.push_str("  allowed_tools: []\n");
        return out;
    }
    out.push_str("  tool_rules:\n");
    for tool in learnt.tools.values() {
        rule(&mut out, tool);
    }
    out
}

/// What was learnt from, what was not, and what becomes of the rest.
fn comments(out: &mut String, learnt: &Learner, head: &Head) {
    for note in &head.notes {
        comment(out, 0, note);
    }
    for (why, count) in &learnt.left_out {
        let calls = counted(*count, "call");
        let why = match why {
            LeftOut::Pattern => "of tools whose name a policy would take for a pattern",
            LeftOut::Name => "of tools whose name is empty, cut, redacted or a secret",
            LeftOut::TooMany => "of more tools than a suggestion names",
        };
        comment(
            out,
            0,
            &format!("Left out, and refused by this policy: {calls} {why}."),
        );
    }
    comment(
        out,
        0,
        "Refused: every tool, and under strict_args every argument, that is not named below.",
    );
    let known = |(tool, count): (&String, &u64)| {
        let tool = name(tool);
        format!("{tool} ({count})")
    };
    let only: Vec<String> = learnt
        .refused
        .iter()
        .filter(|(tool, _)| !learnt.tools.contains_key(tool.as_str()))
        .map(known)
        .take(MAX_LISTED)
        .collect();
    if !only.is_empty() {
        let all = only.join(", ");
        comment(out, 0, &format!("Refused before and refused by it: {all}."));
    }
    comment(
        out,
        0,
        "Not learnt, to be added by hand: protected_paths, dlp, pinning, rate_limit.",
    );
}

/// Methods that the list of old has not.
fn methods(out: &mut String, learnt: &Learner) {
    let silent = |it: &str| {
        let is = |known: &&&str| normal_form(known) == normal_form(it);
        SAFE.iter()
            .find(is)
            .or_else(|| COMPAT.iter().find(is))
            .is_some()
    };
    let more: Vec<(&String, &u64)> = learnt
        .methods
        .iter()
        .filter(|(it, _)| !silent(it))
        .collect();
    if more.is_empty() {
        return;
    }
    comment(
        out,
        2,
        "What an MCP client needs for tools, and what passed besides:",
    );
    out.push_str("  allowed_methods:\n");
    let all = SAFE.iter().chain(COMPAT).copied().collect::<Vec<_>>();
    let _ = writeln!(out, "    - {}", all.join("\n    - "));
    for (method, count) in more {
        let requests = counted(*count, "request");
        let named = RESOURCES.iter().chain(PROMPTS);
        let whatever = named
            .map(|it| normal_form(it))
            .any(|it| it == normal_form(method));
        let told = if whatever {
            format!("{requests}; which resource or prompt is not learnt: any of them passes")
        } else {
            requests
        };
        comment(out, 4, &told);
        let _ = writeln!(out, "    - {}", value(method));
    }
}

fn rule(out: &mut String, tool: &Tool) {
    let calls = counted(tool.calls, "call");
    let busiest = tool.busiest;
    comment(out, 4, &format!("{calls}, at most {busiest} in a minute"));
    if tool.asked > 0 {
        let asked = counted(tool.asked, "call");
        comment(
            out,
            4,
            &format!("A person was asked about {asked}, and is asked by this rule."),
        );
    }
    if tool.unknown > 0 {
        let calls = counted(tool.unknown, "call");
        let kept = "whose arguments are not kept: nothing is learnt from them";
        comment(
            out,
            4,
            &format!("{calls} {kept}, and they could be refused."),
        );
    }
    let _ = writeln!(out, "    - tool: {}", name(&tool.written));
    if tool.asked > 0 {
        out.push_str("      action: ask\n");
    }
    if let Some(why) = tool.open {
        comment(out, 6, &format!("Any arguments: {why}."));
        return;
    }
    if tool.known() == 0 {
        comment(out, 6, "Any arguments: none are known.");
        return;
    }
    unnamed(out, tool);
    if tool.is_strict() {
        out.push_str("      strict_args: true\n");
    }
    let mut any = false;
    for (argument, known) in tool.required() {
        if !any {
            out.push_str("      allow_args:\n");
        }
        any = true;
        demand(out, argument, known);
    }
}

/// Why the rule does not refuse arguments it doesn't name.
fn unnamed(out: &mut String, tool: &Tool) {
    let optional: Vec<String> = tool.optional().take(MAX_LISTED).map(name).collect();
    if !optional.is_empty() {
        let text = format!(
            "Not in every call, so that the rule can't name them, and not strict: {}. Any value of \
             them passes, and any other argument.",
            optional.join(", ")
        );
        comment(out, 6, &text);
    }
    if let Some(why) = tool.unnamed {
        comment(out, 6, &format!("Not strict: {why}."));
    }
}

fn demand(out: &mut String, argument: &str, known: &Argument) {
    let demand = known.demand();
    let calls = counted(known.seen, "call");
    comment(out, 8, &format!("{calls}: {}", demand.note));
    let _ = writeln!(out, "        {}: {}", name(argument), demand.yaml);
}

/// A comment, wrapped. What comes in is of our own words or quoted; nothing in it can end a line.
fn comment(out: &mut String, indent: usize, text: &str) {
    let mut width = WIDTH;
    for word in text.split(' ') {
        let length = word.chars().count() + 1;
        if width + length > WIDTH {
            let start = if out.is_empty() || out.ends_with('\n') {
                ""
            } else {
                "\n"
            };
            let _ = write!(out, "{start}{:indent$}#", "");
            width = indent + 1;
        }
        let _ = write!(out, " {}", word.replace(char::is_control, "?"));
        width += length;
    }
    out.push('\n');
}
