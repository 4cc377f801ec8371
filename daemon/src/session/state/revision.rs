//! Which revision of the protocol the session speaks, learnt from its traffic: until 2025-11-25 a
//! handshake settles it, from 2026-07-28 on every request states it. A client may try the one and
//! fall back to the other, so the last that was answered counts.

use wire::json::Value;
use wire::mcp;

use super::{Context, Judged, Learnt, State};
use crate::session::reply::Form;
use crate::session::table::Entry;

/// The one revision in which a frame may hold several messages.
pub(super) const BATCH_REVISION: &str = "2025-03-26";

/// The longest name of a revision that is kept, in bytes.
const MAX_REVISION: usize = 64;

impl State {
    /// Whether this session's revision has batches.
    pub(super) fn batches(&self) -> bool {
        self.learnt.revision.as_deref() == Some(BATCH_REVISION)
    }

    /// Takes in what a request of the client's states of its revision.
    pub(super) fn hears_revision(&mut self, params: Option<&Value<'_>>) {
        // One too long to be a revision's name is none to keep, but stated it was.
        let stated = mcp::stated_revision(params).map(|stated| {
            if stated.len() > MAX_REVISION {
                ""
            } else {
                stated
            }
        });
        if self.stated.as_deref() != stated {
            self.stated = stated.map(str::to_owned);
        }
    }

    /// Takes in the revision that an answer shows to be spoken. The server's word counts, not the
    /// client's wish: an older server may answer a request without minding what it states.
    pub(super) fn learn_revision(
        &mut self,
        judged: &mut Judged,
        entry: &Entry,
        result: &Value<'_>,
    ) {
        let spoken = if entry.method == "initialize" {
            result.get("protocolVersion").and_then(Value::as_str)
        } else if mcp::states_type(result) {
            self.stated.as_deref()
        } else {
            return;
        };
        let spoken = spoken.filter(|it| (1..=MAX_REVISION).contains(&it.len()));
        let handshake = entry.method == "initialize";
        if (handshake || spoken.is_some()) && self.learnt.revision.as_deref() != spoken {
            let before = self.learnt.clone();
            self.learnt.revision = spoken.map(str::to_owned);
            self.learns(judged, before);
        }
    }

    /// How a refused call is answered.
    pub(super) fn form(&self, ctx: &Context<'_>) -> Form {
        Form {
            on_block: ctx.policy().on_block(),
            typed: self.stated.is_some(),
        }
    }

    /// In revision 2026-07-28 the client's roots come with the call that was asked for them. They
    /// count before that call is judged, since the server takes them for bases then. Which of
    /// several answers it takes is not known, so all count. Where they are others than before, gives
    /// what was known then.
    pub(super) fn hears_roots(&mut self, params: Option<&Value<'_>>) -> Option<Learnt> {
        let mut listed = mcp::input_responses(params)
            .filter(|it| it.get("roots").is_some())
            .peekable();
        listed.peek()?;
        let before = self.learnt.clone();
        self.learnt.roots_listed(listed).then_some(before)
    }
}
