//! No effect before its record is committed: while the store can't be written, nothing reaches
//! the server, nothing redacted reaches the client, and both go on once it can.

use std::time::Duration;

use e2e::client::PATIENCE;
use e2e::home::Home;
use e2e::store::WriteLock;
use serde_json::json;

/// Long enough for a call that does not wait to be seen.
const A_WHILE: Duration = Duration::from_millis(700);

#[test]
fn a_call_waits_for_its_record() {
    let home = Home::new();
    let policy = home.policy("order", "  allowed_tools: [echo]");
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &[]);
    client.initialize();
    let lock = WriteLock::take(home.path());
    let id = client.ask_call("echo", &json!({"n": 1}));
    assert!(
        client.answer(id, A_WHILE).is_none(),
        "answered before its record"
    );
    assert!(
        record.calls().is_empty(),
        "the server was called before the record"
    );
    drop(lock);
    let answer = client.answer(id, PATIENCE).expect("an answer");
    assert!(answer.get("result").is_some(), "{answer}");
    assert_eq!(home.decisions().len(), 1);
}

#[test]
fn a_redacted_answer_waits_for_its_finding() {
    let home = Home::new();
    let spec = "  allowed_tools: [echo]\n  dlp:\n    patterns: [{name: K, regex: 'SECRET-[0-9]+'}]";
    let policy = home.policy("order", spec);
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &["--text", "SECRET-42", "--delay", "400"]);
    client.initialize();
    let id = client.ask_call("echo", &json!({"n": 1}));
    e2e::wait::wait_until("the call at the server", PATIENCE, || {
        !record.calls().is_empty()
    });
    let lock = WriteLock::take(home.path());
    assert!(
        client.answer(id, A_WHILE).is_none(),
        "answered before the finding's record"
    );
    drop(lock);
    let answer = client.answer(id, PATIENCE).expect("an answer");
    assert_eq!(
        answer["result"]["content"][0]["text"], "[REDACTED:K]",
        "{answer}"
    );
}
