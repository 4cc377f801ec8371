//! Audit records page by page, newest first: what a screen asks for. So many records are looked
//! at in one go that no page takes long; where more are to be looked at, the page says where to go on.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::query::{self, Stored};
pub use wanted::{Invalid, Wanted};

mod scan;
mod wanted;

/// Records looked at for one page at the most.
pub const LOOK: usize = 5000;
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

/// A page of what fits.
///
/// # Errors
/// SQLite's.
pub fn page(store: &Connection, wanted: &Wanted) -> rusqlite::Result<Page> {
    let mut reading = Reading {
        wanted,
        found: Vec::new(),
        look: LOOK,
        begun: Instant::now(),
    };
    let next = match bounds(store, wanted)? {
        Some(run) if !wanted.is_in_vain() => match scan::scan(store, run, &mut reading)? {
            Then::Next => None,
            Then::Stop(below) => Some(below),
        },
        Some(_) | None => None,
    };
    Ok(Page {
        records: reading.found,
        next,
    })
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
        let over = self.look == 0 || self.begun.elapsed() > PATIENCE;
        over.then_some(Then::Stop(seq))
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
