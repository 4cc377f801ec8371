//! Lists that allow everything.

use super::{Found, Subject};
use crate::policy::{Action, Text};

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    let spec = subject.spec();
    let methods = spec.allowed_methods.iter().flatten();
    let asked = spec.allowed_server_methods.iter().flatten();
    for text in spec.allowed().iter().filter(|it| is_all(it)) {
        let help = "name the tools, or the beginnings of their names";
        found.say(
            text.at,
            "every tool is allowed, one that comes later too",
            help,
        );
    }
    for text in methods.filter(|it| is_all(it)) {
        let help = "leave `allowed_methods` out, which lets pass what tools need";
        found.say(text.at, "every method of the client is allowed", help);
    }
    for text in asked.filter(|it| is_all(it)) {
        let help = "name what the server may ask, as `ping` and `roots/list`";
        let message = "the server may ask anything of the client, to have its model work too";
        found.say(text.at, message, help);
    }
    let open = |it: &&crate::policy::WrittenRule| {
        it.action == Action::Allow && it.args.is_empty() && is_all(&it.tool)
    };
    for rule in spec.rules.iter().filter(open) {
        let help = "name the tools, or write `action: ask`";
        found.say(
            rule.tool.at,
            "this rule allows every tool that has no other",
            help,
        );
    }
}

fn is_all(text: &Text) -> bool {
    !text.text.trim().is_empty() && text.text.trim().chars().all(|it| it == '*')
}
