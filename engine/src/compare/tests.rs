//! Pairs of policies: changes that only tighten, and changes that would slip past an approval.

use super::*;
use crate::Place;

#[test]
fn the_same_policy_and_a_stricter_one_are_accepted() {
    tighter("allowed_tools: [a, b]", "allowed_tools: [a, b]");
    tighter("allowed_tools: [a, b]", "allowed_tools: [a]");
    tighter("allowed_tools: [a, b]", "allowed_tools: [b, a]");
    tighter("allowed_tools: ['*']", "allowed_tools: ['git_*', b]");
    tighter(
        "allowed_tools: [a]",
        "allowed_tools: [a]\ndenied_tools: [b]",
    );
    tighter(
        "allowed_tools: [a]",
        "allowed_tools: [a]\ntool_rules: [{tool: a, action: ask}]",
    );
    tighter(
        "allowed_tools: [a]",
        "allowed_tools: [a]\ntool_rules: [{tool: a, action: block}]",
    );
    tighter(
        "allowed_tools: ['*']",
        "allowed_tools: ['*']\ntool_rules: [{tool: 'rm_*', action: block}]",
    );
    tighter(
        "allowed_tools: ['*']",
        "allowed_tools: ['*']\ntool_rules: [{tool: rm, action: ask}]",
    );
    tighter(
        "tool_rules: [{tool: a}]",
        "tool_rules: [{tool: a, allow_args: {x: y}}]",
    );
    tighter(
        "tool_rules: [{tool: a}]",
        "tool_rules: [{tool: a, strict_args: true}]",
    );
    tighter(
        "tool_rules: [{tool: a}]",
        "tool_rules: [{tool: a, rate_limit: 5/minute}]",
    );
    tighter(
        "tool_rules: [{tool: a, action: ask}]",
        "tool_rules: [{tool: a, action: block}]",
    );
    tighter("tool_rules: [{tool: a, action: ask}]", "allowed_tools: []");
    tighter("denied_tools: [a]", "denied_tools: ['a*']");
    tighter(
        "denied_tools: [a]\nallowed_tools: ['*']",
        "tool_rules: [{tool: a, action: block}]\nallowed_tools: ['*']",
    );
    tighter("mode: monitor\nallowed_tools: [a]", "allowed_tools: [a]");
    tighter("protected_paths: [/a/b]", "protected_paths: [/a, /c]");
    tighter("on_block: error", "on_block: tool_result");
    tighter("pinning: off", "pinning: warn");
    tighter("pinning: warn", "pinning: block");
    tighter("allowed_tools: [a]", "allowed_tools: [a]\npinning: block");
}

#[test]
fn a_list_that_shows_more_is_refused() {
    tighter("list_filter: none", "list_filter: mark");
    tighter("list_filter: mark", "list_filter: hide");
    looser("list_filter: hide", "list_filter: mark");
    looser("allowed_tools: []", "list_filter: none");
}

#[test]
fn what_allows_more_tools_is_refused() {
    looser("pinning: block", "pinning: warn");
    looser("pinning: warn", "pinning: off");
    looser("allowed_tools: [a]", "allowed_tools: [a]\npinning: off");
    looser("allowed_tools: [a]\npinning: block", "allowed_tools: [a]");
    looser("allowed_tools: [a]", "allowed_tools: [a, b]");
    looser("allowed_tools: ['git_*']", "allowed_tools: ['*']");
    looser("allowed_tools: ['git_*']", "allowed_tools: ['git*']");
    looser(
        "denied_tools: [a]\nallowed_tools: ['*']",
        "allowed_tools: ['*']",
    );
    looser(
        "denied_tools: ['a*']\nallowed_tools: ['*']",
        "denied_tools: [ab, ac]\nallowed_tools: ['*']",
    );
    looser(
        "allowed_tools: [a]",
        "allowed_tools: [a]\ntool_rules: [{tool: b, action: ask}]",
    );
    looser(
        "allowed_tools: [a]",
        "allowed_tools: [a]\ntool_rules: [{tool: 'b*', action: ask}]",
    );
    looser(
        "mode: enforce\nallowed_tools: [a]",
        "mode: monitor\nallowed_tools: [a]",
    );
}

#[test]
fn a_rule_may_not_go_or_be_shadowed() {
    let ask = "allowed_tools: [ab]\ntool_rules:\n- {tool: ab, action: ask}";
    looser(ask, "allowed_tools: [ab]");
    looser(
        "allowed_tools: ['*']\ntool_rules: [{tool: 'a*', action: block}]",
        "allowed_tools: ['*']",
    );
    let block = "allowed_tools: ['*']\ntool_rules:\n- {tool: 'a*', action: block}";
    looser(block, &format!("{block}\n- {{tool: ab}}"));
    looser(block, &format!("{block}\n- {{tool: 'ab*', action: ask}}"));
    looser(block, &format!("{block}\n- {{tool: ab, action: ask}}"));
    tighter(block, &format!("{block}\n- {{tool: 'ab*', action: block}}"));
    let rivals = |a: &str, b: &str| {
        format!(
            "tool_rules:\n- {{tool: 'a*', action: {a}, allow_args: {{x: y}}}}\n- {{tool: '*b', action: {b}}}"
        )
    };
    looser(&rivals("ask", "allow"), &rivals("ask", "ask"));
    tighter(&rivals("ask", "allow"), &rivals("ask", "allow"));
}

#[test]
fn a_rules_conditions_may_not_soften() {
    let rule = |rest: &str| format!("tool_rules: [{{tool: a{rest}}}]");
    let pairs = [
        (", action: ask", ""),
        (", action: block", ", action: ask"),
        (", rate_limit: 5/minute", ""),
        (", rate_limit: 5/minute", ", rate_limit: 6/minute"),
        (", rate_limit: 5/minute", ", rate_limit: 5/hour"),
        (", rate_limit: 1000/second", ", rate_limit: 999/second"),
        (", allow_args: {x: y}", ""),
        (", allow_args: {x: y}", ", allow_args: {x: y+}"),
        (", allow_args: {x: y}", ", allow_args: {z: y}"),
        (
            ", allow_args: {x: y}",
            ", match: search, allow_args: {x: y}",
        ),
        (", strict_args: true", ""),
        (
            ", strict_args: true, allow_args: {x: y}",
            ", strict_args: true, allow_args: {x: y, z: '.*'}",
        ),
    ];
    for (old, new) in pairs {
        looser(&rule(old), &rule(new));
    }
    let hash = |digit: &str| rule(&format!(", schema_hash: 'sha256:{}'", digit.repeat(64)));
    looser(&hash("0"), &hash("1"));
    looser(&hash("0"), &rule(""));
    tighter(&rule(""), &hash("0"));
    tighter(
        &rule(", rate_limit: 6/minute"),
        &rule(", rate_limit: 5/minute"),
    );
    looser(
        "strict_args_default: true\ntool_rules: [{tool: a}]",
        "tool_rules: [{tool: a}]",
    );
    looser(
        "tool_rules: [{tool: a, allow_args: {x: y}}]",
        "match: search\ntool_rules: [{tool: a, allow_args: {x: y}}]",
    );
}

#[test]
fn in_monitor_mode_a_refusal_may_not_stand_in_for_a_question() {
    let watch = |spec: &str| format!("mode: monitor\n{spec}");
    let ask = "tool_rules: [{tool: a, action: ask}]";
    looser(
        &watch(ask),
        &watch("tool_rules: [{tool: a, action: block}]"),
    );
    looser(&watch(ask), &watch("allowed_tools: []"));
    tighter(&watch(ask), "tool_rules: [{tool: a, action: block}]");
    let rated = "tool_rules: [{tool: a, rate_limit: 1/hour}]";
    looser(
        &watch(rated),
        &watch("denied_tools: [a]\ntool_rules: [{tool: a}]"),
    );
    tighter(
        &watch(rated),
        &watch(&format!("{rated}\ndenied_tools: [b]")),
    );
}

#[test]
fn another_spelling_may_not_lead_to_another_tool() {
    looser("allowed_tools: [read]", "allowed_tools: [Read]");
    looser("allowed_tools: ['*']", "allowed_tools: ['*', Read]");
    tighter(
        "allowed_tools: [Read]",
        "allowed_tools: [Read]\ntool_rules: [{tool: Read, action: ask}]",
    );
}

#[test]
fn methods_may_only_become_fewer() {
    tighter("allowed_methods: ['*']", "allowed_methods: [ping]");
    tighter("allowed_methods: ['*']", "method_profile: strict");
    tighter("method_profile: compat", "method_profile: strict");
    tighter(
        "method_profile: compat",
        "allowed_methods: [ping, tools/call]",
    );
    tighter("denied_methods: [x/y]", "denied_methods: ['x/*']");
    tighter(
        "allowed_methods: [ping]\ndenied_methods: [x/y]",
        "allowed_methods: [ping]",
    );
    looser("method_profile: strict", "method_profile: compat");
    looser(
        "allowed_methods: [ping]",
        "allowed_methods: [ping, resources/read]",
    );
    looser("method_profile: compat", "allowed_methods: [tasks/get]");
    looser(
        "allowed_methods: ['*']\ndenied_methods: [x/y]",
        "allowed_methods: ['*']",
    );
    looser("denied_methods: [tasks/get]", "denied_methods: []");
    looser(
        "mode: enforce",
        "allowed_server_methods: [sampling/createMessage]",
    );
    tighter("mode: enforce", "allowed_server_methods: []");
}

#[test]
fn resources_and_prompts_may_only_become_fewer() {
    let all = |rest: &str| format!("allowed_methods: ['*']\n{rest}");
    let pairs = [
        ("", "allowed_resources: ['a:*']"),
        ("", "denied_resources: ['a:*']"),
        ("", "allowed_prompts: [p]"),
        (
            "allowed_resources: ['*']",
            "allowed_resources: ['a:*', 'b:1']",
        ),
        ("allowed_resources: ['a:*']", "allowed_resources: ['a:b/*']"),
        (
            "allowed_resources: ['A:*/B%20*']",
            "allowed_resources: ['A:*/B%20c']",
        ),
        (
            "allowed_resources: ['a:*', 'b:*']",
            "allowed_resources: ['b:*']",
        ),
        ("allowed_resources: ['a:*']", "allowed_resources: []"),
        ("denied_resources: ['a:b/*']", "denied_resources: ['a:*']"),
        ("denied_resources: [a]", "denied_resources: ['*']"),
        ("allowed_prompts: ['*']", "allowed_prompts: ['p*']"),
        ("allowed_prompts: ['p*']", "allowed_prompts: [p, pq]"),
        ("allowed_prompts: [p]", "allowed_prompts: []"),
    ];
    for (old, new) in pairs {
        tighter(&all(old), &all(new));
        looser(&all(new), &all(old));
    }
    for (old, new) in [
        (
            "allowed_resources: ['a:*']",
            "allowed_resources: ['a:*', 'b:1']",
        ),
        ("allowed_resources: ['a:b*']", "allowed_resources: ['a:c']"),
        (
            "allowed_resources: ['a:/b/*']",
            "allowed_resources: ['a:/b/../c']",
        ),
        (
            "allowed_resources: ['a:/b/*']",
            "allowed_resources: ['a:/b/%2e%2e/c']",
        ),
        (
            "allowed_resources: ['a:*.md']",
            "allowed_resources: ['a:b?c.md']",
        ),
        ("allowed_resources: ['a:B']", "allowed_resources: ['a:b']"),
        ("denied_resources: ['a:*']", "denied_resources: ['a:b*']"),
        ("denied_resources: ['a:b?c']", "denied_resources: ['a:b']"),
        (
            "denied_resources: ['a:/b/']",
            "denied_resources: ['a:/b/*']",
        ),
        ("denied_resources: []", ""),
        ("allowed_prompts: [p]", "allowed_prompts: [P]"),
    ] {
        looser(&all(old), &all(new));
    }
    // The list brings its methods along.
    looser("mode: enforce", "allowed_resources: []");
    looser("mode: enforce", "allowed_prompts: []");
    tighter("mode: enforce", "denied_resources: ['*']");
    looser("allowed_resources: ['a:*']", "mode: enforce");
}

#[test]
fn protection_and_records_may_not_shrink() {
    looser("protected_paths: [/a]", "protected_paths: [/a/b]");
    looser("protected_paths: [/a]", "mode: enforce");
    looser("protected_paths: [.env]", "protected_paths: [.git]");
    looser("audit: {args: full}", "audit: {args: hash}");
    looser("audit: {methods: all}", "audit: {methods: refused}");
    looser("audit: {sync: full}", "audit: {sync: normal}");
    tighter(
        "audit: {args: hash}",
        "audit: {args: full, methods: all, sync: full}",
    );
    looser("ask_timeout: 60", "ask_timeout: 61");
    looser("ask_timeout: 60", "mode: enforce");
    looser("mode: enforce", "ask_timeout: 10");
    tighter("ask_timeout: 60", "ask_timeout: 30s");
    looser("mode: enforce", "ask_in_client: true");
    looser("ask_in_client: false", "ask_in_client: true");
    tighter("ask_in_client: true", "ask_in_client: false");
    tighter("ask_in_client: true", "mode: enforce");
}

#[test]
fn redaction_may_not_weaken() {
    let dlp = |rest: &str, scope: &str| {
        format!("dlp:\n  patterns:\n  - {{name: K, regex: KEY, scope: {scope}}}\n{rest}")
    };
    let base = dlp("", "response");
    tighter("mode: enforce", &base);
    looser(&base, "mode: enforce");
    looser(
        &base,
        "dlp: {enabled: false, patterns: [{name: K, regex: KEY, scope: response}]}",
    );
    looser(
        &base,
        "dlp: {patterns: [{name: K, regex: KEYS, scope: response}]}",
    );
    looser(&base, &dlp("", "request"));
    tighter(&base, &dlp("", "all"));
    tighter(&base, &dlp("  - {name: L, regex: LOCK}", "response"));
    looser(&base, &dlp("  scan_responses: false", "response"));
    tighter(
        &base,
        &dlp("  scan_requests: true\n  detect_encoding: true", "response"),
    );
    looser(&dlp("  scan_requests: true", "all"), &dlp("", "all"));
    looser(&dlp("", "all"), &dlp("  on_request_match: redact", "all"));
    looser(&dlp("", "all"), &dlp("  max_scan_size: 2MB", "all"));
    tighter(&dlp("", "all"), &dlp("  on_oversize: refuse", "all"));
    let lets_out = "  unsafe_dlp: true\n  on_redaction_failure: allow_original";
    looser(&base, &dlp(lets_out, "response"));
    looser(
        &dlp(lets_out, "all"),
        &dlp(&format!("  - {{name: L, regex: .}}\n{lets_out}"), "all"),
    );
}

#[test]
fn another_name_or_none_at_all_is_refused() {
    let (a, b) = (load("mode: enforce", "a"), load("mode: monitor", "b"));
    assert!(!only_tighter(&a, &b) && !only_tighter(&b, &a));
    assert!(!only_tighter(&Policy::none(), &a) && !only_tighter(&a, &Policy::none()));
    assert!(only_tighter(&Policy::none(), &Policy::none()));
}

fn tighter(old: &str, new: &str) {
    assert!(
        only_tighter(&load(old, "p"), &load(new, "p")),
        "tighter:\n{old}\nto\n{new}"
    );
}

fn looser(old: &str, new: &str) {
    assert!(
        !only_tighter(&load(old, "p"), &load(new, "p")),
        "looser:\n{old}\nto\n{new}"
    );
}

fn load(spec: &str, name: &str) -> Policy {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let head =
        format!("apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {{name: {name}}}\n");
    let text = format!("{head}spec:\n{spec}");
    Policy::load(&text, &Place::default())
        .unwrap_or_else(|e| panic!("{e}"))
        .policy
}
