//! A peer that hangs up or closes its own side only.

use std::net::Shutdown;

use crate::running::{Running, lines, wait};

const FOLLOW: &str = r#"{"op":"logs","follow":true,"events":true}"#;

/// Which anybody may do.
const STOP_ALL: &str = r#"{"op":"override","mode":"deny_all"}"#;

#[test]
fn a_change_is_made_whole_though_the_peer_is_gone() {
    let daemon = Running::new();
    for n in 1..=20 {
        drop(daemon.asked(&format!("{STOP_ALL}\n")));
        wait("the change is made", || {
            let query = r#"{"op":"logs","events":true}"#;
            let all = lines(daemon.asked(&format!("{query}\n")));
            let told = all.filter(|line| line["item"]["event"] == "OVERRIDE_CHANGED");
            told.count() == n
        });
        // What is recorded takes effect just after.
        wait("it is in effect", || {
            daemon.answer(r#"{"op":"status"}"#)["end"]["override"] == "deny_all"
        });
    }
}

#[test]
fn whoever_has_said_all_still_hears_the_answer() {
    let daemon = Running::new();
    for request in [
        r#"{"op":"status"}"#,
        r#"{"op":"audit_verify"}"#,
        r#"{"op":"override","mode":"none"}"#,
        r#"{"op":"logs","events":true}"#,
        "nonsense",
    ] {
        for line_end in ["\n", ""] {
            let stream = daemon.asked(&format!("{request}{line_end}"));
            stream.shutdown(Shutdown::Write).unwrap();
            let last = lines(stream).last().unwrap();
            let wanted = if request == "nonsense" {
                "error"
            } else {
                "end"
            };
            assert!(last.get(wanted).is_some(), "{request}: {last}");
        }
    }
}

#[test]
fn a_follower_that_only_listens_goes_on_hearing() {
    let daemon = Running::new();
    let stream = daemon.asked(&format!("{FOLLOW}\n"));
    stream.shutdown(Shutdown::Write).unwrap();
    let mut told = lines(stream).map(|line| line["item"]["event"].clone());
    assert_eq!(told.next().unwrap(), "DAEMON_STARTED");
    // Longer than it takes to look whether the follower is there.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    daemon.answer(r#"{"op":"override","mode":"deny_all"}"#);
    assert_eq!(told.next().unwrap(), "OVERRIDE_CHANGED");
}

/// More followers than may be served at once come and go.
#[test]
fn a_follower_that_is_gone_takes_no_place() {
    let daemon = Running::new();
    for _ in 0..600 {
        drop(daemon.asked(&format!("{FOLLOW}\n")));
    }
    assert!(daemon.answer(r#"{"op":"status"}"#).get("end").is_some());
}
