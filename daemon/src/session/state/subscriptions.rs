//! Whom a change of a list is told: a client of a revision before 2026-07-28 by a notification,
//! one of that revision through each subscription that asks for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wire::json::Value;
use wire::mcp;
use wire::rpc::Id;

use super::client::id_json;
use super::{Judged, State};

/// The first revision whose clients subscribe to changes.
const SUBSCRIBING: &str = "2026-07-28";

/// The lists a subscription wants to hear of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wants {
    tools: bool,
    prompts: bool,
    resources: bool,
}

/// The open subscriptions, by the JSON of their requests' ids.
pub type Subscriptions = BTreeMap<String, Wants>;

impl Wants {
    fn read(params: Option<&Value<'_>>) -> Self {
        let filter = params.and_then(|params| params.get("notifications"));
        let wants = |key| {
            let asked = filter.and_then(|filter| filter.get(key));
            matches!(asked, Some(Value::Bool(true)))
        };
        Self {
            tools: wants("toolsListChanged"),
            prompts: wants("promptsListChanged"),
            resources: wants("resourcesListChanged"),
        }
    }

    fn includes(self, list: &str) -> bool {
        match list {
            "tools" => self.tools,
            "prompts" => self.prompts,
            "resources" => self.resources,
            _ => false,
        }
    }
}

impl State {
    /// A subscription begins. Those whose requests are over are forgotten, so there are never
    /// more of them than requests under way.
    pub(super) fn subscribes(&mut self, judged: &mut Judged, id: &Id, params: Option<&Value<'_>>) {
        let open: Vec<String> = self.open_subscriptions().map(|id| id_json(&id)).collect();
        let before = self.learnt.clone();
        self.learnt.subscriptions.retain(|id, _| open.contains(id));
        let wants = Wants::read(params);
        self.learnt.subscriptions.insert(id_json(id), wants);
        self.learns(judged, before);
    }

    fn open_subscriptions(&self) -> impl Iterator<Item = Id> {
        let under_way = self.client.unanswered().into_iter();
        under_way
            .filter(|(id, entry)| {
                entry.method == "subscriptions/listen" && !self.client.is_cancelled(id)
            })
            .map(|(id, _)| id)
    }

    /// The notifications that say that these lists have changed, where they have.
    pub(super) fn lists_changed(&self, lists: &[(&str, bool)]) -> Vec<Vec<u8>> {
        let changed = lists.iter().filter(|(_, changed)| *changed);
        let lists: Vec<&str> = changed.map(|(list, _)| *list).collect();
        let lists = lists.as_slice();
        let Some(revision) = &self.learnt.revision else {
            return self.told_subscribers(lists);
        };
        if revision.as_str() >= SUBSCRIBING {
            return self.told_subscribers(lists);
        }
        lists
            .iter()
            .map(|list| mcp::list_changed(list, None))
            .collect()
    }

    fn told_subscribers(&self, lists: &[&str]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for id in self.open_subscriptions() {
            let wants = self.learnt.subscriptions.get(&id_json(&id)).copied();
            let wants = wants.unwrap_or_default();
            for list in lists.iter().filter(|list| wants.includes(list)) {
                lines.push(mcp::list_changed(list, Some(&id)));
            }
        }
        lines
    }
}
