//! What we ship in `policies/` loads without a warning and speaks of tools that exist.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use e2e::client::Client;
use e2e::counterparts::npm_server;
use e2e::home::Home;
use e2e::needs::needs;
use e2e::programs::{program, shipped_policy, workspace};
use serde_json::json;

#[test]
fn every_shipped_policy_is_valid() {
    let home = Home::new();
    let mut policies = Vec::new();
    for folder in ["policies", "policies/catalog"] {
        for entry in fs::read_dir(workspace().join(folder)).expect("there are policies") {
            policies.push(entry.expect("it can be read").path());
        }
    }
    let is_cases = |it: &PathBuf| it.to_string_lossy().ends_with(".tests.yaml");
    policies.retain(|it| it.is_file() && !is_cases(it));
    assert!(policies.len() > 20, "{policies:?}");
    for policy in policies {
        let path = policy.to_string_lossy();
        let output = home.ctl(&["policy", "validate", &path]);
        assert!(output.status.success(), "{path}: {output:?}");
        let said = format!("{output:?}");
        assert!(!said.contains("warning"), "{path}: {said}");
    }
}

#[test]
fn read_only_names_every_tool_of_server_filesystem_and_no_other() {
    let Some(mut server) = needs(
        "read_only_names_every_tool_of_server_filesystem",
        npm_server("filesystem"),
    ) else {
        return;
    };
    let home = Home::new();
    server.push(home.work().to_string_lossy().into_owned());
    check("read-only.yaml", &server, &home);
}

#[test]
fn the_demonstrations_policy_names_every_tool_of_the_notes_server_and_no_other() {
    let home = Home::new();
    let server = [program("aip-notes"), home.work()].map(|it| it.to_string_lossy().into_owned());
    check("demo.yaml", &server, &home);
}

/// The tools a server lists are the tools the policy names.
fn check(policy: &str, server: &[String], home: &Home) {
    let (program, args) = server.split_first().expect("a server has a command");
    let mut command = Command::new(program);
    command.args(args);
    home.dress(&mut command);
    let mut client = Client::start(command);
    client.initialize();
    let answer = client.request("tools/list", &json!({}));
    let tools = answer["result"]["tools"]
        .as_array()
        .expect("tools are listed");
    let listed: BTreeSet<&str> = tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    let text = fs::read_to_string(shipped_policy(policy)).expect("the policy can be read");
    assert_eq!(
        listed,
        named(&text),
        "listed by the server (left), named in {policy} (right)"
    );
}

/// The tool names of a policy written as ours are: one a line, under lists of tools or rules.
fn named(text: &str) -> BTreeSet<&str> {
    let mut under_tools = false;
    let mut names = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| line.starts_with("  ") && !line.contains(" #"))
    {
        if line.starts_with("  ") && !line.starts_with("   ") {
            under_tools = line.contains("_tools:");
        }
        let item = line.trim().strip_prefix("- ");
        if let Some(name) = item.and_then(|item| item.strip_prefix("tool: ")) {
            names.insert(name);
        } else if let Some(name) = item.filter(|_| under_tools) {
            names.insert(name);
        }
    }
    names
}
