//! What a daemon started anew reads back: sessions that may be resumed, their requests under
//! way, rate buckets, policies and settings.

use rusqlite::{Connection, OptionalExtension, params};

use super::batch::{OutstandingRow, PolicyRow};

/// A session as the store has it.
#[derive(Clone)]
pub struct SessionRow {
    /// SHA-256 of the resume secret, hex.
    pub secret_hash: String,
    /// Who it belongs to, JSON.
    pub facts: String,
    /// What it has learnt of its peers, JSON.
    pub learnt: String,
}

impl std::fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionRow(..)")
    }
}

/// A call that waited for a person when the daemon ended.
#[derive(Clone, Debug)]
pub struct WaitingRow {
    /// The approval's id.
    pub id: String,
    /// The frame.
    pub number: u64,
    /// When it denies itself, ms since 1970.
    pub deadline_ms: i64,
    /// What the person is shown, JSON.
    pub shown: String,
}

/// A session that has not ended.
///
/// # Errors
/// SQLite's.
pub fn session(connection: &Connection, id: &str) -> rusqlite::Result<Option<SessionRow>> {
    connection
        .query_row(
            "SELECT secret_hash, facts, learnt FROM session WHERE id = ?1",
            [id],
            |row| {
                Ok(SessionRow {
                    secret_hash: row.get(0)?,
                    facts: row.get(1)?,
                    learnt: row.get(2)?,
                })
            },
        )
        .optional()
}

/// A session's requests under way.
///
/// # Errors
/// SQLite's.
pub fn outstanding(connection: &Connection, id: &str) -> rusqlite::Result<Vec<OutstandingRow>> {
    let mut statement = connection.prepare(
        "SELECT sender, id, number, method, tool, call_id, began_ms, page FROM outstanding \
         WHERE session = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map([id], |row| {
        let sender: String = row.get(0)?;
        Ok(OutstandingRow {
            sender: if sender == "client" {
                "client"
            } else {
                "server"
            },
            id: row.get(1)?,
            number: row.get(2)?,
            method: row.get(3)?,
            tool: row.get(4)?,
            call_id: row.get(5)?,
            began_ms: row.get(6)?,
            page: row.get(7)?,
        })
    })?;
    rows.collect()
}

/// A session's calls that waited for a person.
///
/// # Errors
/// SQLite's.
pub fn waiting(connection: &Connection, id: &str) -> rusqlite::Result<Vec<WaitingRow>> {
    let mut statement = connection
        .prepare("SELECT id, number, deadline_ms, shown FROM approval WHERE session = ?1")?;
    let rows = statement.query_map([id], |row| {
        Ok(WaitingRow {
            id: row.get(0)?,
            number: row.get(1)?,
            deadline_ms: row.get(2)?,
            shown: row.get(3)?,
        })
    })?;
    rows.collect()
}

/// Sessions that never ended, so that those nobody resumes can be closed.
///
/// # Errors
/// SQLite's.
pub fn open_sessions(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare("SELECT id, facts FROM session ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// The rate buckets of a policy.
///
/// # Errors
/// SQLite's.
pub fn buckets(connection: &Connection, policy: &str) -> rusqlite::Result<Vec<(String, i64)>> {
    let mut statement =
        connection.prepare("SELECT tool, tat_ms FROM rate_bucket WHERE policy = ?1")?;
    let rows = statement.query_map([policy], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// Every policy file known.
///
/// # Errors
/// SQLite's.
pub fn policies(connection: &Connection) -> rusqlite::Result<Vec<PolicyRow>> {
    let mut statement =
        connection.prepare("SELECT path, text, since, pending, why FROM policy ORDER BY path")?;
    let rows = statement.query_map([], |row| {
        Ok(PolicyRow {
            path: row.get(0)?,
            text: row.get(1)?,
            since: row.get(2)?,
            pending: row.get(3)?,
            why: row.get(4)?,
        })
    })?;
    rows.collect()
}

/// A setting's value.
///
/// # Errors
/// SQLite's.
pub fn setting(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(
            "SELECT value FROM setting WHERE name = ?1",
            params![name],
            |row| row.get(0),
        )
        .optional()
}
