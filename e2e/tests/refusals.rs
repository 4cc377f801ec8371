//! What is refused beyond one tool by one rule: over all sessions, by method, without an answer,
//! and before the server has even started.

use std::time::Duration;

use e2e::client::{Client, PATIENCE};
use e2e::expect::holds;
use e2e::home::{Home, recorder};
use serde_json::json;

#[test]
fn a_rate_limit_holds_over_all_sessions_of_a_policy() {
    let (home, mut first) = start("  tool_rules:\n    - {tool: echo, rate_limit: 2/hour}");
    let policy = home.work().join("refusals.yaml");
    let mut second = home.wrap(&policy, &home.record("server"), &[]);
    second.initialize();
    assert!(first.call("echo", &json!({"n": 1})).get("result").is_some());
    assert!(
        second
            .call("echo", &json!({"n": 2}))
            .get("result")
            .is_some()
    );
    for client in [&mut first, &mut second] {
        let answer = client.call("echo", &json!({"n": 3}));
        holds(
            &answer["error"],
            &json!({"code": -32002, "message": "Rate limit exceeded",
            "data": {"tool": "echo", "aip": "rate_limited"}}),
        );
    }
    assert_eq!(home.record("server").calls().len(), 2);
    assert_eq!(home.decisions().last().unwrap()["decision"], "RATE_LIMITED");
}

#[test]
fn a_method_that_is_not_allowed_is_refused_by_name() {
    let (home, mut client) = start("  allowed_tools: [echo]");
    let answer = client.request("resources/read", &json!({"uri": "file:///etc/hosts"}));
    holds(
        &answer["error"],
        &json!({"code": -32006, "message": "Method not allowed",
        "data": {"method": "resources/read"}}),
    );
    let reached = home.record("server").messages();
    assert!(
        !reached
            .iter()
            .any(|message| message["method"] == "resources/read")
    );
    holds(
        home.decisions().last().unwrap(),
        &json!({"method": "resources/read",
        "decision": "BLOCK", "error_code": -32006}),
    );
}

#[test]
fn a_refused_notification_gets_no_reply_and_is_recorded() {
    let (home, mut client) = start("  allowed_tools: [echo]");
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/sneaky"}));
    assert!(client.call("echo", &json!({})).get("result").is_some());
    let reached = home.record("server").messages();
    assert!(
        !reached
            .iter()
            .any(|message| message["method"] == "notifications/sneaky")
    );
    let decisions = home.decisions();
    assert!(
        decisions
            .iter()
            .any(|line| line["method"] == "notifications/sneaky"),
        "{decisions:?}"
    );
    assert!(
        client.find(Duration::from_millis(200), |_| true).is_none(),
        "it got a reply"
    );
}

#[test]
fn without_a_policy_every_call_is_blocked() {
    let home = Home::new();
    let record = home.record("server");
    let mut command = home.command("aip");
    command.arg("--").args(recorder(&record, &[]));
    let mut client = Client::start(command);
    client.initialize();
    assert_eq!(client.call("echo", &json!({}))["error"]["code"], -32001);
    assert!(record.calls().is_empty());
}

#[test]
fn the_server_is_not_started_before_the_policy_has_loaded() {
    let home = Home::new();
    let good = home.policy("good", "  allowed_tools: [echo]");
    let text = std::fs::read_to_string(good)
        .unwrap()
        .replace("v1alpha1", "v9");
    let policy = home.policy_text("bad", &text);
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &[]);
    assert_eq!(client.wait(PATIENCE).code(), Some(3));
    client.wait_stderr("failed to load policy: invalid apiVersion");
    assert!(!record.path().exists(), "the server was started");
}

fn start(spec: &str) -> (Home, Client) {
    let home = Home::new();
    let policy = home.policy("refusals", spec);
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    (home, client)
}
