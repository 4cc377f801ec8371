//! `kill -9` of the daemon, at random and at each chosen point: every call gets its answer or
//! one clear error, none runs twice, none without its record, and no rate limit is refilled.
#![expect(clippy::panic, reason = "what fails ends the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use e2e::client::{Client, PATIENCE};
use e2e::home::Home;
use e2e::load::{LONGEST, check_promise, run};
use e2e::store::WriteLock;
use e2e::wait::wait_until;
use rustix::process::Signal;
use serde_json::{Value, json};

const SESSIONS: u64 = 4;
const CALLS: u64 = 2500;
const ALLOW: &str = "  allowed_tools: [echo]";
const REDACT: &str =
    "  allowed_tools: [echo]\n  dlp:\n    patterns: [{name: K, regex: 'SECRET-[0-9]+'}]";

#[test]
fn ten_thousand_calls_outlive_a_daemon_killed_at_random_moments() {
    let home = Home::new();
    let policy = home.policy("crash", ALLOW);
    let records: Vec<_> = (0..SESSIONS)
        .map(|n| home.record(&format!("server-{n}")))
        .collect();
    let clients = records
        .iter()
        .map(|record| ready(home.wrap(&policy, record, &[])))
        .collect();
    let done = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&done);
    let load = std::thread::spawn(move || run(clients, CALLS, &counter));
    let mut kills = 0;
    for share in 1..=9 {
        // Moments that are spread over the run and fall anywhere within a call.
        wait_until("the calls to go on", Duration::from_secs(60), || {
            done.load(Ordering::Relaxed) > SESSIONS * CALLS * share / 10
        });
        std::thread::sleep(jitter());
        home.kill_daemon(Signal::KILL);
        kills += 1;
    }
    let load = load.join().expect("every call was answered");
    assert_eq!(kills, 9);
    assert!(
        load.errors.is_empty(),
        "errors though the daemon came back: {:?}",
        load.errors
    );
    let counts: Vec<_> = records.iter().map(e2e::record::Record::counts).collect();
    check_promise(&home, &load, &counts, SESSIONS * CALLS);
}

#[test]
fn killed_before_the_verdict_a_call_still_runs_once() {
    let (home, mut client) = start(ALLOW, &[]);
    let lock = WriteLock::take(home.path());
    let id = client.ask_call("echo", &json!({"n": 1}));
    std::thread::sleep(Duration::from_millis(300));
    home.kill_daemon(Signal::KILL);
    assert!(
        home.record("server").calls().is_empty(),
        "it ran before its verdict"
    );
    drop(lock);
    let answer = answered(&mut client, id);
    assert!(answer.get("result").is_some(), "{answer}");
    one_call_one_record(&home);
}

#[test]
fn killed_between_forwarding_and_answer_a_call_still_runs_once() {
    let (home, mut client) = start(ALLOW, &["--delay", "800"]);
    let id = client.ask_call("echo", &json!({"n": 1}));
    wait_until("the call at the server", PATIENCE, || {
        !home.record("server").calls().is_empty()
    });
    home.kill_daemon(Signal::KILL);
    let answer = answered(&mut client, id);
    assert!(answer.get("result").is_some(), "{answer}");
    one_call_one_record(&home);
}

#[test]
fn killed_while_an_answer_waits_for_dlp_its_secret_stays_in() {
    let (home, mut client) = start(REDACT, &["--text", "SECRET-42", "--delay", "400"]);
    let id = client.ask_call("echo", &json!({"n": 1}));
    wait_until("the call at the server", PATIENCE, || {
        !home.record("server").calls().is_empty()
    });
    let lock = WriteLock::take(home.path());
    std::thread::sleep(Duration::from_millis(700));
    home.kill_daemon(Signal::KILL);
    drop(lock);
    let answer = answered(&mut client, id);
    assert_eq!(
        answer["result"]["content"][0]["text"], "[REDACTED:K]",
        "{answer}"
    );
    one_call_one_record(&home);
    let findings = home.ctl_lines(&["logs", "--json", "--events", "--limit", "100"]);
    let found = findings
        .iter()
        .filter(|line| line["event"] == "DLP_TRIGGERED")
        .count();
    assert_eq!(found, 1, "one finding, one record: {findings:?}");
}

#[test]
fn killing_the_daemon_refills_no_rate_limit() {
    let (home, mut client) = start("  tool_rules: [{tool: echo, rate_limit: 3/hour}]", &[]);
    for n in 1..=3 {
        let answer = client.call("echo", &json!({"n": n}));
        assert!(answer.get("result").is_some(), "{answer}");
        home.kill_daemon(Signal::KILL);
    }
    let answer = client.call("echo", &json!({"n": 4}));
    assert_eq!(answer["error"]["code"], -32002, "{answer}");
    assert_eq!(home.record("server").calls().len(), 3);
}

#[test]
fn an_approval_outlives_the_daemon_and_is_asked_once() {
    let (home, mut client) = start("  tool_rules: [{tool: echo, action: ask}]", &[]);
    let id = client.ask_call("echo", &json!({"n": 1}));
    wait_until("the approval", PATIENCE, || home.approvals().len() == 1);
    home.kill_daemon(Signal::KILL);
    client.request("ping", &json!({}));
    wait_until("the approval again", PATIENCE, || {
        home.approvals().len() == 1
    });
    let again = home.approvals().remove(0);
    let approved = home.ctl(&["approve", again["id"].as_str().expect("approvals have ids")]);
    assert!(approved.status.success(), "{approved:?}");
    assert!(answered(&mut client, id).get("result").is_some());
    one_call_one_record(&home);
}

#[test]
fn an_answered_call_gets_no_second_answer_after_an_upgrade() {
    let (home, mut client) = start(ALLOW, &["--exit-after", "2"]);
    let answer = client.call("echo", &json!({"n": 1}));
    assert!(answer.get("result").is_some(), "{answer}");
    home.kill_daemon(Signal::TERM);
    let answer = client.call("echo", &json!({"n": 2}));
    assert!(answer.get("result").is_some(), "{answer}");
    let more = client.rest(LONGEST);
    assert!(more.is_empty(), "answered once already: {more:?}");
}

/// Up to 20 ms that no two runs share.
fn jitter() -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Duration::from_micros(u64::from(now.map_or(0, |now| now.subsec_nanos())) / 1000 % 20_000)
}

fn start(spec: &str, switches: &[&str]) -> (Home, Client) {
    let home = Home::new();
    let policy = home.policy("crash", spec);
    let client = ready(home.wrap(&policy, &home.record("server"), switches));
    (home, client)
}

fn ready(mut client: Client) -> Client {
    client.initialize();
    client
}

fn answered(client: &mut Client, id: i64) -> Value {
    client
        .answer(id, LONGEST)
        .unwrap_or_else(|| panic!("no answer; {}", client.stderr()))
}

fn one_call_one_record(home: &Home) {
    let calls = home.record("server").calls();
    assert_eq!(calls.len(), 1, "the server saw {calls:?}");
    let decisions = home.decisions();
    assert_eq!(decisions.len(), 1, "{decisions:?}");
    assert!(home.verifies().status.success(), "{:?}", home.verifies());
}

#[test]
fn an_answered_call_gets_no_second_answer_from_the_next_daemon() {
    let (home, mut client) = start(ALLOW, &["--exit-after", "2"]);
    let answer = client.call("echo", &json!({"n": 1}));
    assert!(answer.get("result").is_some(), "{answer}");
    home.kill_daemon(Signal::KILL);
    let answer = client.call("echo", &json!({"n": 2}));
    assert!(answer.get("result").is_some(), "{answer}");
    let more = client.rest(LONGEST);
    assert!(more.is_empty(), "answered once already: {more:?}");
}
