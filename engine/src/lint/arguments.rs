//! Rules for arguments that the tool doesn't have.

use super::{Found, Subject};
use crate::{
    name::Glob,
    policy::{WrittenArg, WrittenRule, nearest},
};

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    for rule in &subject.spec().rules {
        let known = known(subject, rule);
        for arg in &rule.args {
            look(rule, arg, known.as_deref(), found);
        }
    }
}

/// The arguments of the tools that go by the rule; `None` where one of them is not known whole.
fn known(subject: &Subject<'_>, rule: &WrittenRule) -> Option<Vec<String>> {
    let (listed, glob) = (subject.listed?, Glob::new(&rule.tool.text).ok()?);
    let mut known = Vec::new();
    for tool in listed.under(&glob) {
        let speaking = subject.policy().rules().speaking(&tool.normal());
        if speaking.is_some_and(|it| it.glob == glob) {
            known.extend(tool.args.clone()?);
        }
    }
    (listed.under(&glob).next().is_some()).then_some(known)
}

fn look(rule: &WrittenRule, arg: &WrittenArg, known: Option<&[String]>, found: &mut Found) {
    let Some(known) = known.filter(|it| !it.contains(&arg.name)) else {
        return;
    };
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let help = match nearest(&arg.name, &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "delete it: the tool takes no arguments".to_owned(),
        None => format!("it has `{}`", names.join("`, `")),
    };
    let message = format!(
        "`{}` has no argument `{}`: no call of it could pass",
        rule.tool.text, arg.name
    );
    found.say(arg.at, message, help);
}
