//! The order in which a call is judged: a case for every step, and for each step before the next.
#![cfg(test)]

use std::path::{Path, PathBuf};

use engine::{
    Call, Decision, Facts, Listing, Node, Override, Place, Policy, decide, definition_hash,
    node::HashKind, paths, rate::Buckets,
};

/// A call of the tool `t`, without arguments.
const TOOL: Case = Case::new("tools/call", Some("t"));

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
    check(spec, TOOL.at_path("/p/key"), "BLOCK -32007 (/path)");
    check(
        &format!("mode: monitor\n{spec}"),
        TOOL.at_path("/p/key"),
        "BLOCK -32007 (/path)",
    );
    check(
        "protected_paths: [/p]\nallowed_tools: [t]",
        TOOL.at_path("/pp/key"),
        "ALLOW t",
    );
    check(
        "protected_paths: [~/.ssh]\nallowed_tools: [t]",
        TOOL.at_path("~/.ssh/id"),
        "BLOCK -32007 (/path)",
    );
    check(
        "protected_paths: [.env]\nallowed_tools: [t]",
        TOOL.at_path("./a/../.env"),
        "BLOCK -32007 (/path)",
    );
    check(
        "protected_paths: [.env]\nallowed_tools: [t]",
        TOOL.at_path("/policies/.env"),
        "BLOCK -32007 (/path)",
    );
    check(
        "allowed_tools: [t]",
        TOOL.at_path("/policies/agent.yaml"),
        "BLOCK -32007 (/path)",
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

#[derive(Clone, Copy)]
enum List {
    Unknown,
    Absent,
    One(&'static str, &'static str),
    Ambiguous,
}

/// A call with the facts around it.
#[derive(Clone)]
struct Case {
    method: &'static str,
    tool: Option<&'static str>,
    args: Vec<(&'static str, &'static str)>,
    listing: List,
    override_: Override,
    task_known: bool,
    now_ms: i64,
}

impl Case {
    const EMPTY: Case = Case::new("", None);

    const fn new(method: &'static str, tool: Option<&'static str>) -> Case {
        Case {
            method,
            tool,
            args: Vec::new(),
            listing: List::Unknown,
            override_: Override::None,
            task_known: false,
            now_ms: 0,
        }
    }

    fn arg(mut self, name: &'static str, value: &'static str) -> Case {
        self.args.push((name, value));
        self
    }

    fn at_path(self, path: &'static str) -> Case {
        self.arg("path", path)
    }

    fn listed(self, name: &'static str, description: &'static str) -> Case {
        Case {
            listing: List::One(name, description),
            ..self
        }
    }
}

fn check(spec: &str, case: Case, expected: &str) {
    check_all(spec, &[(case, expected)]);
}

/// Calls one after another under one policy and its rates.
fn check_all(spec: &str, cases: &[(Case, &str)]) {
    let policy = load(spec);
    let mut buckets = Buckets::default();
    for (index, (case, expected)) in cases.iter().enumerate() {
        let decision = run(&policy, case, &mut buckets);
        assert_eq!(
            told(&decision),
            *expected,
            "call {index} under\n{spec}\n{decision:?}"
        );
    }
}

fn load(spec: &str) -> Policy {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let head = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: test\nspec:\n";
    let place = Place {
        home: Some("/home/me".into()),
        protected: vec!["/policies/agent.yaml".into()],
        case_insensitive: false,
    };
    Policy::load(&format!("{head}{spec}"), &place)
        .unwrap_or_else(|e| panic!("{e}"))
        .policy
}

fn run(policy: &Policy, case: &Case, buckets: &mut Buckets) -> Decision {
    let args = case
        .args
        .iter()
        .map(|(k, v)| ((*k).into(), Node::String((*v).into())));
    let args = Node::Object(args.collect());
    let bases = [PathBuf::from("/work")];
    let home = Some(Path::new("/home/me"));
    let ground = paths::Ground {
        home,
        bases: &bases,
        user_homes: &|_| None,
    };
    let candidates = paths::candidates(&args, &ground);
    let listed;
    let listing = match case.listing {
        List::Unknown => Listing::Unknown,
        List::Absent => Listing::Absent,
        List::Ambiguous => Listing::Ambiguous,
        List::One(name, description) => {
            listed = definition(description);
            Listing::One {
                name,
                definition: &listed,
            }
        }
    };
    let facts = Facts {
        now_ms: case.now_ms,
        listing,
        override_: case.override_,
        paths: paths::Found {
            candidates: &candidates,
            resolved: &[],
        },
        task_known: case.task_known,
    };
    decide(
        policy,
        &Call {
            method: case.method,
            tool: case.tool,
            args: &args,
        },
        &facts,
        buckets,
    )
}

fn definition(description: &'static str) -> Node<'static> {
    let text = |text: &'static str| Node::String(text.into());
    Node::Object(vec![
        ("name".into(), text("t")),
        ("description".into(), text(description)),
    ])
}

fn told(decision: &Decision) -> String {
    match decision {
        Decision::Allow(it) => match &it.violation {
            None => format!("ALLOW {}", it.forward_as),
            Some(why) => format!("ALLOW_MONITOR {} {}", it.forward_as, why.code.number()),
        },
        Decision::Ask(it) => match &it.violation {
            None => format!("ASK {}", it.forward_as),
            Some(why) => format!("ASK {} {}", it.forward_as, why.code.number()),
        },
        Decision::Refuse(it) => {
            let arg = it
                .failed_arg
                .as_ref()
                .map(|arg| format!(" ({arg})"))
                .unwrap_or_default();
            let verdict = match it.verdict {
                engine::Verdict::Block => "BLOCK",
                engine::Verdict::RateLimited => "RATE_LIMITED",
            };
            format!("{verdict} {}{arg}", it.code.number())
        }
    }
}
