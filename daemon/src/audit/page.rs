//! Audit records page by page, newest first: what a screen asks for. So many records are looked
//! at in one go that no page takes long; where more are to be looked at, the page says where to go on.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::derived::{self, Index};
use super::query::{self, Stored};
pub(super) use wanted::kind;
pub use wanted::{Invalid, Wanted};

mod indexed;
mod scan;
mod wanted;

/// Records looked at for one page at the most.
pub const LOOK: usize = if cfg!(test) { 100 } else { 5000 };
/// A page that has taken this long goes on in the next.
const PATIENCE: Duration = Duration::from_millis(60);

/// A page of records.
pub struct Page {
    /// What fits, newest first.
    pub records: Vec<Stored>,
    /// Where to go on.
    pub next: Option<u64>,
}

/// Numbers of records, both ends among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The lowest.
    pub first: u64,
    /// The highest.
    pub last: u64,
}

/// A page under way.
struct Reading<'q> {
    wanted: &'q Wanted,
    found: Vec<Stored>,
    /// Records that may still be looked at.
    look: usize,
    begun: Instant,
}

/// Whether there is more to be done for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// This run is through.
    Next,
    /// The page is full, or took long enough: what is below this number is left.
    Stop(u64),
}

/// A page of what fits, found by the index as far as that goes, else in the store itself.
///
/// # Errors
/// SQLite's.
pub fn page(
    store: &Connection,
    index: Option<&Index<'_>>,
    wanted: &Wanted,
) -> rusqlite::Result<Page> {
    let mut reading = Reading {
        wanted,
        found: Vec::new(),
        look: LOOK,
        begun: Instant::now(),
    };
    let mut next = None;
    for (chunk, run) in pieces(store, index, wanted)? {
        let then = match (chunk, index) {
            (Some(found), Some(index)) => indexed::look(store, index, (found, run), &mut reading)?,
            (None | Some(_), _) => scan::scan(store, run, &mut reading)?,
        };
        if let Then::Stop(below) = then {
            next = Some(below);
            break;
        }
    }
    Ok(Page {
        records: reading.found,
        next,
    })
}

/// A chunk of the index and what it is asked for; none where the store is read itself.
type Piece = (Option<indexed::Asked>, Run);

/// The runs of records to be looked at, the highest numbers first.
fn pieces(
    store: &Connection,
    index: Option<&Index<'_>>,
    wanted: &Wanted,
) -> rusqlite::Result<Vec<Piece>> {
    let Some(bounds) = bounds(store, wanted)?.filter(|_| !wanted.is_in_vain()) else {
        return Ok(Vec::new());
    };
    let Some(index) = index else {
        return Ok(vec![(None, bounds)]);
    };
    let runs = match &wanted.until {
        Some(until) => index.until(until, bounds)?,
        None => vec![bounds],
    };
    let Some(query) = derived::query(wanted) else {
        return Ok(runs.into_iter().map(|run| (None, run)).collect());
    };
    let asked = |chunk| indexed::Asked {
        chunk,
        query: query.clone(),
    };
    let cut = runs.into_iter().flat_map(|run| index.pieces(run));
    Ok(cut.map(|(chunk, run)| (chunk.map(asked), run)).collect())
}

impl Reading<'_> {
    /// Takes a record that was looked at; where the page ends with it, says so.
    fn take(&mut self, stored: Stored) -> Option<Then> {
        let seq = stored.seq;
        self.look = self.look.saturating_sub(1);
        if self.wanted.fits(&stored) {
            if self.found.len() >= self.wanted.limit {
                return Some(Then::Stop(seq + 1));
            }
            self.found.push(stored);
        }
        self.is_over().then_some(Then::Stop(seq))
    }

    /// Enough was looked at for one page.
    fn is_over(&self) -> bool {
        self.look == 0 || self.begun.elapsed() > PATIENCE
    }
}

/// The numbers that can fit at all.
fn bounds(store: &Connection, wanted: &Wanted) -> rusqlite::Result<Option<Run>> {
    let last = query::last_seq(store)?;
    let last = last.min(wanted.before.saturating_sub(1));
    let mut first = wanted.after.saturating_add(1);
    if let Some(since) = &wanted.since {
        first = first.max(query::first_since(store, since)?);
    }
    Ok((first <= last).then_some(Run { first, last }))
}
