//! One call through the real programs, for each way it can be judged: what the client is told,
//! what reaches the server, and what the audit says in all three places it can be read.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use e2e::client::{Client, PATIENCE};
use e2e::expect::holds;
use e2e::home::{Home, json_lines, recorder};
use e2e::wait::wait_for;
use serde_json::{Value, json};

/// One call under one policy.
struct Case {
    /// The policy's `spec`.
    spec: &'static str,
    tool: &'static str,
    args: Value,
    /// The error the client gets, but for its id; `None` for a result.
    error: Option<Value>,
    /// Whether the call reaches the server.
    reaches: bool,
    /// What every audit record of the decision must say, among other things.
    record: Value,
}

#[test]
fn a_listed_tool_is_allowed() {
    check(Case {
        spec: "  allowed_tools: [echo]",
        tool: "echo",
        args: json!({"text": "hi", "number": 1}),
        error: None,
        reaches: true,
        record: json!({"decision": "ALLOW", "violation": false, "args": {"text": "hi", "number": 1}}),
    });
}

#[test]
fn a_tool_that_is_not_listed_is_forbidden_in_the_exact_words() {
    check(Case {
        spec: "  allowed_tools: [other]",
        tool: "echo",
        args: json!({}),
        error: Some(json!({"code": -32001, "message": "Forbidden", "data": {
            "tool": "echo", "reason": "Tool not in allowed_tools list", "aip": "forbidden"}})),
        reaches: false,
        record: json!({"decision": "BLOCK", "violation": true, "error_code": -32001,
            "reason": "Tool not in allowed_tools list"}),
    });
}

#[test]
fn a_denied_tool_is_forbidden_though_it_is_listed() {
    check(Case {
        spec: "  allowed_tools: [echo]\n  denied_tools: ['ec*']",
        tool: "echo",
        args: json!({}),
        error: Some(json!({"code": -32001, "message": "Forbidden"})),
        reaches: false,
        record: json!({"decision": "BLOCK", "error_code": -32001}),
    });
}

#[test]
fn an_argument_that_does_not_match_is_named_without_its_pattern() {
    check(Case {
        spec: "  tool_rules:\n    - tool: echo\n      allow_args: {path: '/srv/.*'}",
        tool: "echo",
        args: json!({"path": "/etc/hosts"}),
        error: Some(json!({"code": -32001, "message": "Forbidden", "data": {"tool": "echo"}})),
        reaches: false,
        record: json!({"decision": "BLOCK", "failed_arg": "path"}),
    });
}

#[test]
fn a_protected_path_is_refused_in_monitor_mode_too() {
    check(Case {
        spec: "  mode: monitor\n  allowed_tools: [echo]\n  protected_paths: [/srv/secret]",
        tool: "echo",
        args: json!({"path": "/srv/./secret/key"}),
        error: Some(json!({"code": -32007, "message": "Access denied: protected path"})),
        reaches: false,
        record: json!({"decision": "BLOCK", "error_code": -32007, "policy_mode": "monitor"}),
    });
}

#[test]
fn monitor_mode_lets_a_violation_through_and_records_it() {
    check(Case {
        spec: "  mode: monitor\n  allowed_tools: [other]",
        tool: "echo",
        args: json!({}),
        error: None,
        reaches: true,
        record: json!({"decision": "ALLOW_MONITOR", "violation": true, "policy_mode": "monitor"}),
    });
}

#[test]
fn a_refused_call_can_be_a_tool_result_instead_of_an_error() {
    let (home, mut client) = start("  allowed_tools: []\n  on_block: tool_result", &[]);
    let answer = client.call("echo", &json!({}));
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    assert!(home.record("server").calls().is_empty());
}

#[test]
fn a_secret_in_an_answer_is_redacted_and_found_by_its_rule() {
    let spec = "  allowed_tools: [echo]\n  dlp:\n    patterns:\n      - {name: AWS Key, regex: 'AKIA[A-Z0-9]{16}'}";
    let (home, mut client) = start(spec, &["--text", "key AKIAIOSFODNN7EXAMPLE end"]);
    let answer = client.call("echo", &json!({"of": "AKIAIOSFODNN7EXAMPLE"}));
    assert_eq!(
        answer["result"]["content"][0]["text"],
        "key [REDACTED:AWS Key] end"
    );

    // Requests are not scanned by default: the server gets them whole, the audit never does.
    assert_eq!(
        home.record("server").calls()[0]["arguments"]["of"],
        "AKIAIOSFODNN7EXAMPLE"
    );
    let finding = wait_for("the finding", PATIENCE, || {
        home.live_audit()
            .into_iter()
            .find(|line| line["event"] == "DLP_TRIGGERED")
    });
    holds(
        &finding,
        &json!({"dlp_rule": "AWS Key", "dlp_action": "REDACTED",
        "dlp_match_count": 1, "direction": "downstream"}),
    );
    let whole = std::fs::read_to_string(home.path().join("aip-audit.jsonl")).unwrap();
    assert!(
        !whole.contains("AKIAIOSFODNN7EXAMPLE"),
        "the audit holds a redacted secret"
    );
}

fn start(spec: &str, switches: &[&str]) -> (Home, Client) {
    let home = Home::new();
    let policy = home.policy("spine", spec);
    let mirror = home.work().join("mirror.jsonl");
    let server = recorder(&home.record("server"), switches);
    let more = ["--audit", mirror.to_str().unwrap()];
    let mut client = Client::start(home.aip(&policy, &more, &server));
    client.initialize();
    (home, client)
}

fn check(case: Case) {
    let (home, mut client) = start(case.spec, &[]);
    let answer = client.call(case.tool, &case.args);
    match &case.error {
        Some(error) => holds(&answer["error"], error),
        None => assert_eq!(
            answer["result"]["content"][0]["text"],
            case.args.to_string()
        ),
    }
    assert_eq!(
        answer.get("result").is_some(),
        case.error.is_none(),
        "{answer}"
    );
    let reached = home.record("server").calls();
    assert_eq!(
        !reached.is_empty(),
        case.reaches,
        "reached the server: {reached:?}"
    );

    let is_ours = |line: &Value| line["tool"] == case.tool && line.get("decision").is_some();
    let asked = home.decisions().into_iter().find(is_ours);
    let live = wait_for("the live record", PATIENCE, || {
        home.live_audit().into_iter().find(is_ours)
    });
    let mirror = wait_for("the mirrored record", PATIENCE, || {
        let bytes = std::fs::read(home.work().join("mirror.jsonl")).unwrap_or_default();
        json_lines(&bytes).into_iter().find(is_ours)
    });
    for line in [asked.as_ref(), Some(&live), Some(&mirror)] {
        let line = line.unwrap_or(&Value::Null);
        holds(line, &case.record);
        holds(
            line,
            &json!({"direction": "upstream", "method": "tools/call"}),
        );
        for always in [
            "timestamp",
            "policy_mode",
            "session_id",
            "policy_hash",
            "call_id",
        ] {
            assert!(
                line.get(always).is_some(),
                "`{always}` is missing in {line}"
            );
        }
    }
    assert!(home.verifies().status.success(), "{:?}", home.verifies());
}
