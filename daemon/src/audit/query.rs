//! Reads records back: the same filters for logs, the export and the mirror.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use wire::control::LogQuery;

use super::chain::SLOT;
pub use super::stored::Stored;

pub(super) const SELECT: &str = "SELECT record.seq, CAST(record.text AS TEXT), CAST(body.text AS TEXT) FROM record LEFT JOIN body ON body.seq = record.seq";

/// Records that fit the query and have a number above `after`, oldest first. Where a limit is
/// set and `after` is 0 these are the newest ones that fit.
///
/// # Errors
/// SQLite's.
pub fn select(
    connection: &Connection,
    query: &LogQuery,
    after: u64,
    mut each: impl FnMut(Stored) -> bool,
) -> rusqlite::Result<()> {
    let newest = query.limit.filter(|_| after == 0);
    let (sql, values) = statement(query, after);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut turned = Vec::new();
    while let Some(row) = rows.next()? {
        let stored = Stored::read(row)?;
        if !fits(&stored, query) {
            continue;
        }
        let Some(most) = newest else {
            if each(stored) {
                continue;
            }
            return Ok(());
        };
        turned.push(stored);
        if turned.len() as u64 >= most {
            break;
        }
    }
    let _stopped_early = turned.into_iter().rev().all(each);
    Ok(())
}

/// What no index knows is looked at here: the record has been read anyway.
fn fits(stored: &Stored, query: &LogQuery) -> bool {
    if stored.is_unreadable() {
        return true;
    }
    let kind = match stored.text("kind").as_deref() {
        Some("decision") => true,
        Some("event") => query.events,
        Some("outcome") => query.outcomes,
        Some(_) | None => false,
    };
    let since = |since: &String| stored.text("timestamp").is_some_and(|it| *it >= **since);
    let until = |until: &String| stored.text("timestamp").is_some_and(|it| *it <= **until);
    let server = |server: &String| stored.text("server").as_deref() == Some(server);
    kind && query.since.as_ref().is_none_or(since)
        && query.until.as_ref().is_none_or(until)
        && query.server.as_ref().is_none_or(server)
}

/// The query as far as SQLite's indexes go, and what it is asked with. The newest come first where
/// only so many are wanted.
fn statement(query: &LogQuery, after: u64) -> (String, Vec<Sql>) {
    let (mut clauses, mut values) = clauses(query);
    clauses.push(format!("record.seq > ?{}", values.len() + 1));
    values.push(Sql::from(i64::try_from(after).unwrap_or(i64::MAX)));
    let mut sql = format!("{SELECT} WHERE {}", clauses.join(" AND "));
    sql.push_str(if query.limit.is_some() && after == 0 {
        " ORDER BY record.seq DESC"
    } else {
        " ORDER BY record.seq"
    });
    (sql, values)
}

/// How SQLite goes about a query, in its own words.
///
/// # Errors
/// SQLite's.
pub fn plan(connection: &Connection, query: &LogQuery) -> rusqlite::Result<String> {
    let (sql, values) = statement(query, 0);
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3))?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.join("\n"))
}

/// A field as the indexes name it. The view's columns read the same, but an index that holds only
/// some records is not found through them.
pub(super) fn field(name: &str) -> String {
    format!("json_extract(record.text, '$.{name}')")
}

fn clauses(query: &LogQuery) -> (Vec<String>, Vec<Sql>) {
    let (mut clauses, mut values) = (Vec::new(), Vec::new());
    let decision = query.decision.as_ref().map(|it| it.to_ascii_uppercase());
    for (name, value) in [("tool", &query.tool), ("decision", &decision)] {
        if let Some(value) = value {
            values.push(Sql::from(value.clone()));
            clauses.push(format!("{} = ?{}", field(name), values.len()));
        }
    }
    if decision.is_some_and(|it| it != "ALLOW") {
        // What the index on refusals says of itself, so that it is used.
        clauses.push(format!("{} <> 'ALLOW'", field("decision")));
    }
    if let Some(since) = &query.since {
        // The slot says where to begin; what precedes in it is compared away.
        values.push(Sql::from(since.get(..SLOT).unwrap_or(since).to_owned()));
        clauses.push(format!(
            "record.seq >= (SELECT coalesce(min(first_seq), {}) FROM time_slot WHERE slot >= ?{})",
            i64::MAX,
            values.len()
        ));
    }
    if let Some(session) = &query.session {
        values.push(Sql::from(session.clone()));
        values.push(Sql::from(format!("{session}~")));
        let n = values.len();
        // By itself, the order of numbers would seem the better way through.
        clauses.push(format!(
            "record.seq IN (SELECT seq FROM record WHERE {0} >= ?{1} AND {0} < ?{n})",
            field("session_id"),
            n - 1
        ));
    }
    (clauses, values)
}

/// The number from which on records can be of this time or later; the highest there can be where
/// none is.
///
/// # Errors
/// SQLite's.
pub fn first_since(connection: &Connection, since: &str) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(&format!(
            "SELECT coalesce(min(first_seq), {}) FROM time_slot WHERE slot >= ?1",
            i64::MAX
        ))?
        .query_row([since.get(..SLOT).unwrap_or(since)], |row| row.get(0))
}

/// Export lines of decisions and events after a record with their numbers, at most `most`: what
/// the live log missed.
///
/// # Errors
/// SQLite's.
pub fn lines_after(
    connection: &Connection,
    after: u64,
    most: usize,
) -> rusqlite::Result<Vec<(u64, String)>> {
    let query = LogQuery {
        events: true,
        ..LogQuery::default()
    };
    let mut lines = Vec::new();
    select(connection, &query, after, |stored| {
        lines.push((stored.seq, stored.line()));
        lines.len() < most
    })?;
    Ok(lines)
}

/// One record.
///
/// # Errors
/// SQLite's.
pub fn stored(connection: &Connection, seq: u64) -> rusqlite::Result<Option<Stored>> {
    // No number is higher.
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&format!("{SELECT} WHERE record.seq = ?1"))?
        .query_row([seq], Stored::read)
        .optional()
}

/// The export line of one record.
///
/// # Errors
/// SQLite's.
pub fn line_of(connection: &Connection, seq: u64) -> rusqlite::Result<Option<String>> {
    Ok(stored(connection, seq)?.map(|it| it.line()))
}

/// Export lines of one session's decisions and events after a record, with their numbers.
///
/// # Errors
/// SQLite's.
pub fn mirrored(
    connection: &Connection,
    session: &str,
    after: u64,
) -> rusqlite::Result<Vec<(u64, String)>> {
    let query = LogQuery {
        events: true,
        session: Some(session.to_owned()),
        ..LogQuery::default()
    };
    let mut lines = Vec::new();
    select(connection, &query, after, |stored| {
        lines.push((stored.seq, stored.line()));
        true
    })?;
    Ok(lines)
}

/// A session's decisions, newest first, at most `limit`: what a resend is recognised by.
///
/// # Errors
/// SQLite's.
pub fn decisions_of(
    connection: &Connection,
    session: &str,
    limit: u64,
) -> rusqlite::Result<Vec<Stored>> {
    let mut statement = connection.prepare_cached(&format!(
        "{SELECT} WHERE {} = ?1 AND {} = 'decision' ORDER BY record.seq DESC LIMIT ?2",
        field("session_id"),
        field("kind")
    ))?;
    statement
        .query_map(rusqlite::params![session, limit], Stored::read)?
        .collect()
}

/// The last record's number; 0 in an empty store.
///
/// # Errors
/// SQLite's.
pub fn last_seq(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT coalesce(max(seq), 0) FROM record", [], |row| {
        row.get(0)
    })
}
