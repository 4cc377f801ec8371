//! What each verdict does, and that nothing passes without one.

use std::time::Duration;

use wire::link::{Packet, Stream, Welcome};

use crate::daemon::Daemon;
use crate::wrapped::{aip, start};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[test]
fn frames_pass_both_ways_as_they_are_and_are_reported_done() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    let (mut peer, _) = daemon.welcome();
    let spawned = peer.until(|packet| match packet {
        Packet::Spawned(spawned) => Some(spawned),
        other => panic!("the server's start is told first, not {other:?}"),
    });
    assert!(spawned.pid > 0 && spawned.group == spawned.pid && spawned.start > 0);
    wrapped.send(PING);
    assert_eq!(peer.frame(), (Stream::Client, 1, PING.to_owned()));
    peer.pass(Stream::Client, 1);
    done(&mut peer, Stream::Client, 1);
    assert_eq!(peer.frame(), (Stream::Server, 1, PING.to_owned()));
    peer.pass(Stream::Server, 1);
    assert_eq!(wrapped.line(), PING);
    done(&mut peer, Stream::Server, 1);
}

#[test]
fn nothing_is_written_before_its_verdict_nor_by_a_verdict_for_another() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let wrapped = start(&mut aip(
        home.path(),
        "echo raw; echo noise >&2; exec sleep 60",
    ));
    let (mut peer, _) = daemon.welcome();
    assert_eq!(peer.frame(), (Stream::Server, 1, "raw".to_owned()));
    peer.pass(Stream::Server, 2);
    peer.pass(Stream::Client, 1);
    peer.pass(Stream::Audit, 1);
    assert!(wrapped.is_silent(Duration::from_millis(200)));
    peer.send(&Packet::Bytes {
        stream: Stream::Server,
        number: 1,
        forward: b"judged\n".to_vec(),
        reply: Vec::new(),
    });
    assert_eq!(wrapped.line(), "judged");
    peer.pass(Stream::Server, 1);
    assert!(
        wrapped.is_silent(Duration::from_millis(200)),
        "a frame is acted on once"
    );
}

#[test]
fn verdicts_in_any_order_do_what_they_say() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    let (mut peer, _) = daemon.welcome();
    for line in ["one", "two", "three", "four"] {
        wrapped.send(line);
        assert_eq!(peer.frame().2, line);
    }
    let stream = Stream::Client;
    peer.send(&Packet::Hold { stream, number: 1 });
    peer.send(&Packet::Reply {
        stream,
        number: 3,
        bytes: b"refused\n".to_vec(),
    });
    assert_eq!(wrapped.line(), "refused");
    done(&mut peer, stream, 3);
    peer.send(&Packet::Drop { stream, number: 2 });
    done(&mut peer, stream, 2);
    let (forward, reply) = (b"changed\nmore\n".to_vec(), b"noted\n".to_vec());
    peer.send(&Packet::Bytes {
        stream,
        number: 4,
        forward,
        reply,
    });
    assert_eq!(wrapped.line(), "noted");
    assert_eq!(peer.frame(), (Stream::Server, 1, "changed".to_owned()));
    assert_eq!(peer.frame(), (Stream::Server, 2, "more".to_owned()));
    peer.pass(stream, 1);
    assert_eq!(peer.frame(), (Stream::Server, 3, "one".to_owned()));
}

#[test]
fn injected_frames_are_written_and_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    let (mut peer, _) = daemon.welcome();
    let inject = |stream, number, text: &str| Packet::Inject {
        stream,
        number,
        bytes: format!("{text}\n").into_bytes(),
    };
    peer.send(&inject(Stream::Client, 1, "news"));
    assert_eq!(wrapped.line(), "news");
    acked(&mut peer, Stream::Client, 1);
    peer.send(&inject(Stream::Server, 1, "ask"));
    assert_eq!(peer.frame(), (Stream::Server, 1, "ask".to_owned()));
    peer.send(&Packet::Drop {
        stream: Stream::Server,
        number: 1,
    });
    peer.send(&inject(Stream::Diagnostic, 7, "[INFO] for the person"));
    acked(&mut peer, Stream::Diagnostic, 7);
    wrapped.close_input();
    peer.pass_all();
    assert!(wrapped.finish().errors.contains("[INFO] for the person\n"));
}

#[test]
fn a_line_over_the_bound_is_told_by_its_ends_and_never_forwarded() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    let (mut peer, _) = daemon.welcome();
    let mut line = br#"{"method":"x","params":[0"#.to_vec();
    let end = br#"],"jsonrpc":"2.0","id":9}"#;
    line.resize(11 * 1024 * 1024 - end.len(), b' ');
    line.extend(end);
    let writer = std::thread::spawn(move || {
        wrapped.write(&line).unwrap();
        wrapped.write(b"\nnext\n").unwrap();
        wrapped
    });
    let (number, length, head, tail) = peer.until(|packet| match packet {
        Packet::Oversize {
            stream: Stream::Client,
            number,
            length,
            head,
            tail,
        } => Some((number, length, head, tail)),
        _ => None,
    });
    assert_eq!((number, length, head.len()), (1, 11 * 1024 * 1024, 4096));
    assert!(head.starts_with(br#"{"method":"x""#));
    assert_eq!(tail.len(), 512);
    assert!(tail.ends_with(end));
    peer.pass(Stream::Client, 1);
    assert_eq!(peer.frame(), (Stream::Client, 2, "next".to_owned()));
    peer.pass(Stream::Client, 2);
    assert_eq!(peer.frame(), (Stream::Server, 1, "next".to_owned()));
    drop(writer.join().unwrap());
}

#[test]
fn large_frames_pass_whole_in_both_directions() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    let (mut peer, _) = daemon.welcome();
    let passer = std::thread::spawn(move || peer.pass_all().len());
    let large = "x".repeat(9 * 1024 * 1024);
    let writer = std::thread::spawn({
        let large = large.clone();
        move || {
            wrapped.send(&large);
            wrapped
        }
    });
    let mut wrapped = writer.join().unwrap();
    assert!(wrapped.line() == large);
    wrapped.close_input();
    assert_eq!(wrapped.finish().code, Some(0));
    passer.join().unwrap();
}

#[test]
fn a_server_that_does_not_read_holds_up_no_reply() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec sleep 60"));
    let (mut peer, _) = daemon.welcome();
    let filler = "f".repeat(200 * 1024);
    for number in 1..=5 {
        wrapped.send(&filler);
        peer.frame();
        peer.pass(Stream::Client, number);
    }
    wrapped.send("refuse me");
    assert_eq!(peer.frame().1, 6);
    peer.send(&Packet::Reply {
        stream: Stream::Client,
        number: 6,
        bytes: b"no\n".to_vec(),
    });
    assert_eq!(wrapped.line(), "no");
}

#[test]
fn a_client_that_does_not_read_holds_up_no_request() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let script = "yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | head -c 3000000 & exec cat >got";
    let mut command = aip(home.path(), script);
    let mut child = command
        .current_dir(home.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (mut peer, _) = daemon.welcome();
    let passer = std::thread::spawn(move || peer.pass_all().len());
    std::thread::sleep(Duration::from_millis(500));
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"through\n").unwrap();
    crate::wrapped::eventually("the request does not get through", || {
        std::fs::read(home.path().join("got")).is_ok_and(|got| got == b"through\n")
    });
    child.kill().unwrap();
    child.wait().unwrap();
    passer.join().unwrap();
}

#[test]
fn the_servers_standard_error_is_judged_where_the_policy_asks_for_it() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let wrapped = start(&mut aip(home.path(), "echo secret >&2; echo plain >&2"));
    let (mut peer, _) = daemon.welcome_as(Welcome {
        filter_stderr: true,
        ..Welcome::default()
    });
    assert_eq!(peer.frame(), (Stream::Stderr, 1, "secret".to_owned()));
    peer.send(&Packet::Bytes {
        stream: Stream::Stderr,
        number: 1,
        forward: b"[REDACTED]\n".to_vec(),
        reply: Vec::new(),
    });
    peer.pass_all();
    let finished = wrapped.finish();
    assert!(
        finished.errors.contains("[REDACTED]\nplain\n"),
        "{}",
        finished.errors
    );
    assert!(!finished.errors.contains("secret"));
}

#[test]
fn a_last_line_without_a_newline_is_a_frame() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "cat; printf last"));
    let (mut peer, _) = daemon.welcome();
    wrapped.write(PING.as_bytes()).unwrap();
    wrapped.close_input();
    let seen = peer.pass_all();
    let frames: Vec<&Packet> = seen
        .iter()
        .filter(|packet| matches!(packet, Packet::Frame { .. }))
        .collect();
    assert_eq!(frames.len(), 3, "{frames:?}");
    assert_eq!(wrapped.finish().output, [PING, "last"]);
}

fn done(peer: &mut crate::daemon::Peer, stream: Stream, number: u64) {
    let done = peer.until(|packet| match packet {
        Packet::Done { stream, number } => Some((stream, number)),
        _ => None,
    });
    assert_eq!(done, (stream, number));
}

fn acked(peer: &mut crate::daemon::Peer, stream: Stream, number: u64) {
    let acked = peer.until(|packet| match packet {
        Packet::Acked { stream, number } => Some((stream, number)),
        _ => None,
    });
    assert_eq!(acked, (stream, number));
}
