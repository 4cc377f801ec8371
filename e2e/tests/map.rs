//! The map's own checks: which of our crates may import which, and what the pure ones never
//! touch, held against what cargo and the sources say.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::programs::workspace;
use serde_json::Value;

/// Each crate's folder and the crates of ours it may import. Nobody imports `daemon`.
const IMPORTS: [(&str, &[&str]); 7] = [
    ("engine", &[]),
    ("wire", &[]),
    ("clients", &[]),
    ("shim", &["wire"]),
    ("cli", &["wire", "engine", "clients"]),
    ("daemon", &["wire", "engine", "clients"]),
    ("e2e", &[]),
];

/// What may not be in a crate's dependency tree, at any depth, tests apart.
const ABSENT: [(&str, &[&str]); 4] = [
    (
        "engine",
        &[
            "tokio", "mio", "axum", "hyper", "rusqlite", "rustix", "tempfile", "jiff",
        ],
    ),
    (
        "wire",
        &[
            "tokio", "mio", "axum", "hyper", "rusqlite", "rustix", "tempfile", "jiff",
        ],
    ),
    (
        "clients",
        &[
            "tokio", "mio", "axum", "hyper", "rusqlite", "rustix", "tempfile", "jiff",
        ],
    ),
    (
        "shim",
        &[
            "aip-engine",
            "aip-clients",
            "axum",
            "hyper",
            "rusqlite",
            "regex",
            "clap",
        ],
    ),
];

/// What the sources of a pure crate never name: files, clock, environment, processes, sockets.
const IMPURE: [&str; 9] = [
    "std::fs",
    "std::env",
    "std::net",
    "std::os::unix",
    "std::process",
    "std::thread",
    "SystemTime::now",
    "Instant::now",
    "std::io::stdin",
];

#[test]
fn crates_import_what_the_map_allows() {
    let map = Map::read();
    let folders: BTreeSet<&str> = map.packages.keys().map(String::as_str).collect();
    assert_eq!(folders, IMPORTS.iter().map(|(folder, _)| *folder).collect());
    for (folder, allowed) in IMPORTS {
        let imported = map.own_imports(folder);
        let extra: Vec<_> = imported
            .iter()
            .filter(|it| !allowed.contains(&it.as_str()))
            .collect();
        assert!(
            extra.is_empty(),
            "{folder} imports {extra:?}, which the map does not allow"
        );
    }
}

#[test]
fn the_pure_crates_and_the_shim_stay_small() {
    let map = Map::read();
    for (folder, absent) in ABSENT {
        let tree = map.tree(folder);
        assert!(!tree.is_empty(), "the tree of {folder} was not read");
        for name in absent {
            assert!(!tree.contains(*name), "{folder} depends on {name}");
        }
    }
}

#[test]
fn the_pure_crates_name_no_file_clock_or_environment() {
    for folder in ["engine", "wire", "clients"] {
        let sources = sources(&workspace().join(folder).join("src"));
        assert!(!sources.is_empty(), "no source of {folder} was found");
        for path in sources {
            let text = std::fs::read_to_string(&path).expect("a source can be read");
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                let named = IMPURE.iter().find(|impure| line.contains(**impure));
                assert!(
                    named.is_none(),
                    "{} names {named:?}: {line}",
                    path.display()
                );
            }
        }
    }
}

struct Map {
    /// Folder to package, of the workspace.
    packages: BTreeMap<String, Value>,
    /// Package id to its node in the resolved graph.
    nodes: BTreeMap<String, Value>,
    /// Package id to name.
    names: BTreeMap<String, String>,
}

impl Map {
    fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--format-version",
                "1",
                "--locked",
                "--filter-platform",
                &host(),
            ])
            .current_dir(workspace())
            .output()
            .expect("cargo can be run");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let members = list(&metadata["workspace_members"]);
        let mut map = Self {
            packages: BTreeMap::new(),
            nodes: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        for package in list(&metadata["packages"]) {
            map.names
                .insert(text(&package["id"]), text(&package["name"]));
            if members.contains(&package["id"]) {
                map.packages.insert(folder_of(&package), package);
            }
        }
        for node in list(&metadata["resolve"]["nodes"]) {
            map.nodes.insert(text(&node["id"]), node);
        }
        map
    }

    /// The folders of our crates this one imports, test-only imports of itself apart.
    fn own_imports(&self, folder: &str) -> BTreeSet<String> {
        let dependencies = self.packages[folder]["dependencies"]
            .as_array()
            .expect("a list");
        dependencies
            .iter()
            .filter_map(|dependency| dependency["path"].as_str())
            .filter_map(|path| Path::new(path).file_name()?.to_str())
            .filter(|imported| *imported != folder)
            .map(str::to_owned)
            .collect()
    }

    /// The names of all packages this one is built from.
    fn tree(&self, folder: &str) -> BTreeSet<String> {
        let root = self.packages[folder]["id"]
            .as_str()
            .expect("packages have ids");
        let (mut seen, mut open) = (BTreeSet::new(), vec![root.to_owned()]);
        while let Some(id) = open.pop() {
            let node = self
                .nodes
                .get(&id)
                .unwrap_or_else(|| panic!("{id} is not resolved"));
            for dependency in node["deps"].as_array().into_iter().flatten() {
                let kinds = dependency["dep_kinds"]
                    .as_array()
                    .expect("kinds are listed");
                let built_in = kinds.iter().any(|kind| kind["kind"].is_null());
                let next = dependency["pkg"]
                    .as_str()
                    .expect("dependencies have ids")
                    .to_owned();
                if built_in && seen.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        seen.iter().map(|id| self.names[id].clone()).collect()
    }
}

/// Only what is built here is asked about: the rest need not have been fetched.
fn host() -> String {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc can be run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}

fn folder_of(package: &Value) -> String {
    let manifest = Path::new(
        package["manifest_path"]
            .as_str()
            .expect("packages have manifests"),
    );
    let folder = manifest
        .parent()
        .and_then(Path::file_name)
        .expect("a manifest is in a folder");
    folder.to_string_lossy().into_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a source folder can be read");
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                Vec::from_iter(
                    path.extension()
                        .is_some_and(|it| it == "rs")
                        .then_some(path),
                )
            }
        })
        .collect()
}
