//! What reached the recorder: its record file, read as messages.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A recorder's record file.
#[derive(Clone, Debug)]
pub struct Record(PathBuf);

impl Record {
    /// The record at this path; it need not be there yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Every line that reached the server, as bytes.
    #[must_use]
    pub fn raw(&self) -> Vec<u8> {
        std::fs::read(&self.0).unwrap_or_default()
    }

    /// Every message that reached the server.
    ///
    /// # Panics
    /// When a line is not JSON: then something unparsed was forwarded.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        self.raw()
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).expect("what reaches a server is JSON"))
            .collect()
    }

    /// The params of every `tools/call` that reached the server.
    #[must_use]
    pub fn calls(&self) -> Vec<Value> {
        self.messages()
            .into_iter()
            .filter(|message| message["method"] == "tools/call")
            .map(|mut message| message["params"].take())
            .collect()
    }

    /// How often a call with each value of `arguments.n` reached the server.
    #[must_use]
    pub fn counts(&self) -> HashMap<u64, u64> {
        let mut counts = HashMap::new();
        for call in self.calls() {
            if let Some(n) = call["arguments"]["n"].as_u64() {
                *counts.entry(n).or_default() += 1;
            }
        }
        counts
    }
}
