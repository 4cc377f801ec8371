//! The tools a client is shown: none it could not tell apart, and none the policy blocks.

use std::collections::BTreeSet;

use engine::decide::{Facts, Listing, refuses_tool};
use engine::name::normal_form;
use engine::paths::Found;
use engine::policy::ListFilter;
use engine::trace::filtered_line;
use wire::json::Value;
use wire::mcp;

use super::telling::word;
use super::{Context, InForce, Judged, State};

/// What stands before the description of a tool that no call of could pass.
const MARK: &str = "[blocked by policy] ";

/// How a listed tool is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// As the server listed it.
    Whole,
    /// No call of it could pass.
    Blocked,
    /// It can't be told apart from another.
    Ambiguous,
}

impl State {
    /// Filters one page of `tools/list`, the page already learnt. Says whether anything changed.
    pub(super) fn filter_tools(
        &mut self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        result: &mut Value<'_>,
    ) -> bool {
        let held = self.hold_back(ctx, judged, result);
        let filter = ctx.policy().list_filter();
        self.listed_under(ctx);
        let Some(tools) = mcp::tools_in_mut(result) else {
            return held;
        };
        let listed = tools.len();
        let passes =
            |tool: &Value<'_>| self.how_shown(ctx.in_force, ctx, name_of(tool)) == Shown::Whole;
        let mut hidden = Vec::new();
        let blocked = match filter {
            ListFilter::None => 0,
            ListFilter::Hide => {
                tools.retain(|tool| {
                    let passes = passes(tool);
                    hidden.extend((!passes).then(|| name_of(tool).to_owned()));
                    passes
                });
                hidden.len()
            }
            ListFilter::Mark => {
                let blocked = |tool: &&mut Value<'_>| !passes(tool);
                tools.iter_mut().filter(blocked).map(mark).count()
            }
        };
        self.tell_hidden(ctx, judged, hidden);
        if blocked > 0 && self.facts.verbose {
            let hidden = filter == ListFilter::Hide;
            judged.trace.push(filtered_line(blocked, listed, hidden));
        }
        if blocked > 0 || held {
            mcp::forbid_caching(result);
        }
        blocked > 0 || held
    }

    fn listed_under(&mut self, ctx: &Context<'_>) {
        self.learnt.listed_under = Some(ctx.policy().hash().to_owned());
    }

    /// A list of resources or prompts goes to the client, filtered by this version of the policy.
    pub(super) fn lists_named(&mut self, ctx: &Context<'_>, judged: &mut Judged, method: &str) {
        let prompts = method == "prompts/list";
        let listed = self.learnt.listed;
        let known = if prompts {
            listed.prompts
        } else {
            listed.resources
        };
        if !known || self.learnt.listed_under.as_deref() != Some(ctx.policy().hash()) {
            let before = self.learnt.clone();
            self.learnt.listed.prompts |= prompts;
            self.learnt.listed.resources |= !prompts;
            self.listed_under(ctx);
            self.learns(judged, before);
        }
    }

    /// Nothing disappears in silence: what is left out is recorded, the first time in a session.
    fn tell_hidden(&mut self, ctx: &Context<'_>, judged: &mut Judged, names: Vec<String>) {
        let news = self.learnt.newly_hidden(names);
        if news.is_empty() {
            return;
        }
        let event = self
            .event(ctx, "TOOLS_HIDDEN")
            .set("count", news.len())
            .set("tools", word(&news.join(", "), ctx.policy().dlp()))
            .set("reason", "no call of them could pass the policy");
        judged.batch.records.push(event);
    }

    /// Tools that two readers could read differently, or that can't be told apart, are not shown
    /// to the client under any filter; that they are held is recorded.
    fn hold_back(&self, ctx: &Context<'_>, judged: &mut Judged, result: &mut Value<'_>) -> bool {
        let Some(tools) = mcp::tools_in_mut(result) else {
            return false;
        };
        let before = tools.len();
        let mut held = Vec::new();
        tools.retain(|tool| {
            let name = name_of(tool);
            let reason = match mcp::check_definition(tool) {
                Err(reason) => Some(reason),
                Ok(()) if self.learnt.ambiguous(name) => {
                    Some("another tool has this name or one that looks like it".to_owned())
                }
                Ok(()) => None,
            };
            let shown = reason.is_none();
            held.extend(reason.map(|reason| (name.to_owned(), reason)));
            shown
        });
        judged
            .batch
            .records
            .extend(held.iter().map(|(name, reason)| {
                self.event(ctx, "TOOL_HELD")
                    .set("tool", word(name, ctx.policy().dlp()))
                    .set("reason", reason.clone())
            }));
        before != tools.len()
    }

    fn how_shown(&self, in_force: &InForce, ctx: &Context<'_>, name: &str) -> Shown {
        let policy = &in_force.policy;
        let pinned = policy.pins_definition(&normal_form(name));
        self.learnt.listing(name, pinned, |listing| {
            let facts = Facts {
                now_ms: ctx.now_ms,
                listing,
                held: self.differs(ctx, name),
                override_: ctx.override_,
                paths: Found {
                    candidates: &[],
                    resolved: &[],
                },
                task_known: false,
            };
            match (listing, refuses_tool(policy, name, &facts)) {
                (Listing::Ambiguous, _) => Shown::Ambiguous,
                (_, Some(_)) => Shown::Blocked,
                (_, None) => Shown::Whole,
            }
        })
    }

    /// What to tell the client once another version of the policy is in force: that its lists are
    /// no longer what they were, where they are not.
    #[must_use]
    pub fn policy_changed(&self, ctx: &Context<'_>, before: &InForce) -> Vec<Vec<u8>> {
        let callable = |in_force: &InForce| -> BTreeSet<&str> {
            let names = self.learnt.tool_names();
            names
                .filter(|name| self.how_shown(in_force, ctx, name) == Shown::Whole)
                .collect()
        };
        let filter = |in_force: &InForce| in_force.policy.list_filter();
        let same =
            filter(before) == filter(ctx.in_force) && callable(before) == callable(ctx.in_force);
        let differs = |prompts| !before.policy.reads_the_same(ctx.policy(), prompts);
        let listed = self.learnt.listed;
        let changed = [
            ("tools", !same),
            ("resources", listed.resources && differs(false)),
            ("prompts", listed.prompts && differs(true)),
        ];
        self.lists_changed(&changed)
    }

    /// What to tell the client of a session taken up under another version of the policy than its
    /// lists were made under.
    #[must_use]
    pub fn resumed_under(&self, in_force: &InForce) -> Vec<Vec<u8>> {
        let under = self.learnt.listed_under.as_deref();
        let other = under.is_some_and(|hash| hash != in_force.policy.hash());
        let listed = self.learnt.listed;
        self.lists_changed(&[
            ("tools", other && self.learnt.tool_names().next().is_some()),
            ("resources", other && listed.resources),
            ("prompts", other && listed.prompts),
        ])
    }
}

fn name_of<'v>(tool: &'v Value<'_>) -> &'v str {
    tool.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn mark(tool: &mut Value<'_>) {
    let told = tool.get("description").and_then(Value::as_str);
    let marked = format!("{MARK}{}", told.unwrap_or_default());
    tool.insert("description", Value::string(marked.trim_end().to_owned()));
}
