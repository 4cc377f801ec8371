//! A call that was answered with the question comes back: with the person's answer, or after one that
//! came by another way.

use engine::decide::{Allow, Ask as Asked, Code, Decision};
use wire::json::Value;
use wire::link::Stream;
use wire::mcp;

use super::super::ask::{denied, told};
use super::super::call::OneCall;
use super::super::recorded::code_of;
use super::super::refuse::unwritable;
use super::super::telling::sync;
use super::super::{Answer, At, Context, Effect, Judged, State, Undo};
use super::{KEY, NOT_ASKED, print_of, stale, state_of};
use crate::audit::StateOp;
use crate::audit::batch::ApprovalOp;
use crate::audit::record::Kind;
use crate::session::learnt::{Outcome, Refused, Return};
use crate::session::reply::{self, About, Why, Word};

const USED: &str = "the call came back with this `requestState` before; make the call anew";
const ANOTHER: &str = "this call is not the one that was asked about";
const LOST: &str = "what the server had asked for was lost when aipd ended; make the call anew";
/// Why what the client says does not count.
const ELSEWHERE: &str = "the call was answered by another way before";
const LATE: &str = "the client came back too late";
const CHANGED: &str = "the tool's definition changed while the call waited";

impl State {
    /// A call as it comes: where it comes back, it is told from the server's own tries.
    pub(in crate::session::state) fn called(
        &mut self,
        ctx: &Context<'_>,
        mut one: OneCall<'_>,
    ) -> Judged {
        let known = match self.comes_back_from(ctx, &one) {
            Ok(None) => return self.tool_call(ctx, one),
            Ok(Some(known)) => known,
            Err(reason) => return self.came_back_amiss(ctx, &one, reason),
        };
        let brought = one.takes_back(&known);
        if known.back.is_some() {
            // Sent again to a daemon started anew, which knows what became of it.
            one.came_back = true;
            return self.tool_call(ctx, one);
        }
        one.fresh = false;
        let at = one.at;
        let response = mcp::only_response(&brought, KEY);
        let answer = match response {
            Some(response) => self.says(ctx, response),
            None => Err("no answer of a person's in the client"),
        };
        match (&known.outcome, answer) {
            (Some(outcome), answer) => {
                let outcome = outcome.clone();
                if !outcome.counts(ctx.now_ms) {
                    return self.too_late(ctx, one, &known, outcome);
                }
                let mut judged = self.goes_on_as_said(ctx, one, &known, &outcome);
                if answer.is_ok() {
                    self.unheard(ctx, &mut judged, (at, &known.approval), ELSEWHERE);
                }
                judged
            }
            (None, Ok(answer)) => self.answered_back(ctx, one, known, &answer),
            (None, Err(why)) => self.waits_on(ctx, one, known, why),
        }
    }

    /// What the call comes back from. `None` where it is none of aip's.
    fn comes_back_from(
        &self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
    ) -> Result<Option<Return>, &'static str> {
        let Some(state) = state_of(&one.message) else {
            return Ok(None);
        };
        let Some(known) = self.learnt.returns.find(state) else {
            let servers = self.learnt.returns.is_of_server(state);
            return if servers { Ok(None) } else { Err(NOT_ASKED) };
        };
        if known.back.is_some_and(|it| it != one.at.number) {
            return Err(USED);
        }
        if known.is_open() && !self.asks.contains_key(&known.number) {
            return Err(NOT_ASKED);
        }
        if !self.is_what_was_asked(ctx, one, known) {
            return Err(ANOTHER);
        }
        if known.has_inputs && known.inputs.is_none() {
            return Err(LOST);
        }
        Ok(Some(known.clone()))
    }

    /// Compared as it would go on, which is how it was shown.
    fn is_what_was_asked(&self, ctx: &Context<'_>, one: &OneCall<'_>, known: &Return) -> bool {
        let mut message = one.message.clone();
        if let Some(params) = message.params_mut() {
            Self::strip_client(ctx, params);
        }
        // What is not let out is refused where the call is judged.
        let Ok(_) = self.redact_upstream(ctx, &mut message, None) else {
            return true;
        };
        let digest = OneCall::digest_of(&one.tool, &message);
        (digest, print_of(&message)) == (known.call.digest.clone(), known.params.clone())
    }

    fn came_back_amiss(&mut self, ctx: &Context<'_>, one: &OneCall<'_>, reason: &str) -> Judged {
        let recorded = self.decided_before(Stream::Client, one.at);
        if let Some(recorded) = recorded.as_ref().filter(|it| !it.allowed) {
            return Judged::new(recorded.refusal(self.form(ctx), &one.id, About::Tool(&one.tool)));
        }
        self.calls += u64::from(recorded.is_none());
        let record = self.call_record(ctx, one, "BLOCK");
        let about = About::Tool(&one.tool);
        let mut judged = self.refuse_plainly(ctx, record, Some(&one.id), about, stale(reason));
        self.ends_refused(&mut judged, Stream::Client, &one.id, one.at);
        if let Some(waited) = self.waited.remove(&one.at.number) {
            judged.end_ask(&waited.id, "withdrawn");
        }
        judged.superseding(recorded.as_ref())
    }

    /// It comes back with an answer that is the first: the ask ends for all who wait on it.
    fn answered_back(
        &mut self,
        ctx: &Context<'_>,
        one: OneCall<'_>,
        known: Return,
        answer: &Answer,
    ) -> Judged {
        let (said, by, refused) = match answer {
            Answer::Allow(by) => ("allow", by, None),
            Answer::Deny(by) => ("deny", by, Some(denied())),
            Answer::Expired => return self.waits_on(ctx, one, known, NOT_ASKED),
        };
        let Some(ask) = self.asks.remove(&known.number) else {
            return self.came_back_amiss(ctx, &one, NOT_ASKED);
        };
        self.waited.remove(&known.number);
        let outcome = ask.outcome(ctx, said, by, refused);
        let event = self.answer_event(ctx, &ask, said, by);
        let mut judged = self.goes_on_as_said(ctx, one, &known, &outcome);
        judged.batch.records.push(event);
        let allowed = !judged.refused;
        judged.end_ask(&ask.id, if allowed { "allowed" } else { "denied" });
        match self.ask_ends(ctx, &ask.id, answer) {
            Some(others) => judged.take_in(others),
            None if allowed => self.count_allowed(ctx, &mut judged, &ask.tool),
            None => {}
        }
        judged
    }

    /// What a person has said holds for the call as it comes back, if it may go on now. It can come back
    /// once. Where that can't be recorded it has been here for nothing, and is not known any more.
    fn goes_on_as_said(
        &mut self,
        ctx: &Context<'_>,
        one: OneCall<'_>,
        known: &Return,
        outcome: &Outcome,
    ) -> Judged {
        let number = one.at.number;
        self.learnt.returns.take_by(&known.state);
        let before = self.learnt.clone();
        self.learnt.returns.put(Return {
            outcome: Some(outcome.clone()),
            back: Some(number),
            inputs: None,
            ..known.clone()
        });
        let call_id = one.call_id.clone();
        let mut judged = match &outcome.refused {
            Some(refused) => {
                let code = code_of(i64::from(refused.code));
                let why = Why {
                    code,
                    reason: &refused.reason,
                    word: if matches!(code, Code::UserDenied | Code::ApprovalTimeout) {
                        Word::Of(code)
                    } else {
                        Word::Changed
                    },
                };
                self.refused_back(ctx, &one, why)
            }
            None => self.allowed_back(ctx, one, known),
        };
        if !judged.refused {
            let call = known.call.clone();
            self.learnt.late.runs(number, &call_id, call, ctx.now_ms);
        }
        if self.facts.verbose {
            judged.trace.extend(told(&outcome.said(), &judged));
        }
        self.learns(&mut judged, before);
        judged.tells(&outcome.told(&known.approval));
        judged
    }

    /// A yes does not hold for ever.
    fn too_late(
        &mut self,
        ctx: &Context<'_>,
        one: OneCall<'_>,
        known: &Return,
        said: Outcome,
    ) -> Judged {
        let refused = Some(Refused {
            code: Code::ApprovalTimeout.number(),
            reason: LATE.to_owned(),
        });
        self.goes_on_as_said(ctx, one, known, &Outcome { refused, ..said })
    }

    /// Judged as any call, but that a person has spoken and that its rate is spent.
    fn allowed_back(&mut self, ctx: &Context<'_>, mut one: OneCall<'_>, known: &Return) -> Judged {
        let changed = |code, reason| Why {
            code,
            reason,
            word: Word::Changed,
        };
        if self.learnt.definition_digest(&one.tool) != known.call.definition {
            return self.refused_back(ctx, &one, changed(Code::SchemaMismatch, CHANGED));
        }
        if let Some(params) = one.message.params_mut() {
            Self::strip_client(ctx, params);
        }
        let (decision, trace) = self.decide_call(ctx, &one, false);
        let allow = match decision {
            Decision::Allow(allow) => allow,
            Decision::Ask(Asked {
                forward_as,
                violation,
                ..
            }) => Allow {
                forward_as,
                violation,
                spent: None,
            },
            Decision::Refuse(refusal) => {
                let why = changed(refusal.code, &refusal.reason);
                let mut judged = self.refused_back(ctx, &one, why);
                judged.trace = trace;
                return judged;
            }
        };
        let mut judged = self.allow_call(ctx, one, allow, None, None);
        judged.trace = trace;
        judged
    }

    fn refused_back(&mut self, ctx: &Context<'_>, one: &OneCall<'_>, why: Why<'_>) -> Judged {
        self.refused += 1;
        let about = About::Tool(&one.tool);
        let record = self
            .call_record(ctx, one, "BLOCK")
            .set("error_code", why.code.number())
            .set("reason", super::word(why.reason, ctx.policy().dlp()));
        let answer = reply::plain(&one.id, about, why, self.form(ctx));
        let mut judged = Judged::new(Effect::reply(answer))
            .record(record)
            .otherwise(unwritable(Some(&one.id), about));
        judged.batch.sync = sync(ctx);
        judged.refused = true;
        judged
    }

    /// It comes back without an answer: it waits on for another way, now as a request under way.
    fn waits_on(
        &mut self,
        ctx: &Context<'_>,
        mut one: OneCall<'_>,
        known: Return,
        why: &str,
    ) -> Judged {
        let (at, number) = (one.at, one.at.number);
        let ask = self.asks.remove(&known.number);
        let Some((ask, row)) = ask.and_then(|ask| ask.row(number).map(|row| (ask, row))) else {
            return self.came_back_amiss(ctx, &one, NOT_ASKED);
        };
        self.waited.remove(&known.number);
        let before = self.learnt.clone();
        self.learnt.returns.take_by(&known.state);
        self.learnt.returns.put(Return {
            back: Some(number),
            inputs: None,
            ..known.clone()
        });
        let mut undo = vec![Undo::CameBack(known.number, Box::new(ask))];
        undo.push(Undo::Learnt(Box::new(before)));
        let approval = row.id.clone();
        self.waited.insert(number, row);
        one.came_back = true;
        let mut judged = self.tool_call(ctx, one);
        undo.append(&mut judged.undo);
        judged.undo = undo;
        judged.batch.ops.push(self.learnt_op());
        if judged.effect == Effect::Hold {
            judged.batch.ops.push(StateOp::Approval {
                id: approval,
                op: ApprovalOp::Moved { number },
            });
        }
        self.unheard(ctx, &mut judged, (at, &known.approval), why);
        judged
    }

    /// What came with the call is no answer that counts.
    fn unheard(
        &self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        (at, approval): (At, &str),
        why: &str,
    ) {
        let record = self.dropped(ctx, at, "upstream", why);
        let record = record.set("approval_id", approval);
        judged.batch.records.push(record);
    }
}

impl OneCall<'_> {
    /// Takes out what it brings of aip's, and puts in what it would have brought for the server. Gives
    /// what it brings.
    fn takes_back(&mut self, known: &Return) -> Value<'static> {
        self.plain = false;
        let Some(params) = self.message.params_mut() else {
            return Value::Null;
        };
        let brought = mcp::take_inputs(params).into_owned();
        let inputs = known.inputs.as_deref().map(wire::json::parse);
        if let Some(Ok(inputs)) = inputs {
            mcp::put_inputs(params, &inputs.value.into_owned());
        }
        brought
    }
}

impl Judged {
    /// The decision tells who brought it about.
    fn tells(&mut self, approval: &serde_json::Value) {
        let records = std::mem::take(&mut self.batch.records).into_iter();
        let told = records.map(|record| match record.kind() {
            Kind::Decision => record.set("approval", approval.clone()),
            Kind::Event | Kind::Outcome => record,
        });
        self.batch.records = told.collect();
    }
}
