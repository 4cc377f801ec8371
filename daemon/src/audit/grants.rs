//! Grants in the store, and how often a person allowed a tool: written in the transaction of the
//! records that tell of them.

use rusqlite::{Connection, OptionalExtension, params};
use wire::control::Before;

use crate::grants::Grant;
use crate::time::rfc3339;

/// How many tools' answers are counted; of more, those allowed longest ago are forgotten.
pub const MOST_COUNTED: i64 = 10_000;

/// A change.
#[derive(Clone)]
pub enum GrantOp {
    /// There is one more.
    Made(Box<Grant>),
    /// It has let a call through.
    Used {
        /// Its id.
        id: String,
        /// When, ms since 1970.
        now_ms: i64,
    },
    /// It is over.
    Ended(String),
    /// A person has allowed a call.
    Allowed {
        /// See `crate::grants::subject`.
        subject: String,
        /// When, ms since 1970.
        now_ms: i64,
    },
}

pub(super) fn apply(connection: &Connection, op: &GrantOp) -> rusqlite::Result<()> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql)?.execute(values).map(drop)
    };
    match op {
        GrantOp::Made(grant) => {
            let body = serde_json::to_string(grant)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
            run(
                "INSERT INTO grant (id, session, body) VALUES (?1, ?2, ?3)",
                params![grant.id, grant.session, body],
            )
        }
        GrantOp::Used { id, now_ms } => run(
            "UPDATE grant SET uses = uses + 1, used_ms = ?2 WHERE id = ?1",
            params![id, now_ms],
        ),
        GrantOp::Ended(id) => run("DELETE FROM grant WHERE id = ?1", params![id]),
        GrantOp::Allowed { subject, now_ms } => {
            run(
                "INSERT INTO allowed VALUES (?1, 1, ?2) ON CONFLICT (subject) \
                 DO UPDATE SET times = times + 1, last_ms = excluded.last_ms",
                params![subject, now_ms],
            )?;
            run(
                "DELETE FROM allowed WHERE subject IN (SELECT subject FROM allowed \
                 ORDER BY last_ms DESC LIMIT -1 OFFSET ?1)",
                params![MOST_COUNTED],
            )
        }
    }
}

/// All grants. One that can't be read is left out: its calls are asked about.
///
/// # Errors
/// SQLite's.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<Grant>> {
    let mut statement = connection.prepare("SELECT id, body, uses, used_ms FROM grant")?;
    let mut rows = statement.query([])?;
    let mut grants = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, body): (String, String) = (row.get(0)?, row.get(1)?);
        match serde_json::from_str::<Grant>(&body) {
            Ok(grant) if grant.id == id => grants.push(Grant {
                uses: row.get(2)?,
                used_ms: row.get(3)?,
                ..grant
            }),
            Ok(_) | Err(_) => {
                tracing::warn!(id, "a stored grant can't be read, and does not count")
            }
        }
    }
    Ok(grants)
}

/// How often a person allowed this before.
///
/// # Errors
/// SQLite's.
pub fn before(connection: &Connection, subject: &str) -> rusqlite::Result<Before> {
    let row = connection
        .prepare_cached("SELECT times, last_ms FROM allowed WHERE subject = ?1")?
        .query_row([subject], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.map_or_else(Before::default, |(times, last)| Before {
        times,
        last: Some(rfc3339(last)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::store;

    fn allowed(subject: &str, now_ms: i64) -> GrantOp {
        GrantOp::Allowed {
            subject: subject.to_owned(),
            now_ms,
        }
    }

    #[test]
    fn answers_are_counted_and_the_oldest_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = store::open(&folder.path().join("audit.db")).unwrap();
        assert_eq!(before(&store, "a").unwrap(), Before::default());
        apply(&store, &allowed("a", 1_000)).unwrap();
        apply(&store, &allowed("a", 2_000)).unwrap();
        let known = before(&store, "a").unwrap();
        assert_eq!(known.times, 2);
        assert_eq!(known.last.as_deref(), Some("1970-01-01T00:00:02.000Z"));
        store
            .execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
                 INSERT INTO allowed SELECT 'n' || i, 1, 10000 + i FROM n",
                [MOST_COUNTED],
            )
            .unwrap();
        apply(&store, &allowed("b", 99_999_999)).unwrap();
        assert_eq!(before(&store, "a").unwrap().times, 0);
        assert_eq!(before(&store, "n1").unwrap().times, 0);
        assert_eq!(before(&store, "n2").unwrap().times, 1);
        assert_eq!(before(&store, "b").unwrap().times, 1);
    }

    #[test]
    fn a_row_that_can_not_be_read_grants_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store::open(&folder.path().join("audit.db")).unwrap();
        store
            .execute_batch(
                r#"INSERT INTO grant (id, body) VALUES ('a', 'no JSON'), ('b', '{}'),
                   ('c', '{"id":"c","scope":{"kind":"everything"}}')"#,
            )
            .unwrap();
        assert!(all(&store).unwrap().is_empty());
    }
}
