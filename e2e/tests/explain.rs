//! Policies tried before anything goes by them, and told by what they did.
#![expect(clippy::unwrap_used, reason = "what fails ends the test")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use e2e::home::Home;
use serde_json::{Value, json};

const SPEC: &str = "  allowed_tools: ['look', 'read_*']
  protected_paths: ['~/secret']
  tool_rules:
    - tool: write
      action: ask
    - tool: list
      allow_args:
        path: ^/tmp/.*
    - tool: other
      action: block";

#[test]
fn a_call_is_told_as_it_would_be_judged_and_nothing_is_recorded_of_it() {
    let home = Home::new();
    let policy = home.policy("agent", SPEC);
    let file = policy.to_str().unwrap();
    let explain = |more: &[&str]| {
        let args = [&["policy", "explain", file, "--json"], more].concat();
        let run = home.ctl(&args);
        let told: Value = serde_json::from_slice(&run.stdout).unwrap();
        (told, run.status.code().unwrap())
    };
    let call = |tool: &str, arguments: Value| {
        let (told, code) = explain(&["--tool", tool, "--args", &arguments.to_string()]);
        let decision = told["decision"].as_str().unwrap().to_owned();
        (decision, told["line"].as_u64(), code, told)
    };
    let checks = [
        ("read_file", json!({"path": "/tmp/a"}), "ALLOW", 0),
        ("write", json!({}), "ASK", 0),
        ("list", json!({"path": "/tmp/a"}), "ALLOW", 0),
        ("list", json!({"path": "/etc"}), "BLOCK", 1),
        ("other", json!({}), "BLOCK", 1),
        ("unknown", json!({}), "BLOCK", 1),
        ("read_file", json!({"path": "~/secret/key"}), "BLOCK", 1),
    ];
    for (tool, arguments, decision, code) in checks {
        let told = call(tool, arguments);
        assert_eq!((told.0.as_str(), told.2), (decision, code), "{}", told.3);
        assert!(told.3["trace"].as_array().unwrap().len() > 1, "{}", told.3);
    }
    let text = std::fs::read_to_string(&policy).unwrap();
    let line_of = |part: &str| text.lines().position(|it| it.contains(part)).unwrap() as u64 + 1;
    assert_eq!(call("write", json!({})).1, Some(line_of("tool: write")));
    assert_eq!(
        call("list", json!({"path": "/etc"})).1,
        Some(line_of("path: ^/tmp"))
    );
    let (protected, ..) = explain(&["--tool", "read_file", "--args", r#"{"path":"~/secret"}"#]);
    assert_eq!(protected["error_code"], -32007, "{protected}");
    let relative = ["--tool", "read_x", "--args", r#"{"path":"secret/key"}"#];
    let work = home.work();
    let at_home = work.parent().unwrap().join("user");
    let at_home = [&relative[..], &["--cwd", at_home.to_str().unwrap()]].concat();
    assert_eq!(explain(&at_home).0["error_code"], -32007);
    assert_eq!(explain(&relative).0["decision"], "ALLOW");

    std::fs::write(&policy, text.replace("tool_rules", "tool_rulse")).unwrap();
    let (broken, code) = explain(&["--tool", "write"]);
    assert_eq!((&broken["decision"], code), (&Value::Null, 1));
    assert_eq!(broken["diagnostics"][0]["line"], line_of("tool_rules"));
    assert_eq!(home.decisions(), Vec::<Value>::new());
}

#[test]
fn each_entry_is_told_with_what_fell_to_it() {
    let home = Home::with_config("policy_trust: 'off'\n");
    let policy = home.policy("agent", SPEC);
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &[]);
    client.initialize();
    for _ in 0..3 {
        client.call("read_file", &json!({}));
    }
    client.call("list", &json!({"path": "/etc"}));
    client.call("list", &json!({"path": "/tmp/a"}));
    client.call("other", &json!({}));
    let answer = ask(
        &home,
        &json!({"op": "policy_rules", "path": policy, "hours": 1}),
    );
    let (end, rules) = answer.split_last().unwrap();
    assert_eq!(end["end"], json!({"looked_at": 6, "more": false}));
    let told = |it: &Value| {
        let rule = &it["item"];
        assert_eq!(rule["last"].is_null(), rule["calls"] == 0, "{rule}");
        format!(
            "{} {}: {} of {} refused",
            rule["list"].as_str().unwrap(),
            rule["written"].as_str().unwrap(),
            rule["refused"],
            rule["calls"]
        )
    };
    let told: Vec<_> = rules.iter().map(told).collect();
    assert_eq!(
        told,
        [
            "allowed_tools look: 0 of 0 refused",
            "allowed_tools read_*: 0 of 3 refused",
            "tool_rules write: 0 of 0 refused",
            "tool_rules list: 0 of 1 refused",
            "allow_args path: 1 of 1 refused",
            "tool_rules other: 1 of 1 refused",
        ]
    );
}

#[test]
fn a_text_is_checked_without_a_file() {
    let home = Home::new();
    assert!(home.ctl(&["policy", "reload"]).status.success());
    let text = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {name: a}\nspec:\n  mode: enforced\n  x: 1\n";
    let answer = ask(&home, &json!({"op": "policy_validate", "text": text}));
    let checked = &answer[0]["end"];
    assert_eq!(checked["valid"], false);
    let found = checked["diagnostics"].as_array().unwrap().iter();
    let lines: Vec<_> = found.map(|it| it["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [5, 6], "{checked}");
}

/// What the daemon answers on the control socket.
fn ask(home: &Home, request: &Value) -> Vec<Value> {
    let mut socket = UnixStream::connect(home.path().join("run/control.sock")).unwrap();
    writeln!(socket, "{request}").unwrap();
    let lines = BufReader::new(socket).lines();
    lines
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect()
}
