//! What is erased or removed from the store is dropped here before anybody is told that it is gone.

use std::time::Duration;

use rusqlite::Connection;

use super::chunk::{self, drop_chunk};
use super::{Derived, Part, file};

/// How long readers are waited for that still need the log. A page takes no longer.
const READERS: Duration = Duration::from_millis(250);

/// First and last number of each run of records.
type Runs = [(u64, u64)];

impl Derived {
    /// Drops the words of chunks that hold any of the erased records, and all that is derived of
    /// chunks that hold removed ones. Where that can't be done the whole file goes.
    pub(in crate::audit) fn forget(&self, erased: &Runs, removed: &Runs) {
        let work = self.lock();
        if !self.path.exists() {
            return;
        }
        let forgotten = file::open(&self.path).and_then(|it| forget(&it, erased, removed));
        match forgotten {
            Ok(true) => return,
            Ok(false) => tracing::warn!("what is derived from the audit store is in use"),
            Err(error) => tracing::warn!(%error, "what is derived can't be dropped in parts"),
        }
        if !self.remove(&work) {
            tracing::error!("erased arguments are still in the index of words");
        }
    }
}

/// Says whether nothing of it is left in the file or its log.
fn forget(derived: &Connection, erased: &Runs, removed: &Runs) -> rusqlite::Result<bool> {
    let hold = |runs: &Runs, first: u64, last: u64| {
        let mut runs = runs.iter();
        runs.any(|(from, to)| *from <= last && *to >= first)
    };
    let step = derived.unchecked_transaction()?;
    let mut dropped = false;
    for (id, chunk) in chunk::all(&step)? {
        let indexed = chunk.run(Part::Words);
        let counted = chunk.run(Part::Figures);
        let last = indexed.last.max(counted.last);
        if hold(removed, indexed.first, last) {
            drop_chunk(&step, id, false)?;
        } else if hold(erased, indexed.first, indexed.last) {
            drop_chunk(&step, id, true)?;
        } else {
            continue;
        }
        dropped = true;
    }
    step.commit()?;
    if !dropped {
        return Ok(true);
    }
    derived.busy_timeout(READERS)?;
    let busy = derived.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, i64>(0)
    })?;
    Ok(busy == 0)
}
