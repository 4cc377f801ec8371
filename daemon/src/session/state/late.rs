//! A person's answer that comes when the client has given up, and the client's next try.

use engine::decide::{Allow, Ask as Asked, Code};
use wire::rpc::{self, Frame, Id};

use super::call::OneCall;
use super::{Ask, By, Context, Effect, Judged, State, WaitingRow};
use crate::session::learnt::{Pass, Same};
use crate::session::reply::{About, Why, Word};

impl State {
    fn same(&self, ctx: &Context<'_>, one: &OneCall<'_>) -> Same {
        Same {
            digest: one.digest(),
            definition: self.learnt.definition_digest(&one.tool),
            policy: ctx.policy().hash().to_owned(),
        }
    }

    /// What an ask was about. The policy is the one it was asked under.
    pub(super) fn same_as_asked(ask: &Ask) -> Same {
        Same {
            digest: ask.digest.clone(),
            definition: ask.definition.clone(),
            policy: ask.policy.clone(),
        }
    }

    /// A call ended unanswered: its time ran out, or its client gave up. The answer may still come.
    pub(super) fn misses(&mut self, ctx: &Context<'_>, judged: &mut Judged, ask: &Ask) {
        let before = self.learnt.clone();
        let call = Self::same_as_asked(ask);
        self.learnt.late.misses(&ask.id, call, ctx.now_ms);
        self.learns(judged, before);
    }

    /// A person allows a call that has ended unanswered: nothing is forwarded, and the next
    /// identical call goes out. `None` where it is no such call.
    pub fn banks(&mut self, ctx: &Context<'_>, id: &str, by: &By) -> Option<Judged> {
        if !self.learnt.late.awaits(id, ctx.now_ms) {
            return None;
        }
        let before = self.learnt.clone();
        self.learnt.late.banks(id, by.channel, ctx.now_ms);
        let event = self
            .event(ctx, "APPROVAL_ANSWERED")
            .set("approval_id", id.to_owned())
            .set("answer", "banked")
            .set("channel", by.channel)
            .set_some("pid", by.pid)
            .set_some("program", by.program.clone())
            .set_some("auth", by.auth);
        let mut judged = Judged::new(Effect::Drop).record(event);
        judged.batch.sync = crate::audit::Sync::Full;
        self.learns(&mut judged, before);
        Some(judged)
    }

    /// A call that the policy wants a person asked about, where the person has spoken on an
    /// identical one: `Err` gives it back.
    pub(super) fn tried_again<'a>(
        &mut self,
        ctx: &Context<'_>,
        one: OneCall<'a>,
        ask: Asked,
        waited: Option<&WaitingRow>,
    ) -> Result<Judged, Box<(OneCall<'a>, Asked)>> {
        // One that waits goes on to, and nothing in a batch may be asked about.
        if waited.is_some() || one.at.batched || !one.fresh {
            return Err(Box::new((one, ask)));
        }
        let call = self.same(ctx, &one);
        if let Some((ran, answer)) = self.learnt.late.ran(&call, ctx.now_ms) {
            let (call_id, answer) = (ran.call_id.clone(), answer.map(<[u8]>::to_vec));
            self.unspend(ctx, ask.spent.as_ref());
            return Ok(self.ran_already(ctx, &one, &call_id, answer));
        }
        if !self.learnt.late.has_pass(&call, ctx.now_ms) {
            return Err(Box::new((one, ask)));
        }
        let before = self.learnt.clone();
        let pass = self.learnt.late.uses(&call, ctx.now_ms).unwrap_or_default();
        let (number, call_id) = (one.at.number, one.call_id.clone());
        let allow = Allow {
            forward_as: ask.forward_as,
            violation: ask.violation,
            spent: ask.spent,
        };
        let mut judged = self.allow_call(ctx, one, allow, None, None);
        if judged.refused {
            // It did not go out: the pass stands.
            self.learnt.late = before.late;
            return Ok(judged);
        }
        self.learnt.late.runs(number, &call_id, call, ctx.now_ms);
        self.learns(&mut judged, before);
        judged.by_pass(&pass);
        Ok(judged)
    }

    /// It went out before, and its client did not wait for the answer: it never runs twice.
    fn ran_already(
        &mut self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        call_id: &str,
        answer: Option<Vec<u8>>,
    ) -> Judged {
        let record = self.call_record(ctx, one, "BLOCK").set("ran_as", call_id);
        let why = Why {
            code: Code::Forbidden,
            reason: "already ran: this very call was let through, its answer has not come, and it \
                     is not run again",
            word: Word::AlreadyRan,
        };
        let again = answer.and_then(|answer| under(&answer, &one.id));
        let Some(again) = again else {
            return self.refuse_plainly(ctx, record, Some(&one.id), About::Tool(&one.tool), why);
        };
        let record = record.set("reason", "already ran: the answer is given once more");
        let mut judged = Judged::new(Effect::reply(again)).record(record);
        judged.otherwise = super::refuse::unwritable(Some(&one.id), About::Tool(&one.tool));
        judged.batch.sync = super::telling::sync(ctx);
        judged
    }
}

impl Judged {
    /// The decision tells of the answer that came too late for an earlier call.
    fn by_pass(&mut self, pass: &Pass) {
        if let Some(record) = self.batch.records.pop() {
            let told = serde_json::json!({
                "answer": "allow",
                "banked": true,
                "channel": pass.channel,
                "id": pass.id,
            });
            self.batch.records.push(record.set("approval", told));
        }
    }
}

/// An answer under another id.
fn under(answer: &[u8], id: &Id) -> Option<Vec<u8>> {
    let read = rpc::read(answer.trim_ascii_end()).ok()?;
    let Frame::Single(mut message) = read.frame else {
        return None;
    };
    message.set_answer_id(id.clone());
    Some(message.to_bytes())
}
