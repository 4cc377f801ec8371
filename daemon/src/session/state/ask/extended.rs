//! More time for a person, once.

use super::By;
use crate::audit::batch::ApprovalOp;
use crate::audit::{Batch, StateOp, Sync};
use crate::session::state::{Context, State};

/// More time, which counts once its batch is committed.
#[must_use]
#[derive(Debug)]
pub struct Extension {
    /// What must be written first.
    pub batch: Batch,
    /// When the ask denies itself then, ms since 1970.
    pub deadline_ms: i64,
}

/// Why there is no more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotExtended {
    /// It no longer waits.
    Over,
    /// It was given more time before.
    Before,
}

impl State {
    /// As much time again as the policy gives a person now, from the ask's end on.
    ///
    /// # Errors
    /// When it no longer waits, or was extended before.
    pub fn extension(
        &self,
        ctx: &Context<'_>,
        id: &str,
        by: &By,
    ) -> Result<Extension, NotExtended> {
        let ask = self.asks.values().find(|ask| ask.id == id);
        let ask = ask.filter(|ask| ask.deadline_ms > ctx.now_ms);
        let ask = ask.ok_or(NotExtended::Over)?;
        if ask.extended {
            return Err(NotExtended::Before);
        }
        let more = i64::try_from(ctx.ask_timeout.as_millis()).unwrap_or(i64::MAX);
        let deadline_ms = ask.deadline_ms.saturating_add(more);
        let event = self
            .event(ctx, "APPROVAL_EXTENDED")
            .set("approval_id", ask.id.clone())
            .set("deadline", crate::time::rfc3339(deadline_ms))
            .set("channel", by.channel)
            .set_some("pid", by.pid)
            .set_some("program", by.program.clone());
        let op = StateOp::Approval {
            id: ask.id.clone(),
            op: ApprovalOp::Extended { deadline_ms },
        };
        let batch = Batch {
            records: vec![event],
            ops: vec![op],
            sync: Sync::Full,
        };
        Ok(Extension { batch, deadline_ms })
    }

    /// The extension is committed: every call that waits on the ask waits longer.
    pub fn extended(&mut self, id: &str, deadline_ms: i64) {
        for ask in self.asks.values_mut().filter(|ask| ask.id == id) {
            ask.deadline_ms = deadline_ms;
            ask.extended = true;
        }
    }
}
