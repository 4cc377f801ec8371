//! Requests from the client: is the id free, and may the method pass?

use engine::decide::{Call, Code, Decision, Facts, Listing, Refusal, decide};
use engine::name::normal_form;
use engine::node::Node;
use engine::paths::Found;
use engine::rate::Buckets;
use wire::json::Value;
use wire::link::Stream;
use wire::mcp;
use wire::rpc::{Id, Malformed, Message, result_line};

use super::call::OneCall;
use super::client::{keeps_all, respelled};
use super::refuse::unwritable;
use super::resources::{of_engine, told_of};
use super::telling::word;
use super::{At, Context, Effect, Judged, State};
use crate::session::learnt::Page;
use crate::session::progress::Token;
use crate::session::reply::{About, Why, Word};
use crate::session::table::{Entry, Full, Phase};

impl State {
    pub(super) fn client_request(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        message: Message<'_>,
        plain: bool,
    ) -> Judged {
        self.hears_revision(message.params());
        let normal = message.method().map(normal_form).unwrap_or_default();
        let client = self.hears_client(&normal, message.params());
        let before = client.or(self.hears_roots(message.params()));
        let mut judged = self.judge_request(ctx, at, message, plain);
        if let Some(before) = before {
            self.learns(&mut judged, before);
        }
        judged
    }

    fn judge_request(
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
        let refused = Malformed::invalid;
        if let Some(Err(reason)) = wrong {
            return self.refuse_malformed(ctx, at, &refused(reason, Some(id)), 0);
        }
        if too_long(&id) {
            let reason = "the id is too long".to_owned();
            return self.refuse_malformed(ctx, at, &refused(reason, None), 0);
        }
        let again = self
            .client
            .get(&id)
            .is_some_and(|entry| entry.restored && entry.number == at.number);
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
                let why = Why {
                    code: Code::Forbidden,
                    reason: "too many requests are under way",
                    word: Word::TooManyOutstanding,
                };
                return self.refuse_plainly(ctx, record, Some(&id), About::Method(&sent), why);
            }
        }
        if normal != "tools/call" {
            return self.method_request(ctx, at, id, message, (&sent, &normal, plain));
        }
        match mcp::tool_call(message.params()).map(|call| call.name.to_owned()) {
            Err(reason) => self.refuse_malformed(ctx, at, &refused(reason, Some(id)), 0),
            Ok(tool) => {
                let plain = plain && sent == "tools/call";
                let call_id = (ctx.fresh_id)();
                let shows_forms = mcp::states_forms(message.params());
                self.called(
                    ctx,
                    OneCall {
                        at,
                        id,
                        message,
                        tool,
                        plain,
                        call_id,
                        fresh: true,
                        shows_forms,
                        came_back: false,
                    },
                )
            }
        }
    }

    /// The engine's word on a method, and its trace where that is wanted.
    pub(super) fn decide_method(
        &self,
        ctx: &Context<'_>,
        (sent, normal): (&str, &str),
        params: Option<&Value<'_>>,
    ) -> (MethodWord, Vec<String>) {
        let named: Vec<_> = mcp::named(normal, params).iter().map(of_engine).collect();
        let call = Call {
            method: sent,
            tool: None,
            args: &Node::Null,
            named: &named,
        };
        let facts = Facts {
            now_ms: ctx.now_ms,
            listing: Listing::Unknown,
            held: None,
            override_: ctx.override_,
            paths: Found {
                candidates: &[],
                resolved: &[],
            },
            task_known: self.own_task(normal, params),
        };
        let decision = decide(ctx.policy(), &call, &facts, &mut Buckets::default());
        let trace = if self.facts.verbose {
            engine::trace::decision_lines(ctx.policy(), &call, &decision)
        } else {
            Vec::new()
        };
        let word = match decision {
            Decision::Allow(allow) => Ok(allow.violation),
            Decision::Ask(ask) => Ok(ask.violation),
            Decision::Refuse(refusal) => Err(Box::new(refusal)),
        };
        (word, trace)
    }

    fn method_request(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        id: Id,
        message: Message<'_>,
        (sent, normal, plain): (&str, &str, bool),
    ) -> Judged {
        let recorded = self.decided_before(Stream::Client, at);
        if let Some(recorded) = recorded.as_ref().filter(|it| !it.allowed) {
            let again = recorded.refusal(self.form(ctx), &id, About::Method(sent));
            return Judged::new(self.empty_instead(&id, normal).unwrap_or(again));
        }
        let mut judged = match self.brings_amiss(ctx, at, &id, &message) {
            Some(refused) => refused,
            None => self.judge_method(ctx, at, id.clone(), message, (sent, normal, plain)),
        };
        if judged.refused {
            self.ends_refused(&mut judged, Stream::Client, &id, at);
        }
        judged.superseding(recorded.as_ref())
    }

    fn judge_method(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        id: Id,
        mut message: Message<'_>,
        (sent, normal, plain): (&str, &str, bool),
    ) -> Judged {
        let call_id = (ctx.fresh_id)();
        let origin = self.task_origin(normal, message.params()).cloned();
        let named = told_of(ctx, normal, message.params());
        let record = |state: &Self, decision: &'static str| {
            state
                .decision(ctx, "upstream", decision)
                .set("method", word(sent, ctx.policy().dlp()))
                .naming(named.as_ref())
                .set("call_id", call_id.clone())
                .set_some("task_call_id", origin.as_ref().map(|it| it.call_id.clone()))
                .set("frame", at.number)
                .set("part", at.part)
        };
        let about = About::Method(sent);
        let (decided, trace) = self.decide_method(ctx, (sent, normal), message.params());
        let decided =
            decided.and_then(
                |violation| match self.protected_params(ctx, message.params()) {
                    Some(refusal) => Err(Box::new(refusal)),
                    None => Ok(violation),
                },
            );
        let violation = match decided {
            Ok(violation) => violation,
            Err(refusal) => {
                let record = record(self, "BLOCK");
                let mut judged = self.refuse(ctx, record, Some(&id), about, &refusal);
                if refusal.code == Code::MethodNotAllowed
                    && let Some(empty) = self.empty_instead(&id, normal)
                {
                    judged.effect = empty;
                }
                judged.trace = trace;
                return judged;
            }
        };
        let stripped = message.params_mut().is_some_and(|params| {
            let foreign = self.listen_to_own_tasks(ctx, sent, params);
            Self::strip_client(ctx, params) | foreign
        });
        let mut judged = Judged::new(Effect::Drop);
        let redacted = match self.redact_upstream(ctx, &mut message, Some(&call_id)) {
            Ok((batch, changed)) => {
                judged.batch = batch;
                changed
            }
            Err((batch, code, reason)) => {
                let record = record(self, "BLOCK");
                let why = Why {
                    code,
                    reason: &reason,
                    word: Word::Dlp,
                };
                let mut refused = self.refuse_plainly(ctx, record, Some(&id), about, why);
                refused.batch.append(batch);
                return refused;
            }
        };
        let recorded = violation.is_some() || keeps_all(ctx);
        if recorded {
            let decision = if violation.is_some() {
                "ALLOW_MONITOR"
            } else {
                "ALLOW"
            };
            let told = record(self, decision).set("violation", false);
            judged = judged.record(told.violation(ctx, violation.as_ref()));
        }
        judged.effect = respelled(&mut message, sent, plain && !stripped && !redacted);
        judged.otherwise = unwritable(Some(&id), about);
        if normal == "subscriptions/listen" {
            self.subscribes(&mut judged, &id, message.params());
        }
        let entry = Entry {
            number: at.number,
            page: Page::asked(message.params()),
            progress: Token::of(message.params()),
            method: message.method().unwrap_or_default().to_owned(),
            tool: origin.as_ref().and_then(|it| it.tool.clone()),
            call_id: match &origin {
                Some(origin) if !recorded => origin.call_id.clone(),
                Some(_) | None => call_id.clone(),
            },
            began_ms: ctx.now_ms,
            recorded,
            restored: false,
            phase: Phase::Forwarded { written: false },
        };
        self.begins(&mut judged, Stream::Client, id, entry);
        judged
    }

    /// A denied list method answers with an empty list, in the form of the client's revision.
    fn empty_instead(&self, id: &Id, normal: &str) -> Option<Effect> {
        let empty = mcp::empty_list(normal, self.stated.is_some())?;
        Some(Effect::reply(result_line(id, empty)))
    }
}

/// `Ok` holds a violation let through in monitor mode.
pub(super) type MethodWord = Result<Option<Refusal>, Box<Refusal>>;

/// The longest id a peer may use, in bytes: tables hold a thousand of them.
const MAX_ID: usize = 1024;

pub(super) fn too_long(id: &Id) -> bool {
    match id {
        Id::Number(_) => false,
        Id::String(text) => text.len() > MAX_ID,
    }
}
