//! Entries for tools that the server doesn't list.

use super::{Found, Subject};
use crate::{
    name::Glob,
    policy::{Text, nearest},
};

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    let spec = subject.spec();
    let rules = spec.rules.iter().map(|it| &it.tool);
    let lists = [
        ("allowed_tools", spec.allowed().iter().collect()),
        ("denied_tools", spec.denied_tools.iter().collect()),
        ("tool_rules", rules.collect::<Vec<_>>()),
    ];
    for (list, entries) in lists {
        for entry in entries {
            look(subject, list, entry, found);
        }
    }
}

fn look(subject: &Subject<'_>, list: &str, entry: &Text, found: &mut Found) {
    let (Some(listed), Ok(glob)) = (subject.listed, Glob::new(&entry.text)) else {
        return;
    };
    if listed.under(&glob).next().is_some() {
        return;
    }
    let (written, server) = (&entry.text, &listed.server);
    if !glob.is_exact() {
        let message = format!("no tool that `{server}` lists falls under `{written}` in `{list}`");
        return found.say(entry.at, message, "correct it, or delete the entry");
    }
    let names: Vec<&str> = listed.tools.iter().map(|it| it.name.as_str()).collect();
    let help = match nearest(written, &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "delete the entry, or see `aipctl tools` for what is listed".to_owned(),
    };
    let message = format!("`{server}` lists no tool `{written}`, which is in `{list}`");
    found.say(entry.at, message, help);
}
