//! Calls that wait for a person: asked, answered, expired or withdrawn, and one decision at the
//! end.

use std::collections::BTreeSet;

use engine::decide::{Ask as Asked, Code, Decision};
use wire::control::Approval;
use wire::json::Value;
use wire::link::Stream;
use wire::rpc::{self, Frame, Id};

use super::call::OneCall;
use super::client::id_json;
use super::refuse::unwritable;
use super::telling::args;
use super::{
    At, Context, Effect, Judged, NewRecord, Released, Signal, State, StateOp, Undo, WaitingRow,
};
use crate::audit::Sync;
use crate::audit::batch::{ApprovalOp, SessionOp};
use crate::session::redact;
use crate::session::reply::{self, About, Why};
use crate::session::table::Phase;

/// A call that waits.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The approval's id.
    pub id: String,
    /// When it denies itself, ms since 1970.
    pub deadline_ms: i64,
    request: Id,
    tool: String,
    /// Of tool and arguments: identical asks are one.
    digest: String,
    /// Of the tool's definition when it was asked.
    definition: Option<String>,
    /// How the frame goes on when allowed.
    release: Effect,
    /// The very bytes that were judged, for the judgment after the answer.
    frozen: Vec<u8>,
    /// The decision's record but for the decision.
    record: NewRecord,
    began_ms: i64,
}

/// Where an answer came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The channel: `control`.
    pub channel: &'static str,
    /// The process that answered, as the kernel sees it.
    pub pid: Option<u32>,
    /// Its program, where that can be read.
    pub program: Option<String>,
}

impl By {
    const NOBODY: Self = Self {
        channel: "none",
        pid: None,
        program: None,
    };
}

/// How an ask ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A person said yes.
    Allow(By),
    /// A person said no.
    Deny(By),
    /// Nobody answered.
    Expired,
}

/// How long the cap on prompts looks back, in ms.
const MINUTE: i64 = 60_000;

impl State {
    pub(super) fn ask_call(
        &mut self,
        ctx: &Context<'_>,
        mut one: OneCall<'_>,
        ask: Asked,
        waited: Option<WaitingRow>,
    ) -> Judged {
        let record = self
            .call_record(ctx, &one, "BLOCK")
            .violation(ctx, ask.violation.as_ref());
        let mut release = one.passes(&ask.forward_as);
        let mut judged = Judged::new(Effect::Hold);
        match self.redact_upstream(ctx, &mut one.message, Some(&one.call_id)) {
            Ok((batch, changed)) => {
                judged.batch = batch;
                if changed {
                    release = Effect::forward(one.message.to_bytes());
                }
            }
            Err((batch, code, reason)) => {
                self.unspend(ctx, ask.spent.as_ref());
                return self.block_request(ctx, &one, batch, code, &reason);
            }
        }
        let digest = one.digest();
        let twin = self.asks.values().find(|it| it.digest == digest).cloned();
        if let Some(why) = self.may_not_ask(ctx, &one, waited.is_some() || twin.is_some()) {
            self.unspend(ctx, ask.spent.as_ref());
            return self.refuse_plainly(ctx, record, Some(&one.id), About::Tool(&one.tool), why);
        }
        let approval = self.shown(ctx, &one, &ask, waited.as_ref());
        let timeout = i64::try_from(ctx.ask_timeout.as_millis()).unwrap_or(i64::MAX);
        let waiting = Ask {
            id: twin
                .as_ref()
                .map_or_else(|| approval.id.clone(), |twin| twin.id.clone()),
            deadline_ms: match (&twin, &waited) {
                (Some(twin), _) => twin.deadline_ms,
                (None, Some(waited)) => waited.deadline_ms,
                (None, None) => ctx.now_ms.saturating_add(timeout),
            },
            request: one.id.clone(),
            tool: one.tool.clone(),
            digest,
            definition: self.learnt.definition_digest(&one.tool),
            release,
            frozen: one.message.to_bytes(),
            record,
            began_ms: ctx.now_ms,
        };
        judged.otherwise = unwritable(Some(&one.id), About::Tool(&one.tool));
        if waited.is_none() && twin.is_none() {
            self.prompts.push_back(ctx.now_ms);
            self.ask_is_new(ctx, &mut judged, &approval, &one, waiting.deadline_ms);
        }
        if twin.is_none() {
            judged.signals.push(Signal::Asked(Box::new(approval)));
        }
        if waited.is_none() {
            self.spends(ctx, &mut judged, ask.spent);
        }
        let number = one.at.number;
        let (id, entry) = one.entry(ctx, ask.forward_as, Phase::Asking);
        self.begins(&mut judged, Stream::Client, id, entry);
        judged.undo.push(Undo::Asked(number));
        self.asks.insert(number, waiting);
        judged
    }

    /// Why a person is not to be asked. One that is asked already is not asked anew.
    fn may_not_ask(
        &mut self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        asked: bool,
    ) -> Option<Why<'static>> {
        if one.at.batched {
            return Some(Why {
                code: Code::Forbidden,
                reason: "a call that needs a person's approval must be sent alone",
                word: "ask_in_batch",
            });
        }
        while self
            .prompts
            .front()
            .is_some_and(|asked| asked + MINUTE <= ctx.now_ms)
        {
            self.prompts.pop_front();
        }
        (!asked && self.prompts.len() >= ctx.prompts_per_minute).then_some(Why {
            code: Code::RateLimited,
            reason: "too many prompts",
            word: "too_many_prompts",
        })
    }

    fn ask_is_new(
        &self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        approval: &Approval,
        one: &OneCall<'_>,
        deadline_ms: i64,
    ) {
        let stored = Approval {
            args: args(one.arguments(), ctx).unwrap_or_default(),
            ..approval.clone()
        };
        let event = self
            .event(ctx, "APPROVAL_ASKED")
            .set("approval_id", approval.id.clone())
            .set("tool", approval.tool.clone())
            .set("call_id", one.call_id.clone())
            .set("deadline", approval.deadline.clone());
        judged.batch.records.push(event);
        judged.batch.sync = Sync::Full;
        judged.batch.ops.push(StateOp::Approval {
            id: approval.id.clone(),
            op: ApprovalOp::Asked {
                session: self.facts.id.clone(),
                number: one.at.number,
                deadline_ms,
                shown: serde_json::to_string(&stored).unwrap_or_default(),
            },
        });
    }

    fn shown(
        &self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        ask: &Asked,
        waited: Option<&WaitingRow>,
    ) -> Approval {
        let timeout = i64::try_from(ctx.ask_timeout.as_millis()).unwrap_or(i64::MAX);
        // Of an earlier daemon's ask the arguments may not have been kept: they are shown anew.
        let before = waited.and_then(|it| serde_json::from_str::<Approval>(&it.shown).ok());
        let fresh = Approval {
            id: short_id(&(ctx.fresh_id)()),
            session: self.facts.id.clone(),
            client: self.facts.client.clone(),
            project: self.facts.cwd.display().to_string(),
            server: self.facts.server.clone(),
            tool: super::telling::word(&one.tool, ctx.policy().dlp()),
            args: shown_args(one.arguments(), ctx),
            because: format!("{} line {}", ctx.in_force.file, ask.line),
            asked: crate::time::rfc3339(ctx.now_ms),
            deadline: crate::time::rfc3339(ctx.now_ms.saturating_add(timeout)),
            state: "waiting".to_owned(),
        };
        match before {
            None => fresh,
            Some(before) => Approval {
                id: before.id,
                asked: before.asked,
                deadline: before.deadline,
                ..fresh
            },
        }
    }

    /// The asks that have expired by now.
    #[must_use]
    pub fn expired(&self, now_ms: i64) -> BTreeSet<String> {
        let over = |ask: &&Ask| ask.deadline_ms <= now_ms;
        self.asks
            .values()
            .filter(over)
            .map(|ask| ask.id.clone())
            .collect()
    }

    /// When the next ask expires, ms since 1970.
    #[must_use]
    pub fn next_deadline(&self) -> Option<i64> {
        self.asks.values().map(|ask| ask.deadline_ms).min()
    }

    /// An ask ends, for every call that waits on it. `None` where it no longer waits.
    pub fn ask_ends(&mut self, ctx: &Context<'_>, id: &str, answer: &Answer) -> Option<Judged> {
        let numbers = self
            .asks
            .iter()
            .filter(|(_, ask)| ask.id == id)
            .map(|(number, _)| *number);
        let mut whole: Option<Judged> = None;
        for number in numbers.collect::<Vec<_>>() {
            let ask = self.asks.remove(&number)?;
            let one = self.ask_answered(ctx, number, ask, answer);
            match &mut whole {
                None => whole = Some(one),
                Some(whole) => whole.take_in(one),
            }
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
                Ok(()) => self.ask_allowed(ctx, number, ask, by),
                Err((code, reason)) => {
                    let why = Why {
                        code,
                        reason: &reason,
                        word: "changed",
                    };
                    self.ask_refused(ctx, number, ask, why, "denied", by)
                }
            },
            Answer::Deny(by) => {
                let why = Why {
                    code: Code::UserDenied,
                    reason: "a person denied this call",
                    word: Code::UserDenied.word(),
                };
                self.ask_refused(ctx, number, ask, why, "denied", by)
            }
            Answer::Expired => {
                let why = Why {
                    code: Code::ApprovalTimeout,
                    reason: "nobody answered in time",
                    word: Code::ApprovalTimeout.word(),
                };
                self.ask_refused(ctx, number, ask, why, "expired", &By::NOBODY)
            }
        }
    }

    /// Policy, override and tools may have changed while a person thought: the frozen bytes are
    /// judged once more, and only a refusal counts.
    fn judge_again(&self, ctx: &Context<'_>, number: u64, ask: &Ask) -> Result<(), (Code, String)> {
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
        let violation = ask.record.violates();
        let word = if violation { "ALLOW_MONITOR" } else { "ALLOW" };
        let record = ended(ctx, &ask, word, "allow", by);
        let mut judged = Judged::new(Effect::Drop).record(record);
        self.client.release(&ask.request);
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
        let record = ended(ctx, &ask, "BLOCK", answer, by)
            .set("error_code", why.code.number())
            .set("reason", why.reason);
        let about = About::Tool(&ask.tool);
        let form = ctx.policy().on_block();
        let refusal = Effect::reply(reply::plain(&ask.request, about, why, form));
        let mut judged = Judged::new(Effect::Drop).record(record);
        judged
            .batch
            .records
            .push(self.answer_event(ctx, &ask, answer, by));
        judged.end_ask(&ask.id, state);
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
    pub(super) fn withdraw(
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
        let record = ended(ctx, &ask, "BLOCK", "withdrawn", &By::NOBODY).set("reason", why);
        judged = judged.record(record);
        if !self.asks.values().any(|other| other.id == ask.id) {
            judged.end_ask(&ask.id, "withdrawn");
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
    pub(super) fn waiting_request(&self, number: u64) -> Option<&Id> {
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

    fn answer_event(&self, ctx: &Context<'_>, ask: &Ask, answer: &str, by: &By) -> NewRecord {
        self.event(ctx, "APPROVAL_ANSWERED")
            .set("approval_id", ask.id.clone())
            .set("answer", answer)
            .set("channel", by.channel)
            .set_some("pid", by.pid)
            .set_some("program", by.program.clone())
    }

    /// Frames of calls that wait.
    #[must_use]
    pub fn waiting(&self) -> Vec<u64> {
        self.asks.keys().copied().collect()
    }
}

impl Judged {
    pub(super) fn end_ask(&mut self, id: &str, state: &'static str) {
        self.batch.ops.push(StateOp::Approval {
            id: id.to_owned(),
            op: ApprovalOp::Ends(state),
        });
        self.batch.sync = Sync::Full;
        self.signals.push(Signal::AskEnded {
            id: id.to_owned(),
            state,
        });
    }
}

/// The arguments as a person sees them: whole but redacted, whatever the audit keeps.
fn shown_args(arguments: Option<&Value<'_>>, ctx: &Context<'_>) -> String {
    let mut copy = arguments.cloned().unwrap_or(Value::Object(Vec::new()));
    let found = redact::for_record(&mut copy, ctx.policy().dlp());
    match found.failed {
        None => copy.to_json(),
        Some(_) => "the arguments could not be scanned and are not shown".to_owned(),
    }
}

fn ended(ctx: &Context<'_>, ask: &Ask, word: &str, answer: &str, by: &By) -> NewRecord {
    let waited_ms = ctx.now_ms.saturating_sub(ask.began_ms).max(0);
    ask.record
        .clone()
        .set("timestamp", crate::time::rfc3339(ctx.now_ms))
        .set("decision", word)
        .set("latency_us", waited_ms.saturating_mul(1000))
        .set(
            "approval",
            serde_json::json!({
                "after_ms": waited_ms,
                "answer": answer,
                "channel": by.channel,
                "id": ask.id,
            }),
        )
}

/// Short enough to type, long enough to be one of those that wait: the id's random tail.
fn short_id(uuid: &str) -> String {
    let tail = uuid.len().saturating_sub(8);
    uuid.get(tail..).unwrap_or(uuid).to_owned()
}
