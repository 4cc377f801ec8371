//! How the daemon ends.

use std::time::Duration;

use aipd::audit::{query, store, verify};

use crate::running::{Running, lines};

const SOON: Duration = Duration::from_secs(3);

fn check(signal: &str) {
    let mut daemon = Running::new();
    for _ in 0..20 {
        daemon.answer(r#"{"op":"override","mode":"none"}"#);
    }
    let mut follower = lines(daemon.asked("{\"op\":\"logs\",\"follow\":true,\"events\":true}\n"));
    // Its request has been read: one that has not is cut off without a word.
    follower.next().unwrap();
    daemon.signal(signal);
    assert!(daemon.ended(SOON).success(), "{signal}");
    let last = follower.last().unwrap();
    assert!(last.get("end").is_some(), "a follower hears of it: {last}");
    let path = daemon.home.path().join("audit.db");
    let wal = path.with_extension("db-wal");
    let left = wal.metadata().map_or(0, |file| file.len());
    assert_eq!(left, 0, "{signal}");
    let connection = store::open_to_read(&path).unwrap();
    let verified = verify::verify(&connection, None).unwrap();
    assert!(
        verified.intact && verified.records == 22,
        "{signal}: {verified:?}"
    );
    let last = query::line_of(&connection, 22).unwrap().unwrap();
    assert!(last.contains("DAEMON_STOPPED"), "{last}");
}

#[test]
fn a_signal_ends_it_with_all_records_in_the_store() {
    check("-TERM");
    check("-INT");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut daemon = Running::new();
    // A peer that says nothing is waited for.
    let _silent = daemon.asked("");
    let _answered = daemon.answer(r#"{"op":"status"}"#);
    daemon.signal("-TERM");
    std::thread::sleep(Duration::from_millis(500));
    assert!(daemon.runs(), "it waits for what was begun");
    daemon.signal("-TERM");
    assert_eq!(daemon.ended(Duration::from_secs(1)).code(), Some(143));
    let path = daemon.home.path().join("audit.db");
    let connection = store::open_to_read(&path).unwrap();
    assert!(verify::verify(&connection, None).unwrap().intact);
}
