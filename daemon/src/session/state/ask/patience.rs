//! Keeps a client waiting while a person thinks: one that gave a progress token hears every few
//! seconds that its call is still alive, and patient clients count their time-out from there.

use wire::json::Value;
use wire::mcp;
use wire::rpc::Id;

use crate::session::state::State;

/// How often it hears, in ms.
const EVERY: i64 = 5_000;
const MESSAGE: &str = "waiting for a person to allow this call";

/// A client that wants to hear.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    token: Id,
    next_ms: i64,
}

impl Patience {
    /// Of a call's params, where they give a token.
    pub(super) fn of(params: Option<&Value<'_>>, now_ms: i64) -> Option<Self> {
        Some(Self {
            token: mcp::progress_token(params)?,
            next_ms: now_ms.saturating_add(EVERY),
        })
    }
}

impl State {
    /// When the next client is to hear that its call still waits, ms since 1970.
    #[must_use]
    pub fn next_progress(&self) -> Option<i64> {
        let patient = self.asks.values().filter_map(|ask| ask.patience.as_ref());
        patient.map(|it| it.next_ms).min()
    }

    /// What clients hear by now, a line each.
    pub fn still_waiting(&mut self, now_ms: i64) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for ask in self.asks.values_mut() {
            let due = ask.patience.as_mut().filter(|it| it.next_ms <= now_ms);
            let Some(patience) = due else { continue };
            patience.next_ms = now_ms.saturating_add(EVERY);
            // Counted from when it was asked, which a daemon started anew keeps and more time for
            // the person does not move, it never falls.
            let waited = now_ms.saturating_sub(ask.asked_ms).max(0) / 1000;
            let grown = u32::try_from(waited).unwrap_or(u32::MAX);
            lines.push(mcp::still_working(&patience.token, grown, MESSAGE));
        }
        lines
    }
}
