//! What a client is shown of the server's tools, before and after the policy changes under it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::process::Command;

use e2e::client::{Client, PATIENCE};
use e2e::home::Home;
use rustix::process::Signal;
use serde_json::{Value, json};

const CHANGED: &str = "notifications/tools/list_changed";

#[test]
fn a_policy_that_changes_under_a_session_changes_its_list_and_says_so() {
    let (home, mut client) = start("  allowed_tools: [read]");
    assert_eq!(names(&mut client), ["read"]);

    write(&home, "  allowed_tools: [read, write]");
    reload(&home);
    assert!(changed(&mut client), "{}", client.stderr());
    assert_eq!(names(&mut client), ["read", "write"]);
    assert!(client.call("write", &json!({})).get("result").is_some());

    write(&home, "  allowed_tools: [read, write]\n  ask_timeout: 5");
    reload(&home);
    assert!(!changed_soon(&mut client), "what may be called is the same");

    write(&home, "  list_filter: mark\n  allowed_tools: [write]");
    reload(&home);
    assert!(changed(&mut client));
    let tools = client.request("tools/list", &json!({}))["result"]["tools"].clone();
    assert_eq!(tools[0]["description"], "[blocked by policy] Reads");
    assert_eq!(
        tools[1],
        json!({"name": "write", "inputSchema": {"type": "object"}})
    );
}

#[test]
fn a_policy_that_changed_while_no_daemon_ran_is_told_by_the_next() {
    let (home, mut client) = start("  allowed_tools: [read]");
    assert_eq!(names(&mut client), ["read"]);
    write(&home, "  allowed_tools: [write]");
    reload(&home);
    assert!(changed(&mut client));
    home.kill_daemon(Signal::KILL);
    assert!(client.call("write", &json!({})).get("result").is_some());
    assert!(
        changed(&mut client),
        "it was listed to under the version before"
    );
    assert_eq!(names(&mut client), ["write"]);
    home.kill_daemon(Signal::KILL);
    assert_eq!(names(&mut client), ["write"]);
    assert!(!changed_soon(&mut client));
}

fn start(spec: &str) -> (Home, Client) {
    let home = Home::new();
    let policy = home.policy("listing.yaml", spec);
    let tools = home.work().join("tools.json");
    let listed = json!([
        {"name": "read", "description": "Reads", "inputSchema": {"type": "object"}},
        {"name": "write", "inputSchema": {"type": "object"}},
    ]);
    std::fs::write(&tools, listed.to_string()).unwrap();
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &["--tools", &tools.to_string_lossy()]);
    client.initialize();
    (home, client)
}

fn names(client: &mut Client) -> Vec<String> {
    let answer = client.request("tools/list", &json!({}));
    let tools = answer["result"]["tools"].as_array().unwrap().clone();
    let name = |tool: Value| tool["name"].as_str().unwrap().to_owned();
    tools.into_iter().map(name).collect()
}

fn write(home: &Home, spec: &str) {
    let path = home.policy("listing.yaml", spec);
    assert!(path.exists());
}

fn reload(home: &Home) {
    let mut command: Command = home.command("aipctl");
    let done = command.args(["policy", "reload"]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

fn changed(client: &mut Client) -> bool {
    let is = |message: &Value| message["method"] == CHANGED;
    client.find(PATIENCE, is).is_some()
}

/// Whether it is told by the time a whole round trip is over.
fn changed_soon(client: &mut Client) -> bool {
    client.request("ping", &json!({}));
    let is = |message: &Value| message["method"] == CHANGED;
    client
        .find(std::time::Duration::from_millis(300), is)
        .is_some()
}
