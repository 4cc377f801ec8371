//! Patterns that every text matches.

use regex_syntax::{
    Parser,
    hir::{Class, Hir, HirKind, Look},
};

use super::{Found, Subject};
use crate::{
    policy::{Matching, Text, WrittenArg, WrittenRule},
    re2::ascii_reading,
};

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    each_pattern(subject, |it| {
        let admits = match it.matching {
            Matching::Full => is_any_run(&it.hir),
            Matching::Search => is_any_run(&it.hir) || is_found_everywhere(&it.hir),
        };
        if !admits || !it.arg.limits.is_empty() {
            return;
        }
        let message = format!(
            "the pattern of `{}` admits {}",
            it.arg.name,
            if it.hir.properties().minimum_len() == Some(0) {
                "any text"
            } else {
                "any text that isn't empty"
            }
        );
        let help = "say what the argument has to be, as `{max_length: 2000}` or `{path: {under: [FOLDER]}}`";
        found.say(it.text.at, message, help);
    });
}

/// A pattern of an argument, and how it is read.
pub(super) struct PatternOf<'p> {
    pub(super) rule: &'p WrittenRule,
    pub(super) arg: &'p WrittenArg,
    pub(super) text: &'p Text,
    pub(super) matching: Matching,
    pub(super) hir: Hir,
}

/// Every pattern of the policy, in its order.
pub(super) fn each_pattern(subject: &Subject<'_>, mut each: impl FnMut(PatternOf<'_>)) {
    let spec = subject.spec();
    for rule in &spec.rules {
        let matching = rule.matching.unwrap_or(spec.matching);
        for arg in &rule.args {
            let Some(text) = &arg.pattern else { continue };
            let reading = ascii_reading(&text.text);
            let Some(hir) = parsed(&reading, matching) else {
                continue;
            };
            each(PatternOf {
                rule,
                arg,
                text,
                matching,
                hir,
            });
        }
    }
}

/// As the engine reads it: in full a `.` is a line break too, and a comment at the end is closed.
fn parsed(reading: &str, matching: Matching) -> Option<Hir> {
    let parse = |pattern: &str| Parser::new().parse(pattern).ok();
    match matching {
        Matching::Full => {
            parse(&format!("(?s:{reading})")).or_else(|| parse(&format!("(?s:{reading}\n)")))
        }
        Matching::Search => parse(reading),
    }
}

/// Whether it is a run of any characters, with nothing beside it.
fn is_any_run(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(it) => it.max.is_none() && it.min <= 1 && is_any(&it.sub),
        HirKind::Capture(it) => is_any_run(&it.sub),
        HirKind::Alternation(all) => all.iter().any(is_any_run),
        HirKind::Concat(all) => {
            let mut rest = all.iter().filter(|it| !is_edge(it));
            rest.next().is_some_and(is_any_run) && rest.all(is_any_run)
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

/// Whether it matches the empty text somewhere in every text.
fn is_found_everywhere(hir: &Hir) -> bool {
    let properties = hir.properties();
    let looks = properties.look_set();
    let both = looks.contains(Look::Start) && looks.contains(Look::End);
    let edges = looks.iter().all(|it| matches!(it, Look::Start | Look::End));
    properties.minimum_len() == Some(0) && edges && !both
}

fn is_edge(hir: &Hir) -> bool {
    matches!(hir.kind(), HirKind::Look(Look::Start | Look::End))
}

fn is_any(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(Class::Unicode(it)) => {
            let mut ranges = it.iter();
            let whole = ranges
                .next()
                .is_some_and(|it| it.start() == '\0' && it.end() == char::MAX);
            whole && ranges.next().is_none()
        }
        HirKind::Capture(it) => is_any(&it.sub),
        HirKind::Class(Class::Bytes(_))
        | HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Concat(_)
        | HirKind::Alternation(_) => false,
    }
}
