//! Decisions an earlier daemon has recorded, for frames the shim sends again.

use wire::json::Value;
use wire::rpc::{Id, error_line};

use super::{At, Effect, Judged, State};
use crate::audit::query::Stored;
use engine::decide::Code;

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
    /// Reads a record back, with the frame and part it was about.
    pub(super) fn read(stored: &Stored) -> Option<((u64, u32), Self)> {
        if stored.text("direction") != Some("upstream") {
            return None;
        }
        let number = stored.fields.get("frame")?.as_u64()?;
        let part = stored
            .fields
            .get("part")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0);
        let allowed = matches!(stored.text("decision"), Some("ALLOW" | "ALLOW_MONITOR"));
        let recorded = Self {
            seq: stored.seq,
            allowed,
            code: stored
                .fields
                .get("error_code")
                .and_then(serde_json::Value::as_i64)
                .unwrap_or(0),
            reason: stored.text("reason").unwrap_or_default().to_owned(),
        };
        Some(((number, u32::try_from(part).ok()?), recorded))
    }

    /// The refusal once more.
    pub(super) fn refusal(&self, id: &Id, tool: &str) -> Effect {
        let code = CODES
            .into_iter()
            .find(|code| i64::from(code.number()) == self.code)
            .unwrap_or(Code::Forbidden);
        let data = Value::object([
            ("tool", Value::string(tool.to_owned())),
            ("reason", Value::string(self.reason.clone())),
            ("aip", Value::string(code.word())),
        ]);
        Effect::reply(error_line(
            Some(id),
            code.number(),
            code.message(),
            Some(data),
        ))
    }
}

impl State {
    /// A frame sent again is judged again, and its record is not written twice.
    pub(super) fn told_before(&mut self, at: At, mut judged: Judged) -> Judged {
        if self.recorded.remove(&(at.number, at.part)).is_some() {
            judged.batch.records.clear();
        }
        judged
    }
}
