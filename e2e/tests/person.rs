//! What a person does while sessions run: stops all, watches only, accepts a changed policy,
//! erases what records hold; each takes effect at once and is itself recorded.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, json_lines, recorder};
use e2e::wait::wait_until;
use serde_json::json;

const SPEC: &str = "  allowed_tools: [echo]";

#[test]
fn stop_all_refuses_every_call_until_resume() {
    let (home, mut client) = start("");
    done(&home, &["stop-all"]);
    let answer = client.call("echo", &json!({"n": 1}));
    assert_eq!(answer["error"]["code"], -32001, "{answer}");
    assert!(client.request("ping", &json!({})).get("result").is_some());
    done(&home, &["resume"]);
    assert!(
        client
            .call("echo", &json!({"n": 2}))
            .get("result")
            .is_some()
    );
    assert_eq!(home.record("server").calls().len(), 1);
    assert_eq!(recorded(&home, "deny_all"), 1, "{:?}", home.live_audit());
}

#[test]
fn pause_judges_as_in_monitor_mode_and_outlives_the_daemon() {
    let (home, mut client) = start("");
    done(&home, &["pause", "15m"]);
    home.kill_daemon(rustix::process::Signal::KILL);
    let answer = client.call("other", &json!({"n": 1}));
    assert!(answer.get("result").is_some(), "{answer}");
    assert_eq!(home.decisions()[0]["decision"], "ALLOW_MONITOR");
    done(&home, &["resume"]);
    assert_eq!(
        client.call("other", &json!({"n": 2}))["error"]["code"],
        -32001
    );
}

#[test]
fn a_looser_policy_waits_until_it_is_trusted_and_says_so() {
    let (home, mut client) = start("policy_trust: first_use\n");
    let policy = home.work().join("person.yaml");
    let text = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, text.replace("[echo]", "['*']")).unwrap();
    let mut second = home.wrap(&policy, &home.record("second"), &[]);
    second.initialize();
    for client in [&mut client, &mut second] {
        let answer = client.call("other", &json!({}));
        assert_eq!(
            answer["error"]["code"], -32001,
            "a looser policy applied by itself: {answer}"
        );
    }
    second.wait_stderr("policy trust");
    assert!(
        home.status()["attention"]
            .to_string()
            .contains("person.yaml"),
        "{}",
        home.status()
    );

    done(
        &home,
        &["policy", "trust", &policy.to_string_lossy(), "--yes"],
    );
    assert!(second.call("other", &json!({})).get("result").is_some());
}

#[test]
fn a_tighter_policy_applies_at_once() {
    let (home, mut client) = start("policy_trust: first_use\n");
    let policy = home.work().join("person.yaml");
    assert!(client.call("echo", &json!({})).get("result").is_some());
    let text = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, text.replace("[echo]", "[]")).unwrap();
    done(&home, &["policy", "reload"]);
    assert_eq!(client.call("echo", &json!({}))["error"]["code"], -32001);
}

#[test]
fn erased_arguments_are_no_longer_told_and_the_chain_holds() {
    let home = erased("a-word-to-forget");
    assert!(home.verifies().status.success(), "{:?}", home.verifies());
    let told = format!("{:?}", home.decisions());
    assert!(!told.contains("a-word-to-forget"), "{told}");
    assert_eq!(home.decisions().len(), 1, "the record itself stays");
    let events = format!("{:?}", home.live_audit()).to_lowercase();
    assert!(events.contains("erase"), "not recorded: {events}");
}

#[test]
fn erased_arguments_are_in_none_of_the_daemons_files() {
    let home = erased("a-word-to-forget");
    let mut keep = Vec::new();
    for file in std::fs::read_dir(home.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        if bytes.windows(16).any(|piece| piece == b"a-word-to-forget") {
            keep.push(path);
        }
    }
    assert!(keep.is_empty(), "still in {keep:?}");
}

#[test]
fn the_guides_verbose_lines_are_shown() {
    let home = Home::with_config("");
    let policy = home.policy("secure-agent", SPEC);
    let server = recorder(&home.record("server"), &[]);
    let mut client = Client::start(home.aip(&policy, &["--verbose"], &server));
    client.initialize();
    client.call("echo", &json!({}));
    client.call("exec_command", &json!({}));
    for line in [
        "[INFO] Loaded policy: secure-agent",
        "[INFO] Protected paths: [secure-agent.yaml]",
        "[DEBUG] Request: tools/call -> echo",
        "[DEBUG] Evaluating allowed_tools: [echo] \u{2713}",
        "[INFO] Decision: ALLOW",
        "[DEBUG] Request: tools/call -> exec_command",
        "[DEBUG] Tool not in allowed_tools",
        "[WARN] Decision: BLOCK (error: -32001)",
    ] {
        client.wait_stderr(line);
    }
}

#[test]
fn a_target_is_split_as_a_shell_would_and_run_by_none() {
    let home = Home::new();
    let policy = home.policy("target", SPEC);
    let folder = home.work().join("a folder; $(touch run)");
    std::fs::create_dir(&folder).unwrap();
    let record = e2e::record::Record::at(&folder.join("server.jsonl"));
    let line: Vec<String> = recorder(&record, &["--text", "$HOME"])
        .iter()
        .map(|word| format!("'{word}'"))
        .collect();
    let mut command = home.command("aip");
    command
        .arg("--policy")
        .arg(policy)
        .arg("--target")
        .arg(line.join(" "));
    let mut client = Client::start(command);
    client.initialize();
    let answer = client.call("echo", &json!({"n": 1}));
    assert_eq!(answer["result"]["content"][0]["text"], "$HOME");
    assert_eq!(record.calls().len(), 1);
    assert!(!home.work().join("run").exists(), "a shell was involved");
}

#[test]
fn followed_logs_show_a_decision_as_it_comes() {
    let (home, mut client) = start("");
    let mut command = home.command("aipctl");
    command.args(["logs", "--follow", "--json"]);
    let mut follower = Client::start(command);
    std::thread::sleep(std::time::Duration::from_millis(300));
    client.call("echo", &json!({"n": 41}));
    let line = follower.find(PATIENCE, |line| line["args"]["n"] == 41);
    assert_eq!(line.expect("the decision")["decision"], "ALLOW");
}

#[test]
fn the_export_has_one_line_a_decision() {
    let (home, mut client) = start("");
    client.call("echo", &json!({"n": 1}));
    client.call("other", &json!({"text": "a,\"b\"\nc"}));
    let jsonl = home.ctl(&["export", "--format", "jsonl"]);
    assert_eq!(json_lines(&jsonl.stdout).len(), 2, "{jsonl:?}");
    let csv = home.ctl(&["export", "--format", "csv"]);
    let text = String::from_utf8_lossy(&csv.stdout).into_owned();
    assert!(
        text.starts_with("timestamp,") && text.contains("BLOCK"),
        "{text}"
    );
}

fn start(config: &str) -> (Home, Client) {
    let home = Home::with_config(if config.is_empty() {
        e2e::home::TEST_CONFIG
    } else {
        config
    });
    let policy = home.policy("person", SPEC);
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    (home, client)
}

/// A home whose one call held this word until it was erased.
fn erased(word: &str) -> Home {
    let (home, mut client) = start("");
    client.call("echo", &json!({"note": word}));
    client.close();
    client.wait(PATIENCE);
    let session = home.decisions()[0]["session_id"]
        .as_str()
        .expect("it has one")
        .to_owned();
    done(&home, &["audit", "erase", "--session", &session, "--yes"]);
    home
}

#[track_caller]
fn done(home: &Home, args: &[&str]) {
    let output = home.ctl(args);
    assert!(output.status.success(), "aipctl {args:?}: {output:?}");
}

/// How many audit events speak of this word.
fn recorded(home: &Home, word: &str) -> usize {
    let count = || {
        let lines = home.live_audit();
        lines
            .iter()
            .filter(|it| it.get("event").is_some() && it.to_string().contains(word))
            .count()
    };
    wait_until(&format!("an event that says `{word}`"), PATIENCE, || {
        count() > 0
    });
    count()
}
