//! Audit records as a screen asks for them: pages, one record's story, figures.

use rusqlite::Connection;
use wire::control::{MAX_HOURS, RecordPage, RecordQuery, SearchState, Stats};

use super::{Answers, Daemon, Outcome, as_value, gone, unavailable};
use crate::approval::failure;
use crate::audit::derived::figures::HOUR_MS;
use crate::audit::derived::{Index, Part};
use crate::audit::page::{self, Wanted};

pub(super) async fn page(
    daemon: &Daemon,
    query: RecordQuery,
    answers: &mut impl Answers,
) -> Outcome {
    let wanted = Wanted::read(query).map_err(|invalid| failure("invalid", invalid.0))?;
    let needs = wanted.needs();
    let read = move |store: &Connection, index: Option<&Index<'_>>| {
        let page = page::page(store, index, &wanted)?;
        let lines: Vec<String> = page.records.iter().map(|it| it.line()).collect();
        let search = index.filter(|_| wanted.needs() == Some(Part::Words));
        let end = RecordPage {
            next: page.next,
            search: search.map(searched),
        };
        Ok((lines, end))
    };
    let audit = &daemon.audit;
    let read = match needs {
        Some(part) => audit.read_derived(part, read).await,
        None => audit.read(move |store| read(store, None)).await,
    };
    let (lines, end) = read.map_err(|error| unavailable(&error))?;
    for line in lines {
        answers.line(&line).await.map_err(gone)?;
    }
    as_value(&end)
}

fn searched(index: &Index<'_>) -> SearchState {
    let indexed_to = index.reach(Part::Words);
    SearchState {
        indexed_to,
        last: index.last(),
        complete: indexed_to >= index.last(),
    }
}

pub(super) async fn stats(daemon: &Daemon, hours: u32) -> Outcome {
    if !(1..=MAX_HOURS).contains(&hours) {
        let message = format!("figures go back 1 to {MAX_HOURS} hours, not {hours}");
        return Err(failure("invalid", message));
    }
    let now = crate::time::now_ms();
    let first = now.div_euclid(HOUR_MS) - i64::from(hours) + 1;
    let from = crate::time::rfc3339(first * HOUR_MS);
    let last = now.div_euclid(HOUR_MS);
    let read = daemon.audit.read_derived(Part::Figures, move |_, index| {
        let Some(index) = index else {
            return Ok(None);
        };
        let counted_to = index.reach(Part::Figures);
        let figures = index.figures(first, last)?;
        Ok(Some((figures, counted_to, counted_to >= index.last())))
    });
    let read = read.await.map_err(|error| unavailable(&error))?;
    let Some((figures, indexed_to, complete)) = read else {
        let message = "the figures can't be made; the daemon's log says why".to_owned();
        return Err(failure("unavailable", message));
    };
    as_value(&Stats {
        from,
        to: crate::time::rfc3339(now),
        indexed_to,
        complete,
        ..figures.shown()
    })
}
