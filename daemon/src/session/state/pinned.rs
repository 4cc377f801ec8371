//! A server's tools against what was pinned of them: what a listing changes is recorded in its
//! own batch, what a policy holds is hidden and refused.

use std::collections::HashSet;
use std::sync::Arc;

use engine::decide::Held;
use engine::name::normal_form;
use engine::policy::Pinning;
use engine::suspicious::Foreign;
use engine::trace::{pin_line, tools_line};
use wire::json::Value;
use wire::mcp;

use super::telling::{sync, word};
use super::{Context, Judged, NewRecord, PinnedBefore, State, StateOp, Undo};
use crate::audit::pins::{ListedRow, PinOp};
use crate::pins::{Change, Found, Listed, MAX_BYTES, Print, Server, make_room};
use crate::session::learnt::Tool;
use crate::session::node::node;
use crate::session::table::Entry;

mod suspected;

/// The most members of a definition that an event names.
const MEMBERS: usize = 16;
/// The most lines a person is told of one listing.
const LINES: usize = 8;

/// A listing on its way through the comparison.
struct Listing<'l> {
    server: &'l mut Server,
    /// Bytes of definitions kept so far.
    bytes: usize,
    foreign: &'l [Foreign<'l>],
    suspected: usize,
}

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
        self.lists_changed(&["tools"])
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
        if known.is_none()
            && let Some((client, server)) = make_room(&mut book)
        {
            let op = PinOp::ForgetServer;
            judged.batch.ops.push(StateOp::Pin { client, server, op });
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

    fn compare(
        &self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        page: &[Value<'_>],
        from: usize,
        server: &mut Server,
        foreign: &[Foreign<'_>],
    ) {
        let was_closed = server.about.closed;
        server.listing(ctx.now_ms);
        let mut listing = Listing {
            bytes: server.bytes(),
            server,
            foreign,
            suspected: 0,
        };
        let mut told = Vec::new();
        let (before, tools) = self
            .learnt
            .tools()
            .split_at_checked(from)
            .unwrap_or_default();
        let mut seen: HashSet<&str> = before.iter().map(|tool| tool.name.as_str()).collect();
        let named = page
            .iter()
            .filter(|it| it.get("name").and_then(Value::as_str).is_some());
        for (tool, definition) in tools.iter().zip(named) {
            // A second tool of one name can't be told from the first: both are held back anyway.
            if seen.insert(&tool.name) {
                told.extend(self.compare_one(ctx, judged, &mut listing, tool, definition));
            }
        }
        if self.learnt.whole_list() {
            let (removed, forgotten) = listing.server.lists_no_more(&seen, ctx.now_ms);
            for tool in forgotten {
                judged.batch.ops.push(self.pin_op(PinOp::Forget(tool)));
            }
            for tool in removed {
                told.push((word(&tool, ctx.policy().dlp()), "is no longer listed"));
                let event = self.tool_event(ctx, "TOOL_REMOVED", &tool);
                judged.batch.records.push(event);
                let now_ms = ctx.now_ms;
                judged
                    .batch
                    .ops
                    .push(self.pin_op(PinOp::Gone { tool, now_ms }));
            }
            listing.server.about.closed = true;
        }
        if listing.server.about.closed && !was_closed {
            let count = listing.server.tools.len();
            let event = self.event(ctx, "TOOLS_PINNED");
            let event = event.set("client", self.facts.client.clone());
            judged.batch.records.push(event.set("count", count));
        }
        self.suspected_more(ctx, judged, listing.suspected);
        self.tell(judged, &told, listing.suspected);
    }

    /// One tool as it is listed now; what a person is told of it.
    fn compare_one(
        &self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        listing: &mut Listing<'_>,
        tool: &Tool,
        definition: &Value<'_>,
    ) -> Option<(String, &'static str)> {
        let same = listing.server.tools.get(&tool.name);
        let same = same.and_then(|pin| pin.listed.as_ref());
        if same.is_some_and(|print| print.hash == tool.hash) {
            return None;
        }
        let dlp = ctx.policy().dlp();
        if word(&tool.name, dlp) != tool.name && tool.is_redacted() {
            // Its name can't be kept, so it stays new, and is told each time.
            if !listing.server.about.closed {
                return None;
            }
            let event = self.tool_event(ctx, "TOOL_ADDED", &tool.name);
            let event = event.set("new_hash", tool.hash.clone());
            judged.batch.records.push(event);
            return Some((word(&tool.name, dlp), "is new"));
        }
        let whole = node(definition);
        let fits = listing.bytes.saturating_add(tool.definition.len()) <= MAX_BYTES;
        let text = if fits { tool.definition.as_str() } else { "" };
        listing.bytes = listing.bytes.saturating_add(text.len());
        let mut print = Print {
            bytes: text.len(),
            ..Print::of(&whole, tool.is_redacted() || !fits)
        };
        for (name, _) in &mut print.members {
            *name = word(name, dlp);
        }
        let listed = Listed {
            name: tool.name.clone(),
            normal: tool.normal.clone(),
            looks: tool.looks.clone(),
            print,
        };
        let change = listing.server.lists(&listed, ctx.now_ms)?;
        let findings = self.suspect(ctx, judged, listing, &tool.name, &whole);
        judged
            .batch
            .ops
            .push(self.pin_op(PinOp::Listed(Box::new(ListedRow {
                tool: tool.name.clone(),
                now_ms: ctx.now_ms,
                approve: change == Change::First,
                print: serde_json::to_string(&listed.print).unwrap_or_default(),
                text: text.to_owned(),
                findings: serde_json::to_string(&findings).unwrap_or_default(),
            }))));
        let shown = || word(&tool.name, ctx.policy().dlp());
        match change {
            Change::First | Change::Restored => None,
            Change::Added => {
                let event = self.tool_event(ctx, "TOOL_ADDED", &tool.name);
                let event = event.set("new_hash", listed.print.hash);
                judged.batch.records.push(event);
                Some((shown(), "is new"))
            }
            Change::Changed { approved } => {
                let members = approved.differs_in(&listed.print).into_iter();
                let members: Vec<_> = members
                    .take(MEMBERS)
                    .map(|name| serde_json::Value::from(word(name, dlp)))
                    .collect();
                let event = self
                    .tool_event(ctx, "TOOL_CHANGED", &tool.name)
                    .set("changed", members)
                    .set("old_hash", approved.hash)
                    .set("new_hash", listed.print.hash);
                judged.batch.records.push(event);
                Some((shown(), "changed since it was approved"))
            }
        }
    }

    fn tell(&self, judged: &mut Judged, told: &[(String, &'static str)], suspected: usize) {
        let server = &self.facts.server;
        let lines = told.iter().take(LINES);
        let lines = lines.map(|(tool, what)| pin_line(server, tool, what));
        judged.trace.extend(lines);
        if let Some(more @ 1..) = told.len().checked_sub(LINES) {
            let what = format!("{more} more tools are not as they were approved");
            judged.trace.push(tools_line(server, &what));
        }
        if suspected > 0 {
            let what = format!("{suspected} suspicious texts in its tools");
            judged.trace.push(tools_line(server, &what));
        }
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
