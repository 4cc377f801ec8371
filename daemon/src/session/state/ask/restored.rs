//! A call that an earlier daemon has answered with the question: it waits on for its client to bring it
//! back, and for a person who answers elsewhere.

use std::collections::BTreeSet;

use wire::control::Approval;
use wire::rpc::Id;

use super::{Ask, Parked};
use crate::audit::NewRecord;
use crate::session::learnt::Return;
use crate::session::state::telling::word;
use crate::session::state::{Context, Effect, State, WaitingRow};

impl Ask {
    /// As far as the store knows it. Its bytes come with the client.
    pub(in crate::session::state) fn restored(one: &Return, row: &WaitingRow, request: Id) -> Self {
        let shown: Approval = serde_json::from_str(&row.shown).unwrap_or_default();
        let asked_ms = crate::time::parse_ms(&shown.asked).unwrap_or_default();
        Self {
            id: row.id.clone(),
            deadline_ms: row.deadline_ms,
            extended: shown.extended,
            asked_ms,
            request,
            tool: one.tool.clone(),
            digest: one.call.digest.clone(),
            policy: one.call.policy.clone(),
            definition: one.call.definition.clone(),
            release: Effect::Drop,
            frozen: Vec::new(),
            once_only: Some(
                "aipd was started anew since this call was asked about, so it can be allowed only once",
            ),
            record: None,
            began_ms: asked_ms,
            patience: None,
            parked: Some(Parked {
                number: one.number,
                call_id: one.call_id.clone(),
                shown: row.shown.clone(),
            }),
        }
    }

    /// As if it were sent again in this frame to a daemon started anew.
    pub(in crate::session::state) fn row(&self, number: u64) -> Option<WaitingRow> {
        let parked = self.parked.as_ref()?;
        let shown = Approval {
            deadline: crate::time::rfc3339(self.deadline_ms),
            extended: self.extended,
            ..serde_json::from_str(&parked.shown).unwrap_or_default()
        };
        Some(WaitingRow {
            id: self.id.clone(),
            number,
            deadline_ms: self.deadline_ms,
            shown: serde_json::to_string(&shown).unwrap_or_default(),
        })
    }
}

impl State {
    /// The decision's record but for the decision, without what only the call itself could tell.
    pub(super) fn record_of_restored(&self, ctx: &Context<'_>, ask: &Ask) -> NewRecord {
        let parked = ask.parked.as_ref();
        self.decision(ctx, "upstream", "BLOCK")
            .set("method", "tools/call")
            .set("tool", word(&ask.tool, ctx.policy().dlp()))
            .set_some("call_id", parked.map(|it| it.call_id.clone()))
            .set_some("frame", parked.map(|it| it.number))
            .set("part", 0)
            .set("violation", false)
    }

    /// The calls of an earlier daemon's that a person can answer again, whose clients are still to bring
    /// them back. Those that the store has not as they were shown wait for their clients alone.
    #[must_use]
    pub fn asked_before(&self) -> Vec<Approval> {
        let mut seen = BTreeSet::new();
        let open = self.learnt.returns.open();
        let whole = open.filter(|it| it.shown_whole && !it.has_inputs);
        let asks = whole.filter_map(|it| self.asks.get(&it.number));
        let restored = asks.filter(|ask| ask.frozen.is_empty() && seen.insert(ask.id.clone()));
        let rows = restored.filter_map(|ask| ask.row(0));
        rows.filter_map(|row| serde_json::from_str(&row.shown).ok())
            .collect()
    }
}
