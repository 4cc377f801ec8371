//! What a person is shown of a call that is asked about, and until when.

use engine::decide::Ask as Asked;
use wire::control::Approval;
use wire::json::Value;

use super::Ask;
use super::clients::patience_of;
use crate::session::redact;
use crate::session::state::call::OneCall;
use crate::session::state::telling::{args, word};
use crate::session::state::{Context, State, WaitingRow};

impl State {
    /// What a person is shown, when the ask ends, and whether the call is answered with the question.
    /// One beside an identical call is part of its ask.
    pub(super) fn shown_until(
        &self,
        ctx: &Context<'_>,
        one: &OneCall<'_>,
        ask: &Asked,
        (twin, waited): (Option<&Ask>, Option<&WaitingRow>),
    ) -> (Approval, i64, bool) {
        let mut approval = self.shown(ctx, one, ask, waited);
        let parks = self.may_park(ctx, one, &approval);
        let timeout = || self.waits_for(ctx, one.message.params());
        let deadline_ms = match (twin, waited) {
            (Some(twin), _) => twin.deadline_ms,
            (None, Some(waited)) => self.still_waits(ctx, one, waited.deadline_ms),
            (None, None) if parks => ctx.now_ms.saturating_add(patience_of(ctx)),
            (None, None) => ctx.now_ms.saturating_add(timeout()),
        };
        approval.deadline = crate::time::rfc3339(deadline_ms);
        if let Some(twin) = twin {
            approval.id.clone_from(&twin.id);
            approval.extended = twin.extended;
            approval.asked = crate::time::rfc3339(twin.asked_ms);
        }
        (approval, deadline_ms, parks)
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
            tool: word(&one.tool, ctx.policy().dlp()),
            args: shown_args(one.arguments(), ctx),
            because: format!(
                "{} line {} ({})",
                ask.layer.as_deref().unwrap_or(&ctx.in_force.file),
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
}

/// What a person is shown as the store has it: with the arguments as the audit keeps them.
pub(super) fn stored(ctx: &Context<'_>, one: &OneCall<'_>, approval: &Approval) -> String {
    let stored = Approval {
        args: args(one.arguments(), ctx).unwrap_or_default(),
        ..approval.clone()
    };
    serde_json::to_string(&stored).unwrap_or_default()
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
