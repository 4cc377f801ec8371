//! What is made from the audit store and can be made anew: figures by the hour, and an index of
//! words. It lies in a file of its own, is carried on when it is asked for and at the daemon's upkeep,
//! and never stands in a commit's way. Screens are drawn from it; evidence is the store alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::page::Run;
use chunk::{Chunk, Held};
pub use counting::OTHERS;
pub use file::NAME;

mod chunk;
mod counting;
mod erasing;
pub mod figures;
mod file;
pub mod histogram;
mod rolling;
#[cfg(test)]
mod tests;
mod words;

/// How long a query waits for what is lacking.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long the end waits for a batch.
const END: Duration = Duration::from_secs(2);

/// A part of it, carried on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Counts by the hour.
    Figures,
    /// The index of words.
    Words,
}

/// The file, and who works on it.
#[derive(Debug)]
pub struct Derived {
    path: PathBuf,
    store: PathBuf,
    /// Held while anything is written to the file, or it is removed.
    work: Mutex<()>,
    /// Counted up when the file is removed: who has it open has another one then.
    removed: AtomicU64,
    /// Whoever carries it on in the background.
    roller: Mutex<Roller>,
    /// Rung when nobody does any more.
    rests: Condvar,
    ended: AtomicBool,
}

#[derive(Debug, Default)]
struct Roller {
    /// Parts it is to carry on.
    wanted: Vec<Part>,
    runs: bool,
}

/// What is derived, as a query sees it.
pub struct Index<'c> {
    derived: &'c Connection,
    chunks: BTreeMap<u64, Chunk>,
    held: Held,
}

impl Derived {
    /// Beside a store. Nothing is opened before it is asked for.
    #[must_use]
    pub fn beside(store: &Path) -> Self {
        Self {
            path: store.with_file_name(NAME),
            store: store.to_owned(),
            work: Mutex::new(()),
            removed: AtomicU64::new(0),
            roller: Mutex::default(),
            rests: Condvar::new(),
            ended: AtomicBool::new(false),
        }
    }

    /// Asks it together with the store, after what a part lacks is made good as far as that takes
    /// but a moment; the rest is made good afterwards. `None` where it can't be had.
    ///
    /// # Errors
    /// What `ask` returns.
    pub fn ask<T>(
        self: &Arc<Self>,
        part: Part,
        store: &Connection,
        ask: impl Fn(Option<&Index<'_>>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let asked = self.asked(part, store, &ask);
        match asked {
            Ok(answer) => Ok(answer),
            Err(error) => {
                if file::is_broken(&error) {
                    self.remove_broken(&error);
                } else {
                    tracing::warn!(%error, "what is derived from the audit store can't be used");
                }
                self.roll_on(part);
                ask(None)
            }
        }
    }

    fn asked<T>(
        self: &Arc<Self>,
        part: Part,
        store: &Connection,
        ask: impl Fn(Option<&Index<'_>>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let derived = self.rolled(part, store, Instant::now() + PATIENCE)?;
        // One view of it throughout: a chunk may be dropped meanwhile.
        let view = derived.unchecked_transaction()?;
        let index = Index {
            chunks: chunk::all(&view)?,
            held: Held::of(store)?,
            derived: &view,
        };
        if index.reach(part) < index.held.last {
            self.roll_on(part);
        }
        ask(Some(&index))
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove_broken(&self, error: &rusqlite::Error) {
        tracing::warn!(%error, "what is derived from the audit store is broken and is made anew");
        let work = self.lock();
        self.remove(&work);
    }

    /// Removes the file; says whether it is gone.
    fn remove(&self, _: &MutexGuard<'_, ()>) -> bool {
        self.removed.fetch_add(1, Ordering::Relaxed);
        file::discard(&self.path).is_ok()
    }

    /// Ends what is carried on in the background, once its batch is through.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        let roller = self.roller.lock().unwrap_or_else(PoisonError::into_inner);
        let rested = self
            .rests
            .wait_timeout_while(roller, END, |roller| roller.runs);
        drop(rested);
    }
}

impl Index<'_> {
    /// The last record of the store when it was asked.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.held.last
    }

    /// The last record up to which a part lacks none.
    #[must_use]
    pub fn reach(&self, part: Part) -> u64 {
        chunk::reach(&self.chunks, self.held, part)
    }

    /// Counts of some hours since 1970, both ends among them.
    ///
    /// # Errors
    /// SQLite's.
    pub fn figures(&self, first: i64, last: i64) -> rusqlite::Result<figures::Figures> {
        counting::figures(self.derived, first, last)
    }

    /// Takes from a run what is later than a time, as far as that is known: what is left, the
    /// highest numbers first.
    ///
    /// # Errors
    /// SQLite's.
    pub(super) fn until(&self, until: &str, run: Run) -> rusqlite::Result<Vec<Run>> {
        let counted = self.reach(Part::Figures);
        let Some(at) = crate::time::parse_ms(until) else {
            return Ok(vec![run]);
        };
        let hour = at.div_euclid(figures::HOUR_MS);
        let last = counting::last_until(self.derived, hour)?;
        if last >= counted {
            return Ok(vec![run]);
        }
        let high = Run {
            first: run.first.max(counted + 1),
            last: run.last,
        };
        let low = Run {
            first: run.first,
            last: run.last.min(last),
        };
        let is_some = |run: &Run| run.first <= run.last;
        Ok([high, low].into_iter().filter(is_some).collect())
    }

    /// Cuts a run into what is indexed, by chunk, and what is not, the highest numbers first.
    pub(super) fn pieces(&self, run: Run) -> Vec<(Option<u64>, Run)> {
        let mut pieces = Vec::new();
        let mut rest = run;
        for chunk in self.chunks.values().rev() {
            let indexed = chunk.run(Part::Words);
            let (first, last) = (rest.first.max(indexed.first), rest.last.min(indexed.last));
            if first > last {
                continue;
            }
            if last < rest.last {
                let first = last + 1;
                pieces.push((None, Run { first, ..rest }));
            }
            pieces.push((Some(chunk.id), Run { first, last }));
            rest.last = first.saturating_sub(1);
            if rest.first > rest.last {
                return pieces;
            }
        }
        pieces.push((None, rest));
        pieces
    }

    /// Numbers of records of a chunk that a query fits, newest first, until `each` has had enough.
    ///
    /// # Errors
    /// SQLite's.
    pub(super) fn find<T>(
        &self,
        piece: (u64, Run),
        query: &str,
        each: impl FnMut(u64) -> rusqlite::Result<Option<T>>,
    ) -> rusqlite::Result<Option<T>> {
        words::find(self.derived, piece, query, each)
    }
}

/// What the index is asked for; `None` where it could not help.
pub(super) fn query(wanted: &super::page::Wanted) -> Option<String> {
    words::query(wanted)
}
