//! Secrets on their way from the client to the server, where the policy scans requests.

use crate::out::Out;
use crate::world::{World, answer, call, request, tell};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

fn spec(on_match: &str) -> String {
    format!(
        "allowed_tools: ['*']\nallowed_methods: ['*']\ntool_rules:\n  - {{tool: once, rate_limit: 1/hour}}\n\
         dlp:\n  scan_requests: true\n  on_request_match: {on_match}\n  patterns:\n    \
         - {{name: AWS, regex: 'AKIA[A-Z0-9]{{16}}'}}"
    )
}

fn sent(on_match: &str, line: &str) -> Out {
    World::new(&spec(on_match)).client(line)
}

fn secret_call() -> String {
    call("1", "t", &format!(r#"{{"k":"{KEY}"}}"#))
}

fn no_secret_recorded(out: &Out) {
    assert!(
        !serde_json::to_string(&out.lines).unwrap().contains(KEY),
        "{out:?}"
    );
}

#[test]
fn a_match_blocks_by_default() {
    let out = sent("block", &secret_call());
    assert_eq!((out.code(), &out.forward), (Some(-32001), &None));
    assert_eq!(out.decisions(), ["BLOCK"]);
    assert_eq!(
        out.event("DLP_TRIGGERED")
            .map(|it| it["dlp_action"].clone()),
        Some("BLOCKED".into())
    );
    assert!(!out.replies[0].to_string().contains(KEY));
    no_secret_recorded(&out);
}

#[test]
fn a_blocked_request_costs_no_rate_and_frees_its_id() {
    let mut world = World::new(&spec("block"));
    let line = call("1", "once", &format!(r#"{{"k":"{KEY}"}}"#));
    assert_eq!(world.client(&line).code(), Some(-32001));
    assert!(world.client(&call("1", "once", "{}")).as_is);
    assert_eq!(world.client(&call("2", "once", "{}")).code(), Some(-32002));
}

#[test]
fn a_match_is_redacted_where_the_policy_says_so() {
    let out = sent("redact", &secret_call());
    assert_eq!(out.json()["params"]["arguments"]["k"], "[REDACTED:AWS]");
    assert_eq!(out.decisions(), ["ALLOW"]);
    no_secret_recorded(&out);
}

#[test]
fn a_match_is_only_told_where_the_policy_says_so() {
    let out = sent("warn", &secret_call());
    assert!(out.as_is);
    assert_eq!(
        out.event("DLP_TRIGGERED")
            .map(|it| it["dlp_action"].clone()),
        Some("WARNED".into())
    );
    no_secret_recorded(&out);
}

#[test]
fn without_request_scanning_the_record_is_redacted_all_the_same() {
    let off = spec("block").replace("scan_requests: true", "scan_requests: false");
    let mut world = World::new(&off);
    let out = world.client(&call("1", KEY, &format!(r#"{{"{KEY}":["{KEY}",1]}}"#)).to_lowercase());
    no_secret_recorded(&out);
    let out = world.client(&secret_call().replace("\"id\":1", "\"id\":2"));
    assert!(out.as_is);
    no_secret_recorded(&out);
    let out = world.client(&call("3", &format!("{KEY}\u{200b}"), "{}"));
    no_secret_recorded(&out);
}

/// Whatever its method, a request takes secrets out.
#[test]
fn every_method_is_scanned_not_only_calls() {
    for line in [
        request(
            "1",
            "completion/complete",
            &format!(r#"{{"argument":{{"name":"a","value":"{KEY}"}}}}"#),
        ),
        request(
            "1",
            "prompts/get",
            &format!(r#"{{"name":"p","arguments":{{"a":"{KEY}"}}}}"#),
        ),
        request(
            "1",
            "resources/read",
            &format!(r#"{{"uri":"https://h/{KEY}"}}"#),
        ),
        request("1", "vendor/thing", &format!(r#"{{"x":"{KEY}"}}"#)),
    ] {
        let out = sent("block", &line);
        assert_eq!(out.forward, None, "{line}");
        assert_eq!(out.code(), Some(-32001), "{line}");
    }
    let line = tell(
        "notifications/initialized",
        &format!(r#"{{"message":"{KEY}"}}"#),
    );
    assert_eq!(sent("block", &line).forward, None, "a notification");
}

#[test]
fn members_beside_the_params_are_scanned_too() {
    let line = secret_call()
        .replace(KEY, "x")
        .replace("\"jsonrpc\"", &format!("\"note\":\"{KEY}\",\"jsonrpc\""));
    let out = sent("block", &line);
    assert_eq!(out.forward, None, "{out:?}");
}

#[test]
fn the_clients_answers_are_scanned() {
    let mut world = World::new(&spec("block"));
    world.server(&request("1", "elicitation/create", "{}"));
    let out = world.client(&answer(
        "1",
        &format!(r#"{{"action":"accept","content":{{"a":"{KEY}"}}}}"#),
    ));
    let forward = out.json();
    assert_eq!(
        forward["error"]["code"], -32001,
        "the server gets an error in its place"
    );
    assert!(!forward.to_string().contains(KEY));
}

#[test]
fn a_request_over_the_size_is_refused_where_the_policy_says_so() {
    let spec = spec("redact").replacen(
        "dlp:\n",
        "dlp:\n  max_scan_size: 1KB\n  on_oversize: refuse\n",
        1,
    );
    let out = World::new(&spec).client(&call(
        "1",
        "t",
        &format!(r#"{{"a":"{}"}}"#, "x".repeat(2000)),
    ));
    assert_eq!((out.code(), out.forward.as_deref()), (Some(-32001), None));
    assert!(out.event("DLP_FAILED").is_some());
}

/// A failed scan of a request is refused with the code the policy names.
#[test]
fn a_request_that_cannot_be_scanned_is_rejected_with_its_own_code() {
    let spec = spec("redact").replacen(
        "dlp:\n",
        "dlp:\n  max_scan_size: 1KB\n  on_oversize: refuse\n  on_redaction_failure: reject\n",
        1,
    );
    let out = World::new(&spec).client(&call(
        "1",
        "t",
        &format!(r#"{{"a":"{}"}}"#, "x".repeat(2000)),
    ));
    assert_eq!(out.code(), Some(-32014));
}
