//! What the server may tell unasked, and how a stream of it ends. `subscriptions/listen` is a
//! request that stays under way until the client cancels it, or the server ends it: with a result,
//! or with a cancel that names it.

use wire::json::Value;
use wire::link::Stream;
use wire::mcp;
use wire::rpc::Id;

use super::inputs::{Within, Wrong};
use super::progress::OF_NOTHING;
use super::{At, Context, Effect, Judged, NewRecord, State};
use crate::session::table::Entry;

const LISTEN: &str = "subscriptions/listen";

impl State {
    /// Whether a notification of the server's may pass. `Ok` holds what comes of it beside; `Err`
    /// that it is dropped: the record of that.
    pub(super) fn may_tell(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        normal: &str,
        params: Option<&Value<'_>>,
    ) -> Result<Judged, Box<NewRecord>> {
        let dropped = |state: &Self, reason: &str| {
            Err(Box::new(state.dropped(ctx, at, "downstream", reason)))
        };
        if ["notifications/cancelled", "cancelled"].contains(&normal) {
            let ended = mcp::cancelled_id(params).and_then(|id| self.server_cancels(ctx, at, &id));
            return match ended {
                Some(judged) => Ok(judged),
                None => dropped(self, "a cancel of nothing under way"),
            };
        }
        if normal == "notifications/progress" && !self.may_progress(Stream::Server, params) {
            return dropped(self, OF_NOTHING);
        }
        if !Self::may_tell_elicited(ctx, normal) {
            return dropped(self, "the policy does not let the server ask for this");
        }
        let call = mcp::task_named(params).and_then(|task| self.learnt.tasks.origin(task));
        let within = Within {
            at,
            call_id: call.map(|it| it.call_id.as_str()),
        };
        let nothing = Value::Null;
        let mut judged = Judged::new(Effect::AsIs);
        match self.judge_inputs(ctx, params.unwrap_or(&nothing), within) {
            Ok(told) => judged.batch.records = told,
            Err(Wrong::Malformed(reason)) => return dropped(self, &reason),
            Err(Wrong::Refused { method }) => {
                return Err(Box::new(self.input_refused(ctx, &method, within)));
            }
        }
        Ok(judged)
    }

    /// A server may cancel its own request, and end a stream the client has asked for. `None`:
    /// there is no such thing under way.
    fn server_cancels(&mut self, ctx: &Context<'_>, at: At, id: &Id) -> Option<Judged> {
        let mut judged = Judged::new(Effect::AsIs);
        let before = |entry: &Entry| entry.number <= at.number;
        if self.server.get(id).is_some_and(before) {
            self.server.cancel(id);
            return Some(judged);
        }
        let stream = self.client.forwarded(id)?;
        if stream.method != LISTEN {
            return None;
        }
        let outcome = self.outcome(ctx, stream);
        judged.later.records.extend(outcome);
        // Over once the shim has written this frame: until then it may be sent again.
        self.client.answer(id, at.number);
        Some(judged)
    }
}
