//! The daemon's own life: started once however many ask, drained by SIGTERM, started again.

use std::time::Duration;

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, alive, send_signal, ticks};
use e2e::wait::wait_until;
use rustix::process::Signal;
use serde_json::json;

const SPEC: &str = "  allowed_tools: [echo]";

#[test]
fn twenty_shims_at_once_start_one_daemon() {
    let home = Home::new();
    let policy = home.policy("start", SPEC);
    let clients: Vec<Client> = (0..20)
        .map(|n| home.wrap(&policy, &home.record(&format!("server-{n}")), &[]))
        .collect();
    let threads = clients.into_iter().map(|mut client| {
        std::thread::spawn(move || {
            client.initialize();
            let answer = client.call("echo", &json!({}));
            assert!(answer.get("result").is_some(), "{answer}");
            client
        })
    });
    let threads: Vec<_> = threads.collect();
    let clients: Vec<Client> = threads
        .into_iter()
        .map(|thread| thread.join().expect("each is served"))
        .collect();
    assert_eq!(home.daemons().len(), 1, "{:?}", home.daemons());
    assert_eq!(home.status()["sessions"].as_array().map(Vec::len), Some(20));
    assert_eq!(home.decisions().len(), clients.len());
}

#[test]
fn sigterm_drains_and_the_next_call_starts_a_daemon_anew() {
    let (home, mut client) = start(&["--delay", "700"]);
    let first = home.daemons();
    let id = client.ask_call("echo", &json!({"n": 1}));
    wait_until("the call at the server", PATIENCE, || {
        !home.record("server").calls().is_empty()
    });
    send_signal(first[0], Signal::TERM);
    let answer = client.answer(id, PATIENCE).expect("an answer");
    assert!(answer.get("result").is_some(), "{answer}");
    wait_until("the daemon to be gone", PATIENCE, || !alive(first[0]));
    assert!(
        client
            .call("echo", &json!({"n": 2}))
            .get("result")
            .is_some()
    );
    assert_ne!(home.daemons(), first);
    let calls = home.record("server").calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(home.verifies().status.success(), "{:?}", home.verifies());
}

#[test]
fn what_a_killed_daemon_left_behind_is_in_nobodys_way() {
    let (home, mut client) = start(&[]);
    client.close();
    client.wait(PATIENCE);
    home.kill_daemon(Signal::KILL);
    assert!(
        home.path().join("run/shim.sock").exists(),
        "a killed daemon leaves its socket"
    );
    let policy = home.work().join("start.yaml");
    let mut again = home.wrap(&policy, &home.record("server"), &[]);
    again.initialize();
    assert!(again.call("echo", &json!({})).get("result").is_some());
}

#[test]
fn service_start_and_stop_say_what_is_there() {
    let home = Home::new();
    assert!(home.ctl(&["service", "start"]).status.success());
    let [daemon] = home.daemons()[..] else {
        panic!("{:?}", home.daemons())
    };
    let status = home.status();
    assert_eq!(status["daemon"]["pid"], daemon);
    assert_eq!(
        status["folders"]["aip_home"],
        home.path().to_string_lossy().as_ref()
    );
    assert!(home.ctl(&["service", "stop"]).status.success());
    wait_until("the daemon to be gone", PATIENCE, || {
        home.daemons().is_empty()
    });
}

#[test]
fn a_daemon_without_sessions_uses_no_processor() {
    let (home, mut client) = start(&[]);
    client.close();
    client.wait(PATIENCE);
    let [daemon] = home.daemons()[..] else {
        panic!("{:?}", home.daemons())
    };
    std::thread::sleep(Duration::from_millis(500));
    let before = ticks(daemon);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(ticks(daemon), before, "an idle daemon ran");
}

fn start(switches: &[&str]) -> (Home, Client) {
    let home = Home::new();
    let policy = home.policy("start", SPEC);
    let mut client = home.wrap(&policy, &home.record("server"), switches);
    client.initialize();
    (home, client)
}
