//! What the engine's word on a call comes to.

use engine::decide::{Allow, Refusal, Verdict};
use wire::link::Stream;
use wire::rpc::Id;

use super::call::OneCall;
use super::client::id_json;
use super::refuse::unwritable;
use super::telling::sync;
use super::{At, Context, Effect, Judged, Recorded, State, WaitingRow};
use crate::audit::batch::SessionOp;
use crate::session::reply::About;
use crate::session::table::Phase;

impl State {
    pub(super) fn refuse_call(
        &mut self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        refusal: &Refusal,
        recorded: Option<&Recorded>,
    ) -> Judged {
        let decision = match refusal.verdict {
            Verdict::Block => "BLOCK",
            Verdict::RateLimited => "RATE_LIMITED",
        };
        let record = self
            .call_record(ctx, one, decision)
            .set_some("supersedes", recorded.map(|it| it.seq));
        self.refuse(ctx, record, Some(&one.id), About::Tool(&one.tool), refusal)
    }

    /// A request that an earlier daemon let through and that is refused now is no longer under
    /// way: nobody may answer it a second time.
    pub(super) fn ends_refused(&mut self, judged: &mut Judged, sender: Stream, id: &Id, at: At) {
        let table = self.table(sender);
        if table.get(id).is_none_or(|entry| entry.number != at.number) {
            return;
        }
        table.remove(id);
        judged.batch.ops.push(self.op(SessionOp::OutstandingDrop {
            sender: if sender == Stream::Server {
                "server"
            } else {
                "client"
            },
            id: id_json(id),
            number: at.number,
        }));
    }

    pub(super) fn allow_call(
        &mut self,
        ctx: &Context<'_>,
        mut one: OneCall<'_>,
        allow: Allow,
        waited: Option<&WaitingRow>,
        grant: Option<&str>,
    ) -> Judged {
        let word_ = if allow.violation.is_some() {
            "ALLOW_MONITOR"
        } else {
            "ALLOW"
        };
        let record = self
            .call_record(ctx, &one, word_)
            .violation(ctx, allow.violation.as_ref())
            .set_some("grant", grant);
        let mut effect = one.passes(&allow.forward_as);
        let mut judged = Judged::new(Effect::Drop);
        match self.redact_upstream(ctx, &mut one.message, Some(&one.call_id)) {
            Ok((batch, changed)) => {
                judged.batch = batch;
                if changed {
                    effect = Effect::forward(one.message.to_bytes());
                }
            }
            Err((batch, code, reason)) => {
                self.unspend(ctx, allow.spent.as_ref());
                return self.block_request(ctx, &one, batch, code, &reason);
            }
        }
        judged.effect = effect;
        judged.otherwise = unwritable(Some(&one.id), About::Tool(&one.tool));
        judged.batch.sync = judged.batch.sync.max(sync(ctx));
        let mut judged = judged.record(record);
        if one.fresh {
            self.spends(ctx, &mut judged, allow.spent);
        }
        // The policy no longer wants a person's word.
        if let Some(waited) = waited {
            judged.end_ask(&waited.id, "withdrawn");
        }
        let phase = Phase::Forwarded { written: false };
        let (id, entry) = one.entry(ctx, allow.forward_as, phase);
        self.begins(&mut judged, Stream::Client, id, entry);
        judged
    }
}
