//! `aip wrap NAME --fit`: the server started once and alone, and a policy for what it lists.

use std::fs;

use e2e::counterparts::npm_server;
use e2e::home::recorder;
use e2e::needs::needs;
use serde_json::json;

use crate::bench::{Bench, said};

#[test]
fn a_real_servers_policy_names_each_of_its_tools_and_is_valid() {
    let name = "a_real_servers_policy_names_each_of_its_tools";
    let Some(memory) = needs(name, npm_server("memory")) else {
        return;
    };
    let bench = Bench::new();
    bench.program(
        "mcp-server-memory",
        &format!("exec {} \"$@\"", memory.join(" ")),
    );
    let told = said(bench.aip(&["wrap", "memory", "--fit"]));
    let policy = bench.starter("memory");
    assert!(
        told.contains(policy.to_str().unwrap()) && told.contains("9 tools"),
        "{told}"
    );
    let text = fs::read_to_string(&policy).unwrap();
    assert!(
        text.starts_with("# Written by `aip wrap memory --fit` for the 9 tools"),
        "{text}"
    );
    assert!(!text.contains("not listed by the server"), "{text}");
    assert!(text.contains("    - read_graph\n") && text.contains("    - tool: delete_entities\n"));
    valid(&bench, &policy);
}

#[test]
fn a_tool_that_calls_itself_read_only_is_asked_and_one_that_destroys_is_blocked() {
    let bench = Bench::new();
    let tools = json!([
        {"name": "get_current_time", "annotations": {"readOnlyHint": true}},
        {"name": "read_mail", "annotations": {"readOnlyHint": true, "destructiveHint": false}},
        {"name": "wipe", "annotations": {"readOnlyHint": true, "destructiveHint": true}},
        {"name": "send"},
        {"name": "*", "annotations": {"readOnlyHint": true}},
        {"name": "x\n      action: allow", "annotations": {"readOnlyHint": true}},
    ]);
    let file = bench.home.work().join("tools.json");
    fs::write(&file, tools.to_string()).unwrap();
    let switches = ["--tools", file.to_str().unwrap()];
    let server = recorder(&bench.home.record("server"), &switches);
    bench.program("mcp-server-time", &format!("exec {}", server.join(" ")));
    said(bench.aip(&["wrap", "time", "--fit", "--policy", "mine.yaml"]));

    let policy = bench.home.work().join("mine.yaml");
    assert!(!bench.starter("time").exists());
    valid(&bench, &policy);
    let path = policy.to_str().unwrap();
    for (tool, decision) in [
        ("get_current_time", "ALLOW"),
        ("read_mail", "ASK"),
        ("send", "ASK"),
        ("wipe", "BLOCK"),
        ("anything", "BLOCK"),
        ("x", "BLOCK"),
    ] {
        let output = bench
            .home
            .ctl(&["policy", "explain", path, "--tool", tool, "--json"]);
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["decision"], decision, "{tool}");
    }
    let text = fs::read_to_string(&policy).unwrap();
    assert!(text.contains("which is its own word"), "{text}");
    assert!(text.contains("#   convert_time\n"), "not listed: {text}");
    assert!(text.contains("refused: 2 whose names"), "{text}");
    let called = bench.home.record("server").calls();
    assert!(called.is_empty(), "it is only asked for its list");
}

#[test]
fn what_is_there_is_not_overwritten_and_the_server_is_not_started() {
    let bench = Bench::new();
    bench.program("mcp-server-time", "touch started");
    let policy = bench.starter("time");
    fs::create_dir(policy.parent().unwrap()).unwrap();
    fs::write(&policy, "mine").unwrap();
    let output = bench.aip(&["wrap", "time", "--fit"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("never overwritten")
    );
    assert_eq!(fs::read_to_string(&policy).unwrap(), "mine");
    assert!(!bench.home.work().join("started").exists());
}

#[test]
fn where_the_server_does_not_run_the_catalogs_policy_is_written_and_that_is_said() {
    let bench = Bench::new();
    bench.program("mcp-server-time", "exit 1");
    let told = said(bench.aip(&["wrap", "time", "--fit"]));
    assert!(
        told.contains("aip's own list") && told.contains("ended before"),
        "{told}"
    );
    let shipped = e2e::programs::shipped_policy("catalog/time.yaml");
    let text = fs::read_to_string(bench.starter("time")).unwrap();
    assert_eq!(text, fs::read_to_string(shipped).unwrap());
}

fn valid(bench: &Bench, policy: &std::path::Path) {
    let output = bench
        .home
        .ctl(&["policy", "validate", policy.to_str().unwrap()]);
    let told = format!("{output:?}");
    assert!(
        output.status.success() && !told.contains("warning"),
        "{told}"
    );
}
