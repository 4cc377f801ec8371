//! The one writer: a thread that takes what has piled up, writes it in one transaction, and only
//! then says so to those who wait. A batch that can't be written leaves no trace.

use std::path::PathBuf;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::batch::{Batch, Sync};
use super::chain::Chain;
use super::live::Live;
use super::{AuditError, Failing, apply};

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

/// What the thread owns.
pub(super) struct Writer {
    connection: Connection,
    chain: Chain,
    live: Live,
    sync: Sync,
    follow: tokio::sync::broadcast::Sender<u64>,
    failing: Failing,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        live: PathBuf,
        follow: tokio::sync::broadcast::Sender<u64>,
        failing: Failing,
    ) -> rusqlite::Result<Self> {
        let chain = Chain::load(&connection)?;
        let mut live = Live::new(live);
        live.catch_up(&connection, chain.seq());
        Ok(Self {
            connection,
            chain,
            live,
            sync: Sync::Normal,
            follow,
            failing,
        })
    }

    /// Serves until every sender is gone.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut group = Vec::new();
        while let Some(first) = jobs.blocking_recv() {
            group.push(first);
            while group.len() < GROUP {
                let Ok(job) = jobs.try_recv() else { break };
                group.push(job);
            }
            self.write_group(&mut group);
        }
        // A clean end leaves no WAL behind for another reader to need.
        let _checkpoint = self
            .connection
            .pragma_update(None, "wal_checkpoint", "truncate");
    }

    fn write_group(&mut self, group: &mut Vec<Job>) {
        let before = self.chain.clone();
        let outcome = self.try_group(group);
        let results = match outcome {
            Ok(results) => {
                self.note(None);
                results
            }
            Err(error) => {
                self.chain = before;
                if !self.connection.is_autocommit() {
                    let _rolled_back = self.connection.execute_batch("ROLLBACK");
                }
                let error = AuditError::from(error);
                tracing::error!(%error, "audit records can't be written");
                self.note(Some(error.reason.clone()));
                group.iter().map(|_| Err(error.clone())).collect()
            }
        };
        let lines: Vec<&str> = results
            .iter()
            .flatten()
            .flatten()
            .filter_map(|written| written.line.as_deref())
            .collect();
        self.live.append(&lines);
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

    fn try_group(&mut self, group: &mut [Job]) -> rusqlite::Result<GroupResult> {
        let wanted = group
            .iter()
            .map(|job| job.batch.sync)
            .max()
            .unwrap_or_default();
        self.press(wanted)?;
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut results = Vec::with_capacity(group.len());
        for job in group {
            results.push(self.write_one(&mut job.batch)?);
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(results)
    }

    /// One batch's failure undoes that batch alone, unless SQLite undid the whole transaction.
    fn write_one(
        &mut self,
        batch: &mut Batch,
    ) -> rusqlite::Result<Result<Vec<Written>, AuditError>> {
        let before = self.chain.clone();
        self.connection.execute_batch("SAVEPOINT batch")?;
        match apply::batch(&self.connection, &mut self.chain, batch) {
            Ok(written) => {
                self.connection.execute_batch("RELEASE batch")?;
                Ok(Ok(written))
            }
            Err(error) if self.connection.is_autocommit() => Err(error),
            Err(error) => {
                self.chain = before;
                self.connection
                    .execute_batch("ROLLBACK TO batch; RELEASE batch")?;
                tracing::error!(%error, "a batch of audit records was refused");
                Ok(Err(AuditError::from(error)))
            }
        }
    }

    fn note(&self, failure: Option<String>) {
        *self
            .failing
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = failure;
    }

    fn press(&mut self, wanted: Sync) -> rusqlite::Result<()> {
        if wanted != self.sync {
            let word = match wanted {
                Sync::Normal => "normal",
                Sync::Full => "full",
            };
            self.connection.pragma_update(None, "synchronous", word)?;
            self.sync = wanted;
        }
        Ok(())
    }
}

type GroupResult = Vec<Result<Vec<Written>, AuditError>>;
