//! One page of a list, tool by tool: what differs from its pin is an event, a change of the store
//! and a line for the person.

use std::collections::HashSet;

use engine::node::Node;
use engine::suspicious::Foreign;
use engine::trace::{pin_line, tools_line};
use wire::json::Value;

use super::{Context, Judged, PinOp, Server, State, word};
use crate::audit::pins::ListedRow;
use crate::pins::{Change, Found, Listed, MAX_BYTES, Print};
use crate::session::learnt::Tool;
use crate::session::node::node;

/// The most members of a definition that an event names.
const MEMBERS: usize = 16;
/// The most lines a person is told of one listing.
const LINES: usize = 8;

/// A listing on its way through the comparison.
pub(super) struct Listing<'l> {
    pub(super) server: &'l mut Server,
    pub(super) foreign: &'l [Foreign<'l>],
    /// Findings so far.
    pub(super) suspected: usize,
    /// Bytes of definitions kept so far.
    bytes: usize,
    /// What a person is told: of which tool, and what.
    told: Vec<(String, &'static str)>,
}

impl State {
    pub(super) fn compare(
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
            told: Vec::new(),
        };
        let tools = self.learnt.tools().split_at_checked(from);
        let (before, tools) = tools.unwrap_or_default();
        let mut seen: HashSet<&str> = before.iter().map(|tool| tool.name.as_str()).collect();
        let named = page
            .iter()
            .filter(|it| it.get("name").and_then(Value::as_str).is_some());
        for (tool, definition) in tools.iter().zip(named) {
            // A second tool of one name can't be told from the first: both are held back anyway.
            if seen.insert(&tool.name) {
                self.compare_one(ctx, judged, &mut listing, tool, definition);
            }
        }
        if self.learnt.whole_list() {
            self.compare_gone(ctx, judged, &mut listing, &seen);
            listing.server.about.closed = true;
        }
        if listing.server.about.closed && !was_closed {
            let event = self.event(ctx, "TOOLS_PINNED");
            let event = event.set("client", self.facts.client.clone());
            let count = listing.server.tools.len();
            judged.batch.records.push(event.set("count", count));
        }
        self.suspected_more(ctx, judged, listing.suspected);
        self.tell(judged, &listing);
    }

    /// One tool as it is listed now.
    fn compare_one(
        &self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        listing: &mut Listing<'_>,
        tool: &Tool,
        definition: &Value<'_>,
    ) {
        let pin = listing.server.tools.get(&tool.name);
        let same = pin.and_then(|pin| pin.listed.as_ref());
        if same.is_some_and(|print| print.hash == tool.hash) {
            return;
        }
        if tool.is_redacted() && word(&tool.name, ctx.policy().dlp()) != tool.name {
            // Its name can't be kept, so it stays new, and is told each time.
            if listing.server.about.closed {
                self.tell_change(ctx, judged, listing, tool, Change::Added, &Print::default());
            }
            return;
        }
        let whole = node(definition);
        let (print, text) = self.kept(ctx, listing, tool, &whole);
        let listed = Listed {
            name: tool.name.clone(),
            normal: tool.normal.clone(),
            looks: tool.looks.clone(),
            print,
        };
        let Some(change) = listing.server.lists(&listed, ctx.now_ms) else {
            return;
        };
        let findings = self.suspect(ctx, judged, listing, &tool.name, &whole);
        let op = listed_op(&listed, &change, text, &findings, ctx.now_ms);
        judged.batch.ops.push(self.pin_op(op));
        self.tell_change(ctx, judged, listing, tool, change, &listed.print);
    }

    /// What is kept of a definition: its hashes, and the text where there is room for it.
    fn kept<'t>(
        &self,
        ctx: &Context<'_>,
        listing: &mut Listing<'_>,
        tool: &'t Tool,
        whole: &Node<'_>,
    ) -> (Print, &'t str) {
        let fits = listing.bytes.saturating_add(tool.definition.len()) <= MAX_BYTES;
        let text = if fits { tool.definition.as_str() } else { "" };
        listing.bytes = listing.bytes.saturating_add(text.len());
        let mut print = Print {
            bytes: text.len(),
            ..Print::of(whole, tool.is_redacted() || !fits)
        };
        for (name, _) in &mut print.members {
            *name = word(name, ctx.policy().dlp());
        }
        (print, text)
    }

    /// A whole list was shown: what is not in it is gone.
    fn compare_gone(
        &self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        listing: &mut Listing<'_>,
        seen: &HashSet<&str>,
    ) {
        let now_ms = ctx.now_ms;
        let (removed, forgotten) = listing.server.lists_no_more(seen, now_ms);
        for tool in forgotten {
            judged.batch.ops.push(self.pin_op(PinOp::Forget(tool)));
        }
        for tool in removed {
            let shown = word(&tool, ctx.policy().dlp());
            listing.told.push((shown, "is no longer listed"));
            let event = self.tool_event(ctx, "TOOL_REMOVED", &tool);
            judged.batch.records.push(event);
            let op = self.pin_op(PinOp::Gone { tool, now_ms });
            judged.batch.ops.push(op);
        }
    }

    /// The event of a difference, and what a person is told of it.
    fn tell_change(
        &self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        listing: &mut Listing<'_>,
        tool: &Tool,
        change: Change,
        print: &Print,
    ) {
        let dlp = ctx.policy().dlp();
        let (event, what) = match change {
            Change::First | Change::Restored => return,
            Change::Added => (self.tool_event(ctx, "TOOL_ADDED", &tool.name), "is new"),
            Change::Changed { approved } => {
                let members = approved.differs_in(print).into_iter().take(MEMBERS);
                let members: Vec<_> = members
                    .map(|name| serde_json::Value::from(word(name, dlp)))
                    .collect();
                let event = self
                    .tool_event(ctx, "TOOL_CHANGED", &tool.name)
                    .set("changed", members)
                    .set("old_hash", approved.hash);
                (event, "changed since it was approved")
            }
        };
        let event = event.set("new_hash", tool.hash.clone());
        judged.batch.records.push(event);
        listing.told.push((word(&tool.name, dlp), what));
    }

    fn tell(&self, judged: &mut Judged, listing: &Listing<'_>) {
        let server = &self.facts.server;
        let lines = listing.told.iter().take(LINES);
        let lines = lines.map(|(tool, what)| pin_line(server, tool, what));
        judged.trace.extend(lines);
        if let Some(more @ 1..) = listing.told.len().checked_sub(LINES) {
            let what = format!("{more} more tools are not as they were approved");
            judged.trace.push(tools_line(server, &what));
        }
        if listing.suspected > 0 {
            let what = format!("{} suspicious texts in its tools", listing.suspected);
            judged.trace.push(tools_line(server, &what));
        }
    }
}

fn listed_op(
    listed: &Listed,
    change: &Change,
    text: &str,
    findings: &[Found],
    now_ms: i64,
) -> PinOp {
    PinOp::Listed(Box::new(ListedRow {
        tool: listed.name.clone(),
        now_ms,
        approve: *change == Change::First,
        print: serde_json::to_string(&listed.print).unwrap_or_default(),
        text: text.to_owned(),
        findings: serde_json::to_string(findings).unwrap_or_default(),
    }))
}
