//! Patterns of SQL that let a second statement follow the first.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::{
    Found, Subject,
    anything::{PatternOf, each_pattern},
};

/// The shortest run in which a harmful statement fits: `;DROP TABLE a`.
const FITS: u32 = 12;

/// What such a statement is made of.
const MADE_OF: [char; 4] = [';', ' ', 'D', 'E'];

/// Words that SQL begins with.
const VERBS: [&str; 4] = ["select", "insert", "update", "delete"];
/// Words that SQL begins with, and other texts too.
const MORE_VERBS: [&str; 4] = ["explain", "with", "show", "create"];

pub(super) fn run(subject: &Subject<'_>, found: &mut Found) {
    each_pattern(subject, |it| {
        if !it.arg.limits.is_empty() || !is_sql(&it) || !holds_run(&it.hir) {
            return;
        }
        let message = format!(
            "the pattern of `{}` lets another statement follow, as `; DROP TABLE a`",
            it.arg.name
        );
        let help = "write `{sql: read_only}`, which reads the statement as a database does";
        found.say(it.text.at, message, help);
    });
}

/// By the argument's name, the pattern's words, or the tool's name with an argument for queries.
fn is_sql(it: &PatternOf<'_>) -> bool {
    let arg = it.arg.name.to_lowercase();
    let tool = it.rule.tool.text.to_lowercase();
    let pattern = it.text.text.to_lowercase();
    let of_tool = ["sql", "db", "database", "postgres", "mysql"]
        .iter()
        .any(|word| tool.contains(word));
    let mut words = pattern.split(|letter: char| !letter.is_ascii_alphabetic());
    // Shorter ones are flags and classes.
    let first = words.find(|it| it.len() >= 4).unwrap_or_default();
    let query = arg.contains("query");
    arg.contains("sql")
        || arg.contains("statement")
        || (query && (of_tool || MORE_VERBS.contains(&first)))
        || VERBS.contains(&first)
}

/// Whether a part of it is a run long enough, of characters that another statement is made of.
fn holds_run(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(it) => {
            let long = it.max.is_none_or(|most| most >= FITS);
            (long && holds_statement(&it.sub)) || holds_run(&it.sub)
        }
        HirKind::Capture(it) => holds_run(&it.sub),
        HirKind::Concat(all) | HirKind::Alternation(all) => all.iter().any(holds_run),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

fn holds_statement(hir: &Hir) -> bool {
    let mut classes = Vec::new();
    collect(hir, &mut classes);
    let any = |letter: char| {
        let lower = letter.to_ascii_lowercase();
        let holds = |(start, end): &(char, char)| {
            (*start..=*end).contains(&letter) || (*start..=*end).contains(&lower)
        };
        classes.iter().any(holds)
    };
    MADE_OF.into_iter().all(any)
}

/// The ranges of characters that can stand in a repeated part.
fn collect(hir: &Hir, ranges: &mut Vec<(char, char)>) {
    match hir.kind() {
        HirKind::Class(Class::Unicode(it)) => {
            ranges.extend(it.iter().map(|it| (it.start(), it.end())));
        }
        HirKind::Literal(it) => {
            let text = String::from_utf8_lossy(&it.0).into_owned();
            ranges.extend(text.chars().map(|it| (it, it)));
        }
        HirKind::Repetition(it) => collect(&it.sub, ranges),
        HirKind::Capture(it) => collect(&it.sub, ranges),
        HirKind::Concat(all) | HirKind::Alternation(all) => {
            all.iter().for_each(|it| collect(it, ranges));
        }
        HirKind::Class(Class::Bytes(_)) | HirKind::Empty | HirKind::Look(_) => {}
    }
}
