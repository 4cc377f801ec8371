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

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, recorder};
use e2e::needs::needs;
use e2e::programs::workspace;
use serde_json::{Value, json};

#[path = "suggest/busy.rs"]
mod busy;
#[path = "suggest/person.rs"]
mod person;
#[path = "suggest/secrets.rs"]
mod secrets;
#[path = "suggest/traffic.rs"]
mod traffic;

use traffic::{SERVERS, Traffic};

const MONITOR: &str = "  mode: monitor\n  allowed_tools: []";

#[test]
fn the_page_shows_what_the_programs_print() {
    let page = workspace().join("docs/learning.md");
    let text = fs::read_to_string(&page).unwrap();
    let home = Home::new();
    let policy = home.policy("watch", MONITOR);
    let record = recorder(&home.record("server"), &[]);
    let mut client = Client::start(home.aip(&policy, &["--name", "files"], &record));
    client.initialize();
    for (tool, args) in traffic::of_the_page() {
        client.call(tool, &args);
    }
    let since = ["--since", "2026-01-01", "--server", "files"];
    let (yaml, file) = suggested(&home, &[&since[..], &["--from", "monitor"]].concat());
    assert_eq!(replayed(&home, &file, &since).1, 0);
    let tight = fence(&text, "yaml", 1);
    let tight = home.policy_text("tight", tight);
    let args = [&["policy", "replay", tight.to_str().unwrap()], &since[..]].concat();
    let told = home.ctl(&args);
    assert_eq!(told.status.code(), Some(5), "{told:?}");

    let mut now = put(&text, "yaml", yaml.trim_end());
    now = put(&now, "text", stdout(&told).trim_end());
    if std::env::var_os("AIP_UPDATE").is_some() {
        fs::write(page, now).unwrap();
    } else {
        assert_eq!(
            without_numbers(&now),
            without_numbers(&text),
            "run with AIP_UPDATE=1"
        );
    }
}

/// The nth block of a language.
fn fence<'t>(text: &'t str, language: &str, nth: usize) -> &'t str {
    let start = format!("```{language}\n");
    let block = text.split(start.as_str()).nth(nth + 1).unwrap();
    block.split("```").next().unwrap()
}

/// The text with another first block of a language.
fn put(text: &str, language: &str, block: &str) -> String {
    let start = format!("```{language}\n");
    let (before, rest) = text.split_once(start.as_str()).unwrap();
    let (_, after) = rest.split_once("```").unwrap();
    format!("{before}{start}{block}\n```{after}")
}

/// Numbers of records depend on when outcomes were written.
fn without_numbers(text: &str) -> String {
    let line = |it: &str| match it.strip_prefix("  records ") {
        Some(_) => "  records".to_owned(),
        None => it.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

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

#[test]
fn what_was_refused_and_would_pass_is_told() {
    let home = Home::new();
    let rules = "  tool_rules:\n    - {tool: read, allow_args: {path: '/srv/notes/[a-m]'}}";
    let policy = home.policy("agent", rules);
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &[]);
    client.initialize();
    for name in ["a", "b", "z"] {
        client.call("read", &json!({"path": format!("/srv/notes/{name}")}));
    }
    let (yaml, file) = suggested(&home, &[]);
    let refused = home.decisions()[2]["seq"].clone();
    let told = format!("Take care: calls that were refused would pass (1), as records {refused}.");
    assert!(yaml.contains(&told), "{told} {yaml}");
    let (told, code) = replayed(&home, &file, &[]);
    assert_eq!(
        (&told["changes"][0]["examples"], code),
        (&json!([refused]), 5),
        "{told}"
    );
}

#[test]
fn resources_that_were_refused_and_would_be_read_are_told() {
    let home = Home::new();
    let strict = "  allowed_tools: [look]\n  allowed_resources: ['file:///srv/a']";
    let strict = home.policy("strict", strict);
    let watching = home.policy("watching", "  mode: monitor");
    let record = home.record("server");
    for (policy, name) in [(&strict, "secret"), (&watching, "b")] {
        let mut client = home.wrap(policy, &record, &[]);
        client.initialize();
        client.call("look", &json!({}));
        let uri = format!("file:///srv/{name}");
        client.request("resources/read", &json!({"uri": uri}));
    }
    let decisions = home.decisions();
    let refused = decisions.iter().find(|it| it["decision"] == "BLOCK");
    let refused = &refused.unwrap()["seq"];
    let (yaml, _) = suggested(&home, &["--from", "monitor"]);
    let told = format!("Take care: calls that were refused would pass (1), as records {refused}.");
    assert!(yaml.contains(&told), "{told} {yaml}");
    let any = "# 1 request; which resource or prompt is not learnt: any of them passes";
    assert!(yaml.contains(any), "{yaml}");
}

#[test]
fn many_pages_of_records_are_walked_and_filters_hold() {
    let home = Home::new();
    let policy = home.policy("agent", "  allowed_tools: [look, other]");
    let second = home.policy("second", "  allowed_tools: [look, other]");
    let record = home.record("server");
    let mut many = home.wrap(&policy, &record, &[]);
    many.initialize();
    for _ in 0..3 {
        let ask = |it| many.ask_call("look", &json!({"n": it}));
        let asked: Vec<i64> = (0..400).map(ask).collect();
        for id in asked {
            assert!(many.answer(id, PATIENCE).is_some());
        }
    }
    let server = recorder(&record, &[]);
    let mut named = Client::start(home.aip(&second, &["--name", "b"], &server));
    named.initialize();
    named.call("other", &json!({}));
    let check = |args: &[&str], look: bool, other: bool| {
        let (yaml, _) = suggested(&home, args);
        assert_eq!(yaml.contains("# 1200 calls"), look, "{args:?} {yaml}");
        assert_eq!(yaml.contains("- tool: other"), other, "{args:?} {yaml}");
    };
    check(&[], true, true);
    check(&["--server", "b"], false, true);
    check(&["--policy", policy.to_str().unwrap()], true, false);
    check(
        &["--policy", second.to_str().unwrap(), "--since", "1h"],
        false,
        true,
    );
    let early = home.ctl(&["policy", "suggest", "--until", "1h"]);
    assert_eq!(early.status.code(), Some(1), "{early:?}");
    let (told, _) = replayed(&home, &policy, &[]);
    assert_eq!(told["unchanged"], 1201, "{told}");
}
