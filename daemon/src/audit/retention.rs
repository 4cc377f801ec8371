//! What is let go, and when: bodies by age, whole closed segments by age or size. Each removal
//! is itself a record, written in the same transaction.

use rusqlite::Connection;
use serde_json::json;
use wire::control::EraseQuery;

use super::{Batch, NewRecord, StateOp, Sync};

/// What is kept, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Records older than this many days go, with their segment.
    pub days: u32,
    /// The oldest segments go while the store holds more than this many bytes.
    pub bytes: u64,
    /// Bodies older than this many days go.
    pub body_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            days: 90,
            bytes: 1 << 30,
            body_days: 30,
        }
    }
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What is due now; the batch is empty when nothing is.
///
/// # Errors
/// SQLite's.
pub fn due(connection: &Connection, keep: Retention, now_ms: i64) -> rusqlite::Result<Batch> {
    let mut batch = Batch {
        sync: Sync::Full,
        ..Batch::default()
    };
    let before = |days: u32| crate::time::rfc3339(now_ms - i64::from(days) * DAY_MS);
    for id in old_segments(connection, &before(keep.days), keep.bytes)? {
        batch
            .records
            .push(NewRecord::event(now_ms, "AUDIT_SEGMENT_REMOVED").set("segment", id));
        batch.ops.push(StateOp::RemoveSegment {
            id,
            at: crate::time::rfc3339(now_ms),
        });
    }
    let bodies = EraseQuery {
        before: Some(before(keep.body_days)),
        ..EraseQuery::default()
    };
    batch.append(erase(connection, &bodies, now_ms, "retention")?.1);
    Ok(batch)
}

/// The batch that erases the bodies of a query, and how many they are.
///
/// # Errors
/// SQLite's.
pub fn erase(
    connection: &Connection,
    query: &EraseQuery,
    now_ms: i64,
    why: &str,
) -> rusqlite::Result<(u64, Batch)> {
    let mut statement = connection.prepare(
        "SELECT body.seq FROM body JOIN entry AS record ON record.seq = body.seq \
         WHERE (?1 IS NULL OR record.timestamp < ?1) AND (?2 IS NULL OR record.session_id = ?2) \
         AND (?3 IS NULL OR record.seq = ?3) ORDER BY body.seq",
    )?;
    let mut rows = statement.query(rusqlite::params![query.before, query.session, query.seq])?;
    let mut runs: Vec<(u64, u64)> = Vec::new();
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let seq: u64 = row.get(0)?;
        count += 1;
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == seq => *last = seq,
            Some(_) | None => runs.push((seq, seq)),
        }
    }
    let mut batch = Batch {
        sync: Sync::Full,
        ..Batch::default()
    };
    if count > 0 {
        let listed: Vec<_> = runs
            .iter()
            .map(|(first, last)| json!([first, last]))
            .collect();
        batch.records.push(
            NewRecord::event(now_ms, "AUDIT_ERASED")
                .set("why", why)
                .set("bodies", count)
                .set("runs", listed),
        );
        batch.ops.push(StateOp::EraseBodies { runs });
    }
    Ok((count, batch))
}

fn old_segments(connection: &Connection, before: &str, most: u64) -> rusqlite::Result<Vec<i64>> {
    let mut used: u64 = connection.query_row(
        "SELECT (SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count) \
         * (SELECT page_size FROM pragma_page_size)",
        [],
        |row| row.get(0),
    )?;
    let last: u64 =
        connection.query_row("SELECT coalesce(max(seq), 0) FROM record", [], |row| {
            row.get(0)
        })?;
    let first: u64 =
        connection.query_row("SELECT coalesce(min(seq), 0) FROM record", [], |row| {
            row.get(0)
        })?;
    let each = used / (last - first + 1).max(1);
    let mut statement = connection.prepare(
        "SELECT id, closed, last_seq - first_seq + 1 FROM segment \
         WHERE closed IS NOT NULL AND removed IS NULL ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut old = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, closed, records): (i64, String, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if closed.as_str() >= before && used <= most {
            break;
        }
        used = used.saturating_sub(records * each);
        old.push(id);
    }
    Ok(old)
}
