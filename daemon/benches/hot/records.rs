//! A store with the daemon's own writer, and records as a session makes them.

use std::path::PathBuf;
use std::thread::JoinHandle;

use aipd::audit::{Audit, Batch, NewRecord, store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The first record's time.
pub(crate) const BEGINS: i64 = 1_772_533_845_000;

/// A store in a temporary folder.
pub(crate) struct Shelf {
    audit: Audit,
    thread: JoinHandle<()>,
    runtime: Runtime,
    folder: TempDir,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        let live = folder.path().join("aip-audit.jsonl");
        let (audit, thread) = Audit::start(store::open(&path).unwrap(), &path, live).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        Self {
            audit,
            thread,
            runtime: runtime.unwrap(),
            folder,
        }
    }

    /// Commits so many decisions in one batch.
    pub(crate) fn commit(&self, count: usize) {
        self.write((0..count).map(|n| decision(n, BEGINS, "ALLOW", 17)));
    }

    /// Commits these records in one batch.
    pub(crate) fn write(&self, records: impl Iterator<Item = NewRecord>) {
        let batch = Batch {
            records: records.collect(),
            ..Batch::default()
        };
        self.runtime.block_on(self.audit.commit(batch)).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("audit.db")
    }

    /// Ends the writer; the folder stays.
    pub(crate) fn close(self) -> TempDir {
        let Self {
            audit,
            thread,
            runtime,
            folder,
        } = self;
        drop((audit, runtime));
        thread.join().unwrap();
        folder
    }
}

/// A decision on a call with small arguments, with the fields a session gives it.
pub(crate) fn decision(n: usize, now_ms: i64, word: &'static str, tool: usize) -> NewRecord {
    let record = NewRecord::decision(now_ms, "upstream", word)
        .set("method", "tools/call")
        .set("tool", format!("tool_{tool}"))
        .set("latency_us", 42)
        .set("policy_mode", "enforce")
        .set("violation", word == "BLOCK")
        .set("session_id", "019a3c1f-5f6e-7d31-9c11-3f0f5a7f9b22")
        .set("server", "aip-bench-server")
        .set("client", "aip-bench")
        .set("client_source", "observed")
        .set("policy_name", "bench")
        .set(
            "policy_hash",
            "a6c1dd0f6c7a8f1f0b9f3d0c2f1e4b5a6978877665544332211000ffeeddccbb",
        )
        .set("call_id", call_id(n))
        .set("frame", n)
        .set("part", 0)
        .with_args(Some(format!(
            r#"{{"path":"/home/me/project/src/file_{n}.rs","size":{n}}}"#
        )));
    if word == "BLOCK" {
        record
            .set("error_code", -32001)
            .set("reason", "Tool not in allowed_tools list")
    } else {
        record
    }
}

/// What became of it.
pub(crate) fn outcome(n: usize, now_ms: i64) -> NewRecord {
    NewRecord::outcome(now_ms, &call_id(n), "answered")
        .set("session_id", "019a3c1f-5f6e-7d31-9c11-3f0f5a7f9b22")
        .set("latency_us", 1234)
        .set(
            "answer_hash",
            "0b9f3d0c2f1e4b5a6978877665544332211000ffeeddccbba6c1dd0f6c7a8f1f",
        )
}

fn call_id(n: usize) -> String {
    format!("019a3c1f-5f6e-7d31-9c11-{n:012x}")
}
