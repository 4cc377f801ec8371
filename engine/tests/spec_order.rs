//! The order in which a call is judged: a case for every step, and for each step before the next.
#![cfg(test)]

#[path = "spec_order/case.rs"]
mod case;

use case::{Case, List, TOOL, check, check_all, definition, run, told};
use engine::{Held, Override, Policy, definition_hash, node::HashKind, rate::Buckets};

#[test]
fn step_1_the_method_comes_first() {
    let method = |method| Case {
        method,
        ..Case::EMPTY
    };
    check(
        "allowed_methods: ['*']\ndenied_methods: [x/y]",
        method("x/y"),
        "BLOCK -32006",
    );
    check(
        "allowed_methods: ['*']",
        method("any/thing"),
        "ALLOW any/thing",
    );
    check("allowed_methods: [x/y]", method("X/Y"), "BLOCK -32006"); // no known spelling
    check(
        "allowed_methods: [logging/setLevel]",
        method("LOGGING/SETLEVEL"),
        "ALLOW logging/setLevel",
    );
    check("allowed_methods: [x/y]", method("ping"), "BLOCK -32006");
    check("allowed_methods: ['x/*']", method("x/y"), "ALLOW x/y");
    check("denied_methods: ['*']", method("ping"), "BLOCK -32006");
    check(
        "allowed_tools: []",
        method("resources/read"),
        "BLOCK -32006",
    );
    check(
        "allowed_tools: []",
        method("tools/list"),
        "ALLOW tools/list",
    );
    check(
        "allowed_tools: []",
        method("server/discover"),
        "ALLOW server/discover",
    );
    check(
        "method_profile: strict",
        method("server/discover"),
        "BLOCK -32006",
    );
    check(
        "mode: monitor",
        method("resources/read"),
        "ALLOW_MONITOR resources/read -32006",
    );
    check(
        "allowed_tools: [t]\ndenied_methods: [tools/call]",
        TOOL,
        "BLOCK -32006",
    );
    check(
        "protected_paths: [/p]\ndenied_methods: [tools/call]",
        TOOL.at_path("/p"),
        "BLOCK -32006",
    );
}

#[test]
fn step_1_tasks_pass_for_the_session_that_made_them() {
    let task = |task_known| Case {
        method: "tasks/get",
        task_known,
        ..Case::EMPTY
    };
    check("allowed_tools: [t]", task(true), "ALLOW tasks/get");
    check("allowed_tools: [t]", task(false), "BLOCK -32006");
    check("method_profile: strict", task(true), "BLOCK -32006");
    check(
        "allowed_methods: [tasks/get]",
        task(false),
        "ALLOW tasks/get",
    );
    check("denied_methods: ['tasks/*']", task(true), "BLOCK -32006");
}

#[test]
fn step_2_a_protected_path_is_refused_before_all_else_and_in_monitor_mode() {
    let spec = "protected_paths: [/p]\ndenied_tools: [t]\ntool_rules: [{tool: t, action: block}]";
    check(spec, TOOL.at_path("/p/key"), "BLOCK -32007 (path)");
    check(
        &format!("mode: monitor\n{spec}"),
        TOOL.at_path("/p/key"),
        "BLOCK -32007 (path)",
    );
    check(
        "protected_paths: [/p]\nallowed_tools: [t]",
        TOOL.at_path("/pp/key"),
        "ALLOW t",
    );
    check(
        "protected_paths: [~/.ssh]\nallowed_tools: [t]",
        TOOL.at_path("~/.ssh/id"),
        "BLOCK -32007 (path)",
    );
    check(
        "protected_paths: [.env]\nallowed_tools: [t]",
        TOOL.at_path("./a/../.env"),
        "BLOCK -32007 (path)",
    );
    check(
        "protected_paths: [.env]\nallowed_tools: [t]",
        TOOL.at_path("/policies/.env"),
        "BLOCK -32007 (path)",
    );
    check(
        "allowed_tools: [t]",
        TOOL.at_path("/policies/agent.yaml"),
        "BLOCK -32007 (path)",
    );
    check(
        "allowed_tools: [t]",
        TOOL.at_path("/policies/other.yaml"),
        "ALLOW t",
    );
}

#[test]
fn step_3_denied_tools_win_over_every_rule() {
    check(
        "denied_tools: [t]\nallowed_tools: [t]",
        TOOL,
        "BLOCK -32001",
    );
    check(
        "denied_tools: ['T*']\ntool_rules: [{tool: t, action: allow}]",
        TOOL,
        "BLOCK -32001",
    );
    check(
        "denied_tools: ['*']\ntool_rules: [{tool: t, action: ask}]",
        TOOL,
        "BLOCK -32001",
    );
    check("denied_tools: [u]\nallowed_tools: [t]", TOOL, "ALLOW t");
}

#[test]
fn step_4_a_block_rule_comes_before_schema_and_arguments() {
    let spec = format!(
        "allowed_tools: [t]\ntool_rules: [{{tool: t, action: block, schema_hash: 'sha256:{}'}}]",
        "0".repeat(64)
    );
    check(&spec, TOOL, "BLOCK -32001");
}

#[test]
fn step_5_the_definition_has_to_be_the_one_the_policy_names() {
    let definition = definition("good");
    let hash = |kind| definition_hash(&definition, kind);
    for kind in [HashKind::Sha256, HashKind::Sha384, HashKind::Sha512] {
        let spec = format!("tool_rules: [{{tool: t, schema_hash: '{}'}}]", hash(kind));
        check(&spec, TOOL.listed("t", "good"), "ALLOW t");
        check(&spec, TOOL.listed("t", "evil"), "BLOCK -32013");
        check(&spec, TOOL, "BLOCK -32013");
        check(
            &spec,
            Case {
                listing: List::Absent,
                ..TOOL
            },
            "BLOCK -32013",
        );
        check(
            &spec,
            Case {
                listing: List::Ambiguous,
                ..TOOL
            },
            "BLOCK -32013",
        );
    }
    let rule = format!(
        "{{tool: t, action: ask, schema_hash: '{}', allow_args: {{a: x}}}}",
        hash(HashKind::Sha256)
    );
    let spec = format!("tool_rules: [{rule}]");
    check(&spec, TOOL.listed("t", "evil"), "BLOCK -32013");
    check(&spec, TOOL.listed("t", "good"), "BLOCK -32001 (a)");
    check(&spec, TOOL.listed("t", "good").arg("a", "x"), "ASK t");
}

#[test]
fn step_5_a_tool_that_is_not_as_it_was_pinned_is_held_where_the_policy_says_block() {
    let held = |held| Case {
        held: Some(held),
        ..TOOL.listed("t", "good")
    };
    for it in [Held::Changed, Held::New, Held::Removed] {
        let with = |more: &str| format!("allowed_tools: [t]\n{more}");
        check(&with("pinning: block"), held(it), "BLOCK -32013");
        check(&with("pinning: block"), TOOL, "ALLOW t");
        check(&with("pinning: warn"), held(it), "ALLOW t");
        check(&with("pinning: off"), held(it), "ALLOW t");
        check(&with(""), held(it), "ALLOW t");
        check(
            &with("pinning: block\nmode: monitor"),
            held(it),
            "ALLOW_MONITOR t -32013",
        );
        check(
            &with("pinning: block\ndenied_tools: [t]"),
            held(it),
            "BLOCK -32001",
        );
    }
    let ask = "pinning: block\ntool_rules: [{tool: t, action: ask, allow_args: {a: x}}]";
    check(ask, held(Held::Changed), "BLOCK -32013");
}

#[test]
fn step_6_every_named_argument_has_to_be_there_and_match() {
    let spec = "allowed_tools: [t]\ntool_rules: [{tool: t, allow_args: {a: 'x+'}}]";
    check(spec, TOOL, "BLOCK -32001 (a)");
    check(spec, TOOL.arg("a", "xx"), "ALLOW t");
    check(spec, TOOL.arg("a", "xxy"), "BLOCK -32001 (a)");
    check(spec, TOOL.arg("A", "x"), "BLOCK -32001 (a)");
    check(spec, TOOL.arg("a", "x").arg("b", "y"), "ALLOW t");
    check(
        &format!("match: search\n{spec}"),
        TOOL.arg("a", "xxy"),
        "ALLOW t",
    );
    let asks = "tool_rules: [{tool: t, action: ask, allow_args: {a: 'x+'}}]";
    check(asks, TOOL.arg("a", "y"), "BLOCK -32001 (a)");
    check(asks, TOOL.arg("a", "x"), "ASK t");
    let searches = "tool_rules: [{tool: t, match: search, allow_args: {a: 'x+'}}]";
    check(searches, TOOL.arg("a", "yxy"), "ALLOW t");
}

#[test]
fn step_6_strict_arguments_refuse_what_is_not_declared() {
    let strict = "tool_rules: [{tool: t, strict_args: true, allow_args: {a: x}}]";
    check(strict, TOOL.arg("a", "x"), "ALLOW t");
    check(strict, TOOL.arg("a", "x").arg("b", "y"), "BLOCK -32001 (b)");
    check(
        "tool_rules: [{tool: t, strict_args: true}]",
        TOOL.arg("a", "x"),
        "BLOCK -32001 (a)",
    );
    check(
        "strict_args_default: true\ntool_rules: [{tool: t}]",
        TOOL.arg("a", "x"),
        "BLOCK -32001 (a)",
    );
    check(
        "strict_args_default: true\ntool_rules: [{tool: t, strict_args: false}]",
        TOOL.arg("a", "x"),
        "ALLOW t",
    );
    check(
        "strict_args_default: true\nallowed_tools: [t]",
        TOOL.arg("a", "x"),
        "ALLOW t",
    );
}

#[test]
fn step_7_an_ask_rule_asks_also_for_an_allowed_tool_and_in_monitor_mode() {
    check(
        "allowed_tools: [t]\ntool_rules: [{tool: t, action: ask}]",
        TOOL,
        "ASK t",
    );
    check(
        "mode: monitor\ntool_rules: [{tool: t, action: ask}]",
        TOOL,
        "ASK t",
    );
    check(
        "mode: monitor\ndenied_tools: [t]\ntool_rules: [{tool: t, action: ask}]",
        TOOL,
        "ASK t -32001",
    );
}

#[test]
fn step_8_a_listed_tool_or_one_with_a_rule_that_allows_passes() {
    check("allowed_tools: [t]", TOOL, "ALLOW t");
    check("allowed_tools: ['*']", TOOL, "ALLOW t");
    check("tool_rules: [{tool: t, action: allow}]", TOOL, "ALLOW t");
    check("tool_rules: [{tool: t}]", TOOL, "ALLOW t");
}

#[test]
fn step_9_everything_else_is_refused() {
    check("allowed_tools: [u]", TOOL, "BLOCK -32001");
    check("allowed_tools: []", TOOL, "BLOCK -32001");
    check(
        "mode: monitor\nallowed_tools: [u]",
        TOOL,
        "ALLOW_MONITOR t -32001",
    );
    let decision = run(&Policy::none(), &TOOL, &mut Buckets::default());
    assert_eq!(told(&decision), "BLOCK -32001");
    let watched = Case {
        override_: Override::Monitor,
        ..TOOL
    };
    let decision = run(&Policy::none(), &watched, &mut Buckets::default());
    assert_eq!(told(&decision), "BLOCK -32001");
}

#[test]
fn the_most_specific_rule_speaks_and_no_other() {
    let spec = "tool_rules:\n- {tool: 'git_*', action: block}\n- {tool: git_log}\n- {tool: 'git_l*', action: ask}";
    let tool = |tool| Case {
        tool: Some(tool),
        ..TOOL
    };
    check(spec, tool("git_log"), "ALLOW git_log");
    check(spec, tool("git_list"), "ASK git_list");
    check(spec, tool("git_push"), "BLOCK -32001");
    let tie = "tool_rules:\n- {tool: 'a*', action: allow}\n- {tool: '*b', action: block}";
    check(tie, tool("ab"), "BLOCK -32001");
}

#[test]
fn monitor_mode_lets_violations_of_steps_3_to_6_and_9_through() {
    let watch = |spec: &str| format!("mode: monitor\n{spec}");
    check(&watch("denied_tools: [t]"), TOOL, "ALLOW_MONITOR t -32001");
    check(
        &watch("tool_rules: [{tool: t, action: block}]"),
        TOOL,
        "ALLOW_MONITOR t -32001",
    );
    let schema = format!(
        "tool_rules: [{{tool: t, schema_hash: 'sha256:{}'}}]",
        "0".repeat(64)
    );
    check(&watch(&schema), TOOL, "ALLOW_MONITOR t -32013");
    check(
        &watch("tool_rules: [{tool: t, allow_args: {a: x}}]"),
        TOOL,
        "ALLOW_MONITOR t -32001",
    );
    let both = "allowed_tools: [t]\ndenied_methods: [tools/call]";
    check(&watch(both), TOOL, "ALLOW_MONITOR t -32006");
    let overridden = Case {
        override_: Override::Monitor,
        ..TOOL
    };
    check("denied_tools: [t]", overridden, "ALLOW_MONITOR t -32001");
}

#[test]
fn the_rate_is_spent_last_and_only_by_what_would_pass() {
    let rated = "tool_rules: [{tool: t, rate_limit: 1/minute, allow_args: {a: x}}]";
    let good = TOOL.arg("a", "x");
    check_all(
        rated,
        &[
            (TOOL, "BLOCK -32001 (a)"),
            (good.clone(), "ALLOW t"),
            (good.clone(), "RATE_LIMITED -32002"),
            (TOOL, "BLOCK -32001 (a)"),
        ],
    );
    let watched = format!("mode: monitor\n{rated}");
    check_all(
        &watched,
        &[
            (TOOL, "ALLOW_MONITOR t -32001"),
            (good.clone(), "RATE_LIMITED -32002"),
        ],
    );
    let asks = "tool_rules: [{tool: t, action: ask, rate_limit: 1/minute}]";
    check_all(asks, &[(TOOL, "ASK t"), (TOOL, "RATE_LIMITED -32002")]);
    let glob = "tool_rules: [{tool: '*', rate_limit: 1/minute}]";
    let other = Case {
        tool: Some("u"),
        ..TOOL
    };
    check_all(
        glob,
        &[
            (TOOL, "ALLOW t"),
            (other, "ALLOW u"),
            (TOOL, "RATE_LIMITED -32002"),
        ],
    );
    let later = Case {
        now_ms: 60_000,
        ..TOOL
    };
    check_all(
        glob,
        &[
            (TOOL, "ALLOW t"),
            (TOOL, "RATE_LIMITED -32002"),
            (later, "ALLOW t"),
        ],
    );
    let unspellable = Case {
        tool: Some("T"),
        ..TOOL
    };
    check_all(glob, &[(unspellable, "BLOCK -32001"), (TOOL, "ALLOW t")]);
}
