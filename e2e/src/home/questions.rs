//! What a home's daemon says when asked, through `aipctl` and through its files.

use std::fs;
use std::process::Output;

use serde_json::Value;

use super::Home;
use crate::person;

impl Home {
    /// Runs `aipctl`; what only a person may do, in the person's terminal.
    ///
    /// # Panics
    /// When it can't be run.
    #[must_use]
    pub fn ctl(&self, args: &[&str]) -> Output {
        let mut command = self.command("aipctl");
        command.args(args);
        if only_a_person(args) {
            return person::runs(&command);
        }
        command.output().expect("aipctl can be run")
    }

    /// Runs `aipctl` as the client would: this test is one.
    ///
    /// # Panics
    /// When it can't be run.
    #[must_use]
    pub fn ctl_of_the_client(&self, args: &[&str]) -> Output {
        let mut command = self.command("aipctl");
        command.args(args).output().expect("aipctl can be run")
    }

    /// Runs `aipctl` and reads the JSON lines it prints.
    ///
    /// # Panics
    /// When it fails or prints something else.
    #[must_use]
    pub fn ctl_lines(&self, args: &[&str]) -> Vec<Value> {
        let output = self.ctl(args);
        assert!(output.status.success(), "aipctl {args:?}: {output:?}");
        json_lines(&output.stdout)
    }

    /// The daemon's status.
    #[must_use]
    pub fn status(&self) -> Value {
        let output = self.ctl(&["status", "--json"]);
        assert!(output.status.success(), "aipctl status: {output:?}");
        serde_json::from_slice(&output.stdout).expect("status is one JSON value")
    }

    /// The calls that wait for a person.
    #[must_use]
    pub fn approvals(&self) -> Vec<Value> {
        let output = self.ctl(&["approvals", "--json"]);
        assert!(output.status.success(), "aipctl approvals: {output:?}");
        serde_json::from_slice(&output.stdout).expect("approvals are a JSON list")
    }

    /// The decisions the store holds, oldest first.
    #[must_use]
    pub fn decisions(&self) -> Vec<Value> {
        self.ctl_lines(&["logs", "--json", "--limit", "100000"])
            .into_iter()
            .filter(|line| line.get("decision").is_some())
            .collect()
    }

    /// The live audit file's records.
    #[must_use]
    pub fn live_audit(&self) -> Vec<Value> {
        json_lines(&fs::read(self.aip_home.join("aip-audit.jsonl")).unwrap_or_default())
    }

    /// Whether `aipctl audit verify` finds the chain whole.
    #[must_use]
    pub fn verifies(&self) -> Output {
        self.ctl(&["audit", "verify"])
    }
}

/// Commands that count from a person's terminal alone.
fn only_a_person(args: &[&str]) -> bool {
    matches!(
        args,
        [
            "approve"
                | "dashboard"
                | "deny"
                | "extend"
                | "pause"
                | "stop-all"
                | "resume"
                | "uninstall",
            ..
        ] | ["grants", "revoke", ..]
            | ["policy", "trust", ..]
            | ["tools", "approve", ..]
            | ["audit", "erase", ..]
    )
}

/// Reads JSON lines.
///
/// # Panics
/// When a line is not JSON.
#[must_use]
pub fn json_lines(bytes: &[u8]) -> Vec<Value> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_slice(line)
                .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(line)))
        })
        .collect()
}
