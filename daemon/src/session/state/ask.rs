//! Calls that wait for a person: asked, answered, expired or withdrawn, and one decision at the
//! end.

use engine::decide::{Ask as Asked, Call, Code, Decision, Facts, Listing, decide};
use engine::node::Node;
use engine::paths::Found;
use engine::rate::Buckets;
use wire::control::Approval;
use wire::link::Stream;
use wire::rpc::{self, Frame, Id};

use super::call::OneCall;
use super::client::id_json;
use super::refuse::unwritable;
use super::telling::args;
use super::{Context, Effect, Judged, NewRecord, Signal, State, StateOp, Undo, WaitingRow};
use crate::audit::Sync;
use crate::audit::batch::{ApprovalOp, SessionOp};
use crate::session::node::node;
use crate::session::reply::{self, About};
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

impl State {
    pub(super) fn ask_call(
        &mut self,
        ctx: &Context<'_>,
        mut one: OneCall<'_>,
        ask: Asked,
        waited: Option<WaitingRow>,
    ) -> Judged {
        let about = About::Tool(&one.tool);
        if one.at.batched {
            self.unspend(ctx, ask.spent.as_ref());
            let record = self.call_record(ctx, &one, "BLOCK");
            let why = (
                Code::Forbidden,
                "a call that needs a person's approval must be sent alone",
                "ask_in_batch",
            );
            return self.refuse_plainly(ctx, record, Some(&one.id), about, why);
        }
        let otherwise = unwritable(Some(&one.id), about);
        let record = self
            .call_record(ctx, &one, "BLOCK")
            .violation(ctx, ask.violation.as_ref());
        let mut release = one.passes(&ask.forward_as);
        let mut judged = Judged::new(Effect::Hold).otherwise(otherwise);
        match self.redact_upstream(ctx, &mut one.message, Some(&one.call_id)) {
            Ok((batch, changed)) => {
                judged.batch = batch;
                if changed {
                    release = Effect::forward(one.message.to_bytes());
                }
            }
            Err((batch, reason)) => {
                self.unspend(ctx, ask.spent.as_ref());
                return self.block_request(ctx, &one, batch, &reason);
            }
        }
        let frozen = one.message.to_bytes();
        let approval = self.shown(ctx, &one, &ask, waited.as_ref());
        let deadline_ms = waited.as_ref().map_or_else(
            || {
                ctx.now_ms
                    .saturating_add(i64::try_from(ctx.ask_timeout.as_millis()).unwrap_or(i64::MAX))
            },
            |waited| waited.deadline_ms,
        );
        if waited.is_none() {
            self.ask_is_new(ctx, &mut judged, &approval, &one, deadline_ms);
            self.spends(ctx, &mut judged, ask.spent);
        }
        let number = one.at.number;
        let waiting = Ask {
            id: approval.id.clone(),
            deadline_ms,
            request: one.id.clone(),
            tool: one.tool.clone(),
            release,
            frozen,
            record,
            began_ms: ctx.now_ms,
        };
        let (id, entry) = one.entry(ctx, ask.forward_as, Phase::Asking);
        if waited.is_none() {
            self.begins(&mut judged, Stream::Client, id, entry);
            judged.undo.push(Undo::Asked(number));
        } else {
            self.client.begin(id, entry);
        }
        self.asks.insert(number, waiting);
        judged.signals.push(Signal::Asked(Box::new(approval)));
        judged
    }

    fn ask_is_new(
        &self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        approval: &Approval,
        one: &OneCall<'_>,
        deadline_ms: i64,
    ) {
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
                shown: serde_json::to_string(approval).unwrap_or_default(),
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
        if let Some(shown) = waited.and_then(|it| serde_json::from_str(&it.shown).ok()) {
            return shown;
        }
        let arguments = one
            .message
            .params()
            .and_then(|params| params.get("arguments"));
        let timeout = i64::try_from(ctx.ask_timeout.as_millis()).unwrap_or(i64::MAX);
        Approval {
            id: short_id(&(ctx.fresh_id)()),
            session: self.facts.id.clone(),
            client: self.facts.client.clone(),
            project: self.facts.cwd.display().to_string(),
            server: self.facts.server.clone(),
            tool: super::telling::word(&one.tool, ctx.policy().dlp()),
            args: args(arguments, ctx).unwrap_or_else(|| "{}".to_owned()),
            because: format!("{} line {}", ctx.in_force.file, ask.line),
            asked: crate::time::rfc3339(ctx.now_ms),
            deadline: crate::time::rfc3339(ctx.now_ms.saturating_add(timeout)),
            state: "waiting".to_owned(),
        }
    }

    /// The asks that have expired by now.
    #[must_use]
    pub fn expired(&self, now_ms: i64) -> Vec<String> {
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

    /// An ask ends. `None` where it no longer waits.
    pub fn ask_ends(&mut self, ctx: &Context<'_>, id: &str, answer: &Answer) -> Option<Judged> {
        let number = *self.asks.iter().find(|(_, ask)| ask.id == id)?.0;
        let ask = self.asks.remove(&number)?;
        let judged = match answer {
            Answer::Allow(by) => match self.judge_again(ctx, &ask) {
                Ok(()) => self.ask_allowed(ctx, number, ask, by),
                Err((code, reason)) => {
                    self.ask_refused(ctx, number, ask, (code, &reason, "changed"), "denied", by)
                }
            },
            Answer::Deny(by) => {
                let why = (Code::UserDenied, "a person denied this call", "user_denied");
                self.ask_refused(ctx, number, ask, why, "denied", by)
            }
            Answer::Expired => {
                let why = (
                    Code::ApprovalTimeout,
                    "nobody answered in time",
                    "approval_timeout",
                );
                self.ask_refused(ctx, number, ask, why, "expired", &By::NOBODY)
            }
        };
        Some(judged)
    }

    /// Policy, override and tools may have changed while a person thought: the frozen bytes are
    /// judged once more, and only a refusal counts.
    fn judge_again(&self, ctx: &Context<'_>, ask: &Ask) -> Result<(), (Code, String)> {
        let changed = || {
            (
                Code::Forbidden,
                "the call could not be judged again".to_owned(),
            )
        };
        let read = rpc::read(ask.frozen.trim_ascii_end()).map_err(|_| changed())?;
        let Frame::Single(message) = read.frame else {
            return Err(changed());
        };
        let call = wire::mcp::tool_call(message.params()).map_err(|_| changed())?;
        let arguments = call.arguments.map_or(Node::Null, node);
        let judged = Call {
            method: "tools/call",
            tool: Some(call.name),
            args: &arguments,
        };
        let found = self.paths_in(ctx, &arguments);
        let resolved: Vec<_> = found.iter().map(|it| (ctx.resolve)(&it.path)).collect();
        let decision = self.learnt.listing(call.name, |listing: Listing<'_>| {
            let facts = Facts {
                now_ms: ctx.now_ms,
                listing,
                override_: ctx.override_,
                paths: Found {
                    candidates: &found,
                    resolved: &resolved,
                },
                task_known: false,
            };
            decide(ctx.policy(), &judged, &facts, &mut Buckets::default())
        });
        match decision {
            Decision::Allow(_) | Decision::Ask(_) => Ok(()),
            Decision::Refuse(refusal) => Err((refusal.code, refusal.reason)),
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
        judged.released.push((number, ask.release));
        let otherwise = unwritable(Some(&ask.request), About::Tool(&ask.tool));
        judged.undo.push(Undo::Began(Stream::Client, ask.request));
        judged.otherwise(otherwise)
    }

    fn ask_refused(
        &mut self,
        ctx: &Context<'_>,
        number: u64,
        ask: Ask,
        (code, reason, word): (Code, &str, &str),
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
            .set("error_code", code.number())
            .set("reason", reason);
        let about = About::Tool(&ask.tool);
        let refusal = Effect::reply(reply::error(&ask.request, about, code, reason, word));
        let mut judged = Judged::new(Effect::Drop)
            .record(record)
            .otherwise(refusal.clone());
        judged
            .batch
            .records
            .push(self.answer_event(ctx, &ask, answer, by));
        judged.end_ask(&ask.id, state);
        judged.batch.ops.push(self.ask_over(&ask, number));
        judged.released.push((number, refusal));
        self.client.remove(&ask.request);
        judged
    }

    /// Takes an ask back; its request gets no answer (MCP: a cancelled request has none).
    pub(super) fn withdraw(&mut self, ctx: &Context<'_>, number: u64, why: &str) -> Judged {
        let mut judged = Judged::new(Effect::Drop);
        let Some(ask) = self.asks.remove(&number) else {
            return judged;
        };
        let record = ended(ctx, &ask, "BLOCK", "withdrawn", &By::NOBODY).set("reason", why);
        judged = judged.record(record);
        judged.end_ask(&ask.id, "withdrawn");
        judged.batch.ops.push(self.ask_over(&ask, number));
        judged.released.push((number, Effect::Drop));
        self.client.remove(&ask.request);
        judged
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
