//! What a policy names, what a server lists, and a client between the two.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, recorder};
use e2e::programs::{shipped_policy, workspace};
use e2e::wait::{wait_for, wait_until};
use serde_json::{Value, json};

/// The tools of a list in `e2e/guide`.
pub(crate) fn kept(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(workspace().join("e2e/guide").join(file)).unwrap();
    let tools = text.lines().filter(|line| !line.starts_with('#'));
    tools.map(str::to_owned).collect()
}

/// The tools a policy speaks of, written as ours are: one a line.
pub(crate) fn named(policy: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(shipped_policy(policy)).unwrap();
    let mut names = BTreeSet::new();
    let mut section = "";
    for line in text.lines() {
        match line.strip_prefix("    - ") {
            None if line.starts_with("  ") && !line.starts_with("   ") => section = line.trim(),
            None => {}
            Some(item) => match (section, item.strip_prefix("tool: ")) {
                ("tool_rules:", Some(name)) => drop(names.insert(name.to_owned())),
                ("allowed_tools:" | "denied_tools:", _) => drop(names.insert(item.to_owned())),
                _ => {}
            },
        }
    }
    names
}

/// The tools a server lists to a client with these capabilities. Some come only after the
/// handshake, so it is asked until nothing changes.
pub(crate) fn listed(home: &Home, server: &[String], capabilities: &Value) -> BTreeSet<String> {
    let (program, args) = server.split_first().expect("a server has a command");
    let mut command = Command::new(program);
    command.args(args);
    home.dress(&mut command);
    let mut client = Client::start(command);
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities,
        "clientInfo": {"name": "e2e", "version": "1"}});
    client.request("initialize", &params);
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let mut tools = || {
        let answer = client.request("tools/list", &json!({}));
        let tools = answer["result"]["tools"]
            .as_array()
            .expect("tools are listed")
            .clone();
        let names = tools.iter().filter_map(|tool| tool["name"].as_str());
        names.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let mut last = tools();
    wait_for("the list to stay", PATIENCE, || {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let now = tools();
        (std::mem::replace(&mut last, now.clone()) == now).then_some(now)
    })
}

/// A server that can't be had here, played by the recorder under its tools' names.
pub(crate) fn kept_server(home: &Home, policy: &str, tools: &BTreeSet<String>) -> Client {
    let tool = |name: &String| json!({"name": name, "inputSchema": {"type": "object"}});
    let tools: Vec<_> = tools.iter().map(tool).collect();
    let file = home.work().join("tools.json");
    fs::write(&file, json!(tools).to_string()).unwrap();
    let switches = ["--tools", file.to_str().expect("a plain path")];
    wrapped(home, policy, &recorder(&home.record("server"), &switches))
}

pub(crate) fn wrapped(home: &Home, policy: &str, server: &[String]) -> Client {
    let mut client = Client::start(home.aip(&shipped_policy(policy), &[], server));
    client.initialize();
    client.request("tools/list", &json!({}));
    client
}

/// Says no to the call that waits, which must be of this tool.
pub(crate) fn deny(home: &Home, tool: &str) {
    let approval = wait_for("a waiting approval", PATIENCE, || home.approvals().pop());
    assert_eq!(approval["tool"], tool);
    let output = home.ctl(&["deny", approval["id"].as_str().expect("it has an id")]);
    assert!(output.status.success(), "{output:?}");
    wait_until("the answer to count", PATIENCE, || {
        home.approvals().is_empty()
    });
}

pub(crate) fn code(answer: &Value) -> i64 {
    answer["error"]["code"].as_i64().unwrap_or_default()
}
