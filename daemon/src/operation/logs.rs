//! Audit records, read page by page; with `follow`, on and on.

use tokio::sync::broadcast::error::RecvError;
use wire::control::LogQuery;

use super::{Answers, Daemon, Outcome, gone, unavailable};
use crate::approval::failure;
use crate::audit::query;

/// Records read in one go.
const PAGE: usize = 500;

pub(super) async fn logs(
    daemon: &Daemon,
    mut wanted: LogQuery,
    answers: &mut impl Answers,
) -> Outcome {
    // One form, so that text compares as time does.
    for typed in [&mut wanted.since, &mut wanted.until].into_iter().flatten() {
        let parsed = crate::time::parse_ms(typed);
        let parsed =
            parsed.ok_or_else(|| failure("invalid", format!("`{typed}` is no RFC 3339 time")))?;
        *typed = crate::time::rfc3339(parsed);
    }
    let follow = wanted.follow;
    let _place = match daemon.followers.clone().try_acquire_owned() {
        Ok(place) => Some(place),
        Err(_) if follow => {
            let message = "too many follow the log already; end one of them".to_owned();
            return Err(failure("unavailable", message));
        }
        Err(_) => None,
    };
    let mut commits = daemon.audit.follow();
    let mut seen = if wanted.limit.is_some() {
        newest(daemon, &wanted, answers).await?
    } else {
        everything(daemon, &wanted, 0, answers).await?
    };
    if follow {
        wanted.limit = None;
        let mut stop = daemon.stop.subscribe();
        loop {
            tokio::select! {
                committed = commits.recv() => match committed {
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => break,
                },
                // The end does not wait for those who look on.
                () = async { drop(stop.wait_for(|stop| *stop).await) } => break,
            }
            seen = everything(daemon, &wanted, seen, answers).await?;
        }
    }
    Ok(serde_json::json!({ "seq": seen }))
}

async fn newest(
    daemon: &Daemon,
    wanted: &LogQuery,
    answers: &mut impl Answers,
) -> Result<u64, super::Failure> {
    let query = wanted.clone();
    let read = daemon.audit.read(move |store| {
        let mut lines = Vec::new();
        query::select(store, &query, 0, |stored| {
            lines.push(stored.line());
            true
        })?;
        Ok((lines, query::last_seq(store)?))
    });
    let (lines, last) = read.await.map_err(|error| unavailable(&error))?;
    for line in lines {
        answers.line(&line).await.map_err(gone)?;
    }
    Ok(last)
}

async fn everything(
    daemon: &Daemon,
    wanted: &LogQuery,
    mut after: u64,
    answers: &mut impl Answers,
) -> Result<u64, super::Failure> {
    loop {
        let query = wanted.clone();
        let read = daemon.audit.read(move |store| {
            let last = query::last_seq(store)?;
            let mut page = Vec::new();
            query::select(store, &query, after, |stored| {
                page.push((stored.seq, stored.line()));
                page.len() < PAGE
            })?;
            Ok((page, last))
        });
        let (page, last) = read.await.map_err(|error| unavailable(&error))?;
        for (_, line) in &page {
            answers.line(line).await.map_err(gone)?;
        }
        match page.last() {
            Some((seq, _)) if page.len() == PAGE => after = *seq,
            Some(_) | None => return Ok(last.max(after)),
        }
    }
}
