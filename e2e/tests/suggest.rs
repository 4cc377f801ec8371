//! Policies made of what was recorded, and tried on it: with real servers, through the real shim.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails ends the test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use e2e::client::Client;
use e2e::home::Home;
use e2e::needs::needs;
use serde_json::{Value, json};

#[path = "suggest/traffic.rs"]
mod traffic;

use traffic::{SERVERS, Traffic};

const MONITOR: &str = "  mode: monitor\n  allowed_tools: []";

/// Starts a server behind aip, under its name.
fn client(home: &Home, policy: &Path, traffic: &Traffic) -> Client {
    let mut command = home.aip(policy, &["--name", traffic.name], &traffic.command);
    for (name, value) in &traffic.env {
        command.env(name, value);
    }
    let mut client = Client::start(command);
    client.initialize();
    client.request("tools/list", &json!({}));
    client
}

fn play(client: &mut Client, calls: &[(&str, Value)]) -> Vec<i64> {
    let code = |answer: Value| answer["error"]["data"]["aip"].is_string();
    let all = calls.iter().map(|(tool, args)| client.call(tool, args));
    all.map(|it| {
        if code(it.clone()) {
            it["error"]["code"].as_i64().unwrap()
        } else {
            0
        }
    })
    .collect()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn suggested(home: &Home, args: &[&str]) -> (String, PathBuf) {
    let run = home.ctl(&[&["policy", "suggest"], args].concat());
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let yaml = stdout(&run);
    let file = home.policy_text("suggested", &yaml);
    let check = home
        .command("aip")
        .arg("--policy")
        .arg(&file)
        .arg("--validate")
        .output();
    assert!(check.unwrap().status.success(), "{yaml}");
    (yaml, file)
}

fn replayed(home: &Home, file: &Path, args: &[&str]) -> (Value, i32) {
    let file = file.to_str().unwrap();
    let run = home.ctl(&[&["policy", "replay", file, "--json"], args].concat());
    let told = serde_json::from_slice(&run.stdout);
    (
        told.unwrap_or_else(|_| panic!("{run:?}")),
        run.status.code().unwrap(),
    )
}

#[test]
fn what_real_servers_were_asked_for_passes_and_what_they_were_not_does_not() {
    let test = "what_real_servers_were_asked_for_passes_and_what_they_were_not_does_not";
    let home = Home::new();
    let monitor = home.policy("monitor", MONITOR);
    let mut played = 0;
    for make in SERVERS {
        let Some(traffic) = needs(test, make(&home)) else {
            continue;
        };
        let mut watched = client(&home, &monitor, &traffic);
        let calls = traffic.calls.clone();
        assert_eq!(
            play(&mut watched, &calls),
            vec![0; calls.len()],
            "{}",
            traffic.name
        );
        watched.close();

        let (yaml, file) = suggested(&home, &["--server", traffic.name, "--from", "monitor"]);
        let (told, code) = replayed(&home, &file, &["--server", traffic.name]);
        assert_eq!(
            (told["changed"].as_u64(), code),
            (Some(0), 0),
            "{told}\n{yaml}"
        );
        assert_eq!(told["unchanged"], calls.len(), "{told}");
        assert_eq!(told["unknown"], json!([]), "{told}");

        let mut held = client(&home, &file, &traffic);
        let codes = play(&mut held, &calls);
        assert_eq!(codes, vec![0; calls.len()], "{}: {yaml}", traffic.name);
        let codes = play(&mut held, &traffic.misuse);
        assert_eq!(codes, vec![-32001; codes.len()], "{}: {yaml}", traffic.name);
        held.close();
        played += 1;
    }
    assert!(played > 0 || !traffic::any_installed());
}

#[test]
fn a_tightened_policy_is_told_by_what_it_changes() {
    let home = Home::new();
    let wide = home.policy("wide", "  allowed_tools: [read, write, pay]");
    let record = home.record("server");
    let mut client = home.wrap(&wide, &record, &[]);
    client.initialize();
    for path in ["/srv/a/1", "/srv/a/2", "/srv/b/3"] {
        client.call("read", &json!({"path": path}));
    }
    client.call("write", &json!({"path": "/srv/a/1"}));
    client.call("unknown", &json!({"n\n": "x"}));
    client.call("pay", &json!({"sum": 5}));
    client.call("pay", &json!({"sum": 5}));

    let (told, code) = replayed(&home, &wide, &[]);
    assert_eq!(
        (&told["calls"], &told["unchanged"], code),
        (&json!(7), &json!(7), 0),
        "{told}"
    );
    let tight = home.policy(
        "tight",
        "  tool_rules:
    - {tool: read, allow_args: {path: {path: {under: [/srv/a]}}}}
    - {tool: write, action: ask}
    - {tool: pay, rate_limit: 1/hour}
    - {tool: unknown}",
    );
    let (told, code) = replayed(&home, &tight, &["--limit-examples", "1"]);
    assert_eq!(code, 5, "{told}");
    let change = |it: &Value| {
        let examples = it["examples"].as_array().unwrap().len();
        let text = |name| it[name].as_str().unwrap().to_owned();
        format!(
            "{} {} {} {} {examples}",
            text("what"),
            text("old"),
            text("new"),
            it["count"]
        )
    };
    let changes: Vec<_> = told["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(change)
        .collect();
    let expected = [
        "pay allow rate_limit 1 1",
        "read allow block 1 1",
        "unknown block allow 1 1",
        "write allow ask 1 1",
    ];
    assert_eq!(changes, expected, "{told}");
    let shown = stdout(&home.ctl(&["policy", "replay", tight.to_str().unwrap()]));
    assert!(
        shown.contains("7 calls: 3 unchanged, 4 changed, 0 unknown."),
        "{shown}"
    );

    let broken = home.policy("broken", "  allowed_tolls: [read]");
    assert_eq!(replayed(&home, &broken, &[]).1, 1);
    let none = home.ctl(&["policy", "replay", "nowhere.yaml"]);
    assert_eq!(none.status.code(), Some(4), "{none:?}");
}

#[test]
fn what_was_redacted_or_refused_is_never_taken_for_a_value() {
    let home = Home::new();
    let spec = "  allowed_tools: [send, note]
  tool_rules:
    - {tool: send, allow_args: {to: '[a-z]+'}}
  dlp:
    patterns: [{name: Key, regex: 'KEY-[0-9]+'}]";
    let policy = home.policy("agent", spec);
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &[]);
    client.initialize();
    for to in ["ann", "bob", "ann", "bob", "EVE"] {
        client.call("send", &json!({"to": to}));
    }
    client.call("note", &json!({"text": "KEY-123"}));
    client.call("note", &json!({"text": "plain"}));
    client.call("note", &json!({"text": "sk-0123456789abcdef"}));
    client.call("evil", &json!({"a": "b"}));

    let (yaml, file) = suggested(&home, &[]);
    assert!(yaml.contains("to: {one_of: [\"ann\", \"bob\"]}"), "{yaml}");
    assert!(
        yaml.contains("any text: 1 of 3 values redacted in the record"),
        "{yaml}"
    );
    assert!(
        yaml.contains("Refused before and refused by it: evil (1)"),
        "{yaml}"
    );
    for taken in ["KEY-", "REDACTED", "sk-0", "EVE", "tool: evil"] {
        assert!(!yaml.contains(taken), "{taken}: {yaml}");
    }
    let (told, code) = replayed(&home, &file, &[]);
    let unknown = json!([{"why": "its arguments were redacted", "count": 1}]);
    assert_eq!((&told["unknown"], code), (&unknown, 0), "{told}");
    assert_eq!(told["unchanged"], 8, "{told}");

    let diff = home.ctl(&["policy", "suggest", "--diff"]);
    let shown = stdout(&diff);
    assert!(shown.contains("-   allowed_tools: [send, note]"), "{shown}");
    assert!(shown.contains("+     - tool: send"), "{shown}");
    let other = home.ctl(&["policy", "suggest", "--server", "nobody"]);
    assert_eq!(other.status.code(), Some(1), "{other:?}");
}

#[test]
fn names_and_values_of_an_attacker_stay_in_their_quotes() {
    let home = Home::new();
    let policy = home.policy("monitor", MONITOR);
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &[]);
    client.initialize();
    let hostile = "x\"]}\n  allowed_tools: ['*'] #\u{1b}[2J\u{202e}\u{85}";
    for tool in ["read", "re*", "evil\n- tool: '*'"] {
        client.call(
            tool,
            &json!({"a": hostile, hostile: "b", "p": "/srv/'\n- x/y"}),
        );
        client.call(
            tool,
            &json!({"a": hostile, hostile: "b", "p": "/srv/'\n- x/y"}),
        );
    }
    let (yaml, file) = suggested(&home, &["--from", "monitor"]);
    assert!(!yaml.contains("\n  allowed_tools"), "{yaml}");
    assert!(
        yaml.chars().all(|it| it == '\n' || !it.is_control()),
        "{yaml:?}"
    );
    assert!(yaml.contains("Left out"), "{yaml}");
    let (told, code) = replayed(&home, &file, &[]);
    let blocked = |it: &Value| it["what"] == "re*" && it["new"] == "block";
    let changes = told["changes"].as_array().unwrap();
    assert!(code == 5 && changes.iter().all(blocked), "{told}\n{yaml}");
    let mut held = home.wrap(&file, &record, &[]);
    held.initialize();
    assert_eq!(play(&mut held, &[("anything", json!({}))]), [-32001]);
    let moved = fs::metadata(&file).unwrap();
    assert!(moved.is_file());
}
