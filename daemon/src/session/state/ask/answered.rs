//! How an ask ends: a person's answer, none in time, or taken back.

use engine::decide::{Code, Decision};
use wire::link::Stream;
use wire::rpc::{self, Frame, Id};

use super::super::call::OneCall;
use super::super::client::id_json;
use super::super::refuse::unwritable;
use super::{Answer, Ask, By};
use crate::audit::NewRecord;
use crate::audit::StateOp;
use crate::audit::batch::SessionOp;
use crate::audit::record::Kind;
use crate::session::learnt::{Outcome, Refused};
use crate::session::reply::{self, About, Why, Word};
use crate::session::state::{At, Context, Effect, Judged, Released, State, Undo};

const DENIED: &str = "a person denied this call";
const NOBODY: &str = "nobody answered in time";

/// Why a call is refused that a person has denied.
pub(in crate::session::state) fn denied() -> Refused {
    Refused {
        code: Code::UserDenied.number(),
        reason: DENIED.to_owned(),
    }
}

impl State {
    /// An ask ends, for every call that waits on it. `None` where it no longer waits.
    pub fn ask_ends(&mut self, ctx: &Context<'_>, id: &str, answer: &Answer) -> Option<Judged> {
        let numbers = self
            .asks
            .iter()
            .filter(|(_, ask)| ask.id == id)
            .map(|(number, _)| *number);
        let mut whole: Option<Judged> = None;
        let mut tool = String::new();
        for number in numbers.collect::<Vec<_>>() {
            let ask = self.asks.remove(&number)?;
            tool.clone_from(&ask.tool);
            let mut one = self.ask_answered(ctx, number, ask, answer);
            if self.facts.verbose {
                one.trace = told(&said(answer), &one);
            }
            match &mut whole {
                None => whole = Some(one),
                Some(whole) => whole.take_in(one),
            }
        }
        if let Some(judged) = whole.as_mut().filter(|it| it.allows()) {
            self.count_allowed(ctx, judged, &tool);
        }
        whole
    }

    fn ask_answered(
        &mut self,
        ctx: &Context<'_>,
        number: u64,
        ask: Ask,
        answer: &Answer,
    ) -> Judged {
        match answer {
            Answer::Allow(by) => match self.judge_again(ctx, number, &ask) {
                Ok(()) if ask.comes_back() => self.allowed_ahead(ctx, number, &ask, by),
                Ok(()) => self.ask_allowed(ctx, number, ask, by),
                Err((code, reason)) => {
                    let why = Why {
                        code,
                        reason: &reason,
                        word: Word::Changed,
                    };
                    self.ask_refused(ctx, number, ask, why, "denied", by)
                }
            },
            Answer::Deny(by) => {
                let why = Why {
                    code: Code::UserDenied,
                    reason: DENIED,
                    word: Word::Of(Code::UserDenied),
                };
                self.ask_refused(ctx, number, ask, why, "denied", by)
            }
            Answer::Expired => {
                let why = Why {
                    code: Code::ApprovalTimeout,
                    reason: NOBODY,
                    word: Word::Of(Code::ApprovalTimeout),
                };
                let asked = ask.clone();
                let mut judged = self.ask_refused(ctx, number, ask, why, "expired", &By::NOBODY);
                self.misses(ctx, &mut judged, &asked);
                judged
            }
        }
    }

    /// Policy, override and tools may have changed while a person thought: the frozen bytes are
    /// judged once more, and only a refusal counts.
    fn judge_again(&self, ctx: &Context<'_>, number: u64, ask: &Ask) -> Result<(), (Code, String)> {
        if ask.frozen.is_empty() {
            // An earlier daemon had it. It is judged when it comes back.
            return Ok(());
        }
        let unreadable = || {
            (
                Code::Forbidden,
                "the call could not be judged again".to_owned(),
            )
        };
        if self.learnt.definition_digest(&ask.tool) != ask.definition {
            let reason = "the tool's definition changed while the call waited";
            return Err((Code::SchemaMismatch, reason.to_owned()));
        }
        let read = rpc::read(ask.frozen.trim_ascii_end()).map_err(|_| unreadable())?;
        let Frame::Single(message) = read.frame else {
            return Err(unreadable());
        };
        let call = wire::mcp::tool_call(message.params()).map_err(|_| unreadable())?;
        let mut one = OneCall {
            at: At::only(number),
            id: ask.request.clone(),
            tool: call.name.to_owned(),
            message,
            plain: false,
            call_id: String::new(),
            fresh: false,
            shows_forms: false,
            came_back: false,
        };
        if let (Decision::Refuse(refusal), _) = self.decide_call(ctx, &one, false) {
            return Err((refusal.code, refusal.reason));
        }
        match self.redact_upstream(ctx, &mut one.message, None) {
            Ok((_, false)) => Ok(()),
            // What was shown is not what would go out now.
            Ok((_, true)) => Err((
                Code::Forbidden,
                "the policy changed while the call waited".to_owned(),
            )),
            Err((_, code, reason)) => Err((code, reason)),
        }
    }

    fn ask_allowed(&mut self, ctx: &Context<'_>, number: u64, ask: Ask, by: &By) -> Judged {
        let record = self.record_of_end(ctx, &ask, "allow", by);
        let word = if record.violates() {
            "ALLOW_MONITOR"
        } else {
            "ALLOW"
        };
        let call_id = record.get("call_id").unwrap_or_default();
        let record = record.set("decision", word);
        let mut judged = Judged::new(Effect::Drop).record(record);
        self.client.release(&ask.request);
        let before = self.learnt.clone();
        let (call_id, call) = (
            call_id.as_str().unwrap_or_default(),
            Self::same_as_asked(&ask),
        );
        self.learnt.late.runs(number, call_id, call, ctx.now_ms);
        self.learns(&mut judged, before);
        judged.end_ask(&ask.id, "allowed");
        judged
            .batch
            .records
            .push(self.answer_event(ctx, &ask, "allow", by));
        judged.released.push(Released {
            number,
            effect: ask.release,
            otherwise: unwritable(Some(&ask.request), About::Tool(&ask.tool)),
        });
        judged.undo.push(Undo::Began(Stream::Client, ask.request));
        judged
    }

    fn ask_refused(
        &mut self,
        ctx: &Context<'_>,
        number: u64,
        ask: Ask,
        why: Why<'_>,
        state: &'static str,
        by: &By,
    ) -> Judged {
        self.refused += 1;
        let answer = if state == "expired" {
            "timeout"
        } else {
            "deny"
        };
        let record = self
            .record_of_end(ctx, &ask, answer, by)
            .set("error_code", why.code.number())
            .set("reason", why.reason);
        let about = About::Tool(&ask.tool);
        let form = self.form(ctx);
        let refusal = Effect::reply(reply::plain(&ask.request, about, why, form));
        let mut judged = Judged::new(Effect::Drop).record(record);
        judged
            .batch
            .records
            .push(self.answer_event(ctx, &ask, answer, by));
        judged.end_ask(&ask.id, state);
        judged.refused = true;
        if ask.comes_back() {
            let refused = Refused {
                code: why.code.number(),
                reason: why.reason.to_owned(),
            };
            let outcome = ask.outcome(ctx, answer, by, Some(refused));
            self.settles(&mut judged, number, outcome);
            return judged;
        }
        judged.batch.ops.push(self.ask_over(&ask, number));
        judged.released.push(Released {
            number,
            otherwise: refusal.clone(),
            effect: refusal,
        });
        self.client.remove(&ask.request);
        judged
    }

    /// Takes one call's ask back. A cancelled request gets no answer (MCP); where the server has
    /// ended it gets `instead`.
    pub(in crate::session::state) fn withdraw(
        &mut self,
        ctx: &Context<'_>,
        number: u64,
        why: &str,
        instead: Option<Vec<u8>>,
    ) -> Judged {
        let mut judged = Judged::new(Effect::Drop);
        let Some(ask) = self.asks.remove(&number) else {
            return judged;
        };
        let record = self.record_of_end(ctx, &ask, "withdrawn", &By::NOBODY);
        judged = judged.record(record.set("reason", why));
        if !self.asks.values().any(|other| other.id == ask.id) {
            judged.end_ask(&ask.id, "withdrawn");
        }
        if ask.comes_back() {
            self.forgets_return(&mut judged, number);
            return judged;
        }
        judged.batch.ops.push(self.ask_over(&ask, number));
        let effect = instead.map_or(Effect::Drop, Effect::reply);
        judged.released.push(Released {
            number,
            otherwise: effect.clone(),
            effect,
        });
        self.client.remove(&ask.request);
        judged
    }

    /// The request a waiting frame holds.
    pub(in crate::session::state) fn waiting_request(&self, number: u64) -> Option<&Id> {
        self.asks.get(&number).map(|ask| &ask.request)
    }

    fn ask_over(&self, ask: &Ask, number: u64) -> StateOp {
        let id = id_json(&ask.request);
        self.op(SessionOp::OutstandingDrop {
            sender: "client",
            id,
            number,
        })
    }

    pub(in crate::session::state) fn answer_event(
        &self,
        ctx: &Context<'_>,
        ask: &Ask,
        answer: &str,
        by: &By,
    ) -> NewRecord {
        self.event(ctx, "APPROVAL_ANSWERED")
            .set("approval_id", ask.id.clone())
            .set("answer", answer)
            .set("channel", by.channel)
            .set_some("pid", by.pid)
            .set_some("program", by.program.clone())
            .set_some("auth", by.auth)
    }

    /// Frames of calls that wait.
    #[must_use]
    pub fn waiting(&self) -> Vec<u64> {
        self.asks.keys().copied().collect()
    }

    /// The decision on a call whose ask ends: that it is refused, unless it is said otherwise.
    fn record_of_end(&self, ctx: &Context<'_>, ask: &Ask, answer: &str, by: &By) -> NewRecord {
        let record = ask.record.clone();
        let record = record.unwrap_or_else(|| self.record_of_restored(ctx, ask));
        let outcome = ask.outcome(ctx, answer, by, None);
        record
            .set("timestamp", crate::time::rfc3339(ctx.now_ms))
            .set("latency_us", outcome.after_ms.saturating_mul(1000))
            .set("approval", outcome.told(&ask.id))
    }
}

impl Ask {
    /// What is said of it by now.
    pub(in crate::session::state) fn outcome(
        &self,
        ctx: &Context<'_>,
        answer: &str,
        by: &By,
        refused: Option<Refused>,
    ) -> Outcome {
        Outcome {
            refused,
            answer: answer.to_owned(),
            channel: by.channel.to_owned(),
            after_ms: ctx.now_ms.saturating_sub(self.began_ms).max(0),
            said_ms: ctx.now_ms,
        }
    }
}

impl Outcome {
    /// As a trace tells of it.
    pub(in crate::session::state) fn said(&self) -> String {
        match self.answer.as_str() {
            "allow" => format!("allowed by {}", self.channel),
            "deny" => format!("denied by {}", self.channel),
            _ => "no answer in time".to_owned(),
        }
    }

    /// As a decision tells of it.
    pub(in crate::session::state) fn told(&self, approval: &str) -> serde_json::Value {
        serde_json::json!({
            "after_ms": self.after_ms,
            "answer": self.answer,
            "channel": self.channel,
            "id": approval,
        })
    }
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Allow(by) => format!("allowed by {}", by.channel),
        Answer::Deny(by) => format!("denied by {}", by.channel),
        Answer::Expired => "no answer in time".to_owned(),
    }
}

/// The end of a call's trace: the guide's lines for a decision, with who brought it about.
pub(in crate::session::state) fn told(said: &str, one: &Judged) -> Vec<String> {
    let record = one.batch.records.first();
    if record.is_none_or(|it| it.kind() != Kind::Decision) {
        // Allowed, and decided when it comes back.
        return vec![format!("[DEBUG] Approval: {said}")];
    }
    let code = record.and_then(|it| it.get("error_code"));
    let decision = match code {
        Some(code) if one.refused => format!("[WARN] Decision: BLOCK (error: {code})"),
        Some(_) | None if record.is_some_and(NewRecord::violates) => {
            "[WARN] Decision: ALLOW_MONITOR".to_owned()
        }
        Some(_) | None => "[INFO] Decision: ALLOW".to_owned(),
    };
    vec![format!("[DEBUG] Approval: {said}"), decision]
}
