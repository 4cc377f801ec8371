//! Edits of the store by another program are refused by the store itself, or found by
//! `aipctl audit verify`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use e2e::home::Home;
use e2e::store;
use rustix::process::Signal;
use serde_json::{Value, json};

#[test]
fn a_record_can_not_be_changed() {
    refused("UPDATE record SET text = replace(text, 'ALLOW', 'BLOCK') WHERE seq = 2");
    refused("UPDATE record SET seq = seq + 1000");
    refused("UPDATE OR REPLACE record SET seq = 2 WHERE seq = 3");
}

#[test]
fn a_record_can_not_be_deleted() {
    refused("DELETE FROM record WHERE seq = 2");
    refused("DELETE FROM record");
}

#[test]
fn a_record_can_not_be_replaced_or_put_in_between() {
    refused(
        "INSERT OR REPLACE INTO record (seq, text, hash) SELECT seq, '{}', hash FROM record WHERE seq = 2",
    );
    refused("REPLACE INTO record (seq, text, hash) VALUES (1, '{}', x'00')");
    refused("INSERT OR IGNORE INTO record (seq, text, hash) VALUES (-5, '{}', x'00')");
}

#[test]
fn arguments_can_not_be_changed() {
    refused("UPDATE body SET text = '{}'");
    refused("INSERT OR REPLACE INTO body (seq, salt, text) SELECT seq, salt, '{}' FROM body");
}

#[test]
fn what_is_done_without_the_triggers_is_found() {
    found(
        "DROP TRIGGER record_no_update; UPDATE record SET text = replace(text, 'ALLOW', 'BLOCK') WHERE decision = 'ALLOW'",
    );
    found("DROP TRIGGER record_no_delete; DELETE FROM record WHERE seq = 2");
    found("DROP TRIGGER record_no_delete; DELETE FROM record WHERE seq = 1");
    found("DROP TRIGGER body_no_update; UPDATE body SET text = '{\"n\":999}'");
    found(
        "INSERT INTO record (seq, text, hash) SELECT max(seq) + 1, '{\"kind\":\"event\"}', zeroblob(32) FROM record",
    );
}

#[test]
fn swapped_records_are_found() {
    found(
        "DROP TRIGGER record_no_update;
         UPDATE record SET seq = -2 WHERE seq = 2;
         UPDATE record SET seq = 2 WHERE seq = 3;
         UPDATE record SET seq = 3 WHERE seq = -2",
    );
}

#[test]
fn a_retention_that_never_was_is_found() {
    found(
        "UPDATE segment SET last_seq = 3, end_hash = zeroblob(32), closed = '2026-01-01T00:00:00.000Z';
         UPDATE segment SET removed = '2026-01-01T00:00:00.000Z';
         DELETE FROM record WHERE seq <= 3",
    );
}

#[test]
fn a_cut_off_tail_is_found_against_a_checkpoint_kept_elsewhere() {
    let home = recorded();
    let verified = home.ctl(&["audit", "verify", "--json"]);
    let verified: Value = serde_json::from_slice(&verified.stdout).expect("it is JSON");
    let checkpoint = verified["head"]
        .as_str()
        .expect("the head is a checkpoint")
        .to_owned();
    home.kill_daemon(Signal::KILL);
    let cut = "DROP TRIGGER record_no_delete;
         DELETE FROM record WHERE seq > (SELECT max(seq) - 2 FROM record)";
    store::open(home.path())
        .execute_batch(cut)
        .expect("the file's owner can cut it");
    let against = home.ctl(&["audit", "verify", "--checkpoint", &checkpoint]);
    assert_eq!(against.status.code(), Some(1), "{against:?}");
}

/// The store must say no, and stay whole.
#[track_caller]
fn refused(sql: &str) {
    let home = recorded();
    let before = count(&home);
    let result = store::open(home.path()).execute_batch(sql);
    // `OR IGNORE` turns the refusal into nothing done.
    let nothing_done = count(&home) == before && home.verifies().status.success();
    assert!(
        result.is_err() || sql.contains("OR IGNORE"),
        "the store accepted: {sql}"
    );
    assert!(nothing_done, "the store was changed: {sql}");
}

/// The store may be fooled, `audit verify` may not: neither beside the daemon nor after it.
#[track_caller]
fn found(sql: &str) {
    let home = recorded();
    assert!(
        home.verifies().status.success(),
        "whole before: {:?}",
        home.verifies()
    );
    let edited = store::open(home.path()).execute_batch(sql);
    let refused = edited.is_err();
    let beside = home.verifies();
    assert!(
        refused || beside.status.code() == Some(1),
        "not found: {sql}: {beside:?}"
    );
    home.kill_daemon(Signal::TERM);
    let after = home.verifies();
    assert!(
        refused || !after.status.success(),
        "not found after a restart: {sql}: {after:?}"
    );
}

fn recorded() -> Home {
    let home = Home::new();
    let policy = home.policy("tamper", "  allowed_tools: [echo]");
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    for n in 0..5 {
        assert!(
            client
                .call("echo", &json!({"n": n}))
                .get("result")
                .is_some()
        );
    }
    client.close();
    client.wait(e2e::client::PATIENCE);
    e2e::wait::wait_until("the session's end", e2e::client::PATIENCE, || {
        home.status()["sessions"]
            .as_array()
            .is_some_and(Vec::is_empty)
    });
    home
}

fn count(home: &Home) -> i64 {
    let store = store::open(home.path());
    store
        .query_row("SELECT count(*) FROM record", [], |row| row.get(0))
        .expect("it can be read")
}
