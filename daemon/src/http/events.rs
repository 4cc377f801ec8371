//! What happens, as it does: records as they are committed, and calls as they begin and cease to
//! wait. Records are read from the store page by page, so a reader that is slow holds up nothing but
//! itself, and one that comes back goes on where it was.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use wire::control::{LogQuery, Request};

use super::body::{PIECE, Pieces, written};
use super::guard::Holder;
use super::problem::Problem;
use super::routes::Asked;
use crate::audit::query;
use crate::daemon::Daemon;
use crate::operation::{Answers, Caller, Door, operate};

/// Readers there may be at once.
pub(super) const READERS: usize = 16;
/// Records read in one go.
const PAGE: usize = 50;
/// Records a reader may be behind; past it they are skipped, and it is told.
const BEHIND: u64 = 1000;
/// How often something is said where nothing happens, and its token is looked at.
const BEAT: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    after: Option<u64>,
}

/// `GET /events`
pub(super) fn serve(asked: Asked) -> Result<Response, Problem> {
    let Query { after } = asked.query()?;
    // A browser that comes back says so by the field; the query is still that of the first time.
    let after = match &asked.last_event {
        None => after,
        Some(last) => Some(number(last)?),
    };
    let holder = asked.holder.ok_or_else(Problem::unauthorized)?;
    let daemon = asked.daemon;
    let place = Arc::clone(&daemon.http.readers).try_acquire_owned();
    let place = place.map_err(|_| {
        Problem::unavailable(format!(
            "{READERS} pages and programs watch already; close one of them"
        ))
    })?;
    let body = written(async move |pieces| {
        let _place = place;
        let mut stop = daemon.stop.subscribe();
        tokio::select! {
            // Nobody is left to be told.
            _gone = tell(&daemon, &holder, after, &pieces) => {}
            // The end does not wait for those who look on.
            () = async { let _gone = stop.wait_for(|stop| *stop).await.is_err(); } => {}
        }
    });
    let kind = HeaderValue::from_static("text/event-stream");
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

fn number(last: &HeaderValue) -> Result<u64, Problem> {
    let number = last.to_str().ok().and_then(|it| it.parse().ok());
    number.ok_or_else(|| Problem::invalid("`Last-Event-ID` is the number of a record"))
}

async fn tell(
    daemon: &Arc<Daemon>,
    holder: &Holder,
    after: Option<u64>,
    pieces: &Pieces,
) -> io::Result<()> {
    // Before the store is looked at, so that nothing falls in between.
    let mut commits = daemon.audit.follow();
    let mut seen = match after {
        Some(after) => after,
        None => last(daemon).await?,
    };
    let mut asks = Asks(pieces.clone());
    let caller = Caller {
        door: Door::Http,
        pid: None,
    };
    let never = std::future::pending();
    let mut asking = std::pin::pin!(operate(
        daemon,
        Request::ApprovalsWatch,
        &mut asks,
        caller,
        never
    ));
    let mut beat = tokio::time::interval(BEAT);
    beat.reset();
    let mut fresh = true;
    loop {
        if fresh {
            seen = tokio::select! {
                told = records(daemon, seen, pieces) => told?,
                _ = asking.as_mut() => return Ok(()),
            };
        }
        fresh = tokio::select! {
            committed = commits.recv() => match committed {
                Ok(last) => last > seen,
                Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => return Ok(()),
            },
            _ = asking.as_mut() => return Ok(()),
            _ = beat.tick() => {
                pieces.add(":\n\n").await?;
                false
            }
        };
        let now = crate::time::now_ms();
        if daemon.http.tokens().scope(&holder.token, now).is_none() {
            return Ok(());
        }
    }
}

async fn last(daemon: &Daemon) -> io::Result<u64> {
    let read = daemon.audit.read(query::last_seq).await;
    read.map_err(io::Error::other)
}

/// Tells what was committed after this record; the last one told.
async fn records(daemon: &Daemon, mut seen: u64, pieces: &Pieces) -> io::Result<u64> {
    loop {
        let (page, last) = page(daemon, seen).await?;
        if last.saturating_sub(seen) > BEHIND {
            let (from, to) = (seen.saturating_add(1), last);
            let skipped =
                format!("event: skipped\nid: {last}\ndata: {{\"from\":{from},\"to\":{to}}}\n\n");
            pieces.add(skipped).await?;
            seen = last;
            continue;
        }
        let Some((newest, _)) = page.last() else {
            return Ok(seen);
        };
        seen = *newest;
        let mut text = String::new();
        for (seq, line) in page {
            text.push_str(&format!("event: record\nid: {seq}\ndata: {line}\n\n"));
            if text.len() >= PIECE {
                pieces.add(std::mem::take(&mut text)).await?;
            }
        }
        if !text.is_empty() {
            pieces.add(text).await?;
        }
    }
}

/// The next records and their lines, and the last there is.
async fn page(daemon: &Daemon, after: u64) -> io::Result<(Vec<(u64, String)>, u64)> {
    let read = daemon.audit.read(move |store| {
        let last = query::last_seq(store)?;
        let all = LogQuery {
            events: true,
            outcomes: true,
            ..LogQuery::default()
        };
        let mut page = Vec::new();
        if last.saturating_sub(after) <= BEHIND {
            query::select(store, &all, after, |stored| {
                page.push((stored.seq, stored.line()));
                page.len() < PAGE
            })?;
        }
        Ok((page, last))
    });
    read.await.map_err(io::Error::other)
}

/// Calls that wait, or no longer do.
struct Asks(Pieces);

impl Answers for Asks {
    async fn line(&mut self, line: &str) -> io::Result<()> {
        self.0
            .add(format!("event: approval\ndata: {line}\n\n"))
            .await
    }

    async fn begun(&mut self) -> io::Result<()> {
        self.0.add("event: ready\ndata: {}\n\n").await
    }
}
