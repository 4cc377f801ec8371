//! The command behind a name: another one than last time is told.

use super::{About, Book, InsteadOf, make_room};
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
    if known.is_none()
        && let Some((client, server)) = make_room(book)
    {
        let op = PinOp::ForgetServer;
        batch.ops.push(StateOp::Pin { client, server, op });
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
