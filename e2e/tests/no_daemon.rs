//! With no daemon able to start, every request gets -32001 with its id in time, and nothing
//! reaches the server.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, TEST_CONFIG, recorder};
use e2e::programs::program;
use rustix::process::Signal;
use serde_json::{Value, json};

/// What the promise allows, and a little for a busy machine's own delays.
const IN_TIME: Duration = Duration::from_millis(5500);
/// A configuration no daemon starts with.
const BROKEN: &str = "no_such_key: 1\n";

#[test]
fn without_an_aipd_beside_it_aip_refuses_and_says_where_it_looked() {
    let home = Home::new();
    let alone = home.work().join("bin");
    fs::create_dir(&alone).unwrap();
    fs::copy(program("aip"), alone.join("aip")).unwrap();
    let mut command = Command::new(alone.join("aip"));
    home.dress(&mut command);
    let policy = home.policy("lonely", "  allowed_tools: [echo]");
    command
        .arg("--policy")
        .arg(policy)
        .arg("--")
        .args(recorder(&home.record("server"), &[]));
    let client = Client::start(command);
    let client = every_request_is_refused(&home, client);
    client.wait_stderr(&alone.join("aipd").to_string_lossy());
}

#[test]
fn with_a_daemon_that_can_not_start_aip_refuses() {
    let home = Home::with_config(BROKEN);
    let policy = home.policy("broken", "  allowed_tools: [echo]");
    let client = home.wrap(&policy, &home.record("server"), &[]);
    every_request_is_refused(&home, client);
}

#[test]
fn a_link_in_place_of_the_socket_folder_is_refused() {
    let home = Home::new();
    let elsewhere = home.work().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, home.path().join("run")).unwrap();
    let policy = home.policy("linked", "  allowed_tools: [echo]");
    let client = home.wrap(&policy, &home.record("server"), &[]);
    every_request_is_refused(&home, client);
}

#[test]
fn a_session_whose_daemon_can_not_come_back_refuses_until_it_can() {
    let home = Home::new();
    let policy = home.policy("lost", "  allowed_tools: [echo]");
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &[]);
    client.initialize();
    assert!(
        client
            .call("echo", &json!({"n": 1}))
            .get("result")
            .is_some()
    );
    home.configure(BROKEN);
    home.kill_daemon(Signal::KILL);
    let start = Instant::now();
    let answer = client.call("echo", &json!({"n": 2}));
    assert_refused(&answer, start);
    assert_eq!(
        record.calls().len(),
        1,
        "a call without a verdict was forwarded"
    );

    home.configure(TEST_CONFIG);
    let end = Instant::now() + PATIENCE;
    while client
        .call("echo", &json!({"n": 3}))
        .get("result")
        .is_none()
    {
        assert!(
            Instant::now() < end,
            "the session did not go on; {}",
            client.stderr()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(
        !record.counts().contains_key(&2),
        "a refused call ran after all"
    );
}

fn every_request_is_refused(home: &Home, mut client: Client) -> Client {
    let start = Instant::now();
    let initialize = json!({"protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "e2e", "version": "1"}});
    let ids = [
        client.ask("initialize", &initialize),
        client.ask("tools/list", &json!({})),
        client.ask_call("echo", &json!({"n": 1})),
    ];
    for id in ids {
        let answer = client.answer(id, IN_TIME);
        let answer = answer.unwrap_or_else(|| panic!("{id} unanswered; {}", client.stderr()));
        assert_refused(&answer, start);
    }
    assert!(
        !home.record("server").path().exists(),
        "the server was started without a policy"
    );
    client
}

fn assert_refused(answer: &Value, start: Instant) {
    assert_eq!(answer["error"]["code"], -32001, "{answer}");
    assert_eq!(answer["error"]["message"], "Forbidden", "{answer}");
    assert!(start.elapsed() < IN_TIME, "it took {:?}", start.elapsed());
}
