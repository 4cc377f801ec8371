//! Decisions an earlier daemon has recorded, for frames the shim sends again.

use engine::decide::Code;
use wire::link::Stream;
use wire::rpc::Id;

use super::{At, Effect, Judged, State};
use crate::audit::query::Stored;
use crate::session::reply::{self, About, Form, Why, Word};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The record's number.
    pub seq: u64,
    /// It let the call through.
    pub allowed: bool,
    /// The error it answered with otherwise.
    code: i64,
    reason: String,
    /// The method, where it was about one.
    method: String,
    /// Its arguments as they were recorded.
    pub args: Option<String>,
}

const CODES: [Code; 8] = [
    Code::Forbidden,
    Code::RateLimited,
    Code::UserDenied,
    Code::ApprovalTimeout,
    Code::MethodNotAllowed,
    Code::ProtectedPath,
    Code::SchemaMismatch,
    Code::RedactionFailed,
];

impl Recorded {
    /// Reads a record back, with the sender, frame and part it was about.
    pub(super) fn read(stored: &Stored) -> Option<((Stream, u64, u32), Self)> {
        let sender = match stored.text("direction").as_deref() {
            Some("upstream") => Stream::Client,
            Some("downstream") => Stream::Server,
            Some(_) | None => return None,
        };
        let number = stored.get("frame")?.as_u64()?;
        let part = stored.get("part").and_then(|it| it.as_u64()).unwrap_or(0);
        let decision = stored.text("decision");
        let allowed = matches!(decision.as_deref(), Some("ALLOW" | "ALLOW_MONITOR"));
        let recorded = Self {
            seq: stored.seq,
            allowed,
            code: stored
                .get("error_code")
                .and_then(|it| it.as_i64())
                .unwrap_or(0),
            args: stored.args.clone(),
            method: stored.text("method").unwrap_or_default().into_owned(),
            reason: stored.text("reason").unwrap_or_default().into_owned(),
        };
        Some(((sender, number, u32::try_from(part).ok()?), recorded))
    }

    /// The refusal once more.
    pub(super) fn refusal(&self, form: Form, id: &Id, about: About<'_>) -> Effect {
        Effect::reply(reply::plain(id, about, self.why(), form))
    }

    /// The same as an error about the method that was refused.
    pub(super) fn error(&self, id: &Id) -> Vec<u8> {
        reply::error(id, About::Method(&self.method), self.why())
    }

    fn why(&self) -> Why<'_> {
        let code = code_of(self.code);
        Why {
            code,
            reason: &self.reason,
            word: Word::Of(code),
        }
    }
}

/// The code with this number, among those a decision is recorded with.
pub(super) fn code_of(number: i64) -> Code {
    let mut codes = CODES.into_iter();
    let code = codes.find(|code| i64::from(code.number()) == number);
    code.unwrap_or(Code::Forbidden)
}

impl State {
    /// What an earlier daemon has decided on this message, where it did.
    pub(super) fn decided_before(&mut self, sender: Stream, at: At) -> Option<Recorded> {
        self.recorded.remove(&(sender, at.number, at.part))
    }
}

impl Judged {
    /// A message that was let through before and is judged again is not recorded again, unless
    /// it is refused now: that supersedes.
    pub(super) fn superseding(mut self, recorded: Option<&Recorded>) -> Self {
        if let Some(recorded) = recorded {
            if self.refused {
                self.batch.records = std::mem::take(&mut self.batch.records)
                    .into_iter()
                    .map(|record| record.set("supersedes", recorded.seq))
                    .collect();
            } else {
                self.batch.records.clear();
            }
        }
        self
    }
}
