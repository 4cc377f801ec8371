//! Tools that take paths, and no path protected but those that always are.

use super::{Found, Subject};
use crate::policy::{Action, Limit};

/// Parts of names of tools that read or write files.
const TOOLS: [&str; 5] = ["file", "directory", "folder", "path", "dir"];
/// Names of arguments that hold paths.
const ARGS: [&str; 11] = [
    "path",
    "paths",
    "file",
    "files",
    "filename",
    "file_path",
    "filepath",
    "directory",
    "folder",
    "dir",
    "root",
];

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    let spec = subject.spec();
    // Those of a base, or of the policy it stands beside, hold here too.
    if !spec.protected_paths.is_empty() || subject.policy().is_tightening() {
        return;
    }
    let Some(tool) = by_rule(subject)
        .or_else(|| by_list(subject))
        .or_else(|| by_name(subject))
    else {
        return;
    };
    let message = format!("`{tool}` takes paths, and `protected_paths` protects none");
    let help = "list what no call may name, as `~/.ssh` and `~/.aws`";
    found.say(subject.at("protected_paths"), message, help);
}

/// A rule with an argument for paths that is not held in a folder.
fn by_rule(subject: &Subject<'_>) -> Option<String> {
    let mut rules = subject.spec().rules.iter();
    let open = |arg: &crate::policy::WrittenArg| {
        let held = arg
            .limits
            .iter()
            .any(|it| matches!(it.limit, Limit::Under(_)));
        is_path(&arg.name) && !held
    };
    let rule = rules.find(|it| it.action != Action::Block && it.args.iter().any(open))?;
    Some(rule.tool.text.clone())
}

/// A tool of the server's that may be called and has such an argument.
fn by_list(subject: &Subject<'_>) -> Option<String> {
    let mut tools = subject.listed?.tools.iter();
    let takes = |args: &Vec<String>| args.iter().any(|it| is_path(it));
    let tool = tools.find(|it| {
        let entry = subject.policy().entry_for(&it.name);
        entry.is_some_and(|it| it.list == "allowed_tools") && it.args.as_ref().is_some_and(takes)
    })?;
    Some(tool.name.clone())
}

/// An entry of `allowed_tools` that sounds like it.
fn by_name(subject: &Subject<'_>) -> Option<String> {
    let mut allowed = subject.spec().allowed().iter();
    let sounds = |name: &str| {
        let lower = name.to_lowercase();
        let mut words = lower.split(|it: char| !it.is_ascii_alphabetic());
        words.any(|word| {
            TOOLS
                .iter()
                .any(|it| word == *it || word == format!("{it}s"))
        })
    };
    let denied = |name: &str| {
        let entry = subject.policy().entry_for(name);
        entry.is_some_and(|it| it.list != "allowed_tools")
    };
    let entry = allowed.find(|it| sounds(&it.text) && !denied(&it.text))?;
    Some(entry.text.clone())
}

fn is_path(arg: &str) -> bool {
    ARGS.contains(&arg.to_lowercase().as_str())
}
