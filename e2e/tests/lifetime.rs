//! The server's life and end as the client sees them: codes and signals, last words, pending
//! requests, and nothing of the server's process group outliving its client.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, alive, send_signal};
use e2e::wait::{wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

const SPEC: &str = "  allowed_tools: [echo]";
/// Longer than any grace time.
const END: Duration = Duration::from_secs(30);

#[test]
fn an_exit_code_becomes_ours() {
    for code in ["0", "3", "77"] {
        let (_home, mut client) = start(&["--exit-after", "1", "--exit-code", code]);
        client.ask_call("echo", &json!({}));
        assert_eq!(client.wait(END).code(), code.parse().ok());
    }
}

#[test]
fn a_signal_becomes_ours() {
    for signal in [Signal::KILL, Signal::TERM, Signal::ABORT] {
        let number = signal.as_raw().to_string();
        let (_home, mut client) = start(&["--exit-after", "1", "--exit-signal", &number]);
        client.ask_call("echo", &json!({}));
        assert_eq!(client.wait(END).signal(), Some(signal.as_raw()));
    }
}

#[test]
fn everything_written_before_the_end_is_delivered_the_unfinished_line_too() {
    let (_home, mut client) = start(&["--exit-after", "1", "--last-words", "500", "--unfinished"]);
    let id = client.ask_call("echo", &json!({"n": 1}));
    let messages = client.rest(END);
    let words = messages
        .iter()
        .filter(|message| message["method"] == "notifications/message");
    let mut said: Vec<&Value> = words.map(|message| &message["params"]["data"]).collect();
    assert_eq!(said.pop(), Some(&json!("no newline")));
    assert_eq!(said.len(), 500);
    for (number, word) in said.into_iter().enumerate() {
        assert_eq!(word, &json!(format!("last words {number}")), "out of order");
    }
    assert!(
        messages
            .iter()
            .any(|message| message["id"] == id && message.get("result").is_some())
    );
}

#[test]
fn every_pending_request_gets_an_error_when_the_server_ends() {
    let (_home, mut client) = start(&["--silent", "--exit-after", "3", "--exit-code", "5"]);
    let ids = [1, 2, 3].map(|n| client.ask_call("echo", &json!({"n": n})));
    let messages = client.rest(END);
    for id in ids {
        let answers: Vec<_> = messages
            .iter()
            .filter(|message| message["id"] == id)
            .collect();
        assert_eq!(answers.len(), 1, "request {id}: {messages:?}");
        assert!(
            answers[0].get("error").is_some(),
            "request {id}: {messages:?}"
        );
    }
    assert_eq!(client.wait(END).code(), Some(5));
}

#[test]
fn a_server_that_ignores_end_of_input_and_sigterm_is_ended() {
    let (home, mut client) = start(&["--ignore-eof", "--ignore-term"]);
    let server = server_pid(&home);
    client.close();
    client.wait(END);
    wait_until("the server to be gone", PATIENCE, || !alive(server));
}

#[test]
fn a_server_that_ends_at_end_of_input_is_left_to_do_so() {
    let (_home, mut client) = start(&["--exit-code", "9"]);
    client.close();
    assert_eq!(
        client.wait(END).code(),
        Some(9),
        "it was not given the time to end itself"
    );
}

#[test]
fn grandchildren_end_with_the_client() {
    let (home, mut client) = start_with_grandchild();
    let grandchild = grandchild(&home);
    client.close();
    client.wait(END);
    wait_until("the grandchild to be gone", PATIENCE, || !alive(grandchild));
}

#[test]
fn when_the_shim_is_killed_the_servers_group_ends() {
    let (home, mut client) = start_with_grandchild();
    let (server, grandchild) = (server_pid(&home), grandchild(&home));
    send_signal(client.pid(), Signal::KILL);
    client.wait(END);
    wait_until("the server to be gone", PATIENCE, || !alive(server));
    wait_until("the grandchild to be gone", PATIENCE, || !alive(grandchild));
}

#[test]
fn when_shim_and_daemon_are_killed_the_server_ends() {
    let (home, mut client) = start(&["--ignore-eof", "--ignore-term"]);
    let server = server_pid(&home);
    for daemon in home.daemons() {
        send_signal(daemon, Signal::KILL);
    }
    send_signal(client.pid(), Signal::KILL);
    client.wait(END);
    wait_until("the server to be gone", PATIENCE, || !alive(server));
}

#[test]
fn a_signal_to_the_shim_ends_the_server_too() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let (home, mut client) = start(&[]);
        let server = server_pid(&home);
        send_signal(client.pid(), signal);
        client.wait(END);
        wait_until("the server to be gone", PATIENCE, || !alive(server));
    }
}

#[test]
fn the_servers_stderr_is_the_clients() {
    let (_home, client) = start(&["--stderr", "listening, honest"]);
    client.wait_stderr("listening, honest");
}

#[test]
fn junk_on_the_servers_output_is_dropped_and_recorded() {
    let (home, mut client) = start(&["--junk"]);
    let answer = client.call("echo", &json!({"n": 1}));
    assert!(answer.get("result").is_some(), "{answer}");
    let whole = std::fs::read_to_string(home.path().join("aip-audit.jsonl")).unwrap_or_default();
    assert!(
        !whole.contains("Listening on port"),
        "junk is recorded by length and hash only"
    );
    let junk = "Listening on port 8080 ...".len();
    wait_for("the record of the junk", PATIENCE, || {
        let lines = home.ctl_lines(&["logs", "--json", "--events", "--limit", "100"]);
        lines.into_iter().find(|line| {
            line["direction"] == "downstream" && line.to_string().contains(&junk.to_string())
        })
    });
}

fn start(switches: &[&str]) -> (Home, Client) {
    let home = Home::new();
    let policy = home.policy("lifetime", SPEC);
    let mut client = home.wrap(&policy, &home.record("server"), switches);
    client.initialize();
    (home, client)
}

fn start_with_grandchild() -> (Home, Client) {
    let home = Home::new();
    let policy = home.policy("lifetime", SPEC);
    let file = home.work().join("grandchild");
    let switches = [
        "--ignore-eof",
        "--grandchild",
        file.to_str().expect("a plain path"),
    ];
    let mut client = home.wrap(&policy, &home.record("server"), &switches);
    client.initialize();
    (home, client)
}

fn grandchild(home: &Home) -> u32 {
    let text = std::fs::read_to_string(home.work().join("grandchild")).expect("it was started");
    text.parse().expect("a process id")
}

fn server_pid(home: &Home) -> u32 {
    let session = home.status()["sessions"][0].clone();
    let pid = session["server_pid"]
        .as_u64()
        .and_then(|pid| pid.try_into().ok());
    pid.unwrap_or_else(|| panic!("no server in {session}"))
}
