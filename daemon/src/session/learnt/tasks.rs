//! The tasks a session knows to be its own, with the call each stands for; bounded.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The most tasks remembered of one session; the oldest is forgotten first.
const MAX_TASKS: usize = 4096;
/// The longest id remembered, in bytes; a task under a longer one is nobody's.
const MAX_TASK_ID: usize = 1024;

/// What a task stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// The tool called, under the name forwarded.
    pub tool: Option<String>,
    /// What the call's records share.
    pub call_id: String,
    /// Which task of the session it is, counted from the first.
    nth: u64,
}

/// Tasks by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct Tasks(BTreeMap<String, Origin>);

/// As the store has them: bare ids where an earlier version wrote them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kept {
    Ids(BTreeSet<String>),
    Whole(BTreeMap<String, Origin>),
}

impl From<Kept> for Tasks {
    fn from(kept: Kept) -> Self {
        Self(match kept {
            Kept::Ids(ids) => ids.into_iter().map(|id| (id, Origin::default())).collect(),
            Kept::Whole(whole) => whole,
        })
    }
}

impl Tasks {
    /// Whether a task under this id would be a new one.
    #[must_use]
    pub fn takes(&self, id: &str) -> bool {
        id.len() <= MAX_TASK_ID && !self.0.contains_key(id)
    }

    /// Takes a task in, where it is a new one.
    pub fn created(&mut self, id: &str, tool: Option<&str>, call_id: &str) {
        if !self.takes(id) {
            return;
        }
        let last = self.0.values().map(|it| it.nth).max().unwrap_or_default();
        if self.0.len() >= MAX_TASKS {
            let oldest = self.0.iter().min_by_key(|(_, it)| it.nth);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                self.0.remove(&oldest);
            }
        }
        let origin = Origin {
            tool: tool.map(str::to_owned),
            call_id: call_id.to_owned(),
            nth: last.saturating_add(1),
        };
        self.0.insert(id.to_owned(), origin);
    }

    /// How many there are.
    pub(in crate::session) fn len(&self) -> usize {
        self.0.len()
    }

    /// What the task stands for, where it is one of these.
    #[must_use]
    pub fn origin(&self, id: &str) -> Option<&Origin> {
        self.0.get(id)
    }

    /// Whether the task is one of these.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_task_is_forgotten_first() {
        let mut tasks = Tasks::default();
        for n in 0..=MAX_TASKS {
            tasks.created(&format!("task {n}"), None, "c");
        }
        assert!(!tasks.knows("task 0"));
        assert!(tasks.knows("task 1") && tasks.knows(&format!("task {MAX_TASKS}")));
    }

    #[test]
    fn an_id_over_the_bound_is_nobodys() {
        let mut tasks = Tasks::default();
        let id = "x".repeat(MAX_TASK_ID + 1);
        tasks.created(&id, None, "c");
        assert!(!tasks.takes(&id) && !tasks.knows(&id));
    }

    #[test]
    fn a_task_keeps_the_call_it_was_made_for() {
        let mut tasks = Tasks::default();
        tasks.created("t", Some("a"), "first");
        tasks.created("t", Some("b"), "second");
        assert_eq!(tasks.origin("t").unwrap().call_id, "first");
    }

    #[test]
    fn what_an_earlier_version_wrote_is_read() {
        let tasks: Tasks = serde_json::from_str(r#"["a","b"]"#).unwrap();
        assert!(tasks.knows("a") && tasks.knows("b"));
        let text = serde_json::to_string(&tasks).unwrap();
        assert_eq!(serde_json::from_str::<Tasks>(&text).unwrap(), tasks);
    }
}
