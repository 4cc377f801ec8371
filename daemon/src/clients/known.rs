//! What is known of servers that ran through aip: pure.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use clients::At;
use serde::{Deserialize, Serialize};
use wire::control::{EditedFile, ServerState};

use super::survey::Seen;

/// The most entries remembered. Of more, a lost wrapper shows as a server that runs without.
const ENTRIES: usize = 4096;
/// The most files remembered that are not where a client's usually is.
const FILES: usize = 256;
/// The most places of `aip` remembered.
const AIPS: usize = 16;

/// Entries that were seen behind aip, files, and where aip is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Known {
    entries: BTreeMap<String, BTreeMap<String, Kept>>,
    files: BTreeMap<String, String>,
    aips: Vec<String>,
}

/// How an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    /// It was seen behind aip.
    Wrapped,
    /// A person is taking aip away.
    Released,
    /// It was behind aip and is not any more, and nobody said so.
    Lost,
}

/// A wrapper that went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) client: String,
    pub(super) server: String,
    pub(super) file: String,
}

/// An entry in its file.
fn key(at: &At) -> String {
    serde_json::to_string(at).unwrap_or_default()
}

impl Known {
    /// Files to be looked at beside the usual ones, and whose each is.
    pub(super) fn files(&self) -> Vec<(String, PathBuf)> {
        let files = self.files.iter();
        files
            .map(|(file, client)| (client.clone(), PathBuf::from(file)))
            .collect()
    }

    pub(super) fn aips(&self) -> Vec<String> {
        self.aips.clone()
    }

    pub(super) fn has_lost(&self, seen: &Seen) -> bool {
        self.kept(&seen.server.file, &seen.at) == Some(Kept::Lost)
    }

    fn kept(&self, file: &str, at: &At) -> Option<Kept> {
        self.entries.get(file)?.get(&key(at)).copied()
    }

    /// aip is about to be put in front: what was lost is not any more.
    pub(super) fn wrapping(&mut self, aip: &str, files: &[EditedFile]) {
        if !self.aips.iter().any(|it| it == aip) {
            if self.aips.len() >= AIPS {
                self.aips.remove(0);
            }
            self.aips.push(aip.to_owned());
        }
        for file in files {
            if self.files.len() < FILES {
                self.files.insert(file.file.clone(), file.client.clone());
            }
            let Some(entries) = self.entries.get_mut(&file.file) else {
                continue;
            };
            for at in &file.servers {
                entries.remove(&key(&At(at.clone())));
            }
        }
    }

    /// A person takes aip away from these.
    pub(super) fn releasing(&mut self, files: &[EditedFile]) {
        for file in files {
            let Some(entries) = self.entries.get_mut(&file.file) else {
                continue;
            };
            for at in &file.servers {
                if let Some(kept) = entries.get_mut(&key(&At(at.clone()))) {
                    *kept = Kept::Released;
                }
            }
        }
    }

    /// Takes in what a look has found; gives what was lost since the one before.
    pub(super) fn observe(&mut self, seen: &[Seen]) -> Vec<Lost> {
        let broken: HashSet<&str> = seen
            .iter()
            .filter(|it| it.server.server.is_empty())
            .map(|it| it.server.file.as_str())
            .collect();
        let there: HashSet<(&str, String)> = seen
            .iter()
            .map(|it| (it.server.file.as_str(), key(&it.at)))
            .collect();
        // What is not there any more is no entry that lost anything; of a file that can't be read
        // nobody knows.
        self.entries.retain(|file, entries| {
            if !broken.contains(file.as_str()) {
                entries.retain(|at, _| there.contains(&(file.as_str(), at.clone())));
            }
            !entries.is_empty()
        });
        let mut lost = Vec::new();
        for it in seen {
            if let Some(went) = self.one(it) {
                lost.push(went);
            }
        }
        lost
    }

    fn one(&mut self, seen: &Seen) -> Option<Lost> {
        let count: usize = self.entries.values().map(BTreeMap::len).sum();
        let file = &seen.server.file;
        let before = self.kept(file, &seen.at);
        let after = match (before, seen.through) {
            (None, true) if count >= ENTRIES => None,
            (Some(Kept::Released), true) => before,
            (None | Some(Kept::Wrapped | Kept::Lost), true) => Some(Kept::Wrapped),
            (Some(Kept::Wrapped | Kept::Lost), false) if seen.starts() => Some(Kept::Lost),
            (Some(Kept::Wrapped), false) if seen.server.state == ServerState::Broken => before,
            (None | Some(Kept::Wrapped | Kept::Released | Kept::Lost), false) => None,
        };
        if after == before {
            return None;
        }
        let entries = self.entries.entry(file.clone()).or_default();
        match after {
            Some(kept) => entries.insert(key(&seen.at), kept),
            None => entries.remove(&key(&seen.at)),
        };
        self.entries.retain(|_, entries| !entries.is_empty());
        (after == Some(Kept::Lost)).then(|| Lost {
            client: seen.server.client_name.clone(),
            server: seen.server.server.clone(),
            file: file.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
