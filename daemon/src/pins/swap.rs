//! The command behind a name: another one than last time is told.

use std::collections::HashMap;

use super::{About, Book, InsteadOf, MAX_SERVERS, Server};
use crate::audit::pins::PinOp;
use crate::audit::{Batch, NewRecord, StateOp};
use crate::session::state::Facts;

/// What a session that begins changes in the book: what is to be written first, then done, and
/// the command whose place it takes.
pub fn begins(book: &mut Book, facts: &Facts) -> (Batch, Option<InsteadOf>) {
    let known = book
        .get(&facts.client)
        .and_then(|servers| servers.get(&facts.identity));
    let mut about = known.map(|it| it.about.clone()).unwrap_or_else(|| About {
        first_ms: facts.started_ms,
        ..About::default()
    });
    if facts.named || !about.named {
        // A name that was given says more than the program's.
        about.label.clone_from(&facts.server);
        about.named = facts.named;
    }
    about.program.clone_from(&facts.program);
    about.started_ms = facts.started_ms;
    let mut batch = Batch::default();
    let before = last_of_this_name(book, facts);
    if let Some(before) = &before {
        about.instead_of = Some(before.clone());
        batch.records.push(
            NewRecord::event(facts.started_ms, "SERVER_CHANGED")
                .set("session_id", facts.id.clone())
                .set("server", facts.server.clone())
                .set("client", facts.client.clone())
                .set("old_identity", before.server.clone())
                .set("new_identity", facts.identity.clone())
                .set("old_program", before.program.clone())
                .set("new_program", facts.program.clone()),
        );
    }
    if known.is_none() {
        batch.append(make_room(book, facts, facts.started_ms));
    }
    batch.ops.push(StateOp::Pin {
        client: facts.client.clone(),
        server: facts.identity.clone(),
        op: PinOp::server(&about),
    });
    let servers = book.entry(facts.client.clone()).or_default();
    servers.entry(facts.identity.clone()).or_default().about = about;
    (batch, before)
}

/// The command this name stood for last time, where that is another one. A name that nobody gave
/// is the program's, which servers share.
fn last_of_this_name(book: &Book, facts: &Facts) -> Option<InsteadOf> {
    let servers = book.get(&facts.client).filter(|_| facts.named)?;
    let (server, last) = servers
        .iter()
        .filter(|(_, it)| it.about.named && it.about.label == facts.server)
        .max_by_key(|(_, it)| it.about.started_ms)?;
    (*server != facts.identity).then(|| InsteadOf {
        server: server.clone(),
        program: last.about.program.clone(),
        at_ms: facts.started_ms,
    })
}

/// Makes room for one more server: the one used longest ago goes, and is first seen again when it
/// comes back, so that it went is recorded.
pub fn make_room(book: &mut Book, facts: &Facts, now_ms: i64) -> Batch {
    let mut batch = Batch::default();
    if book.values().map(HashMap::len).sum::<usize>() < MAX_SERVERS {
        return batch;
    }
    let used = |it: &Server| it.about.started_ms.max(it.about.listed_ms.unwrap_or(0));
    let all = book.iter().flat_map(|(client, servers)| {
        let of = servers.iter();
        of.map(move |(server, it)| (used(it), client, server))
    });
    let oldest = all
        .min()
        .map(|(_, client, server)| (client.clone(), server.clone()));
    let Some((client, server)) = oldest else {
        return batch;
    };
    let gone = book.get_mut(&client).and_then(|it| it.remove(&server));
    batch.records.push(
        NewRecord::event(now_ms, "SERVER_FORGOTTEN")
            .set("session_id", facts.id.clone())
            .set("server", gone.map(|it| it.about.label).unwrap_or_default())
            .set("client", client.clone())
            .set("old_identity", server.clone())
            .set(
                "reason",
                "so many servers are pinned that the one used longest ago had to go",
            ),
    );
    let op = PinOp::ForgetServer;
    batch.ops.push(StateOp::Pin { client, server, op });
    batch
}
