//! DLP in both directions, and the server's answers to the client's requests.

use engine::decide::Code;
use engine::dlp::{OnFailure, OnRequestMatch, Scope};
use engine::name::normal_form;
use engine::node::sha256_hex;
use wire::json::Value;
use wire::link::Stream;
use wire::mcp;
use wire::rpc::{Id, Message};

use super::inputs::{Within, Wrong};
use super::{At, Context, Effect, Judged, State};
use crate::audit::{Batch, NewRecord};
use crate::session::learnt::Origin;
use crate::session::redact::{self, Redaction};
use crate::session::reply::{self, About, Why, Word};
use crate::session::table::Entry;

/// Why a request DLP could not finish with is refused.
const UNSCANNED: &str = "the request could not be scanned";

/// The call a message of the server's belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whose<'a> {
    call_id: &'a str,
    tool: Option<&'a str>,
}

impl<'a> From<&'a Entry> for Whose<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            call_id: &entry.call_id,
            tool: entry.tool.as_deref(),
        }
    }
}

impl<'a> From<&'a Origin> for Whose<'a> {
    fn from(origin: &'a Origin) -> Self {
        Self {
            call_id: &origin.call_id,
            tool: origin.tool.as_deref(),
        }
    }
}

impl State {
    /// DLP on what the client sends, where the policy scans it. `Ok`: the findings, and whether
    /// the message was changed. `Err`: it must not go on, and why.
    pub(super) fn redact_upstream(
        &self,
        ctx: &Context<'_>,
        message: &mut Message<'_>,
        call_id: Option<&str>,
    ) -> Result<(Batch, bool), (Batch, Code, String)> {
        let dlp = ctx.policy().dlp();
        let nothing = || Ok((Batch::default(), false));
        if !dlp.scan_requests() || !dlp.active(Scope::Request) {
            return nothing();
        }
        let mut copy = message.clone();
        let mut found = redact::message(&mut copy, dlp, Scope::Request);
        fits_size(ctx, &mut found);
        if let Some(reason) = &found.failed {
            let told = self.scan_failed(ctx, "upstream", reason, call_id, message);
            return match dlp.on_failure() {
                OnFailure::AllowOriginal => Ok((told, false)),
                OnFailure::Block => Err((told, Code::Forbidden, UNSCANNED.to_owned())),
                OnFailure::Reject => Err((told, Code::RedactionFailed, UNSCANNED.to_owned())),
            };
        }
        if !found.changed() {
            return nothing();
        }
        let told = |action| self.findings(ctx, &found, "upstream", action, call_id);
        match dlp.on_request_match() {
            OnRequestMatch::Warn => Ok((told("WARNED"), false)),
            OnRequestMatch::Redact => {
                *message = copy;
                Ok((told("REDACTED"), true))
            }
            OnRequestMatch::Block => Err((
                told("BLOCKED"),
                Code::Forbidden,
                "the request holds data the policy keeps in".to_owned(),
            )),
        }
    }

    fn scan_failed(
        &self,
        ctx: &Context<'_>,
        direction: &'static str,
        reason: &str,
        call_id: Option<&str>,
        original: &Message<'_>,
    ) -> Batch {
        let wanted = ctx.policy().dlp().log_original_on_failure();
        let event = self
            .event(ctx, "DLP_FAILED")
            .set("direction", direction)
            .set("reason", reason)
            .set_some("call_id", call_id)
            .with_args(wanted.then(|| {
                String::from_utf8_lossy(&original.to_bytes())
                    .trim_end()
                    .to_owned()
            }));
        Batch {
            records: vec![event],
            ..Batch::default()
        }
    }

    /// The server's answer to a request of the client's.
    pub(super) fn server_answer(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        mut message: Message<'_>,
        bytes: Option<&[u8]>,
    ) -> Judged {
        let found = message.id().cloned().and_then(|id| {
            let entry = self.client.forwarded(&id).cloned()?;
            Some((id, entry))
        });
        let Some((id, entry)) = found else {
            let record = self.dropped(ctx, at, "downstream", "an answer to nothing under way");
            return Judged::new(Effect::Drop).record(record);
        };
        let mut judged = Judged::new(Effect::AsIs);
        let mut changed = false;
        let recorded = self.decided_before(Stream::Server, at);
        if let Some(recorded) = recorded.as_ref().filter(|it| !it.allowed) {
            let judged = Judged::new(Effect::forward(recorded.error(&id)));
            return self.answered(ctx, judged, at, id, &entry, None);
        }
        match self.judge_answer(ctx, at, &entry, &message) {
            Ok(told) if recorded.is_none() => judged.batch.records = told,
            Ok(_) => {}
            Err(Wrong::Malformed(reason)) => {
                return self.unreadable_answer(ctx, at, id, &entry, &reason);
            }
            Err(Wrong::Refused { method }) => {
                return self.answer_refused(ctx, at, id, &entry, &method, recorded.as_ref());
            }
        }
        if let Message::Response { result, .. } = &mut message {
            changed = self.learn(ctx, &mut judged, &entry, result);
        }
        match self.redact_downstream(ctx, &mut message, Some(Whose::from(&entry))) {
            Ok((batch, redacted)) => {
                judged.batch.append(batch);
                changed |= redacted;
                if changed || bytes.is_none() {
                    judged.effect = Effect::forward(message.to_bytes());
                }
            }
            Err((batch, code, reason)) => {
                judged.batch.append(batch);
                let why = Why {
                    code,
                    reason: &reason,
                    word: Word::Of(code),
                };
                let error = reply::error(&id, about(&entry), why);
                judged.effect = Effect::forward(error);
            }
        }
        self.answered(ctx, judged, at, id, &entry, bytes)
    }

    /// The request is over but for the shim's word that its answer has been written.
    pub(super) fn answered(
        &mut self,
        ctx: &Context<'_>,
        mut judged: Judged,
        at: At,
        id: Id,
        entry: &Entry,
        bytes: Option<&[u8]>,
    ) -> Judged {
        let why = Why {
            code: Code::Forbidden,
            reason: super::refuse::UNWRITABLE,
            word: Word::AuditUnavailable,
        };
        judged.otherwise = Effect::forward(reply::error(&id, about(entry), why));
        if entry.recorded {
            let sent = match &judged.effect {
                Effect::Bytes { forward, .. } => forward.trim_ascii_end(),
                Effect::AsIs | Effect::Drop | Effect::Hold => bytes.unwrap_or_default(),
            };
            self.learnt.late.answered(entry.number, sent);
            let took = ctx.now_ms.saturating_sub(entry.began_ms).max(0);
            judged.later.records.push(
                NewRecord::outcome(ctx.now_ms, &entry.call_id, "answered")
                    .set("session_id", self.facts.id.clone())
                    .set("latency_ms", took)
                    .set("answer_bytes", sent.len())
                    .set("answer_sha256", sha256_hex(sent)),
            );
        }
        self.client.answer(&id, at.number);
        judged
    }

    /// Whether an answer can be read, and asks for nothing the policy refuses.
    fn judge_answer(
        &self,
        ctx: &Context<'_>,
        at: At,
        entry: &Entry,
        message: &Message<'_>,
    ) -> Result<Vec<NewRecord>, Wrong> {
        let within = Within {
            at,
            call_id: Some(&entry.call_id),
        };
        match message {
            Message::Response { result, .. } => {
                let normal = normal_form(&entry.method);
                mcp::check_result(&normal, result).map_err(Wrong::Malformed)?;
                self.judge_inputs(ctx, result, within)
            }
            Message::Error { error, .. } => self.judge_error(ctx, error, within),
            Message::Request { .. } | Message::Notification { .. } => Ok(Vec::new()),
        }
    }

    /// What the answer teaches about the server, and what it must not promise. Says whether the
    /// result was changed.
    fn learn(
        &mut self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        entry: &Entry,
        result: &mut Value<'_>,
    ) -> bool {
        self.learn_revision(judged, entry, result);
        self.hears_state(judged, result);
        self.learn_task(judged, entry, result);
        match entry.method.as_str() {
            "initialize" | "server/discover" => {
                self.read_instructions(ctx, judged, result);
                Self::strip_server(ctx, result)
            }
            "tools/list" => {
                let page = mcp::tools_in(result).unwrap_or_default();
                let dlp = ctx.policy().dlp();
                let before = self.learnt.clone();
                let from = self.learnt.tools_listed(page, &entry.page, |definition| {
                    let mut kept = definition.clone();
                    redact::definition(&mut kept, dlp)
                        .changed()
                        .then(|| kept.to_json())
                });
                self.compare_with_pins(ctx, judged, entry, result, from);
                self.grants_against_list(ctx, judged, from);
                let held = self.hide_held(ctx, result);
                let changed = self.filter_tools(ctx, judged, result);
                self.learns(judged, before);
                held | changed
            }
            "tasks/list" => self.keep_own_tasks(ctx, entry, result),
            method @ ("resources/list" | "resources/templates/list" | "prompts/list") => {
                self.lists_named(ctx, judged, method);
                self.filter_listed(ctx, method, result)
            }
            _ => false,
        }
    }

    /// DLP on what the server sends. `Err`: what goes in its place.
    pub(super) fn redact_downstream(
        &self,
        ctx: &Context<'_>,
        message: &mut Message<'_>,
        whose: Option<Whose<'_>>,
    ) -> Result<(Batch, bool), (Batch, Code, String)> {
        let dlp = ctx.policy().dlp();
        if !dlp.scan_responses() || !dlp.active(Scope::Response) {
            return Ok((Batch::default(), false));
        }
        let call_id = whose.map(|whose| whose.call_id);
        let original = (dlp.on_failure() == OnFailure::AllowOriginal).then(|| message.clone());
        let mut found = redact::message(message, dlp, Scope::Response);
        self.fits_schema(whose, &mut found);
        fits_size(ctx, &mut found);
        if let Some(reason) = &found.failed {
            let kept = original.as_ref().unwrap_or(message);
            let told = self.scan_failed(ctx, "downstream", reason, call_id, kept);
            let why = "the server's message could not be redacted".to_owned();
            return match dlp.on_failure() {
                OnFailure::Block => Err((told, Code::Forbidden, why)),
                OnFailure::Reject => Err((told, Code::RedactionFailed, why)),
                OnFailure::AllowOriginal => {
                    if let Some(original) = original {
                        *message = original;
                    }
                    Ok((told, false))
                }
            };
        }
        let changed = found.changed();
        Ok((
            self.findings(ctx, &found, "downstream", "REDACTED", call_id),
            changed,
        ))
    }

    /// A number that became a marker no longer fits a promised output form: the client would
    /// refuse the whole result, so it is refused here, where the reason can be told.
    fn fits_schema(&self, whose: Option<Whose<'_>>, found: &mut Redaction) {
        let tool = whose.and_then(|whose| whose.tool);
        if found.retyped && tool.is_some_and(|tool| self.learnt.has_output_schema(tool)) {
            let reason = "the redacted result would not fit the tool's output schema";
            found.failed.get_or_insert_with(|| reason.to_owned());
        }
    }

    /// The answer could not be read, but whose it is is known: the client gets an error.
    pub(super) fn unreadable_answer(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        id: Id,
        entry: &Entry,
        reason: &str,
    ) -> Judged {
        let told = self
            .event(ctx, "MESSAGE_DROPPED")
            .set("direction", "downstream")
            .set("reason", reason)
            .set("frame", at.number)
            .set("call_id", entry.call_id.clone());
        let why = format!("the server's answer was not passed on: {reason}");
        let error = reply::server_malformed(&id, &why);
        let judged = Judged::new(Effect::forward(error)).record(told);
        self.answered(ctx, judged, at, id, entry, None)
    }
}

/// A message over the policy's size is refused where the policy says so, though it was scanned.
fn fits_size(ctx: &Context<'_>, found: &mut Redaction) {
    let dlp = ctx.policy().dlp();
    if dlp.refuse_oversize() && ctx.frame_bytes > dlp.max_scan_size() {
        let reason = "the message is over `max_scan_size`";
        found.failed.get_or_insert_with(|| reason.to_owned());
    }
}

fn about(entry: &Entry) -> About<'_> {
    match &entry.tool {
        Some(tool) => About::Tool(tool),
        None => About::Method(&entry.method),
    }
}
