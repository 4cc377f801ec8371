//! The starter policies beside the servers they are for: each names every tool its server lists and no
//! other, lets reading pass, and asks or refuses what writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use e2e::client::{Client, PATIENCE};
use e2e::counterparts::{installed, npm_server, pypi_server};
use e2e::needs::{needs, tool};
use e2e::programs::shipped_policy;
use e2e::wait::wait_for;
use serde_json::{Value, json};

use crate::bench::Bench;

/// A server, and each of its tools that isn't let through.
type Ruled = &'static [(&'static str, &'static str)];

#[test]
fn filesystem() {
    let rules: Ruled = &[
        ("write_file", "ASK"),
        ("edit_file", "ASK"),
        ("create_directory", "ASK"),
        ("move_file", "ASK"),
    ];
    check("filesystem", npm_server("filesystem"), &["."], rules);
}

#[test]
fn memory() {
    let rules: Ruled = &[
        ("create_entities", "ASK"),
        ("create_relations", "ASK"),
        ("add_observations", "ASK"),
        ("delete_entities", "ASK"),
        ("delete_observations", "ASK"),
        ("delete_relations", "ASK"),
    ];
    check("memory", npm_server("memory"), &[], rules);
}

#[test]
fn sequential_thinking() {
    let name = "sequential-thinking";
    check(name, npm_server(name), &[], &[]);
}

#[test]
fn everything() {
    let rules: Ruled = &[
        ("get-env", "BLOCK"),
        ("gzip-file-as-resource", "ASK"),
        ("toggle-simulated-logging", "ASK"),
        ("toggle-subscriber-updates", "ASK"),
        ("simulate-research-query", "ASK"),
        ("get-roots-list", "ASK"),
        ("trigger-sampling-request", "ASK"),
        ("trigger-elicitation-request", "ASK"),
        ("trigger-url-elicitation", "ASK"),
        ("trigger-sampling-request-async", "ASK"),
        ("trigger-elicitation-request-async", "ASK"),
    ];
    check("everything", npm_server("everything"), &[], rules);
}

#[test]
fn git() {
    let rules: Ruled = &[
        ("git_add", "ASK"),
        ("git_commit", "ASK"),
        ("git_create_branch", "ASK"),
        ("git_checkout", "ASK"),
        ("git_reset", "BLOCK"),
    ];
    let server = tool("git").and_then(|()| pypi_server("mcp-server-git"));
    check("git", server, &[], rules);
}

#[test]
fn time() {
    check("time", pypi_server("mcp-server-time"), &[], &[]);
}

#[test]
fn fetch() {
    check("fetch", pypi_server("mcp-server-fetch"), &[], &[]);
    let judged = |url: &str| decision("fetch", "fetch", &json!({"url": url}));
    assert_eq!(judged("https://example.com/a?b=c"), "ALLOW");
    for refused in [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "file:///etc/passwd",
        "https://10.0.0.1/",
    ] {
        assert_eq!(judged(refused), "BLOCK", "{refused}");
    }
}

#[test]
fn sqlite() {
    let rules: Ruled = &[
        ("write_query", "ASK"),
        ("create_table", "ASK"),
        ("append_insight", "ASK"),
    ];
    let server = installed("mcp1/bin/mcp-server-sqlite").map(|it| vec![it]);
    check("sqlite", server, &["--db-path", "tea.db"], rules);
    let judged = |query: &str| decision("sqlite", "read_query", &json!({"query": query}));
    assert_eq!(judged("SELECT 1"), "ALLOW");
    assert_eq!(judged("SELECT 1; DROP TABLE t"), "BLOCK");
    assert_eq!(judged("DELETE FROM t"), "BLOCK");
}

/// Arguments with which a call that may pass does pass.
fn harmless(tool: &str) -> Value {
    match tool {
        "fetch" => json!({"url": "https://example.com/"}),
        "read_query" => json!({"query": "SELECT 1"}),
        _ => json!({}),
    }
}

fn check(name: &str, server: Result<Vec<String>, String>, args: &[&str], rules: Ruled) {
    let Some(mut server) = needs(&format!("the_starter_policy_fits_{name}"), server) else {
        return;
    };
    let bench = Bench::new();
    server.extend(args.iter().map(|&it| it.to_owned()));
    let listed = listed(&bench, &server);
    let rules: BTreeMap<_, _> = rules.iter().copied().collect();
    let names: BTreeSet<_> = listed.keys().map(String::as_str).collect();
    assert_eq!(named(name), names.iter().map(|&it| it.to_owned()).collect());
    for (tool, read_only) in &listed {
        let wanted = rules.get(tool.as_str()).copied().unwrap_or("ALLOW");
        // The server's own word agrees, where it gives it: nothing that writes is let through.
        assert!(
            *read_only != Some(false) || wanted != "ALLOW",
            "{tool} writes"
        );
        assert_eq!(decision(name, tool, &harmless(tool)), wanted, "{tool}");
    }
    assert!(rules.keys().all(|it| names.contains(it)), "{names:?}");
    assert_eq!(decision(name, "no_such_tool", &json!({})), "BLOCK");
}

/// How the starter policy decides a call.
fn decision(server: &str, tool: &str, args: &Value) -> String {
    thread_local! {
        static BENCH: Bench = Bench::new();
    }
    let policy = shipped_policy(&format!("catalog/{server}.yaml"));
    let policy = policy.to_str().unwrap();
    let args = args.to_string();
    let words = [
        "policy", "explain", policy, "--tool", tool, "--args", &args, "--json",
    ];
    let output = BENCH.with(|bench| bench.home.ctl(&words));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    told["decision"].as_str().unwrap().to_owned()
}

/// The tools a server lists to a client that can do everything, and whether it says they only read.
fn listed(bench: &Bench, server: &[String]) -> BTreeMap<String, Option<bool>> {
    let (program, args) = server.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(args);
    bench.dress(&mut command);
    let mut client = Client::start(command);
    client.initialize_as(&json!({
        "roots": {"listChanged": true},
        "sampling": {},
        "elicitation": {"form": {}, "url": {}},
        "tasks": {"requests": {"sampling": {"createMessage": {}}, "elicitation": {"create": {}}}},
    }));
    let mut tools = || {
        let answer = client.request("tools/list", &json!({}));
        let tools = answer["result"]["tools"].as_array().unwrap().clone();
        let hint = |it: &Value| it["annotations"]["readOnlyHint"].as_bool();
        let each = tools.iter();
        each.map(|it| (it["name"].as_str().unwrap().to_owned(), hint(it)))
            .collect::<BTreeMap<_, _>>()
    };
    let mut last = tools();
    // Some come only after the handshake.
    wait_for("the list to stay", PATIENCE, || {
        std::thread::sleep(std::time::Duration::from_millis(400));
        let now = tools();
        (std::mem::replace(&mut last, now.clone()) == now).then_some(now)
    })
}

/// The tools a starter policy names, which are written one a line.
fn named(server: &str) -> BTreeSet<String> {
    let policy = shipped_policy(&format!("catalog/{server}.yaml"));
    let text = fs::read_to_string(policy).unwrap();
    let items = text.lines().filter_map(|it| it.strip_prefix("    - "));
    let tools = items.map(|it| it.strip_prefix("tool: ").unwrap_or(it));
    // What else the policies list: server methods, paths and patterns.
    tools
        .filter(|it| *it != "ping" && !it.starts_with('~') && !it.contains(": "))
        .map(str::to_owned)
        .collect()
}
