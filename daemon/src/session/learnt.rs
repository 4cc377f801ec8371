//! What a session learns of its two peers from the traffic, and keeps over a daemon's death.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use engine::decide::Listing;
use engine::name::{looks_like, normal_form};
use engine::node::{Node, Numbers, canonical, sha256_hex};
use engine::paths::{Ground, candidates};
use serde::{Deserialize, Serialize};
use wire::json::Value;

use super::node::node;
use super::state::Subscriptions;
use crate::peer::Process;

mod late;
mod page;
mod returns;
mod tasks;

pub use late::{Late, Pass, REMEMBERED, Same};
pub use page::Page;
use page::Paging;
pub use returns::{MOST as MOST_RETURNS, MOST_OPEN, Outcome, Refused, Return, Returns};
pub use tasks::{Origin, Tasks};

/// The most tools remembered of one server; a longer list is cut, and what was cut is refused.
const MAX_TOOLS: usize = 4096;
/// The most bytes of definitions remembered of one server.
const MAX_DEFINITIONS: usize = 4 * 1024 * 1024;
/// The most of the client's roots that are taken as bases for relative paths.
const MAX_ROOTS: usize = 64;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learnt {
    /// The protocol revision spoken: what the server answered `initialize` with, or what the
    /// request stated that it last answered as revisions do which have no handshake.
    pub revision: Option<String>,
    /// The tools as the server last listed them; `None` before it did.
    tools: Option<Vec<Tool>>,
    /// The list was longer than is remembered.
    cut: bool,
    /// How far the list under way has come.
    paging: Paging,
    /// Tasks the server made of this session's calls.
    pub tasks: Tasks,
    /// Tasks the client made of the server's requests.
    pub client_tasks: Tasks,
    /// The client's roots that are folders.
    pub roots: Vec<PathBuf>,
    /// The hash of the policy the client was last shown the tools by.
    pub listed_under: Option<String>,
    /// What else the client has listed.
    pub listed: Listed,
    /// SHA-256 of the names of the tools left out of lists so far, in this session: each list may
    /// hold others, of any length.
    hidden: BTreeSet<String>,
    /// The name the client gives itself.
    pub client_name: Option<String>,
    /// After how many ms the client has given a call up, the shortest time.
    pub gave_up_after_ms: Option<i64>,
    /// The client has said that it shows forms.
    pub shows_forms: bool,
    /// Ids of aip's own requests that the client may have and has not answered.
    pub in_client: BTreeSet<String>,
    /// Calls a person was asked about whose client no longer waits.
    pub late: Late,
    /// Calls that were answered with a question of aip's own.
    pub returns: Returns,
    /// The client's open subscriptions to changes.
    pub subscriptions: Subscriptions,
    /// The server's process, where it is the shim's own child.
    pub server: Option<Process>,
}

/// Lists beside that of the tools which the client has asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Listed {
    /// `resources/list` or `resources/templates/list`
    pub resources: bool,
    /// `prompts/list`
    pub prompts: bool,
}

/// A tool as it was listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// The name's normal form.
    pub normal: String,
    /// What the name looks like.
    pub looks: String,
    /// SHA-256 of its whole definition as canonical JSON.
    #[serde(default)]
    pub hash: String,
    /// Its definition as JSON, as the store may keep it.
    pub definition: String,
    /// Its whole definition, where that differs; not known to a daemon started anew.
    #[serde(skip)]
    whole: Option<String>,
}

impl Tool {
    /// Whether the store does not keep the whole definition.
    pub fn is_redacted(&self) -> bool {
        self.whole.is_some()
    }

    fn whole(&self) -> &str {
        self.whole.as_deref().unwrap_or(&self.definition)
    }
}

impl Learnt {
    /// Takes in one page of a tool list; the first page replaces what was known. `kept` gives the
    /// definition as the store may keep it, where that differs. Says from which tool on those of
    /// this page are.
    pub fn tools_listed(
        &mut self,
        page: &[Value<'_>],
        asked: &Page,
        kept: impl Fn(&Value<'_>) -> Option<String>,
    ) -> usize {
        let tools = self.tools.get_or_insert_default();
        if *asked == Page::First {
            tools.clear();
            self.cut = false;
        }
        let from = tools.len();
        let mut bytes: usize = tools.iter().map(|tool| tool.definition.len()).sum();
        for definition in page {
            let Some(name) = definition.get("name").and_then(Value::as_str) else {
                continue;
            };
            // Beyond the bounds nothing of the tool is known but that it can't be told apart.
            let text = definition.to_json();
            bytes = bytes.saturating_add(text.len());
            if tools.len() >= MAX_TOOLS || bytes > MAX_DEFINITIONS {
                self.cut = true;
                break;
            }
            let stored = kept(definition);
            tools.push(Tool {
                name: name.to_owned(),
                normal: normal_form(name).into_owned(),
                looks: looks_like(name),
                hash: sha256_hex(canonical(&node(definition), Numbers::AsWritten).as_bytes()),
                whole: stored.is_some().then(|| text.clone()),
                definition: stored.unwrap_or(text),
            });
        }
        from
    }

    /// Takes in where a page stands in its list: `next` is the cursor it ends with.
    pub fn page_listed(&mut self, asked: &Page, next: Option<&Value<'_>>) {
        self.paging.goes_on(asked, next);
        self.paging.whole &= !self.cut;
    }

    /// Whether the list, as far as it is known, is all of the server's.
    #[must_use]
    pub fn whole_list(&self) -> bool {
        self.paging.whole
    }

    /// The tools as the server last listed them, as far as they are remembered.
    #[must_use]
    pub fn tools(&self) -> &[Tool] {
        self.tools.as_deref().unwrap_or_default()
    }

    /// What the server listed under this name, handed to `then`: the tool's definition too where
    /// it is `wanted`, and null in its place otherwise.
    pub fn listing<T>(&self, name: &str, wanted: bool, then: impl FnOnce(Listing<'_>) -> T) -> T {
        let Some(tools) = &self.tools else {
            return then(Listing::Unknown);
        };
        let normal = normal_form(name);
        let known = tools.iter().find(|tool| tool.name == name);
        let looks = known.map_or_else(
            || Cow::Owned(looks_like(name)),
            |tool| Cow::Borrowed(tool.looks.as_str()),
        );
        let mut alike = tools
            .iter()
            .filter(|tool| tool.normal == normal || tool.looks == looks);
        match (alike.next(), alike.next()) {
            (None, _) if self.cut => then(Listing::Ambiguous),
            (None, _) => then(Listing::Absent),
            (Some(_), Some(_)) => then(Listing::Ambiguous),
            (Some(tool), None) if tool.normal != normal => then(Listing::Absent),
            (Some(tool), None) if !wanted => then(Listing::One {
                name: &tool.name,
                definition: &Node::Null,
            }),
            (Some(tool), None) => {
                let parsed = wire::json::parse(tool.whole().as_bytes());
                let value = parsed.map_or(Value::Null, |parsed| parsed.value);
                then(Listing::One {
                    name: &tool.name,
                    definition: &node(&value),
                })
            }
        }
    }

    /// Of tools that are left out of a list, those that were not before.
    pub fn newly_hidden(&mut self, mut names: Vec<String>) -> Vec<String> {
        names.retain(|name| {
            self.hidden.len() < MAX_TOOLS && self.hidden.insert(sha256_hex(name.as_bytes()))
        });
        names
    }

    /// The names of all tools remembered, as the server last listed them.
    pub fn tool_names(&self) -> impl Iterator<Item = &str> {
        self.tools.iter().flatten().map(|tool| tool.name.as_str())
    }

    /// Whether the tool can't be told apart from another that is listed.
    #[must_use]
    pub fn ambiguous(&self, name: &str) -> bool {
        self.listing(name, false, |listing| matches!(listing, Listing::Ambiguous))
    }

    /// SHA-256 of the tool's definition, where it is listed.
    #[must_use]
    pub fn definition_digest(&self, name: &str) -> Option<String> {
        let normal = normal_form(name);
        let tool = self
            .tools
            .iter()
            .flatten()
            .find(|tool| tool.normal == normal)?;
        Some(sha256_hex(tool.whole().as_bytes()))
    }

    /// Whether the tool promises a form for its structured output.
    #[must_use]
    pub fn has_output_schema(&self, name: &str) -> bool {
        self.tools.iter().flatten().any(|tool| {
            tool.name == name
                && wire::json::parse(tool.whole().as_bytes())
                    .is_ok_and(|parsed| parsed.value.get("outputSchema").is_some())
        })
    }

    /// How many tools and tasks are remembered.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.tools.iter().flatten().count(), self.tasks.len())
    }

    /// Takes in the client's answers to `roots/list`; says whether its roots are others than before.
    pub fn roots_listed<'v, 'a: 'v>(
        &mut self,
        results: impl IntoIterator<Item = &'v Value<'a>>,
    ) -> bool {
        let lists = results.into_iter();
        let lists = lists.filter_map(|it| it.get("roots").and_then(Value::as_array));
        let ground = Ground {
            home: None,
            bases: &[],
            user_homes: &|_| None,
        };
        let roots = lists
            .flatten()
            .filter_map(|root| root.get("uri")?.as_str())
            .filter(|uri| uri.starts_with("file:"))
            // Decoded, or not, as a path in an argument is.
            .flat_map(|uri| candidates(&Node::String(uri.into()), &ground))
            .map(|named| named.path)
            .filter(|path| path.is_absolute())
            .take(MAX_ROOTS)
            .collect();
        let before = std::mem::replace(&mut self.roots, roots);
        before != self.roots
    }
}
