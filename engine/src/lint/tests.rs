//! Each check, on policies that have what it looks for and on policies that don't.

use std::path::PathBuf;

use super::*;

/// What every policy here has, so that each check is seen alone; ends on line 9.
const HEAD: &str = "\
apiVersion: aip.io/v1alpha1
kind: AgentPolicy
metadata: {name: a}
spec:
  protected_paths: [~/.ssh]
  dlp:
    patterns:
      - {name: a, regex: b}
  allowed_server_methods: [ping]
";

#[test]
fn a_searched_pattern_says_where_it_begins_and_ends() {
    let rule = |pattern| {
        format!(
            "  match: search\n  tool_rules:\n    - tool: t\n      allow_args: {{a: '{pattern}'}}\n"
        )
    };
    check(&rule("^ab$"), &[]);
    check(&rule(r"\Aab\z"), &[]);
    check(&rule("^a|b$"), &["L003 13:23"]);
    check(&rule("^ab"), &["L003 13:23"]);
    check(&rule("(?m)^ab$"), &["L003 13:23"]);
    check(&rule("ab").replace("match: search", "match: full"), &[]);
    check(&rule("x*"), &["L003 13:23", "L004 13:23"]);
}

#[test]
fn a_pattern_that_admits_anything_is_found() {
    let rule =
        |pattern| format!("  tool_rules:\n    - tool: t\n      allow_args: {{a: '{pattern}'}}\n");
    for pattern in [
        ".*",
        ".+",
        "^.*$",
        "(.*)",
        r"[\s\S]*",
        "a|.*",
        ".*.*",
        "(?x) .* # all",
    ] {
        check(&rule(pattern), &["L004 12:23"]);
    }
    for pattern in ["a.*", ".", ".{0,2000}", "[^/]*", ".{2,}", "(?-s:.*)", ""] {
        check(&rule(pattern), &[]);
    }
    check(
        "  tool_rules:\n    - tool: t\n      allow_args: {a: {regex: '.*', max_length: 9}}\n",
        &[],
    );
}

#[test]
fn a_pattern_of_sql_that_lets_a_second_statement_follow_is_found() {
    let rule = |tool, arg, pattern| {
        format!(
            "  tool_rules:\n    - tool: {tool}\n      allow_args:\n        {arg}: '{pattern}'\n"
        )
    };
    check(&rule("t", "sql", r"^SELECT\s+.*"), &["L005 13:14"]);
    check(&rule("t", "q", r"(?i)\s*SELECT\s.*"), &["L005 13:12"]);
    check(&rule("run_sql", "query", "[^x]+"), &["L005 13:16"]);
    check(&rule("t", "query", "EXPLAIN .{0,99}"), &["L005 13:16"]);
    check(&rule("t", "sql", "(SELECT|[A-Z]|[ ;])+"), &["L005 13:14"]);
    check(&rule("t", "sql", "SELECT [a-z, ]* FROM [a-z]+"), &[]);
    check(&rule("t", "sql", "SELECT .{0,9}"), &[]);
    check(&rule("search", "query", "notes .*"), &[]);
    check(
        &rule("t", "sql", "x").replace("'x'", "{sql: read_only, regex: 'SELECT .*'}"),
        &[],
    );
}

#[test]
fn what_the_server_does_not_list_is_found_with_what_it_does() {
    check_listed(
        "  allowed_tools: [read, raed, g*, x*]\n  denied_tools: [wriet]\n",
        &[
            "L006 10:25 did you mean `read`?",
            "L006 10:35 correct it, or delete the entry",
            "L006 11:18 did you mean `write`?",
        ],
    );
    let rule = "  tool_rules:\n    - {tool: write, allow_args: {pth: a, path: a}}\n    - {tool: get, allow_args: {b: c}}\n    - {tool: '*', allow_args: {path: a}}\n";
    check_listed(
        rule,
        &[
            "L007 11:39 did you mean `path`?",
            "L007 12:35 delete it: the tool takes no arguments",
        ],
    );
    check_listed(
        "  tool_rules:\n    - {tool: READ, allow_args: {anything: a}}\n",
        &[],
    );
}

#[test]
fn a_rule_that_no_call_goes_by_is_found() {
    check(
        "  denied_tools: ['git_*']\n  tool_rules: [{tool: git_add}, {tool: git}]\n",
        &["L008 11:23"],
    );
    check(
        "  denied_tools: ['git_*']\n  tool_rules: [{tool: 'git_p*', action: ask}, {tool: a}]\n",
        &["L008 11:23"],
    );
    check(
        "  denied_tools: [git_a]\n  tool_rules: [{tool: 'git_*'}]\n",
        &[],
    );
    check(
        "  tool_rules: [{tool: 'a**'}, {tool: 'a*'}]\n",
        &["L008 10:38"],
    );
    check(
        "  tool_rules: [{tool: 'a*', action: block}, {tool: 'a*b'}]\n",
        &[],
    );
    let monitor = "  mode: monitor\n  denied_tools: [a, b]\n  tool_rules: [{tool: a, action: ask}, {tool: b}]\n";
    check(monitor, &["L011 10:3", "L008 12:47"]);
    check_listed(
        "  tool_rules: [{tool: 'g*'}, {tool: get}, {tool: 'wr*'}]\n",
        &["L008 10:23 delete the rule"],
    );
}

#[test]
fn an_entry_that_a_denial_always_beats_is_found() {
    check(
        "  allowed_tools: [a, b]\n  denied_tools: ['a*']\n",
        &["L009 10:19"],
    );
    check("  allowed_tools: ['a*']\n  denied_tools: ['a*b']\n", &[]);
    check(
        "  allowed_tools: [a, b]\n  tool_rules: [{tool: a, action: block}, {tool: b}]\n",
        &["L009 10:19"],
    );
    check(
        "  allowed_tools: ['ab*']\n  tool_rules: [{tool: 'a*', action: block}]\n",
        &["L009 10:19"],
    );
    check(
        "  allowed_tools: ['a*']\n  tool_rules: [{tool: 'ab*', action: block}]\n",
        &[],
    );
}

#[test]
fn a_policy_says_what_may_not_come_out() {
    let dlp = |dlp: &str| {
        let head = HEAD.replace("  dlp:\n    patterns:\n      - {name: a, regex: b}\n", dlp);
        found(&format!("{head}  allowed_tools: [a]\n"), None)
    };
    assert_eq!(dlp(""), ["L010 4:1"]);
    assert_eq!(
        dlp("  dlp: {enabled: false, patterns: [{name: a, regex: b}]}\n"),
        ["L010 6:3"]
    );
    assert_eq!(dlp("  dlp: {patterns: []}\n"), ["L010 6:3"]);
    assert_eq!(
        dlp("  dlp: {scan_responses: false, patterns: [{name: a, regex: b}]}\n"),
        ["L010 6:3"]
    );
    let out = "  dlp: {on_redaction_failure: allow_original, log_original_on_failure: true, unsafe_dlp: true, patterns: [{name: a, regex: b}]}\n";
    assert_eq!(dlp(out), ["L014 6:9", "L014 6:47"]);
    assert_eq!(dlp("  dlp: {patterns: [{name: a, regex: b}]}\n"), [""; 0]);
}

#[test]
fn what_is_left_open_is_found() {
    check("  mode: monitor\n  allowed_tools: [a]\n", &["L011 10:3"]);
    check("  pinning: off\n  allowed_tools: [a]\n", &["L015 10:3"]);
    check(
        "  allowed_tools: ['*']\n  allowed_methods: ['*']\n",
        &["L013 10:19", "L013 11:21"],
    );
    check(
        "  tool_rules: [{tool: '*', action: ask}]\n  allowed_tools: [a]\n",
        &[],
    );
    check("  tool_rules: [{tool: '*'}]\n", &["L013 10:23"]);
    check("  allowed_tools: []\n", &["L001 5:3"]);
}

#[test]
fn tools_that_take_paths_want_some_protected() {
    let open = |spec: &str, listed| {
        let head = HEAD.replace("  protected_paths: [~/.ssh]\n", "");
        found(&format!("{head}{spec}"), listed)
    };
    assert_eq!(open("  allowed_tools: [read_file]\n", None), ["L012 4:1"]);
    assert_eq!(
        open("  allowed_tools: [list-directory]\n", None),
        ["L012 4:1"]
    );
    assert_eq!(open("  allowed_tools: [profile]\n", None), [""; 0]);
    assert_eq!(
        open("  tool_rules: [{tool: a, allow_args: {path: b}}]\n", None),
        ["L012 4:1"]
    );
    let held = "  tool_rules: [{tool: a, allow_args: {path: {path: {under: [/srv]}}}}]\n";
    assert_eq!(open(held, None), [""; 0]);
    let listed = listed();
    assert_eq!(
        open("  allowed_tools: [write]\n", Some(&listed)),
        ["L012 4:1"]
    );
    assert_eq!(open("  allowed_tools: [get]\n", Some(&listed)), [""; 0]);
}

#[test]
fn a_comment_with_a_reason_allows_a_finding_on_its_line_or_below() {
    check(
        "  # aip-lint: allow L011 being tried out\n  mode: monitor\n  allowed_tools: [a]\n",
        &[],
    );
    check(
        "  mode: monitor # aip-lint: allow L011 being tried out\n  allowed_tools: [a]\n",
        &[],
    );
    check(
        "  # aip-lint: allow L011 tried out\n\n  # more\n  mode: monitor\n  allowed_tools: [a]\n",
        &[],
    );
    check(
        "  allowed_tools: ['*'] # aip-lint: allow L013, L009 mine\n",
        &["L002 10:24"],
    );
    check(
        "  mode: monitor # aip-lint: allow L011\n  allowed_tools: [a]\n",
        &["L011 10:3", "L002 10:17"],
    );
    check(
        "  mode: monitor # aip-lint: allow L099 why\n  allowed_tools: [a]\n",
        &["L011 10:3", "L002 10:17"],
    );
    check("  allowed_tools: [a] # aip-lint: deny\n", &["L002 10:22"]);
    check(
        "  allowed_tools: [a]\n  # aip-lint: allow L011 of nothing\n",
        &["L002 11:3"],
    );
    check(
        "  # aip-lint: allow L006 no list here\n  allowed_tools: [nosuch]\n",
        &[],
    );
    check("  allowed_tools: ['# aip-lint: allow L011']\n", &[]);
}

#[test]
fn thousands_of_allowances_above_each_other_take_no_time() {
    let many = "  # aip-lint: allow L011 tried out\n".repeat(20_000);
    let text = format!("{HEAD}{many}  mode: monitor\n  allowed_tools: [a]\n");
    // Line by line, this many would take hours.
    assert_eq!(lint(&text, &place(), None).unwrap().silenced, 1);
}

#[test]
fn a_check_that_needs_a_list_is_told_where_there_is_none() {
    let text = format!("{HEAD}  allowed_tools: [a]\n");
    let report = lint(&text, &place(), None).unwrap();
    assert_eq!(report.skipped, ["L006", "L007"]);
    let report = lint(&text, &place(), Some(&listed())).unwrap();
    assert_eq!(report.skipped, [""; 0]);
    assert!(lint("kind: x", &place(), None).unwrap_err().has_errors());
    let errors = lint(&format!("{HEAD}  policy_trust: off\n"), &place(), None).unwrap_err();
    assert!(
        errors
            .to_string()
            .contains("the daemon's own `config.yaml`"),
        "{errors}"
    );
}

#[test]
fn the_docs_name_every_code_and_no_other() {
    let page = include_str!("../../../docs/policy-files.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `L"));
    let told = rows.filter_map(|row| row.split_once("` | "));
    let told: Vec<_> = told
        .filter_map(|(digits, rest)| Some((format!("L{digits}"), rest.split(" | ").next()?)))
        .collect();
    let mut known: Vec<_> = CHECKS
        .iter()
        .map(|it| (it.code.to_owned(), it.name))
        .chain([(silence::CODE.to_owned(), silence::NAME)])
        .collect();
    known.sort();
    assert_eq!(told, known);
}

#[test]
fn codes_are_given_once() {
    let codes: Vec<_> = CHECKS.iter().map(|it| it.code).collect();
    assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    assert!(CHECKS.iter().all(|it| it.code != "L002"));
}

fn check(spec: &str, expected: &[&str]) {
    assert_eq!(found(&format!("{HEAD}{spec}"), None), expected, "{spec}");
}

fn check_listed(spec: &str, expected: &[&str]) {
    let text = format!("{HEAD}{spec}");
    let report = lint(&text, &place(), Some(&listed())).unwrap();
    let told = |it: &Finding| format!("{} {}:{} {}", it.code, it.line, it.column, it.help);
    let told: Vec<_> = report
        .findings
        .iter()
        .filter(|it| it.code != "L013")
        .map(told)
        .collect();
    assert_eq!(told, expected, "{spec}");
}

fn found(text: &str, listed: Option<&Listed>) -> Vec<String> {
    let report = lint(text, &place(), listed).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let told = |it: &Finding| format!("{} {}:{}", it.code, it.line, it.column);
    report.findings.iter().map(told).collect()
}

fn place() -> Place {
    Place {
        home: Some(PathBuf::from("/home/me")),
        ..Place::default()
    }
}

fn listed() -> Listed {
    let tool = |name: &str, args: Option<&[&str]>| ListedTool {
        name: name.to_owned(),
        args: args.map(|it| it.iter().map(|it| (*it).to_owned()).collect()),
    };
    Listed {
        server: "files".to_owned(),
        tools: vec![
            tool("read", None),
            tool("write", Some(&["path", "content"])),
            tool("get", Some(&[])),
        ],
    }
}
