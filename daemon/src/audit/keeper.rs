//! What no call waits for: batches that came without anybody waiting, the live copy, and moving
//! the write-ahead log into the store.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::derived::Derived;
use super::desk::Desk;
use super::writer::Writer;

/// How long what came first waits for more of its kind.
const LINGER: Duration = Duration::from_millis(20);
/// Pages in the write-ahead log from which on they are moved into the store.
const CHECKPOINT: u32 = 2048;
/// Pages past which the log must be emptied to its end, for which commits wait: a log that is
/// added to all the time would else grow for ever.
const FULL: u32 = 4 * CHECKPOINT;

/// The thread beside the writer.
pub(super) struct Keeper {
    desk: Arc<Desk>,
    /// Moves pages while the writer goes on.
    mover: Connection,
    derived: Arc<Derived>,
}

impl Keeper {
    pub(super) fn new(desk: Arc<Desk>, mover: Connection, derived: Arc<Derived>) -> Self {
        Self {
            desk,
            mover,
            derived,
        }
    }

    /// Serves until the desk is closed and all is done.
    pub(super) fn run(self) {
        while self.desk.wait(LINGER) {
            self.look();
            self.tidy();
        }
        self.look();
        // It reads the store, whose log is then emptied.
        self.derived.end();
        drop(self.mover);
        self.desk.with_writer(Writer::end);
    }

    fn look(&self) {
        self.desk.clear();
        self.desk.with_writer(Writer::copy);
        self.checkpoint();
    }

    /// Calls pass between two steps.
    fn tidy(&self) {
        loop {
            let step = self.desk.with_writer(Writer::tidy);
            match step {
                Some(pause) => std::thread::sleep(pause),
                None => return,
            }
        }
    }

    fn checkpoint(&self) {
        let pages = self.desk.with_writer(|writer| writer.wal_pages());
        if pages < CHECKPOINT {
            return;
        }
        if let Err(error) = passive(&self.mover) {
            tracing::warn!(%error, "the store's write-ahead log could not be moved");
        }
        if pages >= FULL {
            self.desk.with_writer(|writer| writer.checkpoint());
        }
    }
}

/// Moves what no reader needs, and waits for nobody.
pub(super) fn passive(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
