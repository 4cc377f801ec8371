//! What another policy would make of the calls that were recorded.

use engine::replay::{Calls, Changes, Kind};
use wire::control::{ReplayChange, ReplayQuery, Replayed, Unknown};

use super::judge::Judge;
use super::record::old;
use super::{Session, Span};
use crate::approval::failure;
use crate::audit::query::Stored;
use crate::operation::try_out::listed;
use crate::operation::{Answers, Daemon, Outcome, as_value, gone};

/// The most examples of a kind.
const MAX_EXAMPLES: u64 = 100;

/// A replay under way.
struct Work {
    judge: Judge,
    changes: Changes,
}

pub(in crate::operation) async fn replay(
    daemon: &Daemon,
    query: ReplayQuery,
    answers: &mut impl Answers,
) -> Outcome {
    if query.examples > MAX_EXAMPLES {
        let asked = query.examples;
        let message = format!("at most {MAX_EXAMPLES} examples are told, not {asked}");
        return Err(failure("invalid", message));
    }
    let loaded = match daemon.policies.read_whole(&query.path, &query.text) {
        Ok(loaded) => loaded,
        Err(errors) => {
            return as_value(&Replayed {
                diagnostics: listed(&errors),
                ..Replayed::default()
            });
        }
    };
    let work = Work {
        judge: Judge {
            in_force: daemon.policies.would_be(&query.path, loaded.policy),
            home: daemon.home.clone(),
            paths: 0,
        },
        changes: Changes::new(usize::try_from(query.examples).unwrap_or(0)),
    };
    let span = Span::read(daemon, (query.since, query.until), query.server, None).await?;
    let Work { judge, changes } = span.walk(daemon, work, each).await?;
    for (kind, calls) in &changes.kinds {
        answers.item(&change(kind, calls)).await.map_err(gone)?;
    }
    as_value(&Replayed {
        calls: changes.calls(),
        unchanged: changes.unchanged,
        changed: changes.changed(),
        more: changes.more,
        unknown: changes.unknown.iter().map(unknown).collect(),
        paths: judge.paths,
        diagnostics: listed(&loaded.warnings),
    })
}

fn each(work: &mut Work, record: &Stored, session: &Session) {
    if record.is_unreadable() {
        work.changes.unknown("its record can't be read");
        return;
    }
    let method = record.text("method").unwrap_or_default();
    if method.is_empty() || record.get("supersedes").is_some() {
        // What was no message at all, or is told of by the record it takes the place of.
        return;
    }
    let new = work.judge.judge(record, session);
    match (old(record), new) {
        (Ok(old), Ok(new)) => {
            let tool = record.text("tool");
            work.changes
                .compare(&tool.unwrap_or(method), old, new, record.seq);
        }
        (Err(why), _) | (_, Err(why)) => work.changes.unknown(why),
    }
}

fn change(kind: &Kind, calls: &Calls) -> ReplayChange {
    let some = |it: &String| (!it.is_empty()).then(|| it.clone());
    ReplayChange {
        what: kind.what.clone(),
        old: kind.old.word().to_owned(),
        new: kind.new.word().to_owned(),
        rule: some(&kind.rule),
        reason: some(&kind.reason),
        line: kind.line.map(|it| it as u64),
        count: calls.count,
        examples: calls.examples.clone(),
    }
}

fn unknown((why, count): (&&'static str, &u64)) -> Unknown {
    Unknown {
        why: (*why).to_owned(),
        count: *count,
    }
}
