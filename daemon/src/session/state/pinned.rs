//! A server's tools against what was pinned of them: what a listing changes is recorded in its
//! own batch, what a policy holds is hidden and refused.

use std::sync::Arc;

use engine::decide::Held;
use engine::name::normal_form;
use engine::policy::Pinning;
use engine::suspicious::Foreign;
use wire::json::Value;
use wire::mcp;

use super::telling::{sync, word};
use super::{Context, Judged, NewRecord, PinnedBefore, State, StateOp, Undo};
use crate::audit::pins::PinOp;
use crate::pins::{Found, Server, make_room};
use crate::session::table::Entry;

mod listed;
mod suspected;

impl State {
    /// How a tool differs from what was pinned of it, by its name as it was sent: by the list this
    /// session was shown, and where it was shown none, by what the server last listed anywhere.
    #[must_use]
    pub fn held(&self, ctx: &Context<'_>, name: &str) -> Option<Held> {
        if ctx.policy().pinning() == Pinning::Off {
            return None;
        }
        self.differs(ctx, name)
    }

    /// The same whatever the policy says.
    pub(super) fn differs(&self, ctx: &Context<'_>, name: &str) -> Option<Held> {
        let normal = normal_form(name);
        let tools = self.learnt.tools();
        // A tool restored from an earlier version's memory has no hash.
        let mut shown = tools
            .iter()
            .filter(|tool| tool.normal == normal && !tool.hash.is_empty());
        let (client, server) = (&self.facts.client, &self.facts.identity);
        ctx.pins.of(client, server, |pinned| match shown.next() {
            Some(tool) => pinned.shown(&tool.name, &tool.hash),
            None if self.learnt.whole_list() => pinned.not_shown(&normal),
            None => pinned.last_known(&normal),
        })
    }

    /// The same where the policy holds such tools: never in monitor mode.
    #[must_use]
    pub fn hides(&self, ctx: &Context<'_>, name: &str) -> Option<Held> {
        if ctx.policy().pinning() != Pinning::Block || ctx.monitor() {
            return None;
        }
        self.held(ctx, name)
    }

    /// Takes out of a page of a list the tools that the policy holds; says whether any were.
    pub(super) fn hide_held(&self, ctx: &Context<'_>, result: &mut Value<'_>) -> bool {
        let Some(tools) = mcp::tools_in_mut(result) else {
            return false;
        };
        let before = tools.len();
        tools.retain(|tool| {
            let name = tool.get("name").and_then(Value::as_str);
            name.is_none_or(|name| self.hides(ctx, name).is_none())
        });
        let hidden = before != tools.len();
        if hidden {
            mcp::forbid_caching(result);
        }
        hidden
    }

    /// What to tell the client once a person has approved tools of its server.
    #[must_use]
    pub fn approved(&self, ctx: &Context<'_>) -> Vec<Vec<u8>> {
        if ctx.policy().pinning() != Pinning::Block || self.learnt.tools().is_empty() {
            return Vec::new();
        }
        self.lists_changed(&[("tools", true)])
    }

    /// Compares a page of a list with the pins; its tools are those learnt from `from` on.
    pub(super) fn compare_with_pins(
        &mut self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        entry: &Entry,
        result: &Value<'_>,
        from: usize,
    ) {
        let Some(page) = mcp::tools_in(result) else {
            return;
        };
        self.learnt
            .page_listed(&entry.page, result.get("nextCursor"));
        if !self.is_pinned(ctx) {
            return;
        }
        let mut book = ctx.pins.open();
        let foreign = self.foreign(&book);
        let foreign: Vec<Foreign<'_>> = foreign
            .iter()
            .map(|(name, looks)| Foreign { name, looks })
            .collect();
        let known = book
            .get(&self.facts.client)
            .and_then(|servers| servers.get(&self.facts.identity))
            .cloned();
        judged.undo.push(Undo::Pinned(Box::new(PinnedBefore {
            pins: Arc::clone(ctx.pins),
            server: known.clone(),
        })));
        if known.is_none() {
            let made = make_room(&mut book, &self.facts, ctx.now_ms);
            judged.batch.append(made);
        }
        let servers = book.entry(self.facts.client.clone()).or_default();
        let server = servers.entry(self.facts.identity.clone()).or_default();
        if known.is_none() {
            self.introduce(ctx, server);
        }
        self.compare(ctx, judged, page, from, server, &foreign);
        let op = PinOp::server(&server.about);
        judged.batch.ops.push(self.pin_op(op));
        judged.batch.sync = judged.batch.sync.max(sync(ctx));
    }

    /// Whether anything is to be compared or recorded.
    fn is_pinned(&self, ctx: &Context<'_>) -> bool {
        ctx.policy().pinning() != Pinning::Off && !self.facts.identity.is_empty()
    }

    fn introduce(&self, ctx: &Context<'_>, server: &mut Server) {
        server.about.label.clone_from(&self.facts.server);
        server.about.named = self.facts.named;
        server.about.program.clone_from(&self.facts.program);
        server.about.first_ms = ctx.now_ms;
        server.about.started_ms = self.facts.started_ms;
    }

    fn tool_event(&self, ctx: &Context<'_>, event: &'static str, tool: &str) -> NewRecord {
        self.event(ctx, event)
            .set("client", self.facts.client.clone())
            .set("tool", word(tool, ctx.policy().dlp()))
    }

    fn pin_op(&self, op: PinOp) -> StateOp {
        StateOp::Pin {
            client: self.facts.client.clone(),
            server: self.facts.identity.clone(),
            op,
        }
    }
}

/// A finding as it is kept.
fn found(finding: engine::suspicious::Finding) -> Found {
    Found {
        kind: finding.kind.word().to_owned(),
        place: finding.place,
    }
}
