//! How long the client waits for a call, as far as that is known: the ask ends before, so that the
//! client sees our refusal and not an error of its own making.

use wire::json::Value;
use wire::mcp;

use crate::session::learnt::Learnt;
use crate::session::state::call::OneCall;
use crate::session::state::{Context, Judged, State};

/// Clients, by the name they give themselves, that wait a minute for a call. It is the default of
/// the official TypeScript SDK (`DEFAULT_REQUEST_TIMEOUT_MSEC`), which these have kept, and of Codex
/// (`tool_timeout_sec`).
const A_MINUTE: [&str; 4] = ["claude-ai", "cursor-vscode", "cline", "codex-mcp-client"];
/// How long before the client's time is up the ask ends, in ms.
const BEFORE: i64 = 5_000;
/// The least a person has, in ms.
const LEAST: i64 = 5_000;
/// The longest name of a client that is kept, in bytes.
const MAX_NAME: usize = 64;

impl State {
    /// How long a call waits for a person, in ms. A client that hears of progress waits on.
    pub(super) fn waits_for(&self, ctx: &Context<'_>, params: Option<&Value<'_>>) -> i64 {
        let wanted = patience_of(ctx);
        let known = self
            .learnt
            .gives_up_after()
            .filter(|_| mcp::progress_token(params).is_none());
        known.map_or(wanted, |known| {
            wanted.min(known.saturating_sub(BEFORE).max(LEAST))
        })
    }

    /// When the ask ends of a call that waits already. One that came back is a new request, whose
    /// client has its own patience.
    pub(super) fn still_waits(&self, ctx: &Context<'_>, one: &OneCall<'_>, until_ms: i64) -> i64 {
        if !one.came_back {
            return until_ms;
        }
        let timeout = self.waits_for(ctx, one.message.params());
        until_ms.min(ctx.now_ms.saturating_add(timeout))
    }

    /// Takes in the name a client gives itself with its handshake, or with each request from
    /// 2026-07-28 on, and whether its handshake says that it shows forms. The first name stands: one
    /// that is another each time would have all that is learnt written anew.
    pub(in crate::session::state) fn hears_client(
        &mut self,
        method: &str,
        params: Option<&Value<'_>>,
    ) -> Option<Learnt> {
        let name = mcp::client_name(method, params);
        let name = name.and_then(|it| it.get(..it.floor_char_boundary(MAX_NAME)));
        let name = self.learnt.client_name.as_deref().or(name);
        let shows_forms = if method == "initialize" {
            mcp::shows_forms(params)
        } else {
            self.learnt.shows_forms
        };
        if (name, shows_forms) == (self.learnt.client_name.as_deref(), self.learnt.shows_forms) {
            return None;
        }
        let name = name.map(str::to_owned);
        let before = self.learnt.clone();
        self.learnt.client_name = name;
        self.learnt.shows_forms = shows_forms;
        Some(before)
    }

    /// A cancel that says that the client's time was up shows how long it waits.
    pub(in crate::session::state) fn learns_patience(
        &mut self,
        judged: &mut Judged,
        waited_ms: i64,
        params: Option<&Value<'_>>,
    ) {
        let reason = params
            .and_then(|it| it.get("reason"))
            .and_then(Value::as_str);
        let reason = reason.unwrap_or_default().to_ascii_lowercase();
        let over = reason.contains("timed out") || reason.contains("timeout");
        let shorter = self
            .learnt
            .gives_up_after()
            .is_none_or(|known| waited_ms < known);
        if over && shorter {
            let before = self.learnt.clone();
            self.learnt.gave_up_after_ms = Some(waited_ms);
            self.learns(judged, before);
        }
    }
}

/// How long a person has, in ms.
pub(super) fn patience_of(ctx: &Context<'_>) -> i64 {
    i64::try_from(ctx.ask_timeout.as_millis()).unwrap_or(i64::MAX)
}

impl Learnt {
    /// After how many ms the client gives a call up, where that is known.
    fn gives_up_after(&self) -> Option<i64> {
        let name = self.client_name.as_deref().unwrap_or_default();
        let known = A_MINUTE.iter().any(|it| name.eq_ignore_ascii_case(it));
        let known = known.then_some(60_000);
        self.gave_up_after_ms.into_iter().chain(known).min()
    }
}
