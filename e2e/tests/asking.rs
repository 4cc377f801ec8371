//! A call that a person is asked about: it waits without delaying others, and ends by the
//! person's answer, by time, or because the client withdrew it.
#![expect(clippy::expect_used, reason = "what fails ends the test")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use e2e::client::{Client, PATIENCE};
use e2e::counterparts::{driver, installed};
use e2e::home::{Home, recorder};
use e2e::needs::{needs, tool};
use e2e::wait::wait_for;
use serde_json::{Value, json};

const SPEC: &str = "  allowed_tools: [free]\n  tool_rules:\n    - {tool: echo, action: ask}";

#[test]
fn an_approved_call_is_forwarded_as_it_was_shown() {
    let (home, mut client) = start("");
    let id = client.ask_call("echo", &json!({"n": 1}));
    let approval = waiting(&home);
    assert_eq!(approval["tool"], "echo");
    answer(&home, "approve", &approval);
    let result = client.answer(id, PATIENCE).expect("an answer");
    assert_eq!(
        result["result"]["content"][0]["text"], r#"{"n":1}"#,
        "{result}"
    );
    let decision = home.decisions().pop().unwrap();
    assert_eq!(decision["decision"], "ALLOW", "{decision}");
    assert!(decision.get("approval").is_some(), "{decision}");
}

#[test]
fn a_denied_call_is_answered_so_and_never_forwarded() {
    let (home, mut client) = start("");
    let id = client.ask_call("echo", &json!({"n": 1}));
    answer(&home, "deny", &waiting(&home));
    let error = client.answer(id, PATIENCE).expect("an answer");
    assert_eq!(error["error"]["code"], -32004, "{error}");
    assert_eq!(error["error"]["message"], "User denied");
    assert!(home.record("server").calls().is_empty());
    assert_eq!(home.decisions().pop().unwrap()["decision"], "BLOCK");
}

#[test]
fn without_an_answer_a_call_denies_itself() {
    let (home, mut client) = start("ask_timeout: 1\n");
    let id = client.ask_call("echo", &json!({"n": 1}));
    let error = client
        .answer(id, Duration::from_secs(5))
        .expect("an answer");
    assert_eq!(error["error"]["code"], -32005, "{error}");
    assert_eq!(error["error"]["message"], "User approval timeout");
    assert!(home.record("server").calls().is_empty());
    let decisions = home.decisions();
    assert_eq!(
        decisions.len(),
        1,
        "an ask ends in one decision: {decisions:?}"
    );
}

#[test]
fn more_time_is_given_once_and_outlives_the_daemon() {
    let (home, mut client) = start("ask_timeout: 3\n");
    let id = client.ask_call("echo", &json!({"n": 1}));
    let approval = waiting(&home);
    let named = approval["id"].as_str().unwrap();
    let said = home.ctl(&["extend", named]);
    assert!(said.status.success(), "{said:?}");
    let again = home.ctl(&["extend", named]);
    assert_eq!(again.status.code(), Some(4), "{again:?}");
    let why = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(why.contains("was given more time already"), "{why}");
    let later = waiting(&home);
    assert!(later["deadline"].as_str() > approval["deadline"].as_str());
    assert_eq!(later["extended"], true);

    home.kill_daemon(rustix::process::Signal::KILL);
    assert!(client.request("ping", &json!({})).get("result").is_some());
    assert_eq!(waiting(&home), later, "as it was before the daemon died");
    assert_eq!(client.answer(id, Duration::from_millis(1500)), None);
    let error = client
        .answer(id, Duration::from_secs(6))
        .expect("an answer");
    assert_eq!(error["error"]["code"], -32005, "{error}");
    let extended = home.live_audit().into_iter();
    let extended: Vec<_> = extended
        .filter(|it| it["event"] == "APPROVAL_EXTENDED")
        .collect();
    assert_eq!(extended.len(), 1, "{extended:?}");
    assert_eq!(extended[0]["channel"], "control");
    assert_eq!(extended[0]["approval_id"], approval["id"]);
}

#[test]
fn more_time_that_can_not_be_recorded_is_not_given() {
    let (home, mut client) = start("");
    client.ask_call("echo", &json!({"n": 1}));
    let before = waiting(&home);
    for file in ["audit.db", "audit.db-wal", "audit.db-shm"] {
        std::fs::remove_file(home.path().join(file)).unwrap();
    }
    let refused = home.ctl(&["extend", before["id"].as_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("could not be recorded"), "{why}");
    let after = waiting(&home);
    assert_eq!(after["deadline"], before["deadline"]);
    assert_eq!(after["extended"], false);
}

#[test]
fn who_watches_hears_at_once_of_each_ask_and_how_it_ends() {
    let (home, mut client) = start("");
    let mut watching = home.command("aipctl");
    watching.args(["approvals", "--watch", "--json"]);
    let mut watching = watching.stdout(Stdio::piped()).spawn().expect("it starts");
    let (heard, hears) = std::sync::mpsc::channel();
    let stdout = BufReader::new(watching.stdout.take().expect("its output"));
    std::thread::spawn(move || {
        for line in stdout.lines() {
            let _gone = heard.send(line.expect("text"));
        }
    });
    let hear = || -> Value {
        let line = hears.recv_timeout(PATIENCE).expect("a line");
        serde_json::from_str(&line).expect("JSON")
    };
    for (verb, state) in [("approve", "allowed"), ("deny", "denied")] {
        let id = client.ask_call("echo", &json!({"n": verb}));
        let asked = hear();
        assert_eq!(asked["state"], "waiting");
        assert_eq!(asked["args"], json!({"n": verb}).to_string());
        let named = asked["id"].as_str().unwrap();
        assert!(home.ctl(&["extend", named]).status.success());
        let longer = hear();
        assert_eq!(
            (&longer["id"], &longer["extended"]),
            (&asked["id"], &json!(true))
        );
        answer(&home, verb, &asked);
        let ended = hear();
        assert_eq!(
            (&ended["id"], &ended["state"]),
            (&asked["id"], &json!(state))
        );
        assert!(client.answer(id, PATIENCE).is_some());
    }
    home.kill_daemon(rustix::process::Signal::TERM);
    let ended = watching.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
}

#[test]
fn a_waiting_call_delays_no_other_message() {
    let (home, mut client) = start("");
    let id = client.ask_call("echo", &json!({"n": 1}));
    let approval = waiting(&home);
    assert!(
        client
            .call("free", &json!({"n": 2}))
            .get("result")
            .is_some()
    );
    assert!(client.request("ping", &json!({})).get("result").is_some());
    assert!(
        client.answer(id, Duration::ZERO).is_none(),
        "it did not wait"
    );
    answer(&home, "approve", &approval);
    assert!(
        client
            .answer(id, PATIENCE)
            .expect("an answer")
            .get("result")
            .is_some()
    );
}

#[test]
fn a_cancelled_call_is_withdrawn_and_a_late_yes_forwards_nothing() {
    let (home, mut client) = start("");
    let id = client.ask_call("echo", &json!({"n": 1}));
    let approval = waiting(&home);
    let params = json!({"requestId": id, "reason": "changed my mind"});
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}));
    wait_for("the withdrawal", PATIENCE, || {
        home.approvals().is_empty().then_some(())
    });
    let late = home.ctl(&["approve", approval["id"].as_str().unwrap()]);
    let said = String::from_utf8_lossy(&late.stdout).into_owned();
    assert!(said.contains("nothing was forwarded"), "{late:?}");
    client.request("ping", &json!({}));
    assert!(home.record("server").calls().is_empty());
}

#[test]
fn a_late_yes_forwards_nothing_and_lets_the_next_try_through() {
    let (home, mut client) = start("ask_timeout: 1\n");
    let id = client.ask_call("echo", &json!({"n": 1}));
    let approval = waiting(&home);
    let error = client.answer(id, PATIENCE).expect("an answer");
    assert_eq!(error["error"]["code"], -32005, "{error}");
    let late = home.ctl(&["approve", approval["id"].as_str().expect("an id")]);
    let said = String::from_utf8_lossy(&late.stdout).into_owned();
    assert!(late.status.success(), "{late:?}");
    assert!(said.contains("goes through without asking, once"), "{said}");
    assert!(home.record("server").calls().is_empty(), "nothing ran");
    let result = client.call("echo", &json!({"n": 1}));
    assert!(result.get("result").is_some(), "{result}");
    let decision = home.decisions().pop().expect("a decision");
    assert_eq!(decision["approval"]["banked"], true, "{decision}");
    let again = client.ask_call("echo", &json!({"n": 1}));
    waiting(&home);
    assert!(
        client
            .answer(again, PATIENCE)
            .expect("it expires")
            .get("error")
            .is_some()
    );
    assert_eq!(home.record("server").calls().len(), 1);
}

/// Its time-out is shorter than the person takes, and counts from what it last heard.
#[test]
fn a_patient_client_waits_as_long_as_the_person_takes() {
    let test = "a_patient_client_waits_as_long_as_the_person_takes";
    let sdk = tool("node").and_then(|()| installed("node/node_modules/@modelcontextprotocol/sdk"));
    if needs(test, sdk).is_none() {
        return;
    }
    let home = Home::new();
    let policy = home.policy("asking", SPEC);
    let aip = home.aip(&policy, &[], &recorder(&home.record("server"), &[]));
    let mut client = Command::new("node");
    client
        .args([&driver("patient.mjs"), "echo", "8000"])
        .arg(aip.get_program())
        .args(aip.get_args());
    home.dress(&mut client);
    let client = client.stdout(Stdio::piped()).spawn().expect("node starts");
    let approval = waiting(&home);
    std::thread::sleep(Duration::from_secs(11));
    answer(&home, "approve", &approval);
    let output = client.wait_with_output().expect("it ends");
    let told: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    assert_eq!(told["result"]["content"][0]["text"], r#"{"n":1}"#, "{told}");
    let heard = told["heard"].as_array().expect("what it heard");
    assert_eq!(heard.len(), 2, "{told}");
    assert_eq!(
        heard[0]["message"],
        "waiting for a person to allow this call"
    );
}

fn start(config: &str) -> (Home, Client) {
    let home = Home::with_config(&format!("{}{config}", e2e::home::TEST_CONFIG));
    let policy = home.policy("asking", SPEC);
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    (home, client)
}

fn waiting(home: &Home) -> Value {
    wait_for("a waiting approval", PATIENCE, || home.approvals().pop())
}

fn answer(home: &Home, verb: &str, approval: &Value) {
    let output = home.ctl(&[verb, approval["id"].as_str().expect("approvals have ids")]);
    assert!(output.status.success(), "aipctl {verb}: {output:?}");
}
