//! Asking in the client in revision 2026-07-28, which has no requests to the client: the call is answered
//! with the question, and the client tries it again with the person's answer. Until then no request
//! waits, and nothing of the call runs: nobody would be told what came of it.

use engine::decide::Code;
use engine::node::{Numbers, canonical, sha256_hex};
use wire::control::Approval;
use wire::json::Value;
use wire::mcp;
use wire::rpc::{Id, Message};

use super::ask::Parked;
use super::call::OneCall;
use super::client::id_json;
use super::in_client::{CHOICES, PREFIX, text_of};
use super::telling::word;
use super::{Ask, At, By, Context, Effect, Judged, State};
use crate::session::learnt::{MOST_OPEN, Outcome, Return};
use crate::session::node::node;
use crate::session::reply::{About, Why, Word};

mod back;

/// Under which the question stands in the answer, and is answered.
const KEY: &str = "aip";
/// The most of what a call brings for the server that is kept, in bytes, while the client is asked:
/// its next try brings only what aip asked for.
const MAX_INPUTS: usize = 64 * 1024;

impl State {
    /// Whether a call that is to be asked about can be answered with the question. One that has come back
    /// without an answer is not asked about in the client again.
    pub(super) fn may_park(
        &self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        approval: &Approval,
    ) -> bool {
        let stated = self.stated.as_deref();
        ctx.asks_in_client()
            && one.shows_forms
            && !one.came_back
            && stated.is_some_and(mcp::elicits_within)
            && self.learnt.returns.open().count() < MOST_OPEN
            && inputs_of(&one.message).is_none_or(|it| it.len() <= MAX_INPUTS)
            && text_of(approval).is_some()
    }

    /// The call is answered with the question, once that is recorded.
    pub(super) fn parks(
        &mut self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        one: &OneCall<'_>,
        waiting: &mut Ask,
        (approval, shown): (&Approval, String),
    ) {
        // A UUIDv7 has 74 random bits.
        let state = format!("{PREFIX}{}{}", (ctx.fresh_id)(), (ctx.fresh_id)());
        let question = text_of(approval).unwrap_or_default();
        let line = mcp::input_required(&one.id, (KEY, &state), question, &CHOICES);
        judged.effect = Effect::reply(line);
        waiting.parks(Parked {
            number: one.at.number,
            call_id: one.call_id.clone(),
            shown,
        });
        let inputs = inputs_of(&one.message);
        let before = self.learnt.clone();
        self.learnt.returns.put(Return {
            state,
            approval: approval.id.clone(),
            number: one.at.number,
            request: id_json(&one.id),
            tool: one.tool.clone(),
            call_id: one.call_id.clone(),
            call: Self::same_as_asked(waiting),
            params: print_of(&one.message),
            has_inputs: inputs.is_some(),
            inputs,
            shown_whole: ctx.policy().audit().args == engine::policy::ArgsWish::Full,
            outcome: None,
            back: None,
        });
        self.learns(judged, before);
    }

    /// A person answers elsewhere, or nobody does in time: kept until the call comes back. Where that
    /// can't be recorded the call waits no more, and is not known when it does.
    pub(super) fn settles(&mut self, judged: &mut Judged, number: u64, outcome: Outcome) {
        self.waited.remove(&number);
        let Some(one) = self.learnt.returns.take(number) else {
            return;
        };
        let before = self.learnt.clone();
        let outcome = Some(outcome);
        self.learnt.returns.put(Return { outcome, ..one });
        self.learns(judged, before);
    }

    /// A person allows it elsewhere. It is decided when it comes back.
    pub(super) fn allowed_ahead(
        &mut self,
        ctx: &Context<'_>,
        number: u64,
        ask: &Ask,
        by: &By,
    ) -> Judged {
        let event = self.answer_event(ctx, ask, "allow", by);
        let mut judged = Judged::new(Effect::Drop).record(event);
        judged.end_ask(&ask.id, "allowed");
        self.settles(&mut judged, number, ask.outcome(ctx, "allow", by, None));
        judged
    }

    /// It is taken back: nothing is known of it any more.
    pub(super) fn forgets_return(&mut self, judged: &mut Judged, number: u64) {
        self.waited.remove(&number);
        self.learnt.returns.take(number);
        judged.batch.ops.push(self.learnt_op());
    }

    /// A call that waited under an earlier daemon comes again in its frame, whose verdict was lost: what
    /// it was to be brought back with never reached the client.
    pub(super) fn asked_anew(&mut self, number: u64) {
        if self.asks.get(&number).is_some_and(Ask::comes_back) {
            self.asks.remove(&number);
            self.learnt.returns.take(number);
        }
    }

    /// The frame of a call that waits to be brought back, by its request's id.
    pub(super) fn parked_under(&self, id: &Id, at: At) -> Option<u64> {
        let parked = |(number, ask): &(&u64, &Ask)| {
            ask.comes_back() && ask.request == *id && **number <= at.number
        };
        self.asks.iter().find(parked).map(|(number, _)| *number)
    }

    /// A server may be another aip, or pass on what one asks: what it gives of this kind is its own.
    pub(super) fn hears_state(&mut self, judged: &mut Judged, result: &Value<'_>) {
        let state = mcp::request_state(result).filter(|it| it.starts_with(PREFIX));
        let Some(state) = state.filter(|it| !self.learnt.returns.is_of_server(it)) else {
            return;
        };
        let before = self.learnt.clone();
        if self.learnt.returns.server_gave(state) {
            self.learns(judged, before);
        }
    }

    /// A request that is no call brings what only a call may. Gives its refusal.
    pub(super) fn brings_amiss(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        id: &Id,
        message: &Message<'_>,
    ) -> Option<Judged> {
        let state = state_of(message)?;
        let returns = &self.learnt.returns;
        if returns.find(state).is_none() && returns.is_of_server(state) {
            return None;
        }
        let method = message.method().unwrap_or_default();
        let record = self
            .decision(ctx, "upstream", "BLOCK")
            .set("method", word(method, ctx.policy().dlp()))
            .set("frame", at.number)
            .set("part", at.part);
        let about = About::Method(method);
        Some(self.refuse_plainly(ctx, record, Some(id), about, stale(NOT_ASKED)))
    }
}

const NOT_ASKED: &str = "aip asked nothing that this `requestState` would answer";

fn stale(reason: &str) -> Why<'_> {
    Why {
        code: Code::Forbidden,
        reason,
        word: Word::StaleState,
    }
}

/// What a request brings that looks like aip's own.
fn state_of<'m>(message: &'m Message<'_>) -> Option<&'m str> {
    let state = mcp::request_state(message.params()?)?;
    state.starts_with(PREFIX).then_some(state)
}

/// What a call that is tried again brings for the server, as JSON.
fn inputs_of(message: &Message<'_>) -> Option<Vec<u8>> {
    let mut params = message.params()?.borrowed();
    let inputs = mcp::take_inputs(&mut params);
    let some = inputs.as_object().is_some_and(|it| !it.is_empty());
    some.then(|| inputs.to_json().into_bytes())
}

/// SHA-256 of what a call's params ask for, but for its tool's name: it goes on under another.
fn print_of(message: &Message<'_>) -> String {
    let asked = message.params().map(mcp::asked_for);
    let mut asked = asked.unwrap_or(Value::Null);
    asked.remove("name");
    sha256_hex(canonical(&node(&asked), Numbers::AsWritten).as_bytes())
}
