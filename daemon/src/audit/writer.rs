//! The one writer: writes what has piled up in one transaction, and only then says so to those
//! who wait. A batch that can't be written leaves no trace.

use std::ffi::c_int;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use tokio::sync::oneshot;

use super::batch::{Batch, StateOp, Sync};
use super::chain::Chain;
use super::derived::Derived;
use super::live::Live;
use super::{AuditError, Failing};

mod erasing;
mod group;

/// A line of the export that has just been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The record's number.
    pub seq: u64,
    /// Its export line; `None` for an outcome, which the live log leaves out.
    pub line: Option<String>,
}

/// Where a batch's end is told.
pub(super) type Ack = oneshot::Sender<Outcome>;

pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) ack: Option<Ack>,
}

impl Job {
    /// Whether the disk is waited for, or much is written.
    pub(super) fn takes_long(&self) -> bool {
        let erases = |op: &StateOp| match op {
            StateOp::EraseBodies { .. } | StateOp::RemoveSegment { .. } => true,
            StateOp::Session { .. }
            | StateOp::Approval { .. }
            | StateOp::Bucket { .. }
            | StateOp::Policy(_)
            | StateOp::PolicyForgotten(_)
            | StateOp::Pin { .. }
            | StateOp::Grant(_)
            | StateOp::Setting { .. } => false,
        };
        self.batch.sync == Sync::Full || self.batch.ops.iter().any(erases)
    }
}

/// How often the write-ahead log is tried to be emptied while readers need it, and how long
/// between two tries.
const TRIES: u32 = 1000;
const BETWEEN: Duration = Duration::from_millis(10);
/// Lines that may wait for the live copy; past it they are read from the store.
const LINES: usize = 4096;
/// Statements kept prepared.
const STATEMENTS: usize = 32;

/// The store's one writer: whoever holds it writes.
pub(super) struct Writer {
    connection: Connection,
    chain: Chain,
    live: Live,
    derived: Arc<Derived>,
    /// Lines that are not in the live copy yet.
    lines: Vec<String>,
    sync: Sync,
    follow: tokio::sync::broadcast::Sender<u64>,
    failing: Failing,
    /// The store's file as it was opened: device and inode.
    file: Option<(u64, u64)>,
    /// Pages in the write-ahead log after the last commit.
    wal_pages: Arc<AtomicU32>,
    /// Tries left to empty the write-ahead log of what was erased.
    scrubs: u32,
}

impl Writer {
    pub(super) fn new(
        mut connection: Connection,
        (live, derived): (PathBuf, Arc<Derived>),
        follow: tokio::sync::broadcast::Sender<u64>,
        failing: Failing,
    ) -> rusqlite::Result<Self> {
        let chain = Chain::load(&connection)?;
        let live = Live::begin(live, &connection, chain.seq());
        let file = identity(&connection);
        let wal_pages = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&wal_pages);
        // In place of SQLite's own, by which a commit now and then waits for the disk.
        connection.wal_hook(Some(move |_: &mut Wal, pages: c_int| {
            seen.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self {
            connection,
            chain,
            live,
            derived,
            lines: Vec::new(),
            sync: Sync::Normal,
            follow,
            failing,
            file,
            wal_pages,
            scrubs: 0,
        })
    }

    /// A clean end leaves no WAL behind for another reader to need.
    pub(super) fn end(&mut self) {
        let _waits_for_readers = self.connection.busy_timeout(super::store::BUSY);
        if !self.empty_wal() {
            tracing::warn!("the store's write-ahead log could not be emptied at the end");
        }
    }

    /// Whether something is left to do that no call waits for.
    pub(super) fn left_over(&self) -> bool {
        !self.lines.is_empty() || self.scrubs > 0 || self.live.is_behind()
    }

    /// Copies the lines that wait to the live log.
    pub(super) fn copy(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        self.live.append(&self.connection, &lines, self.chain.seq());
    }

    /// One step of what was left over; `None` when there is nothing that can be done now, else
    /// how long to wait before the next.
    pub(super) fn tidy(&mut self) -> Option<Duration> {
        if self.scrubs > 0 {
            self.scrub();
            return Some(BETWEEN);
        }
        let more = self.live.catch_up(&self.connection, self.chain.seq());
        more.then_some(Duration::ZERO)
    }

    pub(super) fn wal_pages(&self) -> u32 {
        self.wal_pages.load(Ordering::Relaxed)
    }

    /// Moves the rest of the write-ahead log into the store.
    pub(super) fn checkpoint(&self) {
        if let Err(error) = super::keeper::passive(&self.connection) {
            tracing::warn!(%error, "the store's write-ahead log could not be moved");
        }
    }

    pub(super) fn write_group(&mut self, group: &mut Vec<Job>) {
        let results = self.commit_group(group);
        for written in results.iter().flatten().flatten() {
            self.lines.extend(written.line.clone());
        }
        if self.lines.len() > LINES {
            self.lines.clear();
            self.live.fall_behind();
        }
        self.erased(group, &results);
        if results
            .iter()
            .any(|result| result.as_ref().is_ok_and(|written| !written.is_empty()))
        {
            // Nobody may be following.
            let _followers = self.follow.send(self.chain.seq());
        }
        for (job, result) in group.drain(..).zip(results) {
            if let Some(ack) = job.ack {
                // The session may have gone meanwhile; the record stands all the same.
                let _gone = ack.send(result);
            }
        }
    }
}

pub(super) type Outcome = Result<Vec<Written>, AuditError>;

/// Device and inode of the file that stands at the store's path now; none for a store in memory.
fn identity(connection: &Connection) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let path = connection.path().filter(|path| !path.is_empty())?;
    let meta = std::fs::symlink_metadata(path).ok()?;
    Some((meta.dev(), meta.ino()))
}
