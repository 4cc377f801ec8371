//! How a session ends: who still waits gets an answer, and what became of each call is told.

use wire::link::Exited;
use wire::rpc::Id;

use super::{Batch, Context, Judged, NewRecord, State};
use crate::audit::StateOp;
use crate::audit::batch::{ApprovalOp, SessionOp};
use crate::session::reply;
use crate::session::table::{Entry, Phase};

/// What an ended server leaves to be said.
#[derive(Debug)]
pub struct Ending {
    /// Error lines for the client, in the order of its requests.
    pub errors: Vec<Vec<u8>>,
    /// What is recorded.
    pub batch: Batch,
    /// Asks that are withdrawn.
    pub withdrawn: Vec<Judged>,
}

impl State {
    /// The server has ended and all it wrote was judged: every request under way gets an error,
    /// unless its sender has cancelled it.
    pub fn server_ended(
        &mut self,
        ctx: &Context<'_>,
        exited: Option<&Exited>,
        why: &str,
    ) -> Ending {
        let how = how(exited, why);
        let withdrawn: Vec<Judged> = self
            .waiting()
            .into_iter()
            .map(|number| {
                let instead = self
                    .waiting_request(number)
                    .map(|id| reply::server_ended(id, &how));
                self.withdraw(ctx, number, "the server ended", instead)
            })
            .collect();
        let mut errors = Vec::new();
        let mut batch = Batch::default();
        for (id, entry) in self.client.unanswered() {
            // A client waits for no answer to what it cancelled, a stream above all.
            if !self.client.is_cancelled(&id) {
                errors.push(reply::server_ended(&id, &how));
            }
            batch.records.extend(self.outcome(ctx, &entry));
            self.client.remove(&id);
        }
        Ending {
            errors,
            batch,
            withdrawn,
        }
    }

    /// The session is over; nothing of it can be resumed.
    pub fn ended(&mut self, ctx: &Context<'_>, exited: Option<&Exited>, why: &str) -> Batch {
        let mut batch = Batch::default();
        for number in self.waiting() {
            batch.append(self.withdraw(ctx, number, why, None).batch);
        }
        for (_, row) in self.waited.drain().collect::<Vec<_>>() {
            let event = self
                .event(ctx, "APPROVAL_ANSWERED")
                .set("approval_id", row.id.clone())
                .set("answer", "withdrawn")
                .set("reason", why);
            batch.records.push(event);
            batch.ops.push(StateOp::Approval {
                id: row.id,
                op: ApprovalOp::Ends("withdrawn"),
            });
        }
        let open: Vec<(Id, Entry)> = self.client.unanswered();
        for (id, entry) in open {
            batch.records.extend(self.outcome(ctx, &entry));
            self.client.remove(&id);
        }
        batch.append(self.grants_end(ctx));
        let event = self
            .event(ctx, "SESSION_ENDED")
            .set("reason", why)
            .set_some("exit_code", exited.and_then(|it| it.code))
            .set_some("signal", exited.and_then(|it| it.signal))
            .set("calls", self.calls)
            .set("refused", self.refused);
        batch.records.push(event);
        batch
            .ops
            .push(self.op(SessionOp::Ends(crate::time::rfc3339(ctx.now_ms))));
        batch
    }

    /// What is known of a call that had no answer.
    pub(super) fn outcome(&self, ctx: &Context<'_>, entry: &Entry) -> Option<NewRecord> {
        let word = match entry.phase {
            Phase::Forwarded { written: true } => "forwarded",
            Phase::Forwarded { written: false } => "unknown",
            Phase::Asking => "not_forwarded",
            Phase::Answered { .. } => return None,
        };
        entry.recorded.then(|| {
            NewRecord::outcome(ctx.now_ms, &entry.call_id, word)
                .set("session_id", self.facts.id.clone())
        })
    }
}

fn how(exited: Option<&Exited>, why: &str) -> String {
    match exited {
        Some(Exited {
            code: Some(code), ..
        }) => format!("exit code {code}"),
        Some(Exited {
            signal: Some(signal),
            ..
        }) => format!("signal {signal}"),
        Some(_) | None => why.to_owned(),
    }
}
