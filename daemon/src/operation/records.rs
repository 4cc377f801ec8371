//! Audit records as a screen asks for them: pages, one record's story, figures.

use wire::control::{MAX_HOURS, RecordPage, RecordQuery, Stats};

use super::{Answers, Daemon, Outcome, as_value, gone, unavailable};
use crate::approval::failure;
use crate::audit::derived::figures::{Figures, HOUR_MS, What, added};
use crate::audit::page::{self, Wanted};
use crate::audit::query;

pub(super) async fn page(
    daemon: &Daemon,
    query: RecordQuery,
    answers: &mut impl Answers,
) -> Outcome {
    let wanted = Wanted::read(query).map_err(|invalid| failure("invalid", invalid.0))?;
    let read = daemon.audit.read(move |store| {
        let page = page::page(store, &wanted)?;
        let lines: Vec<String> = page.records.iter().map(|it| it.line()).collect();
        Ok((lines, page.next))
    });
    let (lines, next) = read.await.map_err(|error| unavailable(&error))?;
    for line in lines {
        answers.line(&line).await.map_err(gone)?;
    }
    as_value(&RecordPage { next, search: None })
}

pub(super) async fn stats(daemon: &Daemon, hours: u32) -> Outcome {
    if !(1..=MAX_HOURS).contains(&hours) {
        let message = format!("figures go back 1 to {MAX_HOURS} hours, not {hours}");
        return Err(failure("invalid", message));
    }
    let now = crate::time::now_ms();
    let first = now.div_euclid(HOUR_MS) - i64::from(hours) + 1;
    let from = crate::time::rfc3339(first * HOUR_MS);
    let since = from.clone();
    let read = daemon.audit.read(move |store| {
        let mut figures = Figures::default();
        let all = wire::control::LogQuery {
            since: Some(since),
            events: true,
            ..wire::control::LogQuery::default()
        };
        let last = query::last_seq(store)?;
        query::select(store, &all, 0, |stored| {
            if let Some(added) = added(&stored) {
                let hour = figures.hours.entry(added.hour).or_default();
                hour.count(&added.what, stored.seq);
                if let What::Decision(decisions, name, last_ms, _) = added.what {
                    let used = figures.uses.entry(name).or_default();
                    used.decisions.add(decisions);
                    used.last_ms = used.last_ms.max(last_ms);
                }
            }
            true
        })?;
        Ok((figures, last))
    });
    let (figures, indexed_to) = read.await.map_err(|error| unavailable(&error))?;
    as_value(&Stats {
        from,
        to: crate::time::rfc3339(now),
        indexed_to,
        complete: true,
        ..figures.shown()
    })
}
