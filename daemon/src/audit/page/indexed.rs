//! Looks at the records that the index of words names.

use rusqlite::Connection;

use super::{Reading, Run, Then};
use crate::audit::derived::Index;
use crate::audit::query;

/// A chunk of the index, and what it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) chunk: u64,
    pub(super) query: String,
}

/// Looks at those of a run, newest first. What the index says is only where to look.
pub(super) fn look(
    store: &Connection,
    index: &Index<'_>,
    (asked, run): (Asked, Run),
    reading: &mut Reading<'_>,
) -> rusqlite::Result<Then> {
    if reading.is_over() {
        return Ok(Then::Stop(run.last.saturating_add(1)));
    }
    let stop = index.find((asked.chunk, run), &asked.query, |seq| {
        let stored = query::stored(store, seq)?;
        Ok(stored.and_then(|stored| reading.take(stored)))
    })?;
    Ok(stop.unwrap_or(Then::Next))
}
