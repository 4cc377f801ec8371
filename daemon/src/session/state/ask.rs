//! Calls that wait for a person: asked, answered, expired or withdrawn, and one decision at the
//! end.

use std::collections::BTreeSet;

use engine::decide::{Ask as Asked, Code};
use wire::control::Approval;
use wire::json::Value;
use wire::link::Stream;
use wire::rpc::{self, Frame, Id, Message};

use super::call::OneCall;
use super::granted;
use super::refuse::unwritable;
use super::telling::args;
use super::{Context, Effect, Judged, NewRecord, Signal, State, StateOp, Undo, WaitingRow};
use crate::audit::Sync;
use crate::audit::batch::ApprovalOp;
use crate::session::redact;
use crate::session::reply::{About, Why, Word};
use crate::session::table::Phase;

mod answered;
mod clients;
mod extended;
mod patience;

pub use extended::{Extension, NotExtended};

/// A call that waits.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The approval's id.
    pub id: String,
    /// When it denies itself, ms since 1970.
    pub deadline_ms: i64,
    /// A person has given it more time.
    extended: bool,
    /// When it was first asked, by whichever daemon, ms since 1970.
    asked_ms: i64,
    request: Id,
    pub(super) tool: String,
    /// Of tool and arguments: identical asks are one.
    pub(super) digest: String,
    /// The policy's hash then.
    pub(super) policy: String,
    /// Of the tool's definition when it was asked.
    pub(super) definition: Option<String>,
    /// How the frame goes on when allowed.
    release: Effect,
    /// The very bytes that were judged, for the judgment after the answer.
    frozen: Vec<u8>,
    /// Why no grant can be made of it.
    pub(super) once_only: Option<&'static str>,
    /// The decision's record but for the decision.
    record: NewRecord,
    began_ms: i64,
    /// What keeps the client waiting.
    patience: Option<patience::Patience>,
}

impl Ask {
    /// The call as it was judged.
    pub(super) fn message(&self) -> Option<Message<'_>> {
        match rpc::read(self.frozen.trim_ascii_end()).ok()?.frame {
            Frame::Single(message) => Some(message),
            Frame::Batch(_) => None,
        }
    }
}

/// Where an answer came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// The channel: `control`, `watch`, `dialog`, `notification`, `client`, or `none`.
    pub channel: &'static str,
    /// The process that answered, as the kernel sees it.
    pub pid: Option<u32>,
    /// Its program, where that can be read.
    pub program: Option<String>,
    /// What else stands behind it: `polkit`, where the system asked the person for their password.
    pub auth: Option<&'static str>,
}

impl By {
    const NOBODY: Self = Self {
        channel: "none",
        pid: None,
        program: None,
        auth: None,
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
        let once_only = granted::once_only(one.arguments(), ask.violation.is_some(), ctx);
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
        let timeout = self.waits_for(ctx, one.message.params());
        let asked_ms = crate::time::parse_ms(&approval.asked).unwrap_or(ctx.now_ms);
        let waiting = Ask {
            extended: twin.as_ref().map_or(approval.extended, |it| it.extended),
            asked_ms: twin.as_ref().map_or(asked_ms, |it| it.asked_ms),
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
            policy: ctx.policy().hash().to_owned(),
            definition: self.learnt.definition_digest(&one.tool),
            release,
            frozen: one.message.to_bytes(),
            once_only,
            record,
            began_ms: ctx.now_ms,
            patience: patience::Patience::of(one.message.params(), ctx.now_ms),
        };
        judged.otherwise = unwritable(Some(&one.id), About::Tool(&one.tool));
        if waited.is_none() && twin.is_none() {
            self.prompts.push_back(ctx.now_ms);
            self.ask_is_new(ctx, &mut judged, &approval, &one, waiting.deadline_ms);
        }
        if twin.is_none() {
            self.asks_in_client(ctx, &mut judged, &approval);
            judged.signals.push(Signal::Asked(Box::new(approval)));
        }
        if one.fresh {
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
                word: Word::AskInBatch,
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
            word: Word::TooManyPrompts,
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
        let timeout = self.waits_for(ctx, one.message.params());
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
            because: format!(
                "{} line {} ({})",
                ctx.in_force.file,
                ask.line,
                ctx.policy().name()
            ),
            asked: crate::time::rfc3339(ctx.now_ms),
            deadline: crate::time::rfc3339(ctx.now_ms.saturating_add(timeout)),
            extended: false,
            state: "waiting".to_owned(),
            subject: self.subject(&one.tool),
            before: None,
            grant: None,
        };
        match before {
            None => fresh,
            Some(before) => Approval {
                id: before.id,
                asked: before.asked,
                deadline: before.deadline,
                extended: before.extended,
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

/// Short enough to type, long enough to be one of those that wait: the id's random tail.
fn short_id(uuid: &str) -> String {
    let tail = uuid.len().saturating_sub(8);
    uuid.get(tail..).unwrap_or(uuid).to_owned()
}
