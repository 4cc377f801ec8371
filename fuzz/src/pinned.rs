//! The tools a client was shown, against what it was shown of them first: a judge of pins that
//! knows of no hashes. Where it can't be sure it says nothing.

use std::collections::BTreeMap;

use super::rules::normal;
use super::seen::Json;

/// What is known of the server's tools.
#[derive(Default)]
pub struct Pinned {
    /// As each was first listed.
    first: BTreeMap<String, Json>,
    /// A whole list was shown: tools that come are new.
    closed: bool,
    /// As each was last listed.
    shown: BTreeMap<String, Json>,
    /// Those are all there are.
    whole: bool,
    /// Something was listed that is not to be judged here.
    blind: bool,
}

impl Pinned {
    /// A list was shown that is none of ours, or that answers nobody knows what.
    pub fn goes_blind(&mut self) {
        self.blind = true;
    }

    /// Whether the session was shown what was listed last can't be told.
    pub fn forgets_shown(&mut self) {
        self.shown.clear();
        self.whole = false;
    }

    /// A page is shown, as the server wrote it: the first of a list, or one that goes on.
    pub fn listed(&mut self, page: &Json, goes_on: bool) {
        if !goes_on {
            self.shown.clear();
        }
        let lists = page.get("tools").is_some();
        self.whole = lists && !goes_on && page.get("nextCursor").is_none();
        for tool in page.items("tools") {
            let Some(name) = tool.get("name").and_then(Json::text) else {
                continue;
            };
            if !self.closed && !self.first.contains_key(name) {
                self.first.insert(name.to_owned(), tool.clone());
            }
            self.shown.insert(name.to_owned(), tool.clone());
        }
        self.closed |= self.whole;
    }

    /// Whether a tool is not what it was first: changed, new or gone.
    pub fn holds(&self, tool: &str) -> bool {
        let tool = normal(tool);
        let named = |name: &&String| normal(name) == tool;
        let mut shown = self.shown.keys().filter(named).peekable();
        if self.blind {
            false
        } else if shown.peek().is_some() {
            shown.all(|name| self.first.get(name) != self.shown.get(name))
        } else {
            self.whole && self.first.keys().any(|name| named(&name))
        }
    }
}
