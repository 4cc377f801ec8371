//! What a client cancels.

use wire::json::Value;
use wire::mcp;

use super::{At, Context, Effect, Judged, Learnt, State};
use crate::session::table::Phase;

impl State {
    /// A cancel may name only a request of the client's own that is under way. One that waits
    /// for a person is withdrawn, and the server never hears of it. Where frames are sent again, a
    /// request that came after the cancel is known already: it is not meant. One that goes on
    /// teaches that nobody waits for a call: given is what was known before.
    pub(super) fn client_cancels(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        params: Option<&Value<'_>>,
    ) -> Result<Option<Learnt>, Box<Judged>> {
        let entry =
            mcp::cancelled_id(params).and_then(|id| self.client.get(&id).cloned().zip(Some(id)));
        if entry.is_none()
            && let Some(number) =
                mcp::cancelled_id(params).and_then(|id| self.parked_under(&id, at))
        {
            return Err(Box::new(self.cancelled_unanswered(ctx, number)));
        }
        match entry.filter(|(entry, _)| entry.number <= at.number) {
            Some((entry, _)) if entry.phase == Phase::Asking => {
                let mut judged = self.cancelled_unanswered(ctx, entry.number);
                let waited_ms = ctx.now_ms.saturating_sub(entry.began_ms);
                self.learns_patience(&mut judged, waited_ms, params);
                Err(Box::new(judged))
            }
            Some((entry, id)) if matches!(entry.phase, Phase::Forwarded { .. }) => {
                self.client.cancel(&id);
                let number = entry.number;
                let before = (self.learnt.late.may_give_up(number)).then(|| self.learnt.clone());
                self.learnt.late.gives_up(number, ctx.now_ms);
                Ok(before)
            }
            Some(_) | None => {
                let record = self.dropped(ctx, at, "upstream", "a cancel of nothing under way");
                Err(Box::new(Judged::new(Effect::Drop).record(record)))
            }
        }
    }

    /// The client no longer wants what a person is asked about.
    fn cancelled_unanswered(&mut self, ctx: &Context<'_>, number: u64) -> Judged {
        let asked = self.asks.get(&number).cloned();
        let mut judged = self.withdraw(ctx, number, "cancelled by the client", None);
        if let Some(asked) = asked {
            self.misses(ctx, &mut judged, &asked);
        }
        judged
    }
}
