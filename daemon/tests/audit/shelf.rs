//! A store in a folder of its own, with its writer, and plain connections to tamper with it.

use std::path::PathBuf;
use std::thread::JoinHandle;

use aipd::audit::{Audit, AuditError, Batch, NewRecord, Written, store, verify};
use rusqlite::Connection;
use wire::control::Verified;

pub(crate) struct Shelf {
    pub(crate) audit: Audit,
    runtime: tokio::runtime::Runtime,
    thread: JoinHandle<()>,
    pub(crate) folder: tempfile::TempDir,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        Self::over(tempfile::tempdir().unwrap(), |_| {})
    }

    /// A store that is set up by `prepare` before its writer starts.
    pub(crate) fn over(folder: tempfile::TempDir, prepare: impl FnOnce(&Connection)) -> Self {
        let path = folder.path().join("audit.db");
        let connection = store::open(&path).unwrap();
        prepare(&connection);
        let (audit, thread) = Audit::start(connection, &path, live(&folder)).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build();
        Self {
            audit,
            runtime: runtime.unwrap(),
            thread,
            folder,
        }
    }

    /// A store with `count` decisions that have arguments.
    pub(crate) fn with(count: usize) -> Self {
        let shelf = Self::new();
        for n in 0..count {
            shelf.commit(records([decision(n)])).unwrap();
        }
        shelf.flush();
        shelf
    }

    pub(crate) fn commit(&self, batch: Batch) -> Result<Vec<Written>, AuditError> {
        self.runtime.block_on(self.audit.commit(batch))
    }

    fn flush(&self) {
        self.runtime.block_on(self.audit.flush()).unwrap();
    }

    pub(crate) fn all<T: Send + 'static>(
        &self,
        jobs: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        let tasks: Vec<_> = jobs.map(|job| self.runtime.spawn(job)).collect();
        let join = |task| self.runtime.block_on(task);
        tasks.into_iter().map(|task| join(task).unwrap()).collect()
    }

    /// Another process's connection, without our settings.
    pub(crate) fn plain(&self) -> Connection {
        Connection::open(self.folder.path().join("audit.db")).unwrap()
    }

    pub(crate) fn verify(&self, checkpoint: Option<&str>) -> Verified {
        verify::verify(&self.plain(), checkpoint).unwrap()
    }

    pub(crate) fn live(&self) -> PathBuf {
        live(&self.folder)
    }

    /// What the live copy holds once it has caught up.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.flush();
        let text = std::fs::read_to_string(self.live()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Ends the writer; the folder stays.
    pub(crate) fn close(self) -> tempfile::TempDir {
        let Self {
            audit,
            runtime,
            thread,
            folder,
        } = self;
        drop(runtime);
        drop(audit);
        thread.join().unwrap();
        folder
    }
}

fn live(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("aip-audit.jsonl")
}

pub(crate) fn records(records: impl IntoIterator<Item = NewRecord>) -> Batch {
    Batch {
        records: records.into_iter().collect(),
        ..Batch::default()
    }
}

pub(crate) fn decision(n: usize) -> NewRecord {
    let now = i64::try_from(n).unwrap();
    NewRecord::decision(1_772_533_845_000 + now, "upstream", "ALLOW")
        .set("tool", format!("tool{n}"))
        .set("session_id", "s")
        .with_args(Some(format!(r#"{{"n":{n},"secret":"body{n}"}}"#)))
}

/// Drops a trigger and gives its text, so that it can be made again: its absence is found.
pub(crate) fn without_trigger(plain: &Connection, name: &str) -> String {
    let text = "SELECT sql FROM sqlite_schema WHERE name = ?1";
    let sql = plain.query_row(text, [name], |row| row.get(0)).unwrap();
    plain
        .execute_batch(&format!("DROP TRIGGER {name}"))
        .unwrap();
    sql
}
