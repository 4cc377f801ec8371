//! Refusals: what goes back to the sender, and the record of it.

use engine::decide::{Code, Refusal, Verdict};
use wire::link::Stream;
use wire::rpc::{Id, Malformed};

use super::telling::{sync, word};
use super::{At, Context, Effect, Judged, NewRecord, State};
use crate::session::reply::{self, About, Why, Word};
use crate::session::table::Phase;

/// Why nothing that has to be recorded can happen now.
pub(super) const UNWRITABLE: &str =
    "the audit record can't be written, so the call was not made; see `aipctl status`";

impl State {
    /// A refusal of the policy. Without an id (a notification) nothing goes back.
    pub(super) fn refuse(
        &mut self,
        ctx: &Context<'_>,
        record: NewRecord,
        id: Option<&Id>,
        about: About<'_>,
        refusal: &Refusal,
    ) -> Judged {
        self.refused += 1;
        let dlp = ctx.policy().dlp();
        let effect = id.map_or(Effect::Drop, |id| {
            Effect::reply(reply::refusal(id, about, refusal, self.form(ctx)))
        });
        let record = record
            .set("violation", refusal.verdict == Verdict::Block)
            .set("error_code", refusal.code.number())
            .set("reason", word(&refusal.reason, dlp))
            .set_some(
                "detail",
                (!refusal.detail.is_empty()).then(|| word(&refusal.detail, dlp)),
            )
            .set_some(
                "failed_arg",
                refusal.failed_arg.as_deref().map(|it| word(it, dlp)),
            )
            .set_some("failed_rule", refusal.failed_rule.clone())
            .set_some("policy_line", refusal.line)
            .set_some("policy_layer", refusal.layer.as_deref());
        let mut judged = Judged::new(effect)
            .record(record)
            .otherwise(unwritable(id, about));
        judged.batch.sync = sync(ctx);
        judged.refused = true;
        judged
    }

    /// A refusal of the daemon's own, with one of AIP's codes.
    pub(super) fn refuse_plainly(
        &mut self,
        ctx: &Context<'_>,
        record: NewRecord,
        id: Option<&Id>,
        about: About<'_>,
        why: Why<'_>,
    ) -> Judged {
        self.refused += 1;
        let form = self.form(ctx);
        let effect = id.map_or(Effect::Drop, |id| {
            Effect::reply(reply::plain(id, about, why, form))
        });
        let record = record
            .set("violation", true)
            .set("error_code", why.code.number())
            .set("reason", word(why.reason, ctx.policy().dlp()));
        let mut judged = Judged::new(effect)
            .record(record)
            .otherwise(unwritable(id, about));
        judged.batch.sync = sync(ctx);
        judged.refused = true;
        judged
    }

    /// A frame that is no message: JSON-RPC's own error, and a record without its content. Under
    /// an id that is in flight the error would be taken for that request's answer, so it goes
    /// out without one.
    pub(super) fn refuse_malformed(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        malformed: &Malformed,
        length: usize,
    ) -> Judged {
        self.refused += 1;
        let in_flight = |id: &&Id| {
            self.client
                .get(id)
                .is_some_and(|entry| !matches!(entry.phase, Phase::Answered { .. }))
        };
        let id = malformed.id.as_ref().filter(|id| !in_flight(id));
        let effect = Effect::reply(reply::malformed(id, malformed.code, &malformed.reason));
        let record = self
            .decision(ctx, "upstream", "BLOCK")
            .set("violation", true)
            .set("error_code", malformed.code)
            .set("reason", word(&malformed.reason, ctx.policy().dlp()))
            .set("length", length)
            .set("frame", at.number)
            .set("part", at.part);
        let mut judged = Judged::new(effect.clone()).record(record).otherwise(effect);
        judged.refused = true;
        match self.decided_before(Stream::Client, at) {
            Some(recorded) if !recorded.allowed => judged.batch.records.clear(),
            recorded => judged = judged.superseding(recorded.as_ref()),
        }
        judged
    }
}

/// What a request gets when its record can't be written.
pub(super) fn unwritable(id: Option<&Id>, about: About<'_>) -> Effect {
    let why = Why {
        code: Code::Forbidden,
        reason: UNWRITABLE,
        word: Word::AuditUnavailable,
    };
    id.map_or(Effect::Drop, |id| {
        Effect::reply(reply::error(id, about, why))
    })
}
