//! `policy show --effective`: what the policies come to that a session is judged by, and where each
//! part of it stands.

use std::fmt::Write;

use serde::Serialize;
use wire::control::{EffectiveEnd, EffectiveMember, EffectiveQuery, EffectiveTool, Request};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::visible;

/// What a program reads.
#[derive(Serialize)]
struct Effective<'e> {
    hash: &'e str,
    policies: &'e [EffectiveMember],
    tools: &'e [EffectiveTool],
    more: bool,
}

/// Asks for it and shows it.
///
/// # Errors
/// When there is no such session, or a file can't be used.
pub(super) fn run(
    query: EffectiveQuery,
    json: bool,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let answer = context.ask(&Request::PolicyEffective(query))?;
    let policies: Vec<EffectiveMember> = answer.items()?;
    let end: EffectiveEnd = answer.end()?;
    if json {
        context.print_json(&Effective {
            hash: &end.hash,
            policies: &policies,
            tools: &end.tools,
            more: end.more,
        })?;
    } else {
        write!(context.out, "{}", sentences(&policies, &end))?;
    }
    Ok(Exit::Done)
}

fn sentences(policies: &[EffectiveMember], end: &EffectiveEnd) -> String {
    let mut text = String::new();
    // A String takes every write.
    let _ = writeln!(
        text,
        "Asked together, and the strictest word counts (hash {}):",
        visible(&end.hash)
    );
    for (number, it) in policies.iter().enumerate() {
        let (role, path, name) = (visible(&it.role), visible(&it.path), visible(&it.name));
        let watches = match it.mode.as_str() {
            "monitor" => ", which only records what it would block",
            _ => "",
        };
        let _ = writeln!(text, "  {}. {role}: {path} ({name}){watches}", number + 1);
    }
    let _ = writeln!(text, "\nTools, whatever their arguments:");
    for tool in &end.tools {
        let _ = writeln!(text, "{}", of_tool(tool));
    }
    if end.more {
        let _ = writeln!(text, "  ... and more");
    }
    for it in policies {
        let _ = writeln!(text, "\n{}:", visible(&it.path));
        for entry in &it.entries {
            let (list, written) = (visible(&entry.list), visible(&entry.written));
            let action = entry.action.as_deref().map(visible);
            let action = action.map(|it| format!(" ({it})")).unwrap_or_default();
            let _ = writeln!(text, "  line {}: {list}: {written}{action}", entry.line);
        }
        if it.entries.is_empty() {
            let _ = writeln!(text, "  no entries");
        }
    }
    text
}

/// The word that counts and its place, then those that are milder.
fn of_tool(tool: &EffectiveTool) -> String {
    let place = |path: &str, line: Option<u64>| match line {
        Some(line) => format!("{} line {line}", visible(path)),
        None => format!("{}, which doesn't list it", visible(path)),
    };
    let name = visible(&tool.tool);
    let Some((first, others)) = tool.said.split_first() else {
        return format!("  {name}: block, no policy speaks of it");
    };
    let decides = place(&first.path, first.line);
    let milder = others.iter().filter(|it| it.word != first.word);
    let milder: Vec<String> = milder
        .map(|it| format!("{} by {}", visible(&it.word), place(&it.path, it.line)))
        .collect();
    let milder = match milder.is_empty() {
        true => String::new(),
        false => format!("; milder: {}", milder.join(", ")),
    };
    format!("  {name}: {} by {decides}{milder}", visible(&first.word))
}

#[cfg(test)]
mod tests {
    use wire::control::{EffectiveEntry, EffectiveWord};

    use super::*;

    #[test]
    fn each_tool_is_told_with_the_policy_that_decides_and_those_that_are_milder() {
        let word = |word: &str, path: &str, line| EffectiveWord {
            word: word.to_owned(),
            path: path.to_owned(),
            line,
        };
        let member = |role: &str, path: &str, list: &str, action: Option<&str>| EffectiveMember {
            path: path.to_owned(),
            role: role.to_owned(),
            name: "n\u{1b}".to_owned(),
            mode: if role == "own" { "monitor" } else { "enforce" }.to_owned(),
            entries: vec![EffectiveEntry {
                line: 5,
                list: list.to_owned(),
                written: "pay".to_owned(),
                action: action.map(str::to_owned),
            }],
            ..EffectiveMember::default()
        };
        let (own, layer) = ("/p/own.yaml", "/p/.aip/policy.yaml");
        let end = EffectiveEnd {
            hash: "ab12".to_owned(),
            tools: vec![
                EffectiveTool {
                    tool: "pay".to_owned(),
                    said: vec![word("ask", layer, Some(5)), word("allow", own, Some(5))],
                },
                EffectiveTool {
                    tool: "read".to_owned(),
                    said: vec![word("block", own, None)],
                },
            ],
            more: false,
        };
        let policies = [
            member("own", own, "allowed_tools", None),
            member("layer", layer, "tool_rules", Some("ask")),
        ];
        insta::assert_snapshot!(sentences(&policies, &end));
    }
}
