//! Refusals: what goes back to the sender, and the record of it.

use engine::decide::{Code, Refusal, Verdict};
use wire::rpc::{Id, Malformed};

use super::telling::{sync, word};
use super::{At, Context, Effect, Judged, NewRecord, State};
use crate::session::reply::{self, About};

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
            Effect::reply(reply::refusal(id, about, refusal, ctx.policy().on_block()))
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
            .set_some("policy_line", refusal.line);
        let mut judged = Judged::new(effect)
            .record(record)
            .otherwise(unwritable(id, about));
        judged.batch.sync = sync(ctx);
        judged
    }

    /// A refusal of the daemon's own, with one of AIP's codes.
    pub(super) fn refuse_plainly(
        &mut self,
        ctx: &Context<'_>,
        record: NewRecord,
        id: Option<&Id>,
        about: About<'_>,
        (code, reason, kind): (Code, &str, &str),
    ) -> Judged {
        self.refused += 1;
        let effect = id.map_or(Effect::Drop, |id| {
            Effect::reply(reply::error(id, about, code, reason, kind))
        });
        let record = record
            .set("violation", true)
            .set("error_code", code.number())
            .set("reason", word(reason, ctx.policy().dlp()));
        let mut judged = Judged::new(effect)
            .record(record)
            .otherwise(unwritable(id, about));
        judged.batch.sync = sync(ctx);
        judged
    }

    /// A frame that is no message: JSON-RPC's own error, and a record without its content.
    pub(super) fn refuse_malformed(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        malformed: &Malformed,
        length: usize,
    ) -> Judged {
        self.refused += 1;
        let effect = Effect::reply(reply::malformed(
            malformed.id.as_ref(),
            malformed.code,
            &malformed.reason,
        ));
        let record = self
            .decision(ctx, "upstream", "BLOCK")
            .set("violation", true)
            .set("error_code", malformed.code)
            .set("reason", word(&malformed.reason, ctx.policy().dlp()))
            .set("length", length)
            .set("frame", at.number)
            .set("part", at.part);
        Judged::new(effect.clone()).record(record).otherwise(effect)
    }
}

/// What a request gets when its record can't be written.
pub(super) fn unwritable(id: Option<&Id>, about: About<'_>) -> Effect {
    id.map_or(Effect::Drop, |id| {
        let word = "audit_unavailable";
        Effect::reply(reply::error(id, about, Code::Forbidden, UNWRITABLE, word))
    })
}
