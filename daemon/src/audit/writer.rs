//! The one writer: a thread that takes what has piled up, writes it in one transaction, and only
//! then says so to those who wait. A batch that can't be written leaves no trace.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::batch::{Batch, Sync};
use super::chain::Chain;
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

pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) ack: Option<oneshot::Sender<Result<Vec<Written>, AuditError>>>,
}

/// How many batches may wait; senders wait beyond it.
pub(super) const QUEUE: usize = 4096;
/// How many batches one transaction takes at the most.
const GROUP: usize = 512;
/// How often the write-ahead log is tried to be emptied while readers need it, and how long
/// between two tries.
const TRIES: u32 = 1000;
const BETWEEN: Duration = Duration::from_millis(10);

/// What the thread owns.
pub(super) struct Writer {
    connection: Connection,
    chain: Chain,
    live: Live,
    sync: Sync,
    follow: tokio::sync::broadcast::Sender<u64>,
    failing: Failing,
    /// The store's file as it was opened: device and inode.
    file: Option<(u64, u64)>,
    /// Tries left to empty the write-ahead log of what was erased.
    scrubs: u32,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        live: PathBuf,
        follow: tokio::sync::broadcast::Sender<u64>,
        failing: Failing,
    ) -> rusqlite::Result<Self> {
        let chain = Chain::load(&connection)?;
        let live = Live::begin(live, &connection, chain.seq());
        let file = identity(&connection);
        Ok(Self {
            connection,
            chain,
            live,
            sync: Sync::Normal,
            follow,
            failing,
            file,
            scrubs: 0,
        })
    }

    /// Serves until every sender is gone.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut group = Vec::new();
        while let Some(first) = self.next(&mut jobs) {
            group.push(first);
            while group.len() < GROUP {
                let Ok(job) = jobs.try_recv() else { break };
                group.push(job);
            }
            self.write_group(&mut group);
        }
        // A clean end leaves no WAL behind for another reader to need.
        let _waits_for_readers = self.connection.busy_timeout(super::store::BUSY);
        if !self.empty_wal() {
            tracing::warn!("the store's write-ahead log could not be emptied at the end");
        }
    }

    /// The next job; while there is none, what was left over is done.
    fn next(&mut self, jobs: &mut mpsc::Receiver<Job>) -> Option<Job> {
        loop {
            match jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) if self.tidy() => {}
                Err(TryRecvError::Empty) => return jobs.blocking_recv(),
            }
        }
    }

    /// One step of what was left over; false when there is nothing that can be done now.
    fn tidy(&mut self) -> bool {
        if self.scrubs > 0 {
            std::thread::sleep(BETWEEN);
            self.scrub();
            return true;
        }
        self.live.catch_up(&self.connection, self.chain.seq())
    }

    fn write_group(&mut self, group: &mut Vec<Job>) {
        let results = self.commit_group(group);
        let lines: Vec<&str> = results
            .iter()
            .flatten()
            .flatten()
            .filter_map(|written| written.line.as_deref())
            .collect();
        self.live.append(&self.connection, &lines, self.chain.seq());
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

type Outcome = Result<Vec<Written>, AuditError>;

/// Device and inode of the file that stands at the store's path now; none for a store in memory.
fn identity(connection: &Connection) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let path = connection.path().filter(|path| !path.is_empty())?;
    let meta = std::fs::symlink_metadata(path).ok()?;
    Some((meta.dev(), meta.ino()))
}
