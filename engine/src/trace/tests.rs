//! The lines of `--verbose`, as the guide shows them and beyond.

use super::*;
use crate::{
    Node, Place,
    decide::{Facts, Listing, Override, decide},
    paths::Found,
    rate::Buckets,
};

const GUIDE: &str = "\
allowed_tools: [read_file, list_directory, git_status]
tool_rules:
  - {tool: write_file, action: ask}
  - {tool: exec_command, action: block}
  - {tool: query, allow_args: {sql: 'SELECT.*'}, rate_limit: 1/minute}
denied_tools: ['rm_*']";

#[test]
fn a_session_begins_with_the_policy_and_what_it_protects() {
    let lines = loaded_lines(&load(GUIDE));
    assert_eq!(
        lines,
        [
            "[INFO] Loaded policy: secure-agent (v1.0.0)",
            "[INFO] Protected paths: [agent.yaml]"
        ]
    );
    let lines = loaded_lines(&load("mode: monitor\nprotected_paths: [~/.ssh]"));
    assert_eq!(
        lines[1],
        "[WARN] Policy mode: monitor, violations are let through"
    );
    assert_eq!(lines[2], "[INFO] Protected paths: [agent.yaml, ~/.ssh]");
    assert_eq!(
        loaded_lines(&Policy::none()),
        ["[WARN] No policy loaded: every tool call is blocked"]
    );
}

#[test]
fn the_guides_two_calls_read_as_in_the_guide() {
    check(
        "read_file",
        &[
            "[DEBUG] Request: tools/call -> read_file",
            "[DEBUG] Evaluating allowed_tools: [read_file] ✓",
            "[INFO] Decision: ALLOW",
        ],
    );
    check(
        "exec_command",
        &[
            "[DEBUG] Request: tools/call -> exec_command",
            "[DEBUG] Tool not in allowed_tools",
            "[DEBUG] Tool rule: action=block",
            "[WARN] Decision: BLOCK (error: -32001)",
        ],
    );
}

#[test]
fn other_steps_are_told_alike() {
    check(
        "write_file",
        &[
            "[DEBUG] Request: tools/call -> write_file",
            "[DEBUG] Tool not in allowed_tools",
            "[DEBUG] Tool rule: action=ask",
            "[INFO] Decision: ASK",
        ],
    );
    check(
        "delete_file",
        &[
            "[DEBUG] Request: tools/call -> delete_file",
            "[DEBUG] Tool not in allowed_tools",
            "[WARN] Decision: BLOCK (error: -32001)",
        ],
    );
    check(
        "rm_all",
        &[
            "[DEBUG] Request: tools/call -> rm_all",
            "[DEBUG] Evaluating denied_tools: [rm_*] ✗",
            "[DEBUG] Tool not in allowed_tools",
            "[WARN] Decision: BLOCK (error: -32001)",
        ],
    );
    check(
        "query",
        &[
            "[DEBUG] Request: tools/call -> query",
            "[DEBUG] Tool not in allowed_tools",
            "[DEBUG] Tool rule: action=allow",
            "[DEBUG] Argument: argument `sql` is missing",
            "[WARN] Decision: BLOCK (error: -32001)",
        ],
    );
    check(
        "bad\u{1b}[2J\nname",
        &[
            "[DEBUG] Request: tools/call -> bad\\u{1b}[2J\\nname",
            "[DEBUG] Tool not in allowed_tools",
            "[WARN] Decision: BLOCK (error: -32001)",
        ],
    );
}

#[test]
fn arguments_and_rates_are_told_by_name_and_never_by_value() {
    let args = Node::Object(vec![("sql".into(), Node::String("SELECT hunter2".into()))]);
    let policy = load(GUIDE);
    let mut buckets = Buckets::default();
    let call = Call {
        method: "tools/call",
        tool: Some("query"),
        args: &args,
        named: &[],
    };
    let passed = told(&policy, &call, &mut buckets);
    assert_eq!(passed[3], "[DEBUG] Evaluating allow_args: [sql] ✓");
    assert_eq!(passed[4], "[DEBUG] Rate limit: 1/minute ✓");
    let limited = told(&policy, &call, &mut buckets);
    assert_eq!(
        limited[4],
        "[DEBUG] Rate limit: `1/minute` is spent, the next call would pass in 60000 ms"
    );
    assert_eq!(limited[5], "[WARN] Decision: RATE_LIMITED (error: -32002)");
    assert!(!passed.concat().contains("hunter2") && !limited.concat().contains("hunter2"));
}

#[test]
fn methods_and_violations_are_told() {
    let method = |spec: &str, method| {
        let call = Call {
            method,
            tool: None,
            args: &Node::Null,
            named: &[],
        };
        told(&load(spec), &call, &mut Buckets::default())
    };
    assert_eq!(
        method(GUIDE, "ping"),
        ["[DEBUG] Request: ping", "[INFO] Decision: ALLOW"]
    );
    let refused = [
        "[DEBUG] Request: resources/read",
        "[DEBUG] Method: method not in allowed_methods list",
        "[WARN] Decision: BLOCK (error: -32006)",
    ];
    assert_eq!(method(GUIDE, "resources/read"), refused);
    let watched = method("mode: monitor", "resources/read");
    assert_eq!(
        watched[2],
        "[WARN] Decision: ALLOW_MONITOR (violation: -32006)"
    );
}

#[test]
fn resources_and_prompts_are_told_with_the_lists_that_speak_of_them() {
    let spec = "allowed_resources: ['note://*']\ndenied_resources: ['*.key']\nallowed_prompts: [p]";
    let told_of = |method, named: &[Named<'_>]| {
        let call = Call {
            method,
            tool: None,
            args: &Node::Null,
            named,
        };
        told(&load(spec), &call, &mut Buckets::default())
    };
    assert_eq!(
        told_of("resources/read", &[Named::Resource(Some("note://a\nb"))]),
        [
            "[DEBUG] Request: resources/read -> note://a\\nb",
            "[DEBUG] Resource not in allowed_resources list",
            "[WARN] Decision: BLOCK (error: -32001)",
        ]
    );
    assert_eq!(
        told_of("resources/read", &[Named::Resource(Some("note://a"))]),
        [
            "[DEBUG] Request: resources/read -> note://a",
            "[DEBUG] Evaluating denied_resources ✓",
            "[DEBUG] Evaluating allowed_resources ✓",
            "[INFO] Decision: ALLOW",
        ]
    );
    assert_eq!(
        told_of("resources/read", &[Named::Resource(Some("note://a.key"))])[1],
        "[DEBUG] Evaluating denied_resources: `*.key` in denied_resources ✗"
    );
    assert_eq!(
        told_of("prompts/get", &[Named::Prompt(Some("q"))])[1],
        "[DEBUG] Prompt not in allowed_prompts list"
    );
    assert_eq!(
        told_of("prompts/get", &[Named::Prompt(None)])[0],
        "[DEBUG] Request: prompts/get"
    );
}

fn check(tool: &str, lines: &[&str]) {
    let call = Call {
        method: "tools/call",
        tool: Some(tool),
        args: &Node::Null,
        named: &[],
    };
    assert_eq!(
        told(&load(GUIDE), &call, &mut Buckets::default()),
        lines,
        "{tool:?}"
    );
}

fn told(policy: &Policy, call: &Call<'_>, buckets: &mut Buckets) -> Vec<String> {
    let facts = Facts {
        now_ms: 0,
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths: Found {
            candidates: &[],
            resolved: &[],
        },
        task_known: false,
    };
    let decision = decide(policy, call, &facts, buckets);
    decision_lines(policy, call, &decision)
}

fn load(spec: &str) -> Policy {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let head = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\n\
                metadata: {name: secure-agent, version: 1.0.0}\nspec:\n";
    let place = Place {
        home: Some("/home/me".into()),
        protected: vec!["/x/agent.yaml".into(), "/state".into()],
        case_insensitive: false,
        ..Place::default()
    };
    Policy::load(&format!("{head}{spec}"), &place)
        .unwrap()
        .policy
}

#[test]
fn a_command_that_is_told_can_be_pasted() {
    check("read_file", "read_file");
    check("a b", "'a b'");
    check("x; rm -rf ~", "'x; rm -rf ~'");
    check("it's $(id)", r"'it'\''s $(id)'");
    check("-n", "'-n'");
    check("", "''");
    fn check(tool: &str, word: &str) {
        let line = pin_line("files", tool, "changed");
        let end = format!("see: aipctl tools diff files {word}");
        assert!(line.ends_with(&end), "{line}");
    }
}
