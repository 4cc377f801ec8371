//! The fake server itself, without aip: what the other tests take for granted of it.
#![expect(
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, recorder, send_signal};
use rustix::process::Signal;
use serde_json::json;

#[test]
fn it_records_a_line_before_it_answers() {
    let (home, mut client) = start(&[]);
    let answer = client.call("echo", &json!({"n": 7}));
    assert_eq!(answer["result"]["content"][0]["text"], r#"{"n":7}"#);
    assert_eq!(home.record("server").counts().get(&7), Some(&1));
}

#[test]
fn a_silent_one_records_and_says_nothing() {
    let (home, mut client) = start(&["--silent"]);
    let id = client.ask_call("echo", &json!({"n": 1}));
    assert!(client.answer(id, Duration::from_millis(300)).is_none());
    assert_eq!(home.record("server").calls().len(), 1);
}

#[test]
fn a_slow_one_takes_its_calls_at_once() {
    let (_home, mut client) = start(&["--delay", "300"]);
    let start = std::time::Instant::now();
    let ids = [1, 2, 3].map(|n| client.ask_call("echo", &json!({"n": n})));
    for id in ids {
        assert!(client.answer(id, PATIENCE).is_some());
    }
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_millis(800),
        "{took:?}"
    );
}

#[test]
fn it_ends_as_it_is_told() {
    let (_home, mut client) =
        start(&["--exit-after", "2", "--exit-code", "7", "--last-words", "3"]);
    client.call("echo", &json!({}));
    client.ask_call("echo", &json!({}));
    let messages = client.rest(PATIENCE);
    assert_eq!(
        messages
            .iter()
            .filter(|message| message.get("method").is_some())
            .count(),
        3
    );
    assert_eq!(client.wait(PATIENCE).code(), Some(7));

    let (_home, mut client) = start(&["--exit-after", "1", "--exit-signal", "9"]);
    client.ask_call("echo", &json!({}));
    assert_eq!(client.wait(PATIENCE).signal(), Some(9));
}

#[test]
fn it_ignores_what_it_is_told_to() {
    let (_home, mut client) = start(&["--ignore-eof", "--ignore-term"]);
    client.close();
    send_signal(client.pid(), Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    assert!(e2e::home::alive(client.pid()));
    send_signal(client.pid(), Signal::KILL);
    assert_eq!(client.wait(PATIENCE).signal(), Some(9));
}

fn start(switches: &[&str]) -> (Home, Client) {
    let home = Home::new();
    let line = recorder(&home.record("server"), switches);
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]);
    home.dress(&mut command);
    let mut client = Client::start(command);
    client.initialize();
    (home, client)
}
