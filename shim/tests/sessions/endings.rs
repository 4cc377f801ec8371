//! Whoever ends first: exit codes, signals, what is delivered before, and who is ended after.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use wire::link::{End, Exited, Packet, Stream};

use crate::daemon::Daemon;
use crate::wrapped::{Finished, Wrapped, aip, eventually, is_alive, start};

#[test]
fn exit_codes_and_signals_are_the_servers() {
    ends("exit 0", Some(0), None);
    ends("exit 7", Some(7), None);
    ends("exit 255", Some(255), None);
    ends("kill -TERM $$", None, Some(15));
    ends("kill -KILL $$", None, Some(9));
    ends("kill -SEGV $$", None, Some(11));
    ends("kill -PIPE $$", None, Some(13));
}

#[test]
fn all_output_is_delivered_then_what_the_daemon_adds_then_the_end() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let script = "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; exit 3";
    let wrapped = start(&mut aip(home.path(), script));
    let (mut peer, _) = daemon.welcome();
    let exited = peer_until_exit(&mut peer);
    assert_eq!(
        exited,
        Exited {
            code: Some(3),
            signal: None
        }
    );
    assert_eq!(
        peer.next(),
        Some(Packet::Closed {
            stream: Stream::Server
        })
    );
    let bytes = b"pending request failed\n".to_vec();
    peer.send(&Packet::Inject {
        stream: Stream::Client,
        number: 1,
        bytes,
    });
    peer.end();
    let Finished { code, output, .. } = wrapped.finish();
    assert_eq!((code, output.len()), (Some(3), 2001));
    assert_eq!(output[1999], "line 1999");
    assert_eq!(output[2000], "pending request failed");
}

#[test]
fn when_the_client_closes_its_end_the_server_sees_it_after_the_last_verdict() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "cat; echo saw the end"));
    let (mut peer, _) = daemon.welcome();
    wrapped.send("held");
    wrapped.close_input();
    assert_eq!(peer.frame(), (Stream::Client, 1, "held".to_owned()));
    peer.send(&Packet::Hold {
        stream: Stream::Client,
        number: 1,
    });
    assert_eq!(
        peer.next(),
        Some(Packet::Closed {
            stream: Stream::Client
        })
    );
    std::thread::sleep(Duration::from_millis(300));
    peer.pass(Stream::Client, 1);
    peer.pass_all();
    let finished = wrapped.finish();
    assert_eq!(
        (finished.code, finished.output),
        (Some(0), vec!["held".into(), "saw the end".into()])
    );
}

#[test]
fn a_server_that_ignores_the_end_of_its_input_and_sigterm_is_ended() {
    let (mut wrapped, passer) = passing("trap '' TERM; echo ready; while :; do sleep 1; done");
    assert_eq!(wrapped.line(), "ready");
    wrapped.close_input();
    let from = Instant::now();
    let finished = wrapped.finish();
    assert_eq!(finished.signal, Some(9), "{}", finished.errors);
    let took = from.elapsed();
    assert!(
        took > Duration::from_secs(11) && took < Duration::from_secs(14),
        "{took:?}"
    );
    passer.join().unwrap();
}

#[test]
fn a_signal_is_passed_on_and_its_end_mirrored() {
    for (signal, number) in [(Signal::TERM, 15), (Signal::INT, 2), (Signal::HUP, 1)] {
        let (wrapped, _passer) = passing("echo ready; exec sleep 60");
        assert_eq!(wrapped.line(), "ready");
        wrapped.signal(signal);
        assert_eq!(wrapped.finish().signal, Some(number));
    }
    let (wrapped, _passer) = passing("trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done");
    assert_eq!(wrapped.line(), "ready");
    wrapped.signal(Signal::TERM);
    assert_eq!(wrapped.finish().code, Some(5));
}

#[test]
fn a_server_that_ignores_a_signal_is_killed_soon_and_at_once_by_a_second() {
    let script = "trap '' TERM INT; echo ready; while :; do sleep 0.1; done";
    let (wrapped, _passer) = passing(script);
    assert_eq!(wrapped.line(), "ready");
    let from = Instant::now();
    wrapped.signal(Signal::TERM);
    assert_eq!(wrapped.finish().signal, Some(9));
    let took = from.elapsed();
    assert!(
        took > Duration::from_millis(1900) && took < Duration::from_secs(4),
        "{took:?}"
    );

    let (wrapped, _passer) = passing(script);
    assert_eq!(wrapped.line(), "ready");
    let from = Instant::now();
    wrapped.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(100));
    wrapped.signal(Signal::INT);
    assert_eq!(wrapped.finish().signal, Some(9));
    assert!(
        from.elapsed() < Duration::from_millis(1500),
        "{:?}",
        from.elapsed()
    );
}

#[test]
fn grandchildren_in_the_group_end_with_the_server() {
    let (mut wrapped, _passer) = passing("sleep 600 & echo $!; cat");
    let grandchild = wrapped.line();
    assert!(is_alive(&grandchild));
    wrapped.close_input();
    let from = Instant::now();
    assert_eq!(wrapped.finish().code, Some(0));
    assert!(!is_alive(&grandchild));
    assert!(
        from.elapsed() < Duration::from_secs(5),
        "{:?}",
        from.elapsed()
    );
}

#[test]
fn a_grandchild_that_ignores_sigterm_is_killed() {
    let script = "sh -c \"trap '' TERM; echo \\$\\$; while :; do sleep 0.1; done\" & cat";
    let (mut wrapped, _passer) = passing(script);
    let grandchild = wrapped.line();
    wrapped.close_input();
    assert_eq!(wrapped.finish().code, Some(0));
    assert!(!is_alive(&grandchild));
}

#[test]
fn a_server_dies_with_a_shim_that_is_killed() {
    let (mut wrapped, _passer) = passing("echo $$; exec sleep 600");
    let server = wrapped.line();
    wrapped.signal(Signal::KILL);
    wrapped.wait();
    eventually("the server lives on", || !is_alive(&server));
}

#[test]
fn a_client_that_reads_no_more_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut child = aip(home.path(), "cat; exit 4")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (mut peer, _) = daemon.welcome();
    let passer = std::thread::spawn(move || peer.pass_all());
    let _input = child.stdin.take();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert!(passer.join().unwrap().contains(&Packet::Closed {
        stream: Stream::Client
    }));
}

#[test]
fn a_server_that_closes_its_output_may_live_on() {
    let (mut wrapped, _passer) = passing("exec >&-; cat >/dev/null; exit 6");
    std::thread::sleep(Duration::from_millis(900));
    wrapped.send("still heard");
    wrapped.close_input();
    assert_eq!(wrapped.finish().code, Some(6));
}

#[test]
fn when_the_daemon_ends_the_session_the_server_is_ended_and_the_reason_told() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "echo ready; exec sleep 60"));
    let (mut peer, _) = daemon.welcome();
    peer.frame();
    wrapped.send(r#"{"jsonrpc":"2.0","id":5,"method":"ping"}"#);
    peer.frame();
    peer.send(&Packet::Inject {
        stream: Stream::Client,
        number: 1,
        bytes: b"bye\n".to_vec(),
    });
    peer.send(&Packet::End(End {
        message: "line too long".to_owned(),
    }));
    let finished = wrapped.finish();
    assert_eq!(finished.signal, Some(15));
    assert_eq!(finished.output.len(), 2);
    assert_eq!(finished.output[0], "bye");
    assert!(finished.output[1].contains(r#""id":5"#) && finished.output[1].contains("-32001"));
    assert!(
        finished.errors.contains("aip: line too long"),
        "{}",
        finished.errors
    );
}

#[test]
fn output_held_open_by_a_grandchild_outside_the_group_does_not_hold_up_the_end() {
    let (wrapped, _passer) = passing("setsid sleep 600 2>/dev/null & echo $!; exit 2");
    let left = wrapped.line();
    let from = Instant::now();
    assert_eq!(wrapped.finish().code, Some(2));
    assert!(
        from.elapsed() < Duration::from_secs(6),
        "{:?}",
        from.elapsed()
    );
    let left = rustix::process::Pid::from_raw(left.parse().unwrap()).unwrap();
    // What left the group is not ours to end.
    let _ = rustix::process::kill_process(left, Signal::KILL);
}

/// Runs a script behind a daemon that passes everything.
fn passing(script: &str) -> (Wrapped, std::thread::JoinHandle<Vec<Packet>>) {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let wrapped = start(&mut aip(home.path(), script));
    let (mut peer, _) = daemon.welcome();
    let passer = std::thread::spawn(move || {
        let _home = home;
        peer.pass_all()
    });
    (wrapped, passer)
}

fn ends(script: &str, code: Option<i32>, signal: Option<i32>) {
    let (wrapped, passer) = passing(script);
    let finished = wrapped.finish();
    assert_eq!(
        (finished.code, finished.signal),
        (code, signal),
        "{script}: {}",
        finished.errors
    );
    let exited = Packet::Exited(Exited { code, signal });
    assert!(passer.join().unwrap().contains(&exited), "{script}");
}

fn peer_until_exit(peer: &mut crate::daemon::Peer) -> Exited {
    loop {
        match peer.next().expect("an exit") {
            Packet::Frame { stream, number, .. } => peer.pass(stream, number),
            Packet::Exited(exited) => return exited,
            _ => {}
        }
    }
}
