//! Input made to exhaust: refused, with the daemon small and other sessions undisturbed.
#![expect(clippy::expect_used, reason = "what fails ends the test")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, resident_kib};
use serde_json::{Value, json};

/// The most the daemon may ever have resident, in KiB; a debug build's own code is half of it.
const MOST_KIB: u64 = 48_000;
/// The most a call of an undisturbed session may take.
const UNDISTURBED: Duration = Duration::from_secs(2);
/// Requests that may be under way at once in one direction.
const OUTSTANDING: usize = 1024;

#[test]
fn a_line_of_64_mib_is_refused_by_its_id() {
    let mut line = call_head(7);
    line.resize(line.len() + 64 * 1024 * 1024, b'x');
    line.extend(b"\"}}}\n");
    check(&[], &line, |client| {
        let answer = client
            .answer(7, PATIENCE)
            .expect("an answer to the long line");
        assert!(answer.get("error").is_some(), "{answer}");
    });
}

#[test]
fn an_answer_of_64_mib_becomes_an_error_and_the_session_goes_on() {
    let big = (64 * 1024 * 1024).to_string();
    check(&["--big-answer", &big], b"", |client| {
        let answer = client.call("echo", &json!({"n": 1}));
        assert!(answer.get("error").is_some(), "{answer}");
        assert!(client.request("ping", &json!({})).get("result").is_some());
    });
}

#[test]
fn a_line_of_64_mib_that_names_no_id_ends_the_session_with_an_answer_to_each() {
    let big = (64 * 1024 * 1024).to_string();
    check(&["--big", &big], b"", |client| {
        let answer = client.call("echo", &json!({"n": 1}));
        assert!(
            answer.get("result").is_some() || answer.get("error").is_some(),
            "{answer}"
        );
    });
}

#[test]
fn ten_million_brackets_are_refused() {
    let mut line = vec![b'['; 10_000_000];
    line.push(b'\n');
    check(&[], &line, |client| {
        let answer = client.find(PATIENCE, |message| message["id"].is_null());
        let code = answer.expect("an answer")["error"]["code"].clone();
        assert!(code == -32700 || code == -32600, "{code}");
    });
}

#[test]
fn brackets_inside_arguments_are_refused() {
    let mut line = call_head(7);
    line.pop();
    line.resize(line.len() + 5_000_000, b'[');
    line.resize(line.len() + 5_000_000, b']');
    line.extend(b"}}}\n");
    check(&[], &line, |client| {
        let refused = client.find(PATIENCE, |message| message.get("error").is_some());
        assert!(refused.is_some(), "no answer to the brackets");
    });
}

#[test]
fn a_million_elements_are_refused() {
    let mut line = call_head(7);
    line.pop();
    line.push(b'[');
    line.extend(b"1,".repeat(1_000_000));
    line.extend(b"1]}}}\n");
    check(&[], &line, |client| {
        let refused = client.find(PATIENCE, |message| message.get("error").is_some());
        assert!(refused.is_some(), "no answer to the array");
    });
}

#[test]
fn of_100_000_outstanding_requests_the_first_1024_stand_and_the_rest_are_refused() {
    let mut lines = Vec::new();
    for id in 1000..101_000 {
        let params = json!({"name": "echo", "arguments": {"id": id}});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        lines.extend(format!("{call}\n").bytes());
    }
    check(&["--silent"], &lines, |client| {
        for _ in OUTSTANDING..100_000 {
            let refused = client.find(PATIENCE, |message| message.get("error").is_some());
            assert!(
                refused.is_some(),
                "a request over the bound went unanswered"
            );
        }
    });
}

/// Sends hostile bytes in one session while another goes on, then looks at the daemon.
fn check(switches: &[&str], hostile: &[u8], expect: impl FnOnce(&mut Client)) {
    let home = Home::new();
    let policy = home.policy("hostile", "  allowed_tools: [echo]");
    let record = home.record("attacked");
    let mut attacker = home.wrap(&policy, &record, switches);
    attacker.initialize();
    let mut bystander = home.wrap(&policy, &home.record("bystander"), &[]);
    bystander.initialize();
    let daemon = home.daemons();

    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| undisturbed(&mut bystander, &stop));
        let attack = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            attacker.send_raw(hostile);
            expect(&mut attacker);
        }));
        stop.store(true, Ordering::Relaxed);
        if let Err(failed) = attack {
            std::panic::resume_unwind(failed);
        }
        let slowest = watch.join().expect("the other session goes on");
        assert!(
            slowest < UNDISTURBED,
            "a call of another session took {slowest:?}"
        );
    });

    assert_eq!(home.daemons(), daemon, "the daemon was lost");
    let peak = daemon.first().map_or(0, |pid| resident_kib(*pid));
    assert!(peak < MOST_KIB, "the daemon grew to {peak} KiB");
    let hostile_call = |params: &Value| params["arguments"].get("x").is_some();
    assert!(
        !record.calls().iter().any(hostile_call),
        "hostile input reached the server"
    );
    assert!(
        record.calls().len() <= OUTSTANDING,
        "{} calls reached it",
        record.calls().len()
    );
}

/// Calls until told to stop; gives the longest a call took.
fn undisturbed(client: &mut Client, stop: &AtomicBool) -> Duration {
    let mut slowest = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let answer = client.call("echo", &json!({"of": "bystander"}));
        assert!(answer.get("result").is_some(), "{answer}");
        slowest = slowest.max(start.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    slowest
}

/// The start of a call up to and with the opening quote of an argument `x`.
fn call_head(id: u64) -> Vec<u8> {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"echo","arguments":{{"x":""#
    )
    .into_bytes()
}
