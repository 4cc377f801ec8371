//! What the store holds, without walking it.

use rusqlite::{Connection, OptionalExtension};
use wire::control::{AuditState, MOST_REMOVED, RemovedSegment};

use super::chain::hex;

/// How many records there are. They stand without gaps in the segments that are left.
///
/// # Errors
/// SQLite's.
pub fn count(store: &Connection) -> rusqlite::Result<u64> {
    let last = super::query::last_seq(store)?;
    store.query_row(
        "SELECT coalesce(sum(max(coalesce(last_seq, ?1) - first_seq + 1, 0)), 0) FROM segment \
         WHERE removed IS NULL",
        [last],
        |row| row.get(0),
    )
}

/// The store's state, but for what the daemon knows of it.
///
/// # Errors
/// SQLite's.
pub fn state(store: &Connection) -> rusqlite::Result<AuditState> {
    let head = "SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1";
    let head: Option<(u64, Vec<u8>)> = store
        .query_row(head, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let first = "SELECT timestamp FROM entry ORDER BY seq LIMIT 1";
    let first: Option<Option<String>> = store.query_row(first, [], |row| row.get(0)).optional()?;
    Ok(AuditState {
        records: count(store)?,
        last_seq: head.as_ref().map_or(0, |(seq, _)| *seq),
        head: head.map_or_else(String::new, |(seq, hash)| format!("{seq}:{}", hex(&hash))),
        first: first.flatten(),
        removed: removed(store)?,
        ..AuditState::default()
    })
}

fn removed(store: &Connection) -> rusqlite::Result<Vec<RemovedSegment>> {
    let mut statement = store.prepare(&format!(
        "SELECT first_seq, last_seq, removed FROM segment WHERE removed IS NOT NULL \
         ORDER BY id DESC LIMIT {MOST_REMOVED}"
    ))?;
    let rows = statement.query_map([], |row| {
        Ok(RemovedSegment {
            first_seq: row.get(0)?,
            last_seq: row.get(1)?,
            removed: row.get(2)?,
        })
    })?;
    let mut removed: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    removed.reverse();
    Ok(removed)
}
