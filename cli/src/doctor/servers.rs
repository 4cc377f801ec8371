//! The servers that clients start: behind aip or not, and whether what their entries name is there.

use std::path::Path;

use clients::{Entry, Kind};

use super::programs::is_program;
use super::{Finding, Health};
use crate::command::policy::validate::{MAX_POLICY, whole};
use crate::context::Context;
use crate::install::found::{self, Found};
use crate::launch;

pub(super) fn look(context: &Context<'_>) -> Vec<Finding> {
    let found = match found::find(context) {
        Ok(found) => found,
        Err(failure) => {
            return vec![Finding::new(
                "clients",
                Health::Problem,
                failure.to_string(),
            )];
        }
    };
    if found.is_empty() {
        let none = Finding::new(
            "clients",
            Health::Note,
            "no AI client's configuration was found",
        );
        return vec![none.next("aip wrap --list names servers, and prints what to put into one")];
    }
    found.iter().flat_map(|it| file(it, context)).collect()
}

fn file(found: &Found, context: &Context<'_>) -> Vec<Finding> {
    let shown = format!(
        "{} ({})",
        found.place.client.name,
        found.place.path.display()
    );
    let read = match &found.read {
        Ok(read) => read,
        Err(unread) => {
            let broken = Finding::new("clients", Health::Warning, format!("{shown}: {unread}"));
            return vec![broken.next("put the file right; its client may not read it either")];
        }
    };
    let mut all = Vec::new();
    let mut behind = 0_usize;
    for entry in read.entries.iter().filter(|it| it.enabled) {
        let name = entry.at.server();
        match &entry.kind {
            Kind::Stdio { wrapped: false, .. } => {
                let bare = format!("{shown}: {name} runs without aip");
                let project = if found.place.project {
                    " --project"
                } else {
                    ""
                };
                let next = format!("aipctl install --client {}{project}", found.place.client.id);
                all.push(Finding::new("unwrapped", Health::Warning, bare).next(next));
            }
            Kind::Stdio {
                command,
                wrapped: true,
            } => {
                behind += 1;
                let wrong = Wrapped::of(&command.0).wrong(context);
                all.extend(wrong.into_iter().map(|it| told(&shown, entry, it)));
            }
            Kind::Remote | Kind::Own | Kind::Broken(_) => {}
        }
    }
    if behind > 0 {
        all.push(Finding::good(
            "clients",
            format!("{shown}: behind aip: {behind}"),
        ));
    }
    all
}

fn told(shown: &str, entry: &Entry, wrong: Finding) -> Finding {
    let found = format!("{shown}: {}: {}", entry.at.server(), wrong.found);
    Finding { found, ..wrong }
}

/// An entry that starts aip, as aip will read it.
struct Wrapped<'a> {
    aip: &'a str,
    policy: Option<&'a str>,
    target: Option<String>,
}

impl<'a> Wrapped<'a> {
    fn of(argv: &'a [String]) -> Self {
        let (aip, words) = argv
            .split_first()
            .map_or(("", &[][..]), |(it, rest)| (it, rest));
        let end = words
            .iter()
            .position(|it| it == "--")
            .unwrap_or(words.len());
        let (own, server) = words.split_at(end);
        let value = |name: &str| {
            let mut after = own.iter().skip_while(|it| *it != name).skip(1);
            let joined = own
                .iter()
                .find_map(|it| it.strip_prefix(name)?.strip_prefix('='));
            joined.or_else(|| after.next().map(String::as_str))
        };
        let whole = value("--target").and_then(|it| shell_words::split(it).ok());
        let whole = whole.and_then(|it| it.into_iter().next());
        Self {
            aip,
            policy: value("--policy"),
            target: server.get(1).cloned().or(whole),
        }
    }

    fn wrong(&self, context: &Context<'_>) -> Vec<Finding> {
        let mut all = Vec::new();
        let missing = |name: &str| !self.is_there(name, context);
        if missing(self.aip) {
            let found = format!("`{}` is not there, or can't be run", self.aip);
            let next = "aipctl uninstall, and aipctl install from where aip is now";
            all.push(Finding::new("wrapper", Health::Problem, found).next(next));
        } else if self.is_another(context) {
            let found = format!("`{}` is another program than this aip", self.aip);
            let next =
                "see what it is: whatever is called aip looks like one, and may protect nothing";
            all.push(Finding::new("wrapper", Health::Warning, found).next(next));
        }
        if let Some(policy) = self.policy {
            all.extend(policy_is_wrong(Path::new(policy), context));
        }
        if let Some(target) = self.target.as_deref().filter(|it| missing(it)) {
            let shown = clients::masked(&[target.to_owned()]).concat();
            let found = format!("its command `{shown}` is not found");
            let next = "install it, or write its whole path: a desktop's PATH may be another than this one";
            all.push(Finding::new("target", Health::Warning, found).next(next));
        }
        all
    }

    /// Whether a program that is there by its whole path is not the one that belongs to this `aipctl`.
    fn is_another(&self, context: &Context<'_>) -> bool {
        let ours = launch::program("aip", &context.running);
        let ours = ours.ok().and_then(|it| it.canonicalize().ok());
        let named = Path::new(self.aip);
        named.is_absolute() && ours.is_some() && named.canonicalize().ok() != ours
    }

    fn is_there(&self, command: &str, context: &Context<'_>) -> bool {
        if command.contains('/') {
            // A relative one depends on the client's folder.
            return !Path::new(command).is_absolute() || is_program(Path::new(command));
        }
        let path = context.variables.get("PATH").cloned().unwrap_or_default();
        std::env::split_paths(&path).any(|it| is_program(&it.join(command)))
    }
}

fn policy_is_wrong(file: &Path, context: &Context<'_>) -> Option<Finding> {
    let shown = file.display();
    // What is relative depends on the client's folder.
    if !file.is_absolute() {
        return None;
    }
    // A look waits for nobody to write into a pipe.
    let is_file = file.metadata().map_or(true, |it| it.is_file());
    let text = is_file.then(|| context.read_text(file, MAX_POLICY));
    let wrong = match text.transpose() {
        Ok(None) => format!("its policy {shown} is no file"),
        Err(failure) => failure.to_string(),
        Ok(Some(text)) => {
            let (_, errors) = whole(file, &text, context).err()?;
            let first = &errors.0.first()?.message;
            format!("its policy {shown} has errors: {first}")
        }
    };
    // A project's file names it, and a person may well copy the line.
    let word = file.to_string_lossy();
    let word = shell_words::quote(&word);
    let next = format!("aip does not start with it; aipctl policy validate {word}");
    Some(Finding::new("policy", Health::Problem, wrong).next(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_aip_reads_it() {
        check(
            "aip --policy /p.yaml -- npx -y x",
            "aip",
            Some("/p.yaml"),
            Some("npx"),
        );
        check(
            "/a/aip --policy=/p.yaml --target 'npx -y x'",
            "/a/aip",
            Some("/p.yaml"),
            Some("npx"),
        );
        check("aip -- npx --policy /q.yaml", "aip", None, Some("npx"));
        check("aip --policy", "aip", None, None);
        check("", "", None, None);
        fn check(line: &str, aip: &str, policy: Option<&str>, target: Option<&str>) {
            let argv = shell_words::split(line).unwrap();
            let read = Wrapped::of(&argv);
            let target = target.map(str::to_owned);
            assert_eq!(
                (read.aip, read.policy, read.target),
                (aip, policy, target),
                "{line}"
            );
        }
    }
}
