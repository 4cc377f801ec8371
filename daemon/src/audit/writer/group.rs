//! One transaction for all batches that have piled up; one that fails does not hurt the others.

use std::time::Duration;

use rusqlite::ErrorCode;

use super::identity;
use super::{AuditError, Batch, Chain, Job, Outcome, Sync, Writer};
use crate::audit::apply;
use crate::audit::desk::blocking;
use crate::audit::store::BUSY;

impl Writer {
    /// Writes a group; each batch hears how it went for it.
    pub(super) fn commit_group(&mut self, group: &mut [Job]) -> Vec<Outcome> {
        let before = self.chain.clone();
        match self.try_group(group) {
            Ok(results) => results,
            Err(error) => {
                self.take_back(before);
                let error = AuditError::from(error);
                tracing::error!(%error, "audit records can't be written");
                self.note(Some(error.reason.clone()));
                group.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    fn try_group(&mut self, group: &mut [Job]) -> rusqlite::Result<Vec<Outcome>> {
        let wanted = group
            .iter()
            .map(|job| job.batch.sync)
            .max()
            .unwrap_or_default();
        if self.file != identity(&self.connection) {
            // What is written to a file nobody can open any more is no record.
            return Err(rusqlite::Error::InvalidPath(
                "the store was moved or replaced".into(),
            ));
        }
        self.press(wanted)?;
        let before = self.chain.clone();
        self.begin()?;
        if let Ok(results) = self.write_all(group) {
            return Ok(results);
        }
        // One of them can't be written: each by itself, so that it does not hurt the others.
        self.take_back(before);
        self.begin()?;
        self.write_each(group)
    }

    /// Nothing of an open transaction has been.
    fn take_back(&mut self, chain: Chain) {
        self.chain = chain;
        if !self.connection.is_autocommit() {
            let _rolled_back = self.connection.execute_batch("ROLLBACK");
        }
    }

    /// Takes the store's write lock. Only another process can have it; that is waited for where
    /// it holds up nobody else.
    fn begin(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let began = self.run("BEGIN IMMEDIATE");
        self.connection.busy_timeout(BUSY)?;
        match began {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                blocking(|| self.run("BEGIN IMMEDIATE"))
            }
            began => began,
        }
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// All of them, or none.
    fn write_all(&mut self, group: &mut [Job]) -> rusqlite::Result<Vec<Outcome>> {
        let mut results = Vec::with_capacity(group.len());
        let mut records = false;
        for job in group {
            records |= !job.batch.records.is_empty();
            results.push(Ok(apply::batch(
                &self.connection,
                &mut self.chain,
                &mut job.batch,
            )?));
        }
        self.run("COMMIT")?;
        // Ops alone may need no room.
        if records {
            self.note(None);
        }
        Ok(results)
    }

    fn write_each(&mut self, group: &mut [Job]) -> rusqlite::Result<Vec<Outcome>> {
        let mut results = Vec::with_capacity(group.len());
        // What the store's state is after this group; none where it was not tried.
        let mut state = None;
        for job in group {
            let records = !job.batch.records.is_empty();
            results.push(match self.write_one(&mut job.batch)? {
                Ok(written) => {
                    if records {
                        state = Some(None);
                    }
                    Ok(written)
                }
                Err(error) => {
                    if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
                        state = Some(Some(error.to_string()));
                    }
                    Err(AuditError::from(error))
                }
            });
        }
        self.run("COMMIT")?;
        if let Some(failure) = state {
            self.note(failure);
        }
        Ok(results)
    }

    /// One batch's failure undoes that batch alone, unless SQLite undid the whole transaction.
    fn write_one(
        &mut self,
        batch: &mut Batch,
    ) -> rusqlite::Result<rusqlite::Result<Vec<super::Written>>> {
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
                Ok(Err(error))
            }
        }
    }

    /// Why records can't be written at present.
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
