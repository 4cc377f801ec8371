//! How a grant ends: once, with a record, and in the store by the same batch.

use super::Grant;
use crate::audit::grants::GrantOp;
use crate::audit::{Batch, NewRecord, StateOp, Sync};

/// Why a grant is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its time is up.
    Expired,
    /// A person took it back.
    Revoked,
    /// The tool is defined in another way.
    DefinitionChanged,
    /// The policy's rule for the tool is another one.
    RuleChanged,
    /// Its session has ended.
    SessionEnded,
}

impl Why {
    /// The word for it in records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::DefinitionChanged => "definition_changed",
            Self::RuleChanged => "rule_changed",
            Self::SessionEnded => "session_ended",
        }
    }
}

impl Grant {
    /// What says so in the chain.
    #[must_use]
    pub fn end_record(&self, why: Why, now_ms: i64) -> NewRecord {
        NewRecord::event(now_ms, "GRANT_ENDED")
            .set("grant_id", self.id.clone())
            .set("reason", why.word())
            .set("tool", self.tool.clone())
            .set("server", self.label.clone())
            .set("client", self.bound.client.clone())
            .set("uses", self.uses)
            .set_some("session_id", self.session.clone())
    }
}

/// What is to be written of grants that have ended; `sign` adds who ended them.
pub fn ended(ended: &[(Grant, Why)], now_ms: i64, sign: impl Fn(NewRecord) -> NewRecord) -> Batch {
    let mut batch = Batch::default();
    for (grant, why) in ended {
        batch.records.push(sign(grant.end_record(*why, now_ms)));
        let op = GrantOp::Ended(grant.id.clone());
        batch.ops.push(StateOp::Grant(op));
        batch.sync = Sync::Full;
    }
    batch
}
