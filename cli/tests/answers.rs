//! The built program before a daemon of the test's own: what is made of its answers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

const STATUS: &str = r#"{"end":{"daemon":{"pid":1,"version":"0","started":""}}}"#;

#[test]
fn records_in_a_pipe_are_lines_as_the_daemon_wrote_them() {
    let record = r#"{"item":{"timestamp":"t","decision":"BLOCK","args":{"n":1.50,"a":"x"}}}"#;
    let end = r#"{"end":{}}"#;
    check(
        &["logs"],
        &[STATUS, &format!("{record}\n{end}")],
        (
            0,
            "{\"timestamp\":\"t\",\"decision\":\"BLOCK\",\"args\":{\"n\":1.50,\"a\":\"x\"}}\n",
        ),
    );
    let hidden = "{\"item\":{\"tool\":\"a\u{202e}b\u{9b}\"}}\n{\"end\":{}}";
    check(
        &["logs"],
        &[STATUS, hidden],
        (0, "{\"tool\":\"a\\u202eb\\u009b\"}\n"),
    );
    check(&["logs", "--json"], &[STATUS, end], (0, ""));
}

#[test]
fn an_answer_that_came_too_late_is_said_so() {
    let approval = |state: &str| {
        format!(r#"{{"end":{{"id":"k3","server":"files","tool":"rm","state":"{state}"}}}}"#)
    };
    check(
        &["approve", "k3"],
        &[&approval("allowed")],
        (0, "Allowed once: files: rm\n"),
    );
    check(
        &["deny", "k3"],
        &[&approval("denied")],
        (0, "Denied: files: rm\n"),
    );
    check(
        &["approve", "k3"],
        &[&approval("expired")],
        (
            4,
            "files: rm no longer waits, it is expired; your answer changed nothing.\n",
        ),
    );
}

#[test]
fn a_broken_chain_ends_in_one() {
    let verified = |intact: bool| {
        let problems = if intact {
            ""
        } else {
            r#""record 7 does not fit""#
        };
        format!(
            r#"{{"end":{{"intact":{intact},"records":9,"head":"9:ab","problems":[{problems}]}}}}"#
        )
    };
    check(&["audit", "verify", "--json"], &[&verified(true)], (0, ""));
    check(
        &["audit", "verify"],
        &[&verified(false)],
        (1, "The audit chain is BROKEN"),
    );
}

#[test]
fn a_policy_is_not_trusted_unseen() {
    let waiting = r#"{"item":{"path":"P","name":"p","hash":"a","text":"x: 1\n","pending":{"hash":"b","text":"x: 2\n","why":"it allows more"}}}"#;
    let waiting = format!("{waiting}\n{{\"end\":{{}}}}");
    let trusted = r#"{"end":{"path":"P","name":"p","hash":"b"}}"#;
    let shown = "Not in force so far: it allows more\n\n- x: 1\n+ x: 2\n";
    let trust = &["policy", "trust", ".", "--yes"];
    let looked_again = r#"{"end":{}}"#;
    check(
        &["policy", "trust", "."],
        &[looked_again, &waiting],
        (2, shown),
    );
    let said = check(trust, &[looked_again, &waiting, trusted], (0, shown));
    let asked: Value = serde_json::from_str(&said[2]).unwrap();
    assert_eq!(
        (&asked["op"], &asked["hash"]),
        (&json!("policy_trust"), &json!("b"))
    );
    let changed = r#"{"error":{"code":"conflict","message":"`P` has changed"}}"#;
    check(trust, &[looked_again, &waiting, changed], (4, shown));

    let broken = waiting.replace(r#""hash":"b""#, r#""hash":"""#);
    check(trust, &[looked_again, &broken], (1, ""));
}

#[test]
fn a_refusal_ends_in_four_and_nonsense_in_three() {
    let refusal = r#"{"error":{"code":"not_found","message":"no call `k3` waits"}}"#;
    check(&["approve", "k3"], &[refusal], (4, ""));
    check(&["approvals"], &[r#"{"item":7}"#], (3, ""));
    check(&["approvals"], &["{\"item\":7}\n{\"end\":{}}"], (3, ""));
}

#[test]
fn csv_has_a_head_and_a_line_a_record() {
    let record =
        r#"{"item":{"timestamp":"t","decision":"BLOCK","tool":"=cmd()","error_code":-32001}}"#;
    let lines = "timestamp,seq,event,direction,decision,";
    check(
        &["export", "--format", "csv"],
        &[STATUS, &format!("{record}\n{{\"end\":{{}}}}")],
        (0, lines),
    );
}

/// Runs a command against a daemon that gives one connection each of the answers, and compares
/// the exit code and the beginning of the output. Returns the requests.
fn check(args: &[&str], answers: &[&str], (code, begins): (i32, &str)) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    // Beside a real `aipd` it would start that one for a request too many.
    let program = home.path().join("aipctl");
    fs::copy(env!("CARGO_BIN_EXE_aipctl"), &program).unwrap();
    let run = home.path().join("run");
    fs::create_dir(&run).unwrap();
    fs::set_permissions(&run, Permissions::from_mode(0o700)).unwrap();
    let listener = UnixListener::bind(run.join("control.sock")).unwrap();
    let answers: Vec<String> = answers.iter().map(|answer| format!("{answer}\n")).collect();
    let daemon = thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            requests.push(request);
        }
        requests
    });
    let output = Command::new(program)
        .args(args)
        .env_clear()
        .env("AIP_HOME", home.path())
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {shown}");
    assert!(shown.starts_with(begins), "{args:?}: {shown}");
    daemon.join().unwrap()
}
