//! What a session learns of its two peers from the traffic, and keeps over a daemon's death.

use std::collections::BTreeSet;
use std::path::PathBuf;

use engine::decide::Listing;
use engine::name::{looks_like, normal_form};
use serde::{Deserialize, Serialize};
use wire::json::Value;

use super::node::node;
use crate::peer::Process;

/// The most tools remembered of one server; a longer list is cut, and what was cut is refused.
const MAX_TOOLS: usize = 4096;
/// The most tasks remembered of one session.
const MAX_TASKS: usize = 4096;
/// The most of the client's roots that are taken as bases for relative paths.
const MAX_ROOTS: usize = 64;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learnt {
    /// The protocol revision the server answered `initialize` with.
    pub revision: Option<String>,
    /// The tools as the server last listed them; `None` before it did.
    tools: Option<Vec<Tool>>,
    /// Tasks this session created.
    tasks: BTreeSet<String>,
    /// The client's roots that are folders.
    pub roots: Vec<PathBuf>,
    /// The server's process, where it is the shim's own child.
    pub server: Option<Process>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tool {
    name: String,
    normal: String,
    looks: String,
    /// Its whole definition as JSON.
    definition: String,
}

impl Learnt {
    /// Takes in one page of a tool list; the first page replaces what was known.
    pub fn tools_listed(&mut self, page: &[Value<'_>], first: bool) {
        let tools = self.tools.get_or_insert_default();
        if first {
            tools.clear();
        }
        for definition in page {
            let Some(name) = definition.get("name").and_then(Value::as_str) else {
                continue;
            };
            if tools.len() < MAX_TOOLS {
                tools.push(Tool {
                    name: name.to_owned(),
                    normal: normal_form(name).into_owned(),
                    looks: looks_like(name),
                    definition: definition.to_json(),
                });
            }
        }
    }

    /// What the server listed under this name, handed to `then`.
    pub fn listing<T>(&self, name: &str, then: impl FnOnce(Listing<'_>) -> T) -> T {
        let Some(tools) = &self.tools else {
            return then(Listing::Unknown);
        };
        let (normal, looks) = (normal_form(name), looks_like(name));
        let mut alike = tools
            .iter()
            .filter(|tool| tool.normal == normal || tool.looks == looks);
        match (alike.next(), alike.next()) {
            (None, _) => then(Listing::Absent),
            (Some(_), Some(_)) => then(Listing::Ambiguous),
            (Some(tool), None) if tool.normal != normal => then(Listing::Absent),
            (Some(tool), None) => {
                let parsed = wire::json::parse(tool.definition.as_bytes());
                let value = parsed.map_or(Value::Null, |parsed| parsed.value);
                then(Listing::One {
                    name: &tool.name,
                    definition: &node(&value),
                })
            }
        }
    }

    /// Names that are held back because two tools share a normal form or look alike.
    #[must_use]
    pub fn look_alikes(&self) -> Vec<(&str, &str)> {
        let tools = self.tools.as_deref().unwrap_or_default();
        let mut first = std::collections::HashMap::new();
        let mut pairs = Vec::new();
        for tool in tools {
            if let Some(other) = first.insert(tool.looks.as_str(), tool.name.as_str()) {
                pairs.push((other, tool.name.as_str()));
            }
        }
        pairs
    }

    /// Whether the tool promises a form for its structured output.
    #[must_use]
    pub fn has_output_schema(&self, name: &str) -> bool {
        self.tools.iter().flatten().any(|tool| {
            tool.name == name
                && wire::json::parse(tool.definition.as_bytes())
                    .is_ok_and(|parsed| parsed.value.get("outputSchema").is_some())
        })
    }

    /// Takes in a task this session created.
    pub fn task_created(&mut self, id: &str) {
        if self.tasks.len() < MAX_TASKS {
            self.tasks.insert(id.to_owned());
        }
    }

    /// Whether this session created the task.
    #[must_use]
    pub fn task_known(&self, id: &str) -> bool {
        self.tasks.contains(id)
    }

    /// Takes in the client's answer to `roots/list`.
    pub fn roots_listed(&mut self, result: &Value<'_>) {
        let roots = result
            .get("roots")
            .and_then(Value::as_array)
            .unwrap_or_default();
        self.roots = roots
            .iter()
            .filter_map(|root| root.get("uri")?.as_str()?.strip_prefix("file://"))
            .filter(|path| path.starts_with('/'))
            .take(MAX_ROOTS)
            .map(PathBuf::from)
            .collect();
    }
}
