//! What an erasure leaves to do once it is committed: the live log still has the text, and so
//! have the index of words, a copy made before a migration and the write-ahead log until it is emptied.

use std::path::Path;
use std::time::Duration;

use rusqlite::OptionalExtension;

use super::{Job, Outcome, TRIES, Writer};
use crate::audit::batch::StateOp;
use crate::audit::store::{self, BUSY};

impl Writer {
    /// Follows up on the erasures of a group.
    pub(super) fn erased(&mut self, group: &[Job], results: &[Outcome]) {
        let (mut runs, mut removed) = (Vec::new(), Vec::new());
        let done = group.iter().zip(results).filter(|(_, it)| it.is_ok());
        for op in done.flat_map(|(job, _)| &job.batch.ops) {
            match op {
                StateOp::EraseBodies { runs: erased } => runs.extend(erased),
                StateOp::RemoveSegment { id, .. } => removed.extend(self.removed(*id)),
                StateOp::Session { .. }
                | StateOp::Approval { .. }
                | StateOp::Bucket { .. }
                | StateOp::Policy(_)
                | StateOp::PolicyForgotten(_)
                | StateOp::Pin { .. }
                | StateOp::Grant(_)
                | StateOp::Setting { .. } => {}
            }
        }
        if !runs.is_empty() || !removed.is_empty() {
            self.derived.forget(&runs, &removed);
            runs.append(&mut removed);
            runs.sort_unstable();
            // What waits to be copied may be of them.
            self.copy();
            self.live.forget(&self.connection, &runs);
            if let Some(path) = self.connection.path() {
                store::remove_backups(Path::new(path));
            }
            self.scrubs = TRIES;
            self.scrub();
        }
    }

    /// First and last record of a segment that is gone.
    fn removed(&self, id: i64) -> Option<(u64, u64)> {
        let range = self.connection.query_row(
            "SELECT first_seq, last_seq FROM segment WHERE id = ?1 AND removed IS NOT NULL",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        );
        range.optional().unwrap_or_default()
    }

    /// One try to empty the write-ahead log. Calls don't wait for readers that still need it.
    pub(super) fn scrub(&mut self) {
        let _no_wait = self.connection.busy_timeout(Duration::ZERO);
        let emptied = self.empty_wal();
        let _waits_again = self.connection.busy_timeout(BUSY);
        self.scrubs = if emptied { 0 } else { self.scrubs - 1 };
        if !emptied && self.scrubs == 0 {
            tracing::warn!(
                "erased arguments are still in the store's write-ahead log, which is in use"
            );
        }
    }

    /// Moves the write-ahead log's pages into the store and cuts it to nothing.
    pub(super) fn empty_wal(&self) -> bool {
        let busy = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                row.get::<_, i64>(0)
            });
        matches!(busy, Ok(0))
    }
}
