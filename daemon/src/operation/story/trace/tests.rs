//! A trace is the policy's own where the policy and the record tell all; else it says why not.

use std::sync::{Arc, Mutex};

use engine::policy::Place;

use super::*;
use crate::audit::NewRecord;

const POLICY: &str = "
apiVersion: aip.io/v1alpha1
kind: AgentPolicy
metadata: { name: p }
spec:
  allowed_tools: [read]
  denied_tools: [rm]
  protected_paths: [/etc/secret]
  tool_rules:
    - tool: fetch
      allow_args: { url: 'https://.*' }
    - tool: write
      action: ask
    - tool: often
      rate_limit: 1/minute
";

fn in_force(source: &str) -> InForce {
    let place = Place {
        home: None,
        protected: Vec::new(),
        case_insensitive: false,
        ..Place::default()
    };
    InForce {
        policy: Policy::load(source, &place).unwrap().policy,
        file: "p.yaml".to_owned(),
        path: "/p.yaml".to_owned(),
        buckets: Arc::new(Mutex::default()),
    }
}

fn call(tool: &str, args: &str, word: &'static str) -> NewRecord {
    NewRecord::decision(0, "upstream", word)
        .set("method", "tools/call")
        .set("tool", tool)
        .set("policy_mode", "enforce")
        .with_args(Some(args.to_owned()))
}

fn trace(record: NewRecord) -> Trace {
    of(&Stored::of(record, 7), Some(&in_force(POLICY)), None)
}

fn by_policy(record: NewRecord) -> String {
    let trace = trace(record);
    assert_eq!((trace.source, trace.why_not), (TraceSource::Policy, None));
    trace.lines.join("\n")
}

fn by_record(record: NewRecord) -> (String, String) {
    let trace = trace(record);
    assert_eq!(trace.source, TraceSource::Record);
    (trace.lines.join("\n"), trace.why_not.unwrap())
}

#[test]
fn a_call_is_judged_once_more_by_the_policy_that_decided_it() {
    let lines = by_policy(call("read", r#"{"path":"/tmp/x"}"#, "ALLOW"));
    assert!(
        lines.contains("Evaluating allowed_tools: [read] ✓"),
        "{lines}"
    );
    assert!(lines.ends_with("[INFO] Decision: ALLOW"), "{lines}");
    let refused = call("rm", "{}", "BLOCK")
        .set("error_code", -32001)
        .set("reason", "Tool is denied by the policy")
        .set("failed_rule", "denied_tools");
    let trace = trace(refused);
    assert!(!trace.lines.is_empty());
    let asked = call("write", "{}", "BLOCK").set("error_code", -32004).set(
        "approval",
        serde_json::json!({"id": "a", "answer": "deny", "channel": "watch"}),
    );
    let lines = by_policy(asked);
    assert!(lines.contains("Tool rule: action=ask"), "{lines}");
    assert!(
        lines.contains("[DEBUG] Approval: denied by watch"),
        "{lines}"
    );
    assert!(
        lines.ends_with("[WARN] Decision: BLOCK (error: -32004)"),
        "{lines}"
    );
    let granted = call("write", "{}", "ALLOW").set("grant", "g1");
    let lines = by_policy(granted);
    assert!(lines.contains("grant g1"), "{lines}");
}

/// What the engine says of a refusal is what the record was made from.
#[test]
fn a_refusal_is_the_same_one() {
    let policy = in_force(POLICY);
    let args = wire::json::parse(br#"{"url":"ftp://x"}"#).unwrap();
    let args = node(&args.value);
    let one = Call {
        method: "tools/call",
        tool: Some("fetch"),
        args: &args,
        named: &[],
    };
    let record = |refused: &engine::decide::Refusal, arg: &str| {
        call("fetch", r#"{"url":"ftp://x"}"#, "BLOCK")
            .set("error_code", refused.code.number())
            .set("reason", refused.reason.clone())
            .set("failed_arg", arg)
            .set_some("failed_rule", refused.failed_rule.clone())
    };
    let some = Stored::of(call("fetch", "{}", "BLOCK"), 1);
    let Decision::Refuse(refused) = judged(&some, &policy.policy, &one, None) else {
        panic!("it is refused");
    };
    let lines = by_policy(record(&refused, "url"));
    assert!(lines.contains("Argument: "), "{lines}");
    let (_, why) = by_record(record(&refused, "another"));
    assert!(why.starts_with("more than policy and arguments"), "{why}");
}

#[test]
fn what_the_record_does_not_hold_is_not_made_up() {
    let spent = call("often", "{}", "RATE_LIMITED").set("error_code", -32002);
    let (lines, why) = by_record(spent);
    assert!(why.starts_with("more than policy"), "{why}");
    assert_eq!(
        lines,
        "[DEBUG] Request: tools/call -> often\n[WARN] Decision: RATE_LIMITED (error: -32002)"
    );
    let redacted = call("read", r#"{"key":"[REDACTED:AWS Key]"}"#, "ALLOW");
    assert_eq!(by_record(redacted).1, "its arguments were redacted");
    let cut = call(
        "read",
        r#"{"head":"a","length":9,"sha256":"b","tail":"c"}"#,
        "ALLOW",
    );
    assert_eq!(by_record(cut).1, "its arguments are not kept whole");
    let erased = call("read", "{}", "ALLOW")
        .with_args(None)
        .set("body", "ab");
    assert_eq!(by_record(erased).1, "its arguments were erased");
    let method = NewRecord::decision(0, "upstream", "BLOCK")
        .set("method", "resources/read")
        .set("resource", "file:///x")
        .set("error_code", -32006)
        .set("reason", "method not in allowed_methods list");
    let (lines, why) = by_record(method);
    assert!(why.starts_with("only calls of tools"), "{why}");
    assert!(lines.contains("resources/read -> file:///x"), "{lines}");
    let event = trace(NewRecord::event(0, "DAEMON_STARTED"));
    assert!(event.lines.is_empty() && event.why_not.is_some());
}

#[test]
fn without_the_policy_that_decided_it_the_record_speaks() {
    let stored = Stored::of(call("read", "{}", "ALLOW"), 7);
    let trace = of(&stored, None, None);
    assert_eq!(trace.source, TraceSource::Record);
    assert!(trace.why_not.unwrap().contains("no longer in force"));
    assert_eq!(trace.lines.last().unwrap(), "[INFO] Decision: ALLOW");
}

#[test]
fn arguments_that_are_not_recorded_are_not_guessed() {
    let policy = in_force(&POLICY.replace("spec:", "spec:\n  audit: { args: shape }"));
    let stored = Stored::of(call("read", r#"{"path":"string"}"#, "ALLOW"), 7);
    let why = of(&stored, Some(&policy), None).why_not.unwrap();
    assert_eq!(why, "the policy has no arguments recorded");
}
