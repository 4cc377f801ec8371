//! No daemon, a lost daemon, a daemon that comes back.

use std::time::{Duration, Instant};

use wire::link::{Packet, Refused, Stream};

use crate::daemon::Daemon;
use crate::wrapped::{aip, start};

const BOUND: Duration = Duration::from_secs(5);

#[test]
fn without_a_daemon_requests_get_errors_in_time_and_no_server_is_started() {
    let home = tempfile::tempdir().unwrap();
    let mut command = aip(home.path(), "touch started; exec cat");
    let mut wrapped = start(command.current_dir(home.path()));
    let from = Instant::now();
    wrapped.send(r#"{"jsonrpc":"2.0","id":"a","method":"initialize","params":{}}"#);
    wrapped.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    wrapped.send(r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{}}"#);
    wrapped.send("{nonsense");
    let refusal = wrapped.line();
    assert!(from.elapsed() < BOUND, "{:?}", from.elapsed());
    for part in [
        r#""id":"a""#,
        r#""code":-32001"#,
        r#""message":"Forbidden""#,
        r#""aip":"unavailable""#,
    ] {
        assert!(refusal.contains(part), "{refusal}");
    }
    assert!(wrapped.line().contains(r#""id":2"#));
    let parse_error = wrapped.line();
    assert!(
        parse_error.contains(r#""id":null"#) && parse_error.contains("-32700"),
        "{parse_error}"
    );
    let from = Instant::now();
    wrapped.send(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#);
    assert!(wrapped.line().contains(r#""id":3"#));
    assert!(from.elapsed() < BOUND, "{:?}", from.elapsed());
    wrapped.close_input();
    let finished = wrapped.finish();
    assert_eq!(finished.code, Some(1));
    assert!(
        finished.errors.contains("aipd` was not found; tried"),
        "{}",
        finished.errors
    );
    assert!(!home.path().join("started").exists());
}

#[test]
fn when_the_daemon_comes_at_last_the_session_begins() {
    let home = tempfile::tempdir().unwrap();
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    wrapped.send(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    assert!(wrapped.line().contains("-32001"));
    std::thread::sleep(Duration::from_millis(1100));
    let daemon = Daemon::listen(home.path());
    wrapped.send("works now");
    let (mut peer, hello) = daemon.welcome();
    assert_eq!(hello.resume, None);
    assert_eq!(peer.frame(), (Stream::Client, 1, "works now".to_owned()));
}

#[test]
fn a_daemon_that_answers_no_hello_counts_as_none() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    let from = Instant::now();
    let _mute = daemon.accept();
    wrapped.send(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    assert!(wrapped.line().contains("-32001"));
    assert!(from.elapsed() < BOUND, "{:?}", from.elapsed());
}

#[test]
fn after_a_loss_the_undecided_are_sent_again_by_their_numbers_and_the_decided_are_not() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    let (mut peer, _) = daemon.welcome();
    for line in ["one", "two", "three"] {
        wrapped.send(line);
        peer.frame();
    }
    peer.send(&Packet::Hold {
        stream: Stream::Client,
        number: 1,
    });
    peer.pass(Stream::Client, 2);
    assert_eq!(peer.frame(), (Stream::Server, 1, "two".to_owned()));
    drop(peer);
    wrapped.send("four");
    let (mut peer, hello) = daemon.welcome();
    let resume = hello.resume.unwrap();
    assert_eq!(
        (resume.session.as_str(), resume.secret.as_str()),
        ("0190-session", "secret")
    );
    assert_eq!(resume.server_next, 2);
    assert!(matches!(resume.client_next, 4 | 5));
    assert!(hello.server.is_some_and(|server| server.pid > 0));
    let mut again: Vec<_> = (0..4).map(|_| peer.frame()).collect();
    again.sort();
    let want = [
        (Stream::Client, 1, "one".to_owned()),
        (Stream::Client, 3, "three".to_owned()),
        (Stream::Client, 4, "four".to_owned()),
        (Stream::Server, 1, "two".to_owned()),
    ];
    assert_eq!(again, want);
    peer.pass(Stream::Server, 1);
    assert_eq!(wrapped.line(), "two");
    peer.pass(Stream::Client, 2);
    peer.pass(Stream::Client, 3);
    assert_eq!(peer.frame(), (Stream::Server, 2, "three".to_owned()));
}

#[test]
fn a_daemon_that_breaks_the_protocol_is_left_and_met_again() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    let (mut peer, _) = daemon.welcome();
    wrapped.send("one");
    peer.frame();
    peer.send_raw(&[0xff; 64]);
    let (mut peer, hello) = daemon.welcome();
    assert!(hello.resume.is_some());
    assert_eq!(peer.frame(), (Stream::Client, 1, "one".to_owned()));
}

#[test]
fn while_the_daemon_is_away_nothing_of_the_server_passes_and_requests_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let script = "read go; echo answer; exec cat";
    let mut wrapped = start(&mut aip(home.path(), script));
    let (mut peer, _) = daemon.welcome();
    wrapped.send("go");
    peer.frame();
    peer.pass(Stream::Client, 1);
    assert_eq!(peer.frame(), (Stream::Server, 1, "answer".to_owned()));
    drop((peer, daemon));
    let from = Instant::now();
    wrapped.send(r#"{"jsonrpc":"2.0","id":8,"method":"ping"}"#);
    assert!(wrapped.line().contains(r#""id":8"#));
    assert!(from.elapsed() < BOUND, "{:?}", from.elapsed());
    std::thread::sleep(Duration::from_millis(1100));
    let daemon = Daemon::listen(home.path());
    wrapped.send("back");
    let (mut peer, hello) = daemon.welcome();
    assert!(hello.resume.is_some());
    let mut again = [peer.frame(), peer.frame()];
    again.sort();
    let want = [
        (Stream::Client, 3, "back".to_owned()),
        (Stream::Server, 1, "answer".to_owned()),
    ];
    assert_eq!(again, want);
    peer.pass(Stream::Server, 1);
    assert_eq!(wrapped.line(), "answer");
}

#[test]
fn a_session_the_daemon_does_not_know_any_more_ends() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    let (mut peer, _) = daemon.welcome();
    wrapped.send(r#"{"jsonrpc":"2.0","id":4,"method":"ping"}"#);
    peer.frame();
    drop(peer);
    let mut peer = daemon.accept();
    assert!(peer.hello().resume.is_some());
    let message = "unknown session".to_owned();
    peer.send(&Packet::Refused(Refused {
        why: "resume".to_owned(),
        message,
    }));
    let finished = wrapped.finish();
    assert_eq!(finished.output.len(), 1);
    assert!(
        finished.output[0].contains(r#""id":4"#),
        "{:?}",
        finished.output
    );
    assert_eq!(finished.code, Some(0), "cat ends at the end of its input");
    assert!(finished.errors.contains("unknown session"));
}

#[test]
fn a_server_that_ends_while_the_daemon_is_away_is_not_waited_for_long() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "read go; exit 9"));
    let (mut peer, _) = daemon.welcome();
    wrapped.send("go");
    peer.frame();
    peer.pass(Stream::Client, 1);
    peer.until(|packet| matches!(packet, Packet::Done { .. }).then_some(()));
    drop((peer, daemon));
    let from = Instant::now();
    assert_eq!(wrapped.finish().code, Some(9));
    assert!(
        from.elapsed() < Duration::from_secs(8),
        "{:?}",
        from.elapsed()
    );
}
