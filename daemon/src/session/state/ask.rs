//! Calls that wait for a person: asked, answered, expired or withdrawn, and one decision at the
//! end.

use std::collections::BTreeSet;

use engine::decide::{Ask as Asked, Code};
use wire::control::Approval;
use wire::link::Stream;
use wire::rpc::{self, Frame, Id, Message};

use super::call::OneCall;
use super::granted;
use super::refuse::unwritable;
use super::{Context, Effect, Judged, NewRecord, Signal, State, StateOp, Undo, WaitingRow};
use crate::audit::Sync;
use crate::audit::batch::ApprovalOp;
use crate::session::reply::{About, Why, Word};
use crate::session::table::Phase;

mod answered;
mod clients;
mod extended;
mod patience;
mod restored;
mod shown;

pub(super) use answered::{denied, told};
pub use extended::{Extension, NotExtended};
use shown::stored;

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
    pub(super) request: Id,
    pub(super) tool: String,
    /// Of tool and arguments: identical asks are one.
    pub(super) digest: String,
    /// The policy's hash then.
    pub(super) policy: String,
    /// Of the tool's definition when it was asked.
    pub(super) definition: Option<String>,
    /// How the frame goes on when allowed.
    release: Effect,
    /// The very bytes that were judged, for the judgment after the answer; none of a call that an
    /// earlier daemon has answered with the question.
    frozen: Vec<u8>,
    /// Why no grant can be made of it.
    pub(super) once_only: Option<&'static str>,
    /// The decision's record but for the decision; `None` where `frozen` is not known either.
    record: Option<NewRecord>,
    began_ms: i64,
    /// What keeps the client waiting.
    patience: Option<patience::Patience>,
    /// It was answered with the question and is to be brought back.
    parked: Option<Parked>,
}

/// What is kept of a call beside its ask until it is brought back.
#[derive(Clone, Debug)]
pub(super) struct Parked {
    /// The frame that was answered.
    pub(super) number: u64,
    /// What its records share.
    pub(super) call_id: String,
    /// What the store has of what a person is shown, JSON.
    pub(super) shown: String,
}

impl Ask {
    /// It is answered with the question: nobody waits who could hear of its progress.
    pub(super) fn parks(&mut self, parked: Parked) {
        self.patience = None;
        self.parked = Some(parked);
    }

    /// Whether no request waits for it any more: the client is to try it again.
    pub(super) fn comes_back(&self) -> bool {
        self.parked.is_some()
    }

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
            .set_some("policy_layer", ask.layer.as_deref())
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
        let before = (twin.as_ref(), waited.as_ref());
        let (approval, deadline_ms, parks) = self.shown_until(ctx, &one, &ask, before);
        let mut waiting = Ask {
            extended: approval.extended,
            asked_ms: crate::time::parse_ms(&approval.asked).unwrap_or(ctx.now_ms),
            id: approval.id.clone(),
            deadline_ms,
            request: one.id.clone(),
            tool: one.tool.clone(),
            digest,
            policy: ctx.policy().hash().to_owned(),
            definition: self.learnt.definition_digest(&one.tool),
            release,
            frozen: one.message.to_bytes(),
            once_only,
            record: Some(record),
            began_ms: ctx.now_ms,
            patience: patience::Patience::of(one.message.params(), ctx.now_ms),
            parked: None,
        };
        judged.otherwise = unwritable(Some(&one.id), About::Tool(&one.tool));
        let stored = stored(ctx, &one, &approval);
        if waited.is_none() && twin.is_none() {
            self.prompts.push_back(ctx.now_ms);
            self.ask_is_new(
                ctx,
                &mut judged,
                &approval,
                &one,
                (deadline_ms, stored.clone()),
            );
        }
        if one.fresh {
            self.spends(ctx, &mut judged, ask.spent);
        }
        let number = one.at.number;
        if parks {
            self.parks(ctx, &mut judged, &one, &mut waiting, (&approval, stored));
        } else {
            if twin.is_none() {
                self.asks_in_client(ctx, &mut judged, &approval);
            }
            let (id, entry) = one.entry(ctx, ask.forward_as, Phase::Asking);
            self.begins(&mut judged, Stream::Client, id, entry);
        }
        // One that an earlier daemon asked about may not be in the queue.
        if twin.is_none_or(|it| it.frozen.is_empty()) {
            judged.signals.push(Signal::Asked(Box::new(approval)));
        }
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
        (deadline_ms, shown): (i64, String),
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
                shown,
            },
        });
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
