//! Rules that a person could make of one recorded call, as YAML for their policy. Each is tried
//! on that very call before it is offered: what it says of the call is what it is offered for.

use std::fmt::Write;
use std::path::Path;

use crate::decide::{Call, Decision, Facts, Listing, Override, decide};
use crate::method::TOOLS_CALL;
use crate::node::Node;
use crate::paths::Found;
use crate::policy::{Place, Policy};
use crate::rate::Buckets;
use crate::yaml_text::quoted;

/// A rule that could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idea {
    /// What it does, for a person.
    pub title: String,
    /// What goes below `spec:` of the policy.
    pub yaml: String,
    /// What is to be known of it.
    pub note: String,
}

/// The longest pattern made of an argument, in bytes: past it nobody reads it.
const MAX_PATTERN: usize = 1024;
/// The most arguments a rule is made of.
const MAX_ARGS: usize = 24;

/// What a call can be taken for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Allow,
    Ask,
    Refuse,
}

/// What could be made of a call of `tool` with these arguments, the narrowest first. `None` where
/// they are not known whole: then no rule can name them. None at all for a tool that has a `*` in
/// its name: a policy would take it for any text.
#[must_use]
pub fn ideas(tool: &str, args: Option<&Node<'_>>) -> Vec<Idea> {
    if tool.contains('*') {
        return Vec::new();
    }
    let mut all = Vec::new();
    if let Some(args) = args {
        all.extend(same_arguments(tool, args));
        all.extend(same_folder(tool, args));
    }
    all.extend(whole_tool(tool));
    let passes = |it: &(Does, Idea)| does(&it.1, tool, args) == Some(it.0);
    let all = all.into_iter().filter(passes);
    all.map(|(_, idea)| idea).collect()
}

fn whole_tool(tool: &str) -> [(Does, Idea); 3] {
    let rule = |action| {
        format!(
            "tool_rules:\n  - tool: {}\n    action: {action}\n",
            quoted(tool)
        )
    };
    [
        (
            Does::Ask,
            Idea {
                title: "Ask me each time".to_owned(),
                yaml: rule("ask"),
                note: "Every call of this tool waits for a person.".to_owned(),
            },
        ),
        (
            Does::Allow,
            Idea {
                title: "Allow every call of this tool".to_owned(),
                yaml: format!("allowed_tools:\n  - {}\n", quoted(tool)),
                note: "Whatever its arguments are; protected paths and DLP still decide."
                    .to_owned(),
            },
        ),
        (
            Does::Refuse,
            Idea {
                title: "Refuse every call of this tool".to_owned(),
                yaml: format!("denied_tools:\n  - {}\n", quoted(tool)),
                note: "The tool is also left out of what the client is shown, by `list_filter`."
                    .to_owned(),
            },
        ),
    ]
}

/// The very arguments, each by a pattern that matches nothing else.
fn same_arguments(tool: &str, args: &Node<'_>) -> Option<(Does, Idea)> {
    let patterns = patterns(args, |_, text| Some(exactly(text)))?;
    let idea = Idea {
        title: "Allow this call with the very same arguments".to_owned(),
        yaml: with_patterns(tool, &patterns),
        note: "Any other argument, or another value, is refused.".to_owned(),
    };
    Some((Does::Allow, idea))
}

/// Paths anywhere in the folder the call named, other arguments as they were.
fn same_folder(tool: &str, args: &Node<'_>) -> Option<(Does, Idea)> {
    let mut folders = Vec::new();
    let patterns = patterns(args, |name, text| {
        let folder = folder_of(name, text)?;
        folders.push(folder.to_owned());
        Some(below(folder))
    })?;
    let folder = folders.first()?;
    let idea = Idea {
        title: format!("Allow calls on what is in {folder}"),
        yaml: with_patterns(tool, &patterns),
        note: "The path is compared as text: a link in the folder can lead out of it. Other \
               arguments have to be the same."
            .to_owned(),
    };
    Some((Does::Allow, idea))
}

/// The folder of an absolute path, where the argument's value is one.
fn folder_of<'t>(name: &str, text: &'t str) -> Option<&'t str> {
    let named = ["path", "file", "folder", "dir"];
    let named = named.iter().any(|it| name.to_lowercase().contains(it));
    let plain = text.starts_with('/') && !text.split('/').any(|part| part == "..");
    let folder = Path::new(text).parent()?.to_str()?;
    (named && plain && folder != "/").then_some(folder)
}

/// A pattern an argument; `other` may give it another one than its very text.
fn patterns(
    args: &Node<'_>,
    mut of: impl FnMut(&str, &str) -> Option<String>,
) -> Option<Vec<(String, String)>> {
    let Node::Object(members) = args else {
        return None;
    };
    if members.is_empty() || members.len() > MAX_ARGS {
        return None;
    }
    let pattern = |(name, value): &(std::borrow::Cow<'_, str>, Node<'_>)| {
        let text = value.text();
        let pattern = of(name, &text).unwrap_or_else(|| exactly(&text));
        (pattern.len() <= MAX_PATTERN).then(|| (name.clone().into_owned(), pattern))
    };
    members.iter().map(pattern).collect()
}

fn exactly(text: &str) -> String {
    format!("^{}$", regex::escape(text))
}

/// A path in the folder, at any depth, without `..` and `//`.
fn below(folder: &str) -> String {
    format!(
        r"^{}(/\.?[^/.][^/]*)+$",
        regex::escape(folder.trim_end_matches('/'))
    )
}

fn with_patterns(tool: &str, patterns: &[(String, String)]) -> String {
    let mut yaml = format!(
        "tool_rules:\n  - tool: {}\n    action: allow\n    strict_args: true\n    allow_args:\n",
        quoted(tool)
    );
    for (name, pattern) in patterns {
        // A String takes every write.
        let _ = writeln!(yaml, "      {}: {}", quoted(name), quoted(pattern));
    }
    yaml
}

/// What a policy of this rule alone makes of the call.
fn does(idea: &Idea, tool: &str, args: Option<&Node<'_>>) -> Option<Does> {
    let policy = Policy::load(&document(&idea.yaml), &Place::default()).ok()?;
    let call = Call {
        method: TOOLS_CALL,
        tool: Some(tool),
        args: args.unwrap_or(&Node::Null),
        named: &[],
    };
    let facts = Facts {
        now_ms: 0,
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths: Found {
            candidates: &[],
            resolved: &[],
        },
        task_known: false,
    };
    Some(
        match decide(&policy.policy, &call, &facts, &mut Buckets::default()) {
            Decision::Allow(_) => Does::Allow,
            Decision::Ask(_) => Does::Ask,
            Decision::Refuse(_) => Does::Refuse,
        },
    )
}

/// The rule as a policy of its own.
#[must_use]
pub fn document(spec: &str) -> String {
    let mut text =
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: idea\nspec:\n"
            .to_owned();
    for line in spec.lines() {
        let _ = writeln!(text, "  {line}");
    }
    text
}

#[cfg(test)]
mod tests;
