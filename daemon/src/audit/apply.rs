//! Writes one batch inside the writer's transaction.

use rusqlite::{Connection, params};

use super::batch::{ApprovalOp, Batch, SessionOp, StateOp};
use super::chain::Chain;
use super::record::Kind;
use super::writer::Written;

pub(super) fn batch(
    connection: &Connection,
    chain: &mut Chain,
    batch: &mut Batch,
) -> rusqlite::Result<Vec<Written>> {
    let mut written = Vec::with_capacity(batch.records.len());
    if !batch.records.is_empty() {
        let now_ms = crate::time::now_ms();
        for record in &mut batch.records {
            let seq = chain.append(connection, record, now_ms)?;
            let line = match record.kind() {
                Kind::Decision | Kind::Event => Some(record.line()),
                Kind::Outcome => None,
            };
            written.push(Written { seq, line });
        }
    }
    for op in &batch.ops {
        state(connection, op)?;
    }
    Ok(written)
}

fn state(connection: &Connection, op: &StateOp) -> rusqlite::Result<()> {
    match op {
        StateOp::Session { id, op } => session(connection, id, op),
        StateOp::Approval { id, op } => approval(connection, id, op),
        StateOp::Bucket {
            policy,
            tool,
            tat_ms,
        } => run(
            connection,
            "INSERT INTO rate_bucket VALUES (?1, ?2, ?3) \
             ON CONFLICT (policy, tool) DO UPDATE SET tat_ms = excluded.tat_ms",
            params![policy, tool, tat_ms],
        ),
        StateOp::Policy(row) => run(
            connection,
            "INSERT INTO policy VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (path) DO UPDATE SET \
             text = excluded.text, since = excluded.since, pending = excluded.pending, \
             why = excluded.why",
            params![row.path, row.text, row.since, row.pending, row.why],
        ),
        StateOp::PolicyForgotten(path) => run(
            connection,
            "DELETE FROM policy WHERE path = ?1",
            params![path],
        ),
        StateOp::Setting { name, value } => run(
            connection,
            "INSERT INTO setting VALUES (?1, ?2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![name, value],
        ),
        StateOp::Pin { client, server, op } => super::pins::apply(connection, client, server, op),
        StateOp::Grant(op) => super::grants::apply(connection, op),
        StateOp::EraseBodies { runs } => runs.iter().try_for_each(|(first, last)| {
            run(
                connection,
                "DELETE FROM body WHERE seq BETWEEN ?1 AND ?2",
                params![first, last],
            )
        }),
        StateOp::RemoveSegment { id, at } => remove_segment(connection, *id, at),
    }
}

fn session(connection: &Connection, id: &str, op: &SessionOp) -> rusqlite::Result<()> {
    match op {
        SessionOp::Begins { secret_hash, facts } => run(
            connection,
            "INSERT INTO session (id, secret_hash, facts) VALUES (?1, ?2, ?3)",
            params![id, secret_hash, facts],
        ),
        SessionOp::Learnt(learnt) => run(
            connection,
            "UPDATE session SET learnt = ?2 WHERE id = ?1",
            params![id, learnt],
        ),
        // Nothing is kept of what it was told: the chain says when it ended, and why.
        SessionOp::Ends(_) => [
            "DELETE FROM session WHERE id = ?1",
            "DELETE FROM outstanding WHERE session = ?1",
            "DELETE FROM approval WHERE session = ?1",
            "DELETE FROM grant WHERE session = ?1",
        ]
        .iter()
        .try_for_each(|sql| run(connection, sql, params![id])),
        SessionOp::OutstandingAdd(row) => run(
            connection,
            "INSERT OR ROLLBACK INTO outstanding SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 \
             WHERE EXISTS (SELECT 1 FROM session WHERE id = ?1) \
             ON CONFLICT DO UPDATE SET number = excluded.number, method = excluded.method, \
             tool = excluded.tool, call_id = excluded.call_id, began_ms = excluded.began_ms, \
             page = excluded.page",
            params![
                id,
                row.sender,
                row.id,
                row.number,
                row.method,
                row.tool,
                row.call_id,
                row.began_ms,
                row.page
            ],
        ),
        SessionOp::OutstandingDrop {
            sender,
            id: request,
            number,
        } => run(
            connection,
            "DELETE FROM outstanding WHERE session = ?1 AND sender = ?2 AND id = ?3 AND number = ?4",
            params![id, sender, request, number],
        ),
    }
}

fn approval(connection: &Connection, id: &str, op: &ApprovalOp) -> rusqlite::Result<()> {
    match op {
        ApprovalOp::Asked {
            session,
            number,
            deadline_ms,
            shown,
        } => run(
            connection,
            "INSERT INTO approval VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, session, number, deadline_ms, shown],
        ),
        ApprovalOp::Moved { number } => run(
            connection,
            "UPDATE approval SET number = ?2 WHERE id = ?1",
            params![id, number],
        ),
        ApprovalOp::Extended { deadline_ms } => run(
            connection,
            "UPDATE approval SET deadline_ms = ?2, \
             shown = json_set(shown, '$.deadline', ?3, '$.extended', json('true')) WHERE id = ?1",
            params![id, deadline_ms, crate::time::rfc3339(*deadline_ms)],
        ),
        // What was shown are the call's arguments; how it ended is in the chain.
        ApprovalOp::Ends(_) => run(
            connection,
            "DELETE FROM approval WHERE id = ?1",
            params![id],
        ),
    }
}

/// The mark comes first: the store lets records go only where a removed segment holds them.
fn remove_segment(connection: &Connection, id: i64, at: &str) -> rusqlite::Result<()> {
    run(
        connection,
        "UPDATE segment SET removed = ?2 WHERE id = ?1 AND closed IS NOT NULL",
        params![id, at],
    )?;
    for table in ["record", "body"] {
        connection.execute(
            &format!(
                "DELETE FROM {table} WHERE seq BETWEEN (SELECT first_seq FROM segment \
                 WHERE id = ?1) AND (SELECT last_seq FROM segment WHERE id = ?1)"
            ),
            [id],
        )?;
    }
    Ok(())
}

fn run(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(values).map(drop)
}
