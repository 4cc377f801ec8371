//! What is forwarded under which name, what the user can stop, and what the client is told.
#![cfg(test)]

#[path = "spec_order/case.rs"]
mod case;

use case::{Case, List, TOOL, check, load, run};
use engine::{Decision, Override, rate::Buckets};

#[test]
fn the_name_forwarded_is_never_the_clients_variant() {
    let sent = |tool| Case {
        tool: Some(tool),
        ..TOOL
    };
    check(
        "allowed_tools: [Read_File]",
        sent("read_file\u{200b}"),
        "ALLOW Read_File",
    );
    check(
        "allowed_tools: [Read_File]",
        sent("READ_FILE").listed("ReAd_FiLe", "x"),
        "ALLOW ReAd_FiLe",
    );
    check("allowed_tools: ['*']", sent("read_file"), "ALLOW read_file");
    check("allowed_tools: ['*']", sent("Read_File"), "BLOCK -32001");
    check(
        "allowed_tools: ['*']",
        sent("Read_File").listed("Read_File", "x"),
        "ALLOW Read_File",
    );
    check("mode: monitor", sent("Read_File"), "BLOCK -32001");
    check("allowed_tools: [t]", TOOL.listed("u", "x"), "BLOCK -32001");
    check(
        "allowed_tools: [t]",
        Case {
            listing: List::Absent,
            ..TOOL
        },
        "ALLOW t",
    );
    check(
        "allowed_tools: [t]",
        Case {
            listing: List::Ambiguous,
            ..TOOL
        },
        "BLOCK -32001",
    );
    check(
        "mode: monitor",
        Case {
            listing: List::Ambiguous,
            ..TOOL
        },
        "BLOCK -32001",
    );
    check(
        "allowed_tools: [t]",
        Case {
            method: "TOOLS/CALL",
            ..TOOL
        },
        "ALLOW t",
    );
    check("allowed_tools: ['*']", sent(""), "BLOCK -32001");
    check(
        "allowed_tools: ['*']",
        Case { tool: None, ..TOOL },
        "BLOCK -32001",
    );
}

#[test]
fn what_the_user_stops_is_stopped() {
    let stopped = |case: Case| Case {
        override_: Override::DenyAll,
        ..case
    };
    let method = |method| Case {
        method,
        ..Case::EMPTY
    };
    check(
        "mode: monitor\nallowed_tools: [t]",
        stopped(TOOL),
        "BLOCK -32001",
    );
    check(
        "allowed_tools: [t]",
        stopped(method("tools/list")),
        "BLOCK -32001",
    );
    check("allowed_tools: [t]", stopped(method("ping")), "ALLOW ping");
    check(
        "allowed_tools: [t]",
        stopped(method("notifications/cancelled")),
        "ALLOW notifications/cancelled",
    );
    let path = "protected_paths: [/p]\nallowed_tools: [t]";
    check(path, stopped(TOOL.at_path("/p")), "BLOCK -32001");
}

#[test]
fn a_tool_that_is_not_listed_is_told_so_in_the_guides_words() {
    let policy = load("allowed_tools: [u]");
    let Decision::Refuse(refusal) = run(&policy, &TOOL, &mut Buckets::default()) else {
        panic!()
    };
    assert_eq!(refusal.reason, "Tool not in allowed_tools list");
    assert_eq!(refusal.code.message(), "Forbidden");
}

#[test]
fn the_client_is_told_the_argument_and_the_record_the_pattern() {
    let policy = load("tool_rules:\n- tool: t\n  allow_args:\n    a: 'x+'");
    let part = run(&policy, &TOOL.arg("a", "xxy"), &mut Buckets::default());
    let Decision::Refuse(refusal) = part else {
        panic!()
    };
    assert_eq!(refusal.reason, "argument `a` is not allowed");
    assert_eq!(
        refusal.detail,
        "argument `a` is not allowed: `x+` matches only a part of it: \
         the whole has to match, or `match: search`"
    );
    assert_eq!(
        (refusal.failed_rule.as_deref(), refusal.line),
        (Some("x+"), Some(9))
    );
}
