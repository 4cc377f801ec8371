//! Where no record can be written no call happens, with a reason; and calls go on once it can.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use e2e::client::{Client, PATIENCE};
use e2e::home::Home;
use e2e::needs::{needs, root};
use e2e::store::WriteLock;
use serde_json::json;

#[test]
fn on_a_full_disk_calls_are_refused_and_go_on_when_there_is_room() {
    let disk = root().and_then(|()| Home::on_small_disk(4 * 1024 * 1024));
    let Some(home) = needs("on_a_full_disk_calls_are_refused", disk) else {
        return;
    };
    let mut client = start(&home);
    assert!(
        client
            .call("echo", &json!({"n": 0}))
            .get("result")
            .is_some()
    );

    let filler = home.path().join("filler");
    fill(&filler);
    let refused = refused_until_full(&home, &mut client);
    let reached = home.record("server").counts();
    assert!(
        !reached.contains_key(&refused),
        "a call ran without its record"
    );
    let words = home.status()["attention"].to_string();
    assert!(
        words.contains("audit"),
        "the status says nothing of the audit: {words}"
    );

    std::fs::remove_file(filler).unwrap();
    goes_on(&mut client);
    assert!(home.verifies().status.success(), "{:?}", home.verifies());
}

#[test]
fn a_store_that_was_removed_takes_no_records_so_no_call_happens() {
    let home = Home::new();
    let mut client = start(&home);
    let before = client.call("echo", &json!({"n": 0}));
    assert!(before.get("result").is_some(), "{before}");
    for file in ["audit.db", "audit.db-wal", "audit.db-shm"] {
        std::fs::remove_file(home.path().join(file)).unwrap();
    }
    let refused = client.call("echo", &json!({"n": 1}));
    assert_eq!(refused["error"]["code"], -32001, "{refused}");
    assert_eq!(refused["error"]["data"]["aip"], "audit_unavailable");
    let reached = std::fs::read_to_string(home.record("server").path()).unwrap();
    assert!(!reached.contains(r#""n":1"#), "it ran without a record");
}

#[test]
fn a_store_that_stays_locked_refuses_and_goes_on_when_it_is_free() {
    let home = Home::new();
    let mut client = start(&home);
    assert!(
        client
            .call("echo", &json!({"n": 0}))
            .get("result")
            .is_some()
    );
    let lock = WriteLock::take(home.path());
    let id = client.ask_call("echo", &json!({"n": 1}));
    let answer = client.answer(id, Duration::from_secs(60));
    let answer = answer.expect("a call that can't be recorded is refused, not kept for ever");
    assert_eq!(answer["error"]["code"], -32001, "{answer}");
    drop(lock);
    goes_on(&mut client);
    assert!(
        !home.record("server").counts().contains_key(&1),
        "a refused call ran after all"
    );
    assert!(home.verifies().status.success(), "{:?}", home.verifies());
}

fn start(home: &Home) -> Client {
    let policy = home.policy("disk", "  allowed_tools: [echo]");
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    client
}

/// What is preallocated may take a few calls more; then comes a clear refusal.
fn refused_until_full(home: &Home, client: &mut Client) -> u64 {
    let padding = "x".repeat(8 * 1024);
    for n in 1..2000 {
        let answer = client.call("echo", &json!({"n": n, "padding": padding}));
        if answer.get("result").is_none() {
            assert_eq!(answer["error"]["code"], -32001, "{answer}");
            let reason = answer["error"]["data"]["reason"]
                .as_str()
                .unwrap_or_default();
            assert!(
                reason.contains("record") || reason.contains("audit"),
                "unclear: {answer}"
            );
            return n;
        }
    }
    panic!("2000 calls were recorded on a full disk: {:?}", home.path());
}

fn goes_on(client: &mut Client) {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = client.call("echo", &json!({"n": 9999}));
        if answer.get("result").is_some() {
            return;
        }
        assert!(Instant::now() < end, "calls did not go on: {answer}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn fill(path: &std::path::Path) {
    let mut file = File::create(path).expect("the filler can be made");
    for piece in [64 * 1024, 4096, 512] {
        while file.write_all(&vec![0; piece]).is_ok() {}
    }
}
