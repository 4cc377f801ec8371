//! Requests from the client: the method, and for a call the tool and its arguments.

use std::path::PathBuf;

use engine::decide::{Allow, Ask as Asked, Call, Code, Decision, Facts, Held, Refusal, decide};
use engine::name::normal_form;
use engine::node::{Node, Numbers, canonical, sha256_hex};
use engine::paths::{Found, hit};
use engine::rate::{Buckets, Spent};
use wire::json::Value;
use wire::link::Stream;
use wire::mcp;
use wire::rpc::{Id, Malformed, Message};

use super::client::{id_json, set_method};
use super::places::protected;
use super::telling::{args, word};
use super::{At, Context, Effect, Judged, NewRecord, State, StateOp, Undo};
use crate::audit::Batch;
use crate::audit::batch::{OutstandingRow, SessionOp};
use crate::audit::escape::escaped;
use crate::session::learnt::Page;
use crate::session::node::node;
use crate::session::progress::Token;
use crate::session::reply::{About, Why, Word};
use crate::session::table::{Entry, Phase};

/// One call on its way through the judgment.
pub(super) struct OneCall<'a> {
    pub(super) at: At,
    pub(super) id: Id,
    pub(super) message: Message<'a>,
    /// The tool as the client named it.
    pub(super) tool: String,
    pub(super) plain: bool,
    pub(super) call_id: String,
    /// No earlier daemon has counted it.
    pub(super) fresh: bool,
    /// The request states that its client shows forms.
    pub(super) shows_forms: bool,
    /// It was answered with a question before, and has brought what it was to bring.
    pub(super) came_back: bool,
}

impl State {
    pub(super) fn tool_call(&mut self, ctx: &Context<'_>, mut one: OneCall<'_>) -> Judged {
        let waited = self.waited.remove(&one.at.number);
        if waited.is_some() {
            self.asked_anew(one.at.number);
        }
        let recorded = self.decided_before(Stream::Client, one.at);
        if let Some(recorded) = recorded.as_ref().filter(|it| !it.allowed) {
            return Judged::new(recorded.refusal(self.form(ctx), &one.id, About::Tool(&one.tool)));
        }
        if recorded
            .as_ref()
            .is_some_and(|it| it.args.is_some() && it.args != one.stored_args(ctx))
        {
            // Under this number another call was let through: this one was never judged.
            let reason = "the frame is not the one that was judged under its number".to_owned();
            let mut ended = Judged::new(Effect::Drop);
            self.ends_refused(&mut ended, Stream::Client, &one.id, one.at);
            let malformed = Malformed::invalid(reason, Some(one.id));
            let refused = self.refuse_malformed(ctx, one.at, &malformed, ctx.frame_bytes);
            let mut refused = refused.superseding(recorded.as_ref());
            refused.batch.append(ended.batch);
            return refused;
        }
        let open = self
            .client
            .get(&one.id)
            .is_some_and(|it| it.number == one.at.number);
        if recorded.is_some() && !open {
            // Decided, forwarded and answered: nothing is left to be done for it.
            return Judged::new(Effect::Drop);
        }
        if let Some(params) = one.message.params_mut() {
            one.plain &= !Self::strip_client(ctx, params);
        }
        // One that waited beside an identical call has an entry, and nothing else.
        let known = recorded.is_some() || waited.is_some();
        one.fresh = !known && (!open || one.at.batched);
        let fresh = one.fresh;
        self.calls += u64::from(fresh);
        if let Some(earlier) = self
            .client
            .get(&one.id)
            .filter(|it| it.number == one.at.number)
        {
            one.call_id.clone_from(&earlier.call_id);
        }
        let (id, at) = (one.id.clone(), one.at);
        let waits = waited.as_ref().map(|it| it.id.clone());
        let (decision, mut trace) = self.decide_call(ctx, &one, fresh);
        let mut judged = match (decision, recorded) {
            (Decision::Refuse(refusal), recorded) => {
                self.refuse_call(ctx, &one, &refusal, recorded.as_ref())
            }
            (Decision::Allow(allow), None) => {
                self.allow_call(ctx, one, allow, waited.as_ref(), None)
            }
            (Decision::Ask(ask), None) => self.ask_or_granted(ctx, one, ask, waited, &mut trace),
            // Decided before, by a person too where one was asked; only the shim never heard.
            (Decision::Allow(Allow { forward_as, .. }), Some(_))
            | (Decision::Ask(Asked { forward_as, .. }), Some(_)) => {
                self.client.release(&one.id);
                let effect = one.passes(&forward_as);
                match self.redact_upstream(ctx, &mut one.message, None) {
                    Ok((_, false)) => Judged::new(effect),
                    Ok((_, true)) => Judged::new(Effect::forward(one.message.to_bytes())),
                    Err((batch, code, reason)) => {
                        self.block_request(ctx, &one, batch, code, &reason)
                    }
                }
            }
        };
        if judged.refused {
            self.ends_refused(&mut judged, Stream::Client, &id, at);
            if let Some(waits) = waits {
                judged.end_ask(&waits, "withdrawn");
            }
        }
        judged.trace = trace;
        judged
    }

    /// The engine's word on a call. A call that was counted before is not counted again.
    pub(super) fn decide_call(
        &self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        fresh: bool,
    ) -> (Decision, Vec<String>) {
        let arguments = one
            .message
            .params()
            .and_then(|params| params.get("arguments"));
        let arguments = arguments.map_or(Node::Null, node);
        let call = Call {
            method: "tools/call",
            tool: Some(&one.tool),
            args: &arguments,
            named: &[],
        };
        let found = self.paths_in(ctx, &arguments);
        let resolved: Vec<PathBuf> = found.iter().map(|it| (ctx.resolve)(&it.path)).collect();
        let paths = Found {
            candidates: &found,
            resolved: &resolved,
        };
        let insensitive = cfg!(any(target_os = "macos", windows));
        let own_hit = || hit(&self.own_protected(ctx), &paths, insensitive).is_some();
        let decision = if !found.is_empty() && own_hit() {
            Decision::Refuse(protected("a path protected in this session"))
        } else {
            let pinned = ctx.policy().pins_definition(&normal_form(&one.tool));
            self.learnt.listing(&one.tool, pinned, |listing| {
                let facts = Facts {
                    now_ms: ctx.now_ms,
                    listing,
                    held: self.held(ctx, &one.tool),
                    override_: ctx.override_,
                    paths,
                    task_known: false,
                };
                match ctx.in_force.buckets.lock() {
                    Ok(mut buckets) if fresh => decide(ctx.policy(), &call, &facts, &mut buckets),
                    Ok(_) | Err(_) => {
                        let own = &mut Buckets::default();
                        unspent(decide(ctx.policy(), &call, &facts, own))
                    }
                }
            })
        };
        let trace = if self.facts.verbose {
            engine::trace::decision_lines(ctx.policy(), &call, &decision)
        } else {
            Vec::new()
        };
        (decision, trace)
    }

    /// A request that holds what DLP does not let out.
    pub(super) fn block_request(
        &mut self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        findings: Batch,
        code: Code,
        reason: &str,
    ) -> Judged {
        let record = self.call_record(ctx, one, "BLOCK");
        let why = Why {
            code,
            reason,
            word: Word::Dlp,
        };
        let mut judged =
            self.refuse_plainly(ctx, record, Some(&one.id), About::Tool(&one.tool), why);
        judged.batch.append(findings);
        judged
    }

    pub(super) fn call_record(
        &self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        decision: &'static str,
    ) -> NewRecord {
        self.decision(ctx, "upstream", decision)
            .set("method", "tools/call")
            .set("tool", word(&one.tool, ctx.policy().dlp()))
            .set("call_id", one.call_id.clone())
            .set("frame", one.at.number)
            .set("part", one.at.part)
            .set("violation", false)
            .set_some("pin", self.held(ctx, &one.tool).map(Held::word))
            .with_args(one.kept_args(ctx))
    }

    /// A request begins: in the table, and in the store before its effect.
    pub(super) fn begins(&mut self, judged: &mut Judged, sender: Stream, id: Id, entry: Entry) {
        let row = OutstandingRow {
            sender: if sender == Stream::Server {
                "server"
            } else {
                "client"
            },
            id: id_json(&id),
            number: entry.number,
            method: entry.method.clone(),
            tool: entry.tool.clone(),
            call_id: entry.call_id.clone(),
            began_ms: entry.began_ms,
            page: entry.page.word().to_owned(),
        };
        judged
            .batch
            .ops
            .push(self.op(SessionOp::OutstandingAdd(row)));
        judged.undo.push(Undo::Began(sender, id.clone()));
        let now_ms = entry.began_ms;
        for (id, gone) in self.table(sender).begin(id, entry) {
            self.forget(judged, sender, &id, &gone, now_ms);
        }
    }

    /// A request that was cancelled and never answered: the server has it, and that is all.
    fn forget(&self, judged: &mut Judged, sender: Stream, id: &Id, gone: &Entry, now_ms: i64) {
        let sender = if sender == Stream::Server {
            "server"
        } else {
            "client"
        };
        judged.batch.ops.push(self.op(SessionOp::OutstandingDrop {
            sender,
            id: id_json(id),
            number: gone.number,
        }));
        if gone.recorded {
            let outcome = NewRecord::outcome(now_ms, &gone.call_id, "forwarded");
            let session = self.facts.id.clone();
            judged
                .later
                .records
                .push(outcome.set("session_id", session));
        }
    }

    pub(super) fn spends(&self, ctx: &Context<'_>, judged: &mut Judged, spent: Option<Spent>) {
        if let Some(spent) = spent {
            let bucket = |spent: &Spent| StateOp::Bucket {
                policy: ctx.in_force.path.clone(),
                tool: spent.tool.clone(),
                tat_ms: spent.after_ms,
            };
            let all = std::iter::once(&spent).chain(&spent.also);
            judged.batch.ops.extend(all.map(bucket));
            judged.undo.push(Undo::Spent(spent));
        }
    }

    pub(super) fn unspend(&self, ctx: &Context<'_>, spent: Option<&Spent>) {
        if let (Some(spent), Ok(mut buckets)) = (spent, ctx.in_force.buckets.lock()) {
            buckets.undo(spent);
        }
    }
}

/// Nothing was spent that could be given back.
fn unspent(mut decision: Decision) -> Decision {
    match &mut decision {
        Decision::Allow(allow) => allow.spent = None,
        Decision::Ask(ask) => ask.spent = None,
        Decision::Refuse(_) => {}
    }
    decision
}

impl OneCall<'_> {
    pub(super) fn arguments(&self) -> Option<&Value<'_>> {
        self.message.params()?.get("arguments")
    }

    /// SHA-256 of tool and arguments.
    pub(super) fn digest(&self) -> String {
        Self::digest_of(&self.tool, &self.message)
    }

    /// The same of a call of this tool.
    pub(super) fn digest_of(tool: &str, message: &Message<'_>) -> String {
        let arguments = message.params().and_then(|it| it.get("arguments"));
        let arguments = arguments.map_or(Node::Null, node);
        let text = canonical(&arguments, Numbers::AsWritten);
        sha256_hex(format!("{tool}\n{text}").as_bytes())
    }

    /// The arguments as they stand in the store.
    fn stored_args(&self, ctx: &Context<'_>) -> Option<String> {
        self.kept_args(ctx).map(|args| escaped(&args).into_owned())
    }

    /// The arguments as the record keeps them.
    fn kept_args(&self, ctx: &Context<'_>) -> Option<String> {
        args(self.arguments(), ctx)
    }

    /// Gives the call the name it goes on under, and says how it goes on.
    pub(super) fn passes(&mut self, forward_as: &str) -> Effect {
        if self.plain && forward_as == self.tool {
            return Effect::AsIs;
        }
        set_method(&mut self.message, "tools/call");
        if let Some(params) = self.message.params_mut() {
            mcp::set_tool_name(params, forward_as);
        }
        Effect::forward(self.message.to_bytes())
    }

    pub(super) fn entry(self, ctx: &Context<'_>, tool: String, phase: Phase) -> (Id, Entry) {
        let entry = Entry {
            number: self.at.number,
            method: "tools/call".to_owned(),
            tool: Some(tool),
            call_id: self.call_id,
            began_ms: ctx.now_ms,
            recorded: true,
            page: Page::Unknown,
            progress: Token::of(self.message.params()),
            restored: false,
            phase,
        };
        (self.id, entry)
    }
}

impl NewRecord {
    /// What monitor mode let through.
    pub(super) fn violation(self, ctx: &Context<'_>, refusal: Option<&Refusal>) -> Self {
        let Some(refusal) = refusal else { return self };
        let dlp = ctx.policy().dlp();
        self.set("violation", true)
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
            .set_some("policy_line", refusal.line)
            .set_some("policy_layer", refusal.layer.as_deref())
    }
}
