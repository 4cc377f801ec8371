//! Policies asked together: none loosens another, and each is told from the others.
#![cfg(test)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use engine::compare::only_tighter;
use engine::decide::{Named, judge_named, refuses_tool};
use engine::dlp::{Scan, Scope};
use engine::policy::{Layer, OnBlock, Pinning, Role, extends};
use engine::rate::Buckets;
use engine::{
    Call, Decision, Diagnostics, Facts, Listing, Mode, Node, Override, Place, Policy, decide,
    paths::Found,
};
use proptest::prelude::*;
use proptest::sample::select;

const LAYER: &str = "/p/.aip/policy.yaml";

fn read(spec: &str, place: &Place) -> Result<Policy, Diagnostics> {
    let spec = spec.replace('\n', "\n  ");
    let text = format!(
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {{name: p}}\nspec:\n  {spec}\n"
    );
    Policy::load(&text, place).map(|it| it.policy)
}

fn own(spec: &str) -> Policy {
    let place = Place {
        follows_extends: true,
        ..Place::default()
    };
    read(spec, &place).unwrap_or_else(|it| panic!("{it}"))
}

fn as_layer(spec: &str) -> Result<Policy, Diagnostics> {
    let place = Place {
        role: Role::Layer,
        ..Place::default()
    };
    read(spec, &place)
}

fn layer(spec: &str) -> Layer {
    Layer {
        path: LAYER.into(),
        base: false,
        policy: Arc::new(as_layer(spec).unwrap_or_else(|it| panic!("{it}"))),
    }
}

fn base(path: &str, spec: &str) -> Layer {
    Layer {
        path: path.into(),
        base: true,
        policy: Arc::new(own(spec)),
    }
}

fn facts(now_ms: i64) -> Facts<'static> {
    Facts {
        now_ms,
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths: Found {
            candidates: &[],
            resolved: &[],
        },
        task_known: false,
    }
}

fn call(policy: &Policy, tool: &str, buckets: &mut Buckets) -> Decision {
    let call = Call {
        method: "tools/call",
        tool: Some(tool),
        args: &Node::Null,
        named: &[],
    };
    decide(policy, &call, &facts(0), buckets)
}

/// `ALLOW`, `ASK` or `BLOCK`, the line, and the file where it is not the session's own.
fn told(decision: &Decision) -> String {
    let place = |word: &str, line: Option<usize>, layer: &Option<Arc<str>>| {
        let line = line.map(|it| format!(" line {it}")).unwrap_or_default();
        let layer = layer
            .as_deref()
            .map(|it| format!(" of {it}"))
            .unwrap_or_default();
        format!("{word}{line}{layer}")
    };
    match decision {
        Decision::Allow(it) => match &it.violation {
            Some(it) => place("ALLOW_MONITOR", it.line, &it.layer),
            None => "ALLOW".to_owned(),
        },
        Decision::Ask(it) => place("ASK", Some(it.line), &it.layer),
        Decision::Refuse(it) => place(it.code.word(), it.line, &it.layer),
    }
}

fn check(policy: &Policy, tool: &str, expected: &str) {
    let decision = call(policy, tool, &mut Buckets::default());
    assert_eq!(told(&decision), expected, "{tool}");
}

#[test]
fn a_layer_of_one_rule_tightens_that_and_nothing_else() {
    let policy = own("allowed_tools: [read, write, pay]\ntool_rules: [{tool: pay, action: ask}]");
    let policy = policy.under(vec![layer(
        "denied_tools: [write]\ntool_rules: [{tool: read, action: ask}, {tool: other}]",
    )]);
    check(&policy, "read", &format!("ASK line 6 of {LAYER}"));
    check(&policy, "write", &format!("forbidden line 5 of {LAYER}"));
    check(&policy, "pay", "ASK line 6");
    check(&policy, "other", "forbidden");
    check(&policy, "READ", &format!("ASK line 6 of {LAYER}"));
}

#[test]
fn a_list_that_is_there_has_an_opinion() {
    let policy = own("allowed_tools: [a, b]\nallowed_methods: ['*']");
    let under = |spec| policy.clone().under(vec![layer(spec)]);
    check(&under("allowed_tools: [a]"), "a", "ALLOW");
    let not_listed = format!("forbidden of {LAYER}");
    check(&under("allowed_tools: [a]"), "b", &not_listed);
    check(&under("allowed_tools: []"), "a", &not_listed);
    assert!(under("denied_tools: [x]").allows_method("prompts/get"));
    assert!(!under("allowed_methods: [tools/call]").allows_method("prompts/get"));
    assert!(!under("method_profile: strict").allows_method("prompts/get"));
    assert!(under("denied_tools: [x]").allows_server_method("ping"));
    assert!(!under("allowed_server_methods: []").allows_server_method("ping"));
    let against = under("allowed_server_methods: []");
    assert_eq!(against.layer_against_server_method("ping"), Some(LAYER));
    assert!(!policy.judges_list(true));
    let prompts = under("allowed_prompts: [x]");
    assert!(prompts.judges_list(true));
    let refused = judge_named(&prompts, &Named::Prompt(Some("y")), &mut 1000);
    assert_eq!(refused.and_then(|it| it.layer).as_deref(), Some(LAYER));
}

#[test]
fn a_layer_may_not_have_what_only_a_sessions_own_policy_can_say() {
    for (spec, wrong) in [
        ("mode: monitor", "5:3: `mode`"),
        ("denied_tools: [a]\non_block: error", "6:3: `on_block`"),
        ("list_filter: none", "5:3: `list_filter`"),
        ("audit: {args: hash}", "5:3: `audit`"),
        ("ask_in_client: true", "5:3: `ask_in_client`"),
        ("unsafe_dlp: true", "5:3: `unsafe_dlp`"),
        ("extends: a.yaml", "5:3: `extends`"),
        ("pinning: off", "5:3: `pinning: off`"),
        ("dlp: {unsafe_dlp: true}", "5:9: `dlp.unsafe_dlp`"),
        (
            "tool_rules: [{tool: a, rate_limit: 1/hour}]",
            "5:26: `rate_limit`",
        ),
    ] {
        let found = as_layer(spec).map(|_| ()).unwrap_err().to_string();
        assert!(
            found.contains(&format!("policy:{wrong}")),
            "{spec}: {found}"
        );
        assert!(found.contains("help: "), "{found}");
    }
}

#[test]
fn extends_needs_a_plain_path_and_somebody_who_follows_it() {
    let place = Place::default();
    for (spec, wrong) in [
        ("extends: a.yaml", "`extends` can't be followed"),
        ("extends: ''", "`extends` is empty"),
        (
            "extends: ~/a.yaml",
            "`extends: ~/a.yaml` is not a plain path",
        ),
        ("extends: [a]", "`extends` must be"),
    ] {
        let found = read(spec, &place).map(|_| ()).unwrap_err().to_string();
        assert!(found.contains(wrong), "{spec}: {found}");
        assert!(found.contains("policy:5:"), "{found}");
    }
    let named = |text| extends(text).map(|it| (it.path.clone(), it.line()));
    assert_eq!(
        named("spec:\n  extends: b.yaml\n"),
        Some(("b.yaml".into(), 2))
    );
    assert_eq!(named("spec: {mode: enforce} # extends\n"), None);
    assert_eq!(named("extends: ["), None);
}

#[test]
fn a_child_without_its_base_passes_nothing() {
    let child = own("extends: a.yaml\nallowed_tools: [a]");
    check(&child, "a", "forbidden");
    assert!(refuses_tool(&child, "a", &facts(0)).is_some());
    check(
        &child.clone().under(vec![layer("denied_tools: [x]")]),
        "a",
        "forbidden",
    );
    let parent = base("/b.yaml", "extends: c.yaml\nallowed_tools: [a]");
    check(&child.clone().under(vec![parent.clone()]), "a", "forbidden");
    let grandparent = base("/c.yaml", "allowed_tools: ['*']");
    check(&child.under(vec![parent, grandparent]), "a", "ALLOW");
}

#[test]
fn a_child_says_what_its_base_leaves_open_and_loosens_nothing() {
    let of_base = "allowed_tools: [a, b]\ndenied_tools: [c]\nmode: enforce\non_block: tool_result\npinning: block\nask_timeout: 5m";
    let child =
        |spec: &str| own(&format!("extends: b.yaml\n{spec}")).under(vec![base("/b.yaml", of_base)]);
    check(&child("denied_tools: [b]"), "a", "ALLOW");
    check(&child("denied_tools: [b]"), "b", "forbidden line 6");
    check(
        &child("allowed_tools: [a, c, d]"),
        "c",
        "forbidden line 6 of /b.yaml",
    );
    check(
        &child("allowed_tools: [a, c, d]"),
        "d",
        "forbidden of /b.yaml",
    );
    check(&child("mode: monitor"), "d", "forbidden of /b.yaml");
    let it = child("denied_tools: [b]");
    assert_eq!(
        (it.on_block(), it.pinning()),
        (OnBlock::ToolResult, Pinning::Block)
    );
    assert_eq!(child("on_block: error").on_block(), OnBlock::Error);
    let waits = |it: &Policy| it.ask_waits(Duration::from_secs(60)).as_secs();
    assert_eq!(waits(&it), 300);
    assert_eq!(waits(&child("ask_timeout: 10s")), 10);
    let plain = own("allowed_tools: [a]").under(vec![layer("ask_timeout: 5m")]);
    assert_eq!(waits(&plain), 60, "a layer lengthens nothing");
}

#[test]
fn what_one_only_remarks_on_another_may_refuse() {
    let watched = own("mode: monitor\nallowed_tools: [a]\nallowed_server_methods: []");
    let policy = watched.clone().under(vec![layer("denied_tools: [b]")]);
    check(&policy, "b", &format!("forbidden line 5 of {LAYER}"));
    check(&policy, "c", "ALLOW_MONITOR");
    assert_eq!(policy.mode(), Mode::Enforce);
    assert!(policy.allows_server_method("ping"), "nobody refuses it");
    let policy = watched.under(vec![layer("allowed_server_methods: [roots/list]")]);
    assert!(!policy.allows_server_method("ping"));
}

#[test]
fn each_base_counts_for_itself_and_a_refused_call_for_none() {
    let child = own("extends: b.yaml\ntool_rules: [{tool: a, rate_limit: 5/hour}]");
    let policy = child.under(vec![base(
        "/b.yaml",
        "allowed_tools: [x]\ntool_rules: [{tool: a, rate_limit: 2/hour}]",
    )]);
    let mut buckets = Buckets::default();
    for expected in ["ALLOW", "ALLOW", "rate_limited line 6 of /b.yaml"] {
        let before = buckets.full_again("a");
        let decision = call(&policy, "a", &mut buckets);
        assert_eq!(told(&decision), expected);
        if let Decision::Refuse(_) = decision {
            assert_eq!(buckets.full_again("a"), before);
        }
    }
    let mut fresh = Buckets::default();
    let Decision::Allow(allow) = call(&policy, "a", &mut fresh) else {
        panic!("it passes");
    };
    let spent = allow.spent.unwrap();
    assert_eq!(spent.also.len(), 1);
    assert!(fresh.full_again(&spent.also[0].tool).is_some());
    fresh.undo(&spent);
    assert_eq!(fresh.full_again("a"), None);
    assert_eq!(fresh.full_again(&spent.also[0].tool), None);
}

#[test]
fn what_any_policy_looks_for_is_found_and_told_from_the_others() {
    let text = "a-1 and b-2";
    let with = |spec: &str, of_layer: &str| own(spec).under(vec![layer(of_layer)]);
    let b = "dlp: {patterns: [{name: B, regex: 'b-[0-9]'}]}";
    let found = |policy: &Policy| match policy.dlp().scan(text, Scope::Response) {
        Scan::Redacted { text, .. } => text,
        other @ (Scan::Clean | Scan::Failed(_)) => panic!("{other:?}"),
    };
    let both = with("dlp: {patterns: [{name: A, regex: 'a-[0-9]'}]}", b);
    assert_eq!(found(&both), "[REDACTED:A] and [REDACTED:B]");
    assert_eq!(both.dlp().layer_of("A"), None);
    assert_eq!(both.dlp().layer_of("B"), Some(LAYER));
    assert_eq!(found(&with("mode: enforce", b)), "a-1 and [REDACTED:B]");
    let off = with("dlp: {enabled: false, patterns: [{name: A, regex: a}]}", b);
    assert_eq!(found(&off), "a-1 and [REDACTED:B]");
    let risky = with(
        "dlp: {max_scan_size: 2KB, on_oversize: refuse, on_redaction_failure: allow_original, unsafe_dlp: true}",
        b,
    );
    assert_eq!(risky.dlp().on_failure(), engine::dlp::OnFailure::Block);
    let same_name = with(b, "dlp: {patterns: [{name: B, regex: 'a-[0-9]'}]}");
    assert_eq!(found(&same_name), "[REDACTED:B] and [REDACTED:B]");
}

#[test]
fn protected_paths_are_those_of_all() {
    let policy = own("protected_paths: [/a]").under(vec![layer("protected_paths: [/b, c]")]);
    let all = policy.protected();
    assert!(all.contains(&PathBuf::from("/a")) && all.contains(&PathBuf::from("/b")));
    assert_eq!(policy.relative_protected(), [PathBuf::from("c")]);
}

#[test]
fn a_hash_is_of_all_and_unchanged_where_there_is_one() {
    let policy = own("allowed_tools: [a]\ntool_rules: [{tool: pay}]");
    let hash = policy.hash().to_owned();
    assert_eq!(policy.clone().under(Vec::new()).hash(), hash);
    let silent = policy.clone().under(vec![layer("denied_tools: [x]")]);
    assert_ne!(silent.hash(), hash);
    assert_eq!(silent.own().hash(), hash);
    assert_eq!(silent.rule_hash("pay"), policy.rule_hash("pay"));
    let spoken = |rule: &str| {
        let layers = vec![layer(&format!("tool_rules: [{rule}]"))];
        policy.clone().under(layers).rule_hash("pay")
    };
    assert_ne!(spoken("{tool: pay}"), policy.rule_hash("pay"));
    assert_ne!(spoken("{tool: pay}"), spoken("{tool: pay, action: ask}"));
}

#[test]
fn stacks_are_compared_one_by_one() {
    let loose = "denied_tools: [b]";
    let tight = "denied_tools: [b, a]";
    let stack = |spec: &str, of_layer: &str| own(spec).under(vec![layer(of_layer)]);
    let is = |old: &Policy, new: &Policy| only_tighter(old, new);
    let all = "allowed_tools: ['*']";
    assert!(is(&stack(all, loose), &stack(all, tight)));
    assert!(!is(&stack(all, tight), &stack(all, loose)));
    assert!(is(&stack(all, loose), &stack("allowed_tools: [b]", tight)));
    assert!(!is(&stack(all, loose), &own(all)));
    let child = |path: &str| own(&format!("extends: {path}\n{all}"));
    assert!(!is(&child("a.yaml"), &child("b.yaml")));
    assert!(!is(&child("a.yaml"), &own(all)));
    let of_layer = |spec| as_layer(spec).unwrap_or_else(|it| panic!("{it}"));
    assert!(is(
        &of_layer(loose),
        &of_layer("denied_tools: [b]\nallowed_tools: [c]")
    ));
    assert!(!is(
        &of_layer("allowed_tools: [c]"),
        &of_layer("denied_tools: [x]")
    ));
    assert!(is(
        &of_layer(loose),
        &of_layer("denied_tools: [b]\nask_timeout: 5m")
    ));
    assert!(!is(&of_layer("ask_timeout: 5m"), &of_layer(loose)));
}

#[test]
fn the_trace_names_the_layer_that_decided() {
    let policy = own("allowed_tools: [a]").under(vec![layer("denied_tools: [a]")]);
    let decision = call(&policy, "a", &mut Buckets::default());
    let it = Call {
        method: "tools/call",
        tool: Some("a"),
        args: &Node::Null,
        named: &[],
    };
    assert_eq!(
        engine::trace::decision_lines(&policy, &it, &decision),
        [
            "[DEBUG] Request: tools/call -> a",
            "[DEBUG] Evaluating allowed_tools: [a] ✓",
            "[DEBUG] Layer: /p/.aip/policy.yaml",
            "[DEBUG] Evaluating denied_tools: [a] ✗",
            "[WARN] Decision: BLOCK (error: -32001)",
        ]
    );
    let lines = engine::trace::loaded_lines(&policy);
    assert!(
        lines.contains(&format!("[INFO] Layer: p ({LAYER})")),
        "{lines:?}"
    );
}

const NAMES: &[&str] = &["a", "ab", "b"];

fn spec() -> impl Strategy<Value = String> {
    let names = || {
        let pattern = select(&["a", "ab", "b", "a*", "*"][..]);
        prop::collection::vec(pattern, 0..3).prop_map(|it| it.join("', '"))
    };
    let action = select(&["allow", "ask", "block"][..]);
    let list = prop::option::of(names());
    (list, names(), prop::option::of((select(NAMES), action))).prop_map(
        |(allowed, denied, rule)| {
            let list = |key: &str, it: &str| match it {
                "" => format!("{key}: []\n"),
                it => format!("{key}: ['{it}']\n"),
            };
            let allowed = allowed.map(|it| list("allowed_tools", &it));
            let rule = rule
                .map(|(tool, action)| format!("tool_rules: [{{tool: {tool}, action: {action}}}]"));
            let (allowed, rule) = (allowed.unwrap_or_default(), rule.unwrap_or_default());
            format!("{allowed}{}{rule}", list("denied_tools", &denied))
        },
    )
}

fn strictness(decision: &Decision) -> u8 {
    match decision {
        Decision::Allow(_) => 0,
        Decision::Ask(_) => 1,
        Decision::Refuse(_) => 2,
    }
}

proptest! {
    #[test]
    fn the_word_of_a_stack_is_the_strictest_of_its_members(
        of_own in spec(), mode in select(&["enforce", "monitor"][..]),
        of_base in prop::option::of(spec()), of_layers in prop::collection::vec(spec(), 0..3),
        tool in select(NAMES),
    ) {
        let of_own = format!("mode: {mode}\n{of_own}");
        let layers: Vec<Layer> = of_layers.iter().map(|it| layer(it)).collect();
        let word = |it: &Policy| strictness(&call(it, tool, &mut Buckets::default()));
        let (child, bases) = match &of_base {
            None => (own(&of_own), Vec::new()),
            Some(spec) => (own(&format!("extends: b.yaml\n{of_own}")), vec![base("/b.yaml", spec)]),
        };
        // What a child says without its base: the same, beside a base that lets everything pass.
        let alone = match &of_base {
            None => child.clone(),
            Some(_) => child.clone().under(vec![base("/b.yaml", "allowed_tools: ['*']")]),
        };
        let members = bases.iter().chain(&layers).map(|it| word(&it.policy));
        let strictest = members.chain([word(&alone)]).max();
        let stack = child.under(bases.iter().chain(&layers).cloned().collect());
        prop_assert_eq!(Some(word(&stack)), strictest);
        let hidden = refuses_tool(&stack, tool, &facts(0)).is_some();
        prop_assert!(!hidden || word(&stack) == 2);
    }
}

#[test]
fn what_a_stack_comes_to_is_told_with_its_places() {
    let policy =
        own("allowed_tools: [a, b]\ntool_rules: [{tool: a, action: ask}]\nprotected_paths: [/x]")
            .under(vec![layer(
                "denied_tools: [b]\ndlp: {patterns: [{name: K, regex: k}]}",
            )]);
    let said = |tool: &str| {
        let told = |it: engine::policy::SaidOfTool| {
            let line = it.entry.map(|it| format!(" {} {}", it.list, it.line));
            let path = it.path.map(|it| format!(" of {it}"));
            format!(
                "{}{}{}",
                it.word.word(),
                line.unwrap_or_default(),
                path.unwrap_or_default()
            )
        };
        policy
            .said_of(tool)
            .into_iter()
            .map(told)
            .collect::<Vec<_>>()
    };
    let names: Vec<String> = policy.tools_named().into_iter().collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(said("a"), ["ask tool_rules 6"]);
    let denied = format!("block denied_tools 5 of {LAYER}");
    assert_eq!(said("b"), [denied, "allow allowed_tools 5".to_owned()]);
    assert_eq!(said("c"), ["block"]);
    let entries = |it: &Policy| {
        let told = |it: engine::policy::Entry| format!("{} {} {}", it.line, it.list, it.written);
        it.entries().into_iter().map(told).collect::<Vec<_>>()
    };
    let of_own = [
        "5 allowed_tools a",
        "5 allowed_tools b",
        "6 tool_rules a",
        "7 protected_paths /x",
    ];
    assert_eq!(entries(&policy), of_own);
    let of_layer = ["5 denied_tools b", "6 dlp.patterns K"];
    assert_eq!(entries(&policy.layers()[0].policy), of_layer);
}
