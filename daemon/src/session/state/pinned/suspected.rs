//! What is suspicious in the texts a server gives the model: an event each, and never a verdict.

use std::collections::HashSet;
use std::sync::Arc;

use engine::node::{Node, sha256_hex};
use engine::suspicious::{self, Foreign};
use engine::trace::tools_line;
use wire::json::Value;

use super::listed::Listing;
use super::{Context, Found, Judged, PinOp, PinnedBefore, State, Undo, found, word};
use crate::pins::{Book, Server};

/// The most findings of one page of a list that are told one by one.
const EVENTS: usize = 64;
/// The most tools of other servers that a definition is compared with.
const FOREIGN: usize = 1024;

impl State {
    /// Looks at a definition that is new or another one; gives what is suspicious in it.
    pub(super) fn suspect(
        &self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        listing: &mut Listing<'_>,
        tool: &str,
        definition: &Node<'_>,
    ) -> Vec<Found> {
        let findings = suspicious::definition(definition, listing.foreign);
        let findings = self.redacted(ctx, findings);
        for it in &findings {
            if listing.suspected < EVENTS {
                let event = self
                    .tool_event(ctx, "TOOL_SUSPICIOUS", tool)
                    .set("finding", it.kind.clone())
                    .set("place", it.place.clone());
                judged.batch.records.push(event);
            }
            listing.suspected += 1;
        }
        listing.server.suspect(tool, findings.clone());
        findings
    }

    /// What was not told one by one is told by its number.
    pub(super) fn suspected_more(&self, ctx: &Context<'_>, judged: &mut Judged, count: usize) {
        if let Some(more @ 1..) = count.checked_sub(EVENTS) {
            let event = self
                .event(ctx, "TOOL_SUSPICIOUS")
                .set("client", self.facts.client.clone())
                .set("finding", "more")
                .set("count", more);
            judged.batch.records.push(event);
        }
    }

    /// Looks at the instructions in the result of `initialize` or `server/discover`, where they
    /// are not those looked at last.
    pub(in crate::session::state) fn read_instructions(
        &self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        result: &Value<'_>,
    ) {
        let text = result.get("instructions").and_then(Value::as_str);
        let hash = text.map(|text| sha256_hex(text.as_bytes()));
        if !self.is_pinned(ctx) {
            return;
        }
        let mut book = ctx.pins.open();
        let foreign = self.foreign(&book);
        let server = book
            .get_mut(&self.facts.client)
            .and_then(|servers| servers.get_mut(&self.facts.identity));
        // A server that is not in the book yet has its instructions looked at without being kept.
        let mut unknown = Server::default();
        let known = server.is_some();
        let server = server.unwrap_or(&mut unknown);
        if server.about.instructions == hash {
            return;
        }
        if known {
            judged.undo.push(Undo::Pinned(Box::new(PinnedBefore {
                pins: Arc::clone(ctx.pins),
                server: Some(server.clone()),
            })));
        }
        let foreign: Vec<Foreign<'_>> = foreign
            .iter()
            .map(|(name, looks)| Foreign { name, looks })
            .collect();
        let findings = text
            .map(|text| suspicious::text(text, "instructions", &foreign))
            .unwrap_or_default();
        let findings = self.redacted(ctx, findings);
        for it in &findings {
            let event = self
                .event(ctx, "TOOL_SUSPICIOUS")
                .set("client", self.facts.client.clone())
                .set("finding", it.kind.clone())
                .set("place", it.place.clone());
            judged.batch.records.push(event);
        }
        if !findings.is_empty() {
            let what = "suspicious text in its instructions";
            judged.trace.push(tools_line(&self.facts.server, what));
        }
        server.about.instructions = hash;
        server.about.findings = findings;
        if known {
            let op = PinOp::server(&server.about);
            judged.batch.ops.push(self.pin_op(op));
        }
    }

    fn redacted(&self, ctx: &Context<'_>, found_: Vec<suspicious::Finding>) -> Vec<Found> {
        let dlp = ctx.policy().dlp();
        let kept = found_.into_iter().map(found);
        kept.map(|it| Found {
            place: word(&it.place, dlp),
            ..it
        })
        .collect()
    }

    /// Names of the tools of this client's other servers, and what they look like. What this one
    /// has too may be the same server run twice.
    pub(super) fn foreign(&self, book: &Book) -> Vec<(String, String)> {
        let own: HashSet<&str> = self
            .learnt
            .tools()
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        let others = book.get(&self.facts.client).into_iter().flatten();
        others
            .filter(|(server, _)| **server != self.facts.identity)
            .flat_map(|(_, server)| &server.tools)
            .filter(|(name, pin)| pin.listed.is_some() && !own.contains(name.as_str()))
            .take(FOREIGN)
            .map(|(name, pin)| (name.clone(), pin.looks.clone()))
            .collect()
    }
}
