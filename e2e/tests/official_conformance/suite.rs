//! The suite: how it is run, and what it found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::counterparts::installed;
use e2e::home::Home;
use serde_json::Value;

use crate::bridge::Bridge;

/// What one run of the suite covers. Left out is `server-sse-polling`, which is about an HTTP
/// server that closes streams by itself.
const PARTS: [[&str; 2]; 2] = [["--suite", "active"], ["--scenario", "json-schema-2020-12"]];

/// The installed suite.
pub(crate) struct Suite {
    node: String,
    program: String,
}

impl Suite {
    /// The suite and the Node it needs, or why they can't be had.
    pub(crate) fn installed() -> Result<Self, String> {
        let arch = match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => other,
        };
        let modules = "conformance/node_modules";
        Ok(Self {
            node: installed(&format!("{modules}/node-linux-{arch}/bin/node"))?,
            program: installed(&format!(
                "{modules}/@modelcontextprotocol/conformance/dist/index.js"
            ))?,
        })
    }

    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// The command of the server that has what the suite asks for.
    pub(crate) fn server(&self) -> Vec<String> {
        let script = script("server.mjs").to_string_lossy().into_owned();
        vec![self.node.clone(), script]
    }

    /// Runs the suite at this stdio server; its results are kept in the home by this name.
    pub(crate) fn run(&self, home: &Home, name: &str, server: &[String]) -> Found {
        let bridge = Bridge::start(home, &self.node, server);
        let folder = home.work().join(name);
        for part in PARTS {
            let mut command = Command::new(&self.node);
            command
                .args([&self.program, "server", "--url", bridge.url()])
                .args(part)
                .arg("--output-dir")
                .arg(&folder);
            home.dress(&mut command);
            let output = command.output().expect("the suite can be run");
            // 1 says that checks failed.
            assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        }
        Found::read(&folder)
    }
}

/// A script of the bridge or the server.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("official-conformance")
        .join(name)
}

/// What the suite found: by a check's name, how it ended and what was said of it.
#[derive(Debug)]
pub(crate) struct Found {
    scenarios: BTreeSet<String>,
    checks: BTreeMap<String, (String, String)>,
}

impl Found {
    fn read(folder: &Path) -> Self {
        let mut found = Self {
            scenarios: BTreeSet::new(),
            checks: BTreeMap::new(),
        };
        for entry in fs::read_dir(folder).expect("results").flatten() {
            let text = fs::read(entry.path().join("checks.json")).expect("the checks");
            let checks: Vec<Value> = serde_json::from_slice(&text).expect("a list");
            found.take(scenario(&entry.file_name().to_string_lossy()), &checks);
        }
        found
    }

    fn take(&mut self, scenario: &str, checks: &[Value]) {
        assert!(self.scenarios.insert(scenario.to_owned()), "{scenario}");
        // What is only told is no check.
        let counted: Vec<_> = checks.iter().filter(|it| it["status"] != "INFO").collect();
        assert!(!counted.is_empty(), "{scenario} checks nothing");
        for check in counted {
            let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
            let said = format!("{} {}", text("errorMessage"), check["details"]);
            let before = self.checks.insert(text("id"), (text("status"), said));
            assert!(before.is_none(), "{check}: two of one name");
        }
    }

    /// How many scenarios there were, and how many checks.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.scenarios.len(), self.checks.len())
    }

    /// How each check ended.
    pub(crate) fn statuses(&self) -> Vec<(&str, &str)> {
        let checks = self.checks.iter();
        checks
            .map(|(id, (status, _))| (id.as_str(), status.as_str()))
            .collect()
    }

    /// The checks that did not pass, and what was said of them.
    pub(crate) fn failed(&self) -> BTreeMap<String, String> {
        let failed = self.checks.iter().filter(|(_, it)| it.0 != "SUCCESS");
        failed
            .map(|(id, (_, said))| (id.clone(), said.clone()))
            .collect()
    }
}

/// A scenario's results are in `server-SCENARIO-` and the time, 24 characters.
fn scenario(folder: &str) -> &str {
    let name = folder.strip_prefix("server-").expect("a server's results");
    let (name, time) = name.split_at(name.len() - "-2026-01-02T03-04-05-678Z".len());
    assert!(time.starts_with("-2"), "{folder}");
    name
}
