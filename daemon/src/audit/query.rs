//! Reads records back: the same filters for logs, the export and the mirror.

use std::collections::BTreeMap;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde_json::Value;
use wire::control::LogQuery;

use super::record::line;

/// One record as the store gives it.
pub struct Stored {
    /// Its number.
    pub seq: u64,
    /// Its chained fields.
    pub fields: BTreeMap<String, Value>,
    /// Its arguments as JSON text, where they are kept.
    pub args: Option<String>,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text: String = row.get(1)?;
        Ok(Self {
            seq: row.get(0)?,
            fields: serde_json::from_str(&text).unwrap_or_default(),
            args: row.get(2)?,
        })
    }

    /// The record as a line of the export.
    #[must_use]
    pub fn line(&self) -> String {
        line(&self.fields, self.args.as_deref())
    }

    /// A field's text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }
}

const SELECT: &str = "SELECT record.seq, CAST(record.text AS TEXT), CAST(body.text AS TEXT) FROM record LEFT JOIN body ON body.seq = record.seq";

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
    let (mut clauses, mut values) = clauses(query);
    clauses.push(format!("record.seq > ?{}", values.len() + 1));
    values.push(Sql::from(i64::try_from(after).unwrap_or(i64::MAX)));
    let mut sql = format!("{SELECT} WHERE {}", clauses.join(" AND "));
    let newest_first = query.limit.is_some() && after == 0;
    sql.push_str(if newest_first {
        " ORDER BY record.seq DESC"
    } else {
        " ORDER BY record.seq"
    });
    if let Some(limit) = query.limit.filter(|_| newest_first) {
        sql.push_str(&format!(" LIMIT {limit}"));
    }
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut turned = Vec::new();
    while let Some(row) = rows.next()? {
        let stored = Stored::read(row)?;
        if newest_first {
            turned.push(stored);
        } else if !each(stored) {
            return Ok(());
        }
    }
    let _stopped_early = turned.into_iter().rev().all(each);
    Ok(())
}

fn clauses(query: &LogQuery) -> (Vec<String>, Vec<Sql>) {
    let mut kinds = vec!["'decision'"];
    kinds.extend(query.events.then_some("'event'"));
    kinds.extend(query.outcomes.then_some("'outcome'"));
    // SQLite takes the index of decisions only where their kind is asked for by `=`.
    let mut clauses = vec![match kinds.as_slice() {
        [kind] => format!("record.kind = {kind}"),
        several => format!("record.kind IN ({})", several.join(", ")),
    }];
    let mut values = Vec::new();
    let mut equal = |column: &str, operator: &str, value: &Option<String>| {
        if let Some(value) = value {
            values.push(Sql::from(value.clone()));
            clauses.push(format!("record.{column} {operator} ?{}", values.len()));
        }
    };
    equal("timestamp", ">=", &query.since);
    equal("tool", "=", &query.tool);
    equal(
        "decision",
        "=",
        &query
            .decision
            .as_ref()
            .map(|word| word.to_ascii_uppercase()),
    );
    equal("server", "=", &query.server);
    if let Some(session) = &query.session {
        values.push(Sql::from(session.clone()));
        values.push(Sql::from(format!("{session}~")));
        let n = values.len();
        clauses.push(format!(
            "record.session_id >= ?{} AND record.session_id < ?{n}",
            n - 1
        ));
    }
    (clauses, values)
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

/// The export line of one record.
///
/// # Errors
/// SQLite's.
pub fn line_of(connection: &Connection, seq: u64) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE record.seq = ?1"))?
        .query_row([seq], |row| Ok(Stored::read(row)?.line()))
        .optional()
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
        "{SELECT} WHERE record.session_id = ?1 AND record.kind = 'decision' \
         ORDER BY record.seq DESC LIMIT ?2"
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
