//! Reads records from the store itself, by the one of its indexes that leaves the fewest.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::{Reading, Run, Then, Wanted};
use crate::audit::query::{SELECT, Stored, field};

/// Looks at the records of a run, newest first.
pub(super) fn scan(
    store: &Connection,
    run: Run,
    reading: &mut Reading<'_>,
) -> rusqlite::Result<Then> {
    let Some((clause, value)) = clause(store, reading.wanted)? else {
        return Ok(Then::Next);
    };
    let mut values = vec![number(run.first), number(run.last)];
    values.extend(value);
    let sql =
        format!("{SELECT} WHERE record.seq BETWEEN ?1 AND ?2{clause} ORDER BY record.seq DESC");
    let mut statement = store.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if let Some(then) = reading.take(Stored::read(row)?) {
            return Ok(match then {
                // Nothing is left of the run.
                Then::Stop(below) if below <= run.first => Then::Next,
                Then::Stop(_) | Then::Next => then,
            });
        }
    }
    Ok(Then::Next)
}

fn number(seq: u64) -> Sql {
    Sql::from(i64::try_from(seq).unwrap_or(i64::MAX))
}

/// What else SQLite is asked for: one thing at the most, so that it looks at no more than it
/// gives. `None` where nothing can fit.
fn clause(store: &Connection, wanted: &Wanted) -> rusqlite::Result<Option<(String, Option<Sql>)>> {
    if let Some(start) = &wanted.session {
        match sessions(store, start)?.as_slice() {
            [] => return Ok(None),
            [one] => return Ok(Some(equals("session_id", one))),
            _ => {}
        }
    }
    Ok(Some(match (&wanted.decision, &wanted.tool) {
        (Some(decision), _) if decision != "ALLOW" => {
            let (clause, value) = equals("decision", decision);
            // What the index on refusals says of itself, so that it is used.
            (
                format!("{clause} AND {} <> 'ALLOW'", field("decision")),
                value,
            )
        }
        (_, Some(tool)) => equals("tool", tool),
        (_, None) => (String::new(), None),
    }))
}

fn equals(name: &str, value: &str) -> (String, Option<Sql>) {
    let clause = format!(" AND {} = ?3", field(name));
    (clause, Some(Sql::from(value.to_owned())))
}

/// Sessions whose id begins so: none, one, or the first two.
fn sessions(store: &Connection, start: &str) -> rusqlite::Result<Vec<String>> {
    let id = field("session_id");
    let mut found: Vec<String> = Vec::new();
    for comparison in [">=", ">"] {
        let sql = format!(
            "SELECT {id} FROM record WHERE {id} {comparison} ?1 AND {id} < ?2 ORDER BY {id} LIMIT 1"
        );
        let from = found.first().map_or(start, String::as_str);
        let one = store
            .prepare_cached(&sql)?
            .query_row([from, &format!("{start}\u{10ffff}")], |row| row.get(0))
            .optional()?;
        match one {
            Some(one) => found.push(one),
            None => break,
        }
    }
    Ok(found)
}
