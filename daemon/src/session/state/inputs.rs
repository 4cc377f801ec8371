//! What a server asks for without sending a request: inside a result, in a task's notice, or by
//! an error that wants an address visited. `allowed_server_methods` speaks of it as of requests.

use engine::decide::Code;
use engine::name::normal_form;
use wire::json::Value;
use wire::mcp;
use wire::rpc::Id;

use super::client::keeps_all;
use super::telling::word;
use super::{At, Context, Effect, Judged, NewRecord, Recorded, State};
use crate::session::reply::{self, About, Why, Word};
use crate::session::table::Entry;

/// What a server must be allowed to ask before it may have an address visited.
const ELICITATION: &str = "elicitation/create";
const REFUSED: &str = "the policy does not let the server ask this inside a result";

/// Why a message that asks for something does not go on.
#[derive(Debug)]
pub(super) enum Wrong {
    /// What it asks can't be read.
    Malformed(String),
    /// The policy does not let the server ask this.
    Refused {
        /// The method, as sent.
        method: String,
    },
}

/// The message that asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Within<'a> {
    pub(super) at: At,
    /// The call it belongs to.
    pub(super) call_id: Option<&'a str>,
}

impl State {
    /// Judges the requests inside a result or a notice. `Ok` holds what is recorded of them.
    pub(super) fn judge_inputs(
        &self,
        ctx: &Context<'_>,
        holder: &Value<'_>,
        within: Within<'_>,
    ) -> Result<Vec<NewRecord>, Wrong> {
        let mut told = Vec::new();
        for error in mcp::task_errors(holder) {
            told.extend(self.judge_error(ctx, error, within)?);
        }
        for request in mcp::input_requests(holder).map_err(Wrong::Malformed)? {
            let normal = normal_form(request.method);
            if let Some(params) = request.params {
                mcp::check_params(&normal, params).map_err(Wrong::Malformed)?;
            }
            told.extend(self.judge_input(ctx, request.method, &normal, within)?);
        }
        Ok(told)
    }

    /// Judges an error of the server's: one that wants an address visited is an elicitation.
    pub(super) fn judge_error(
        &self,
        ctx: &Context<'_>,
        error: &Value<'_>,
        within: Within<'_>,
    ) -> Result<Vec<NewRecord>, Wrong> {
        if !mcp::wants_url(error) {
            return Ok(Vec::new());
        }
        let told = self.judge_input(ctx, ELICITATION, ELICITATION, within)?;
        Ok(told.into_iter().collect())
    }

    fn judge_input(
        &self,
        ctx: &Context<'_>,
        method: &str,
        normal: &str,
        within: Within<'_>,
    ) -> Result<Option<NewRecord>, Wrong> {
        let record = |decision| self.input_record(ctx, decision, method, within);
        if ctx.policy().allows_server_method(normal) {
            return Ok(keeps_all(ctx).then(|| record("ALLOW").set("violation", false)));
        }
        if ctx.monitor() {
            return Ok(Some(record("ALLOW_MONITOR").set("violation", true)));
        }
        Err(Wrong::Refused {
            method: method.to_owned(),
        })
    }

    /// The record of a request inside a message, refused.
    pub(super) fn input_refused(
        &self,
        ctx: &Context<'_>,
        method: &str,
        within: Within<'_>,
    ) -> NewRecord {
        let normal = normal_form(method);
        let layer = ctx.policy().layer_against_server_method(&normal);
        self.input_record(ctx, "BLOCK", method, within)
            .set_some("policy_layer", layer)
            .set("violation", true)
            .set("error_code", Code::MethodNotAllowed.number())
            .set("reason", REFUSED)
    }

    fn input_record(
        &self,
        ctx: &Context<'_>,
        decision: &'static str,
        method: &str,
        within: Within<'_>,
    ) -> NewRecord {
        self.decision(ctx, "downstream", decision)
            .set("method", word(method, ctx.policy().dlp()))
            .set_some("call_id", within.call_id)
            .set("frame", within.at.number)
            .set("part", within.at.part)
    }

    /// The client gets an error in place of an answer that asks for what the policy refuses: it
    /// could not fulfil it, and trying again would only be asked the same. The call itself was
    /// made, and its records say so.
    pub(super) fn answer_refused(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        id: Id,
        entry: &Entry,
        method: &str,
        recorded: Option<&Recorded>,
    ) -> Judged {
        self.refused += u64::from(recorded.is_none());
        let within = Within {
            at,
            call_id: Some(&entry.call_id),
        };
        let record = self
            .input_refused(ctx, method, within)
            .set_some("supersedes", recorded.map(|it| it.seq));
        let why = Why {
            code: Code::MethodNotAllowed,
            reason: REFUSED,
            word: Word::Of(Code::MethodNotAllowed),
        };
        // The method's name is the server's text, and goes to the client.
        let method = word(method, ctx.policy().dlp());
        let error = reply::error(&id, About::Method(&method), why);
        let judged = Judged::new(Effect::forward(error)).record(record);
        self.answered(ctx, judged, at, id, entry, None)
    }

    /// Whether the notice that an address has been visited may pass: only where the server may
    /// ask for that.
    pub(super) fn may_tell_elicited(ctx: &Context<'_>, normal: &str) -> bool {
        normal != "notifications/elicitation/complete"
            || ctx.monitor()
            || ctx.policy().allows_server_method(ELICITATION)
    }
}
