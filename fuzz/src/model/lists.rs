//! What an answer that goes to the client teaches of the server, and what no list in it may show.

use super::super::exchange::Asks;
use super::super::rules::SECRET;
use super::super::seen::{Json, Key};
use super::{Force, Model, Origin, messages};

impl Model {
    /// An answer goes to the client.
    pub(super) fn learns(&mut self, force: Force, origin: Origin<'_>, key: &Key, json: &Json) {
        let Some(result) = json.get("result") else {
            return;
        };
        let asks = self.client.open.get(key).map(|it| it.asks.clone());
        let method = asks.as_ref().map_or("", |it| it.method.as_str());
        if !method.starts_with("tasks/") {
            let is_one = result.get("resultType").and_then(Json::text) == Some("task");
            let task = is_one.then_some(result).or(result.get("task"));
            let task = task.and_then(|it| it.get("taskId"));
            self.tasks
                .extend(task.and_then(Json::text).map(str::to_owned));
        }
        self.listed += u64::from(result.get("tools").is_some());
        if force.rules.redacts
            && let Some(content) = result.get("content")
        {
            let out = content.any_text(&|it| it.contains(SECRET));
            assert!(!out, "a secret comes back: {json:?}");
        }
        self.lists(force, origin, key, asks, result);
    }

    /// A list that goes to the client holds nothing it could not reach.
    fn lists(
        &mut self,
        force: Force,
        origin: Origin<'_>,
        key: &Key,
        asks: Option<Asks>,
        result: &Json,
    ) {
        let Force { rules, overriding } = force;
        let Some(asks) = asks else {
            if result.get("tools").is_some() {
                self.pins.goes_blind();
            }
            return;
        };
        if asks.method == "tools/list" {
            match answer_to(origin.bytes, key).filter(|_| origin.clean) {
                Some(sent) => self.pins.listed(&sent, asks.goes_on),
                None => self.pins.goes_blind(),
            }
            let mut names = result.items("tools").iter();
            let held = |name: &str| rules.holds(overriding) && self.pins.holds(name);
            let shown = names.find(|it| it.get("name").and_then(Json::text).is_some_and(held));
            assert!(shown.is_none(), "a tool is shown that is held: {shown:?}");
        }
        for entry in list_of(&asks.method).map_or(&[][..], |list| result.items(list)) {
            let task = entry.get("taskId").and_then(Json::text);
            let own = task.is_some_and(|it| self.tasks.contains(it));
            assert!(
                rules.shows(overriding, &asks.method, entry, own),
                "what can't be reached is listed: {entry:?}"
            );
        }
    }
}

/// The key of the list that answers this method.
fn list_of(method: &str) -> Option<&'static str> {
    match method {
        "resources/list" => Some("resources"),
        "resources/templates/list" => Some("resourceTemplates"),
        "prompts/list" => Some("prompts"),
        "tasks/list" => Some("tasks"),
        _ => None,
    }
}

/// The result under this id as the server wrote it.
fn answer_to(frame: &[u8], key: &Key) -> Option<Json> {
    let messages = messages(frame);
    let mut answers = messages
        .iter()
        .filter(|it| it.get("id").and_then(Json::key).as_ref() == Some(key))
        .filter_map(|it| it.get("result"));
    answers.next().cloned()
}
