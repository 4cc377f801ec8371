//! Requests from the client: the method, and for a call the tool and its arguments.

use std::path::PathBuf;

use engine::decide::{Allow, Ask as Asked, Call, Code, Decision, Facts, Listing, Refusal, decide};
use engine::name::normal_form;
use engine::node::Node;
use engine::paths::{Candidate, Found, Ground, candidates, hit};
use engine::rate::{Buckets, Spent};
use wire::json::Value;
use wire::link::Stream;
use wire::mcp;
use wire::rpc::{Id, Malformed, Message, result_line};

use super::client::{id_json, respelled, set_method};
use super::refuse::unwritable;
use super::telling::{args, sync, word};
use super::{At, Context, Effect, Judged, NewRecord, State, StateOp, Undo};
use crate::audit::batch::{OutstandingRow, SessionOp};
use crate::session::node::node;
use crate::session::reply::About;
use crate::session::table::{Entry, Full, Phase};

/// One call on its way through the judgment.
pub(super) struct OneCall<'a> {
    pub(super) at: At,
    pub(super) id: Id,
    pub(super) message: Message<'a>,
    /// The tool as the client named it.
    pub(super) tool: String,
    pub(super) plain: bool,
    pub(super) call_id: String,
}

impl State {
    pub(super) fn client_request(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        message: Message<'_>,
        plain: bool,
    ) -> Judged {
        let Some(id) = message.id().cloned() else {
            return Judged::new(Effect::Drop);
        };
        let sent = message.method().unwrap_or_default().to_owned();
        let normal = normal_form(&sent).into_owned();
        let wrong = message
            .params()
            .map(|params| mcp::check_params(&normal, params));
        let refused = |reason: String, id: Option<Id>| Malformed {
            code: -32600,
            reason,
            id,
        };
        if let Some(Err(reason)) = wrong {
            return self.refuse_malformed(ctx, at, &refused(reason, Some(id)), 0);
        }
        let again = self
            .client
            .get(&id)
            .is_some_and(|entry| entry.number == at.number);
        match self.client.admits(&id) {
            Ok(()) => {}
            Err(_) if again => {}
            // An error under that id would be taken for the first request's answer.
            Err(Full::Duplicate) => {
                let reason = "the id is in use by a request under way".to_owned();
                return self.refuse_malformed(ctx, at, &refused(reason, None), 0);
            }
            Err(Full::TooMany) => {
                let record = self
                    .decision(ctx, "upstream", "BLOCK")
                    .set("method", word(&sent, ctx.policy().dlp()))
                    .set("frame", at.number)
                    .set("part", at.part);
                let reason = "too many requests are under way";
                let why = (Code::Forbidden, reason, "too_many_outstanding");
                return self.refuse_plainly(ctx, record, Some(&id), About::Method(&sent), why);
            }
        }
        if normal != "tools/call" {
            let judged = self.method_request(ctx, at, id, message, (&sent, &normal, plain));
            return self.told_before(at, judged);
        }
        match mcp::tool_call(message.params()).map(|call| call.name.to_owned()) {
            Err(reason) => self.refuse_malformed(ctx, at, &refused(reason, Some(id)), 0),
            Ok(tool) => {
                let plain = plain && sent == "tools/call";
                let call_id = (ctx.fresh_id)();
                self.tool_call(
                    ctx,
                    OneCall {
                        at,
                        id,
                        message,
                        tool,
                        plain,
                        call_id,
                    },
                )
            }
        }
    }

    /// The engine's word on a method; `Ok` holds a violation let through in monitor mode.
    pub(super) fn decide_method(
        &self,
        ctx: &Context<'_>,
        call: &Call<'_>,
        normal: &str,
        params: Option<&Value<'_>>,
    ) -> Result<Option<Refusal>, Refusal> {
        let task = params
            .and_then(|params| params.get("taskId"))
            .and_then(Value::as_str);
        let facts = Facts {
            now_ms: ctx.now_ms,
            listing: Listing::Unknown,
            override_: ctx.override_,
            paths: Found {
                candidates: &[],
                resolved: &[],
            },
            task_known: normal.starts_with("tasks/")
                && task.is_some_and(|task| self.learnt.task_known(task)),
        };
        match decide(ctx.policy(), call, &facts, &mut Buckets::default()) {
            Decision::Allow(allow) => Ok(allow.violation),
            Decision::Ask(ask) => Ok(ask.violation),
            Decision::Refuse(refusal) => Err(refusal),
        }
    }

    fn method_request(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        id: Id,
        mut message: Message<'_>,
        (sent, normal, plain): (&str, &str, bool),
    ) -> Judged {
        let call_id = (ctx.fresh_id)();
        let record = |state: &Self, decision: &'static str| {
            state
                .decision(ctx, "upstream", decision)
                .set("method", word(sent, ctx.policy().dlp()))
                .set("call_id", call_id.clone())
                .set("frame", at.number)
                .set("part", at.part)
        };
        let call = Call {
            method: sent,
            tool: None,
            args: &Node::Null,
        };
        let about = About::Method(sent);
        let violation = match self.decide_method(ctx, &call, normal, message.params()) {
            Ok(violation) => violation,
            Err(refusal) => {
                let record = record(self, "BLOCK");
                let mut judged = self.refuse(ctx, record, Some(&id), about, &refusal);
                if refusal.code == Code::MethodNotAllowed
                    && let Some(empty) = mcp::empty_list(normal)
                {
                    judged.effect = Effect::reply(result_line(&id, empty));
                }
                return judged;
            }
        };
        let stripped = normal == "initialize"
            && message
                .params_mut()
                .is_some_and(|params| Self::strip_client(ctx, params));
        let all = ctx.policy().audit().methods == engine::policy::MethodsWish::All;
        let recorded = violation.is_some() || all;
        let mut judged = Judged::new(Effect::Drop);
        if recorded {
            let told = record(
                self,
                if violation.is_some() {
                    "ALLOW_MONITOR"
                } else {
                    "ALLOW"
                },
            )
            .set("violation", violation.is_some())
            .set_some(
                "reason",
                violation.map(|it| word(&it.reason, ctx.policy().dlp())),
            );
            judged = judged.record(told);
        }
        judged.effect = respelled(&mut message, sent, plain && !stripped);
        judged.otherwise = unwritable(Some(&id), about);
        let method = message.method().unwrap_or_default().to_owned();
        let first_page = message
            .params()
            .is_none_or(|params| params.get("cursor").is_none());
        let entry = Entry {
            number: at.number,
            method,
            tool: None,
            call_id: call_id.clone(),
            began_ms: ctx.now_ms,
            recorded,
            first_page,
            phase: Phase::Forwarded { written: false },
        };
        self.begins(&mut judged, Stream::Client, id, entry);
        judged
    }

    pub(super) fn tool_call(&mut self, ctx: &Context<'_>, mut one: OneCall<'_>) -> Judged {
        let waited = self.waited.remove(&one.at.number);
        let recorded = self.recorded.remove(&(one.at.number, one.at.part));
        if let Some(recorded) = recorded.as_ref().filter(|it| !it.allowed) {
            return Judged::new(recorded.refusal(&one.id, &one.tool));
        }
        let open = self
            .client
            .get(&one.id)
            .is_some_and(|it| it.number == one.at.number);
        if recorded.is_some() && !open {
            // Decided, forwarded and answered: nothing is left to be done for it.
            return Judged::new(Effect::Drop);
        }
        self.calls += u64::from(recorded.is_none() && waited.is_none());
        let fresh = recorded.is_none() && waited.is_none();
        if let Some(earlier) = self
            .client
            .get(&one.id)
            .filter(|it| it.number == one.at.number)
        {
            one.call_id.clone_from(&earlier.call_id);
        }
        let (decision, trace) = self.decide_call(ctx, &one, fresh);
        let mut judged = match (decision, recorded) {
            (Decision::Refuse(refusal), recorded) => {
                self.refuse_call(ctx, &one, &refusal, recorded.as_ref(), waited.as_ref())
            }
            (Decision::Allow(allow), None) => self.allow_call(ctx, one, allow),
            (Decision::Ask(ask), None) => self.ask_call(ctx, one, ask, waited),
            // Decided before, by a person too where one was asked; only the shim never heard.
            (Decision::Allow(Allow { forward_as, .. }), Some(_))
            | (Decision::Ask(Asked { forward_as, .. }), Some(_)) => {
                self.client.release(&one.id);
                let effect = one.passes(&forward_as);
                match self.redact_upstream(ctx, &mut one.message, None) {
                    Ok((_, false)) => Judged::new(effect),
                    Ok((_, true)) => Judged::new(Effect::forward(one.message.to_bytes())),
                    Err((batch, reason)) => self.block_request(ctx, &one, batch, &reason),
                }
            }
        };
        if self.facts.verbose {
            judged.trace = trace;
        }
        judged
    }

    /// The engine's word on a call. A call that was counted before is not counted again.
    fn decide_call(
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
        };
        let found = self.paths_in(ctx, &arguments);
        let resolved: Vec<PathBuf> = found.iter().map(|it| (ctx.resolve)(&it.path)).collect();
        let paths = Found {
            candidates: &found,
            resolved: &resolved,
        };
        let mirror: Vec<PathBuf> = self.facts.mirror.clone().into_iter().collect();
        let decision = if hit(&mirror, &paths, false).is_some() {
            Decision::Refuse(Refusal {
                code: Code::ProtectedPath,
                verdict: engine::decide::Verdict::Block,
                reason: "the arguments name a protected path".to_owned(),
                detail: "the session's `--audit` file".to_owned(),
                failed_arg: None,
                failed_rule: None,
                line: None,
                retry_after_ms: None,
            })
        } else {
            self.learnt.listing(&one.tool, |listing| {
                let facts = Facts {
                    now_ms: ctx.now_ms,
                    listing,
                    override_: ctx.override_,
                    paths,
                    task_known: false,
                };
                match ctx.in_force.buckets.lock() {
                    Ok(mut buckets) if fresh => decide(ctx.policy(), &call, &facts, &mut buckets),
                    Ok(_) | Err(_) => decide(ctx.policy(), &call, &facts, &mut Buckets::default()),
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

    pub(super) fn paths_in(&self, ctx: &Context<'_>, arguments: &Node<'_>) -> Vec<Candidate> {
        let mut bases = vec![self.facts.cwd.clone()];
        bases.extend(self.learnt.roots.iter().cloned());
        let under = |home| {
            let ground = Ground {
                home,
                bases: &bases,
                user_homes: ctx.user_homes,
            };
            candidates(arguments, &ground)
        };
        let mut found = under(self.facts.home.as_deref());
        // A client may have been given another HOME than the daemon; `~` is protected in both.
        if ctx.home.is_some() && ctx.home != self.facts.home.as_deref() {
            found.extend(under(ctx.home));
        }
        found
    }

    fn refuse_call(
        &mut self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        refusal: &Refusal,
        recorded: Option<&super::Recorded>,
        waited: Option<&super::WaitingRow>,
    ) -> Judged {
        let decision = match refusal.verdict {
            engine::decide::Verdict::Block => "BLOCK",
            engine::decide::Verdict::RateLimited => "RATE_LIMITED",
        };
        let record = self
            .call_record(ctx, one, decision)
            .set_some("supersedes", recorded.map(|it| it.seq));
        let mut judged = self.refuse(ctx, record, Some(&one.id), About::Tool(&one.tool), refusal);
        if self
            .client
            .get(&one.id)
            .is_some_and(|entry| entry.number == one.at.number)
        {
            self.client.remove(&one.id);
            judged.batch.ops.push(self.op(SessionOp::OutstandingDrop {
                sender: "client",
                id: id_json(&one.id),
                number: one.at.number,
            }));
        }
        if let Some(waited) = waited {
            judged.end_ask(&waited.id, "withdrawn");
        }
        judged
    }

    fn allow_call(&mut self, ctx: &Context<'_>, mut one: OneCall<'_>, allow: Allow) -> Judged {
        let word_ = if allow.violation.is_some() {
            "ALLOW_MONITOR"
        } else {
            "ALLOW"
        };
        let record = self
            .call_record(ctx, &one, word_)
            .violation(ctx, allow.violation.as_ref());
        let mut effect = one.passes(&allow.forward_as);
        let mut judged = Judged::new(Effect::Drop);
        match self.redact_upstream(ctx, &mut one.message, Some(&one.call_id)) {
            Ok((batch, changed)) => {
                judged.batch = batch;
                if changed {
                    effect = Effect::forward(one.message.to_bytes());
                }
            }
            Err((batch, reason)) => {
                self.unspend(ctx, allow.spent.as_ref());
                return self.block_request(ctx, &one, batch, &reason);
            }
        }
        judged.effect = effect;
        judged.otherwise = unwritable(Some(&one.id), About::Tool(&one.tool));
        judged.batch.sync = judged.batch.sync.max(sync(ctx));
        let mut judged = judged.record(record);
        self.spends(ctx, &mut judged, allow.spent);
        let phase = Phase::Forwarded { written: false };
        let (id, entry) = one.entry(ctx, allow.forward_as, phase);
        self.begins(&mut judged, Stream::Client, id, entry);
        judged
    }

    /// A request that holds what DLP does not let out.
    pub(super) fn block_request(
        &mut self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        findings: crate::audit::Batch,
        reason: &str,
    ) -> Judged {
        let record = self.call_record(ctx, one, "BLOCK");
        let why = (Code::Forbidden, reason, "dlp");
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
        let arguments = one
            .message
            .params()
            .and_then(|params| params.get("arguments"));
        self.decision(ctx, "upstream", decision)
            .set("method", "tools/call")
            .set("tool", word(&one.tool, ctx.policy().dlp()))
            .set("call_id", one.call_id.clone())
            .set("frame", one.at.number)
            .set("part", one.at.part)
            .set("violation", false)
            .with_args(args(arguments, ctx))
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
        };
        judged
            .batch
            .ops
            .push(self.op(SessionOp::OutstandingAdd(row)));
        judged.undo.push(Undo::Began(sender, id.clone()));
        self.table(sender).begin(id, entry);
    }

    pub(super) fn spends(&self, ctx: &Context<'_>, judged: &mut Judged, spent: Option<Spent>) {
        if let Some(spent) = spent {
            judged.batch.ops.push(StateOp::Bucket {
                policy: ctx.in_force.path.clone(),
                tool: spent.tool.clone(),
                tat_ms: spent.after_ms,
            });
            judged.undo.push(Undo::Spent(spent));
        }
    }

    pub(super) fn unspend(&self, ctx: &Context<'_>, spent: Option<&Spent>) {
        if let (Some(spent), Ok(mut buckets)) = (spent, ctx.in_force.buckets.lock()) {
            buckets.undo(spent);
        }
    }
}

impl OneCall<'_> {
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
            first_page: true,
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
    }
}
