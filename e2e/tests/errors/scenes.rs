//! One scene a word of `data.aip`: how the error comes about.

use std::fs;

use e2e::client::PATIENCE;
use e2e::home::{Home, TEST_CONFIG};
use e2e::wait::wait_for;
use serde_json::{Value, json};

use crate::Stage;

const ASKS: &str = "  tool_rules: [{tool: echo, action: ask}]";
const ALLOWS: &str = "  allowed_tools: [echo]";

pub(super) fn forbidden() -> Value {
    let spec = "  tool_rules: [{tool: echo, allow_args: {path: '/home/me/.*'}}]";
    Stage::new(spec, &[]).call(&json!({"path": "/etc/passwd"}))
}

pub(super) fn rate_limited() -> Value {
    let mut stage = Stage::new("  tool_rules: [{tool: echo, rate_limit: 1/hour}]", &[]);
    assert_eq!(stage.call(&json!({})), Value::Null);
    let mut error = stage.call(&json!({}));
    let after = error["data"]["retry_after_ms"].as_u64().unwrap();
    assert!((3_500_000..=3_600_000).contains(&after), "{after}");
    error["data"]["retry_after_ms"] = json!(3_599_000);
    error
}

pub(super) fn method_not_allowed() -> Value {
    let mut stage = Stage::new(ALLOWS, &[]);
    let params = json!({"uri": "file:///etc/hosts"});
    stage.client.request("resources/read", &params)["error"].take()
}

pub(super) fn protected_path() -> Value {
    let mut stage = Stage::new(ALLOWS, &[]);
    stage.call(&json!({"path": "./agent.yaml"}))
}

pub(super) fn schema_mismatch() -> Value {
    let hash = format!("sha256:{}", "0".repeat(64));
    let spec = format!("  tool_rules: [{{tool: echo, schema_hash: '{hash}'}}]");
    let mut stage = Stage::new(&spec, &[]);
    stage.client.request("tools/list", &json!({}));
    stage.call(&json!({}))
}

pub(super) fn dlp() -> Value {
    let spec = "  allowed_tools: [echo]\n  dlp: {scan_requests: true, \
                patterns: [{name: AWS Key, regex: 'AKIA[A-Z0-9]{16}'}]}";
    Stage::new(spec, &[]).call(&json!({"of": "AKIAIOSFODNN7EXAMPLE"}))
}

pub(super) fn redaction_failed() -> Value {
    let spec = "  allowed_tools: [echo]\n  dlp: {max_scan_size: 64KB, on_oversize: refuse, \
                on_redaction_failure: reject, patterns: [{name: a, regex: a}]}";
    Stage::new(spec, &["--big-answer", "100000"]).call(&json!({}))
}

pub(super) fn user_denied() -> Value {
    Stage::new(ASKS, &[]).asked(|home, id| assert!(home.ctl(&["deny", id]).status.success()))
}

pub(super) fn approval_timeout() -> Value {
    Stage::new(&format!("{ASKS}\n  ask_timeout: 1"), &[]).asked(|_, _| ())
}

pub(super) fn too_many_prompts() -> Value {
    let config = format!("{TEST_CONFIG}prompts_per_minute: 1\n");
    let mut stage = Stage::with_config(&config, ASKS, &[]);
    stage.asked(|home, id| assert!(home.ctl(&["deny", id]).status.success()));
    stage.call(&json!({"n": 2}))
}

pub(super) fn already_ran() -> Value {
    let mut stage = Stage::new(ASKS, &["--silent"]);
    let call = stage.client.ask_call("echo", &json!({}));
    let waits = wait_for("a waiting call", PATIENCE, || stage.home.approvals().pop());
    let allowed = stage.home.ctl(&["approve", waits["id"].as_str().unwrap()]);
    assert!(allowed.status.success(), "{allowed:?}");
    let params = json!({"requestId": call, "reason": "timed out"});
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
    stage.client.send(&cancel);
    stage.call(&json!({}))
}

pub(super) fn ask_in_batch() -> Value {
    let home = Home::new();
    let policy = home.policy("agent", ASKS);
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    let params = json!({"protocolVersion": "2025-03-26", "capabilities": {},
        "clientInfo": {"name": "e2e", "version": "1"}});
    client.request("initialize", &params);
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    client.send(&json!([{"jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": {"name": "echo", "arguments": {}}}]));
    client.answer(7, PATIENCE).unwrap()["error"].take()
}

pub(super) fn changed() -> Value {
    Stage::new(ASKS, &[]).asked(|home, id| {
        let _ = home.policy("agent", "  denied_tools: [echo]");
        let reloaded = home.ctl(&["policy", "reload"]);
        assert!(reloaded.status.success(), "{reloaded:?}");
        let late = home.ctl(&["approve", id]);
        assert_eq!(late.status.code(), Some(4), "the person is told: {late:?}");
    })
}

pub(super) fn stale_state() -> Value {
    let mut stage = Stage::new(ALLOWS, &[]);
    let params = json!({"name": "echo", "arguments": {}, "requestState": "aip-ask-1"});
    stage.client.request("tools/call", &params)["error"].take()
}

pub(super) fn unavailable() -> Value {
    let home = Home::with_config("no_such_key: 1\n");
    let policy = home.policy("agent", ALLOWS);
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.call("echo", &json!({}))["error"].take()
}

pub(super) fn audit_unavailable() -> Value {
    let mut stage = Stage::new(ALLOWS, &[]);
    for file in ["audit.db", "audit.db-wal", "audit.db-shm"] {
        fs::remove_file(stage.home.path().join(file)).unwrap();
    }
    stage.call(&json!({}))
}

pub(super) fn malformed() -> Value {
    let mut stage = Stage::new(ALLOWS, &[]);
    let line = br#"{"jsonrpc":"2.0","id":9,"method":"tools/call","method":"ping"}"#;
    stage.client.send_raw(line);
    stage.client.send_raw(b"\n");
    let answer = stage.client.find(PATIENCE, |it| it.get("error").is_some());
    answer.unwrap()["error"].take()
}

pub(super) fn too_many_outstanding() -> Value {
    let mut stage = Stage::new(ALLOWS, &["--silent"]);
    let first = (0..1024).map(|_| stage.client.ask_call("echo", &json!({})));
    let last = first.last().unwrap();
    let id = stage.client.ask_call("echo", &json!({}));
    assert_eq!(id, last + 1);
    stage.client.answer(id, PATIENCE).unwrap()["error"].take()
}

pub(super) fn server_ended() -> Value {
    let switches = ["--silent", "--exit-after", "1", "--exit-code", "3"];
    Stage::new(ALLOWS, &switches).call(&json!({}))
}

pub(super) fn malformed_answer() -> Value {
    let home = Home::new();
    let file = home.work().join("result.json");
    fs::write(&file, json!({"Content": [], "content": []}).to_string()).unwrap();
    let policy = home.policy("agent", ALLOWS);
    let switches = ["--result", file.to_str().unwrap()];
    let mut client = home.wrap(&policy, &home.record("server"), &switches);
    client.initialize();
    client.call("echo", &json!({}))["error"].take()
}
