//! A session taken up by a daemon started anew.

use std::collections::HashMap;

use wire::rpc::Id;

use super::{Ask, Facts, State, WaitingRow};
use crate::audit::batch::OutstandingRow;
use crate::audit::query::Stored;
use crate::session::learnt::Page;
use crate::session::progress::Token;
use crate::session::state::recorded::Recorded;
use crate::session::table::{Entry, Phase};

/// What the store knows of the session.
#[derive(Default)]
pub struct Kept {
    /// What it had learnt, JSON.
    pub learnt: String,
    /// Its requests under way.
    pub outstanding: Vec<OutstandingRow>,
    /// Its calls that waited for a person.
    pub waiting: Vec<WaitingRow>,
    /// Its latest decisions, newest first.
    pub decisions: Vec<Stored>,
}

impl State {
    /// The session as it was when the earlier daemon ended.
    #[must_use]
    pub fn resume(facts: Facts, kept: Kept) -> Self {
        let mut state = Self::new(facts);
        state.learnt = serde_json::from_str(&kept.learnt).unwrap_or_default();
        state.waited = kept
            .waiting
            .into_iter()
            .map(|row| (row.number, row))
            .collect();
        for row in kept.outstanding {
            let Some(id) = read_id(&row.id) else { continue };
            let asking = row.sender == "client" && state.waited.contains_key(&row.number);
            let entry = Entry {
                number: row.number,
                recorded: row.method == "tools/call",
                page: Page::of_word(row.page),
                progress: Token::Unknown,
                restored: true,
                method: row.method,
                tool: row.tool,
                call_id: row.call_id,
                began_ms: row.began_ms,
                phase: if asking {
                    Phase::Asking
                } else {
                    Phase::Forwarded { written: false }
                },
            };
            let table = if row.sender == "server" {
                &mut state.server
            } else {
                &mut state.client
            };
            table.begin(id, entry);
        }
        state.takes_up_parked();
        // Newest first: of a decision and the one that superseded it the later stands.
        for stored in &kept.decisions {
            if let Some((at, recorded)) = Recorded::read(stored) {
                state.recorded.entry(at).or_insert(recorded);
            }
        }
        state
    }
}

impl State {
    /// Calls that were answered with the question wait on to be brought back.
    fn takes_up_parked(&mut self) {
        let mut rows = HashMap::new();
        for row in self.waited.values() {
            rows.insert(row.id.as_str(), row);
        }
        let returns = &mut self.learnt.returns;
        returns.keep_open(|one| rows.contains_key(&*one.approval));
        for one in returns.open() {
            let row = rows.get(&*one.approval);
            if let (Some(row), Some(request)) = (row, read_id(&one.request)) {
                self.asks
                    .insert(one.number, Ask::restored(one, row, request));
            }
        }
    }
}

fn read_id(json: &str) -> Option<Id> {
    let parsed = wire::json::parse(json.as_bytes()).ok()?;
    Id::from_value(&parsed.value)
}
