//! Records, figures and the store's state, as a command or a page asks for them.

use serde_json::{Value, json};

use crate::running::{Running, lines};

/// The items and the end.
fn ask(daemon: &Running, request: &Value) -> (Vec<Value>, Value) {
    let mut all: Vec<Value> = lines(daemon.asked(&format!("{request}\n"))).collect();
    let end = all.pop().unwrap();
    (
        all.into_iter()
            .map(|it| it.get("item").cloned().unwrap())
            .collect(),
        end,
    )
}

#[test]
fn pages_figures_and_state_are_of_one_store() {
    let daemon = Running::new();
    for _ in 0..5 {
        let set = daemon.answer(r#"{"op":"override","mode":"none"}"#);
        assert!(set.get("end").is_some(), "{set}");
    }
    let page = json!({"op": "records", "event": "OVERRIDE_CHANGED", "limit": 2});
    let (items, end) = ask(&daemon, &page);
    let seqs: Vec<u64> = items.iter().filter_map(|it| it["seq"].as_u64()).collect();
    assert_eq!(seqs, [6, 5]);
    assert_eq!(end["end"]["next"], 5);
    assert_eq!(end["end"]["search"]["complete"], true, "{end}");
    let found = json!({"op": "records", "q": "override none", "before": 5});
    let (items, end) = ask(&daemon, &found);
    assert_eq!(items.len(), 3);
    assert_eq!(end["end"]["next"], Value::Null);
    let (items, end) = ask(&daemon, &json!({"op": "records", "kinds": ["decision"]}));
    assert!(items.is_empty() && end["end"]["search"].is_null(), "{end}");

    let story = daemon.answer(r#"{"op":"record","seq":3}"#);
    assert_eq!(story["end"]["record"]["event"], "OVERRIDE_CHANGED");
    let figures = daemon.answer(r#"{"op":"stats","hours":24}"#);
    assert_eq!(figures["end"]["complete"], true, "{figures}");
    assert_eq!(figures["end"]["decisions"]["ALLOW"], 0);

    let before = daemon.answer(r#"{"op":"audit_state"}"#);
    let state = &before["end"];
    assert_eq!(
        (&state["records"], &state["last_seq"]),
        (&json!(6), &json!(6))
    );
    assert_eq!(state["verified"], Value::Null);
    assert_eq!(state["retention"]["days"], 90);
    let verified = daemon.answer(r#"{"op":"audit_verify","checkpoint":null}"#);
    let after = daemon.answer(r#"{"op":"audit_state"}"#);
    assert_eq!(after["end"]["verified"]["intact"], true);
    assert_eq!(after["end"]["verified"]["head"], verified["end"]["head"]);
    assert_eq!(after["end"]["head"], verified["end"]["head"]);
}

#[test]
fn what_can_not_be_answered_is_said() {
    let daemon = Running::new();
    let check = |request: &str, code: &str, says: &str| {
        let answer = daemon.answer(request);
        let error = &answer["error"];
        assert_eq!(error["code"], code, "{request}: {answer}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(says), "{request}: {message}");
    };
    check(r#"{"op":"records","limit":0}"#, "invalid", "1 to 200");
    check(r#"{"op":"records","limit":201}"#, "invalid", "1 to 200");
    check(r#"{"op":"records","since":"soon"}"#, "invalid", "`soon`");
    check(r#"{"op":"records","until":"soon"}"#, "invalid", "`soon`");
    check(
        r#"{"op":"records","decision":"MAYBE"}"#,
        "invalid",
        "`MAYBE`",
    );
    check(r#"{"op":"stats","hours":0}"#, "invalid", "1 to 8784");
    check(r#"{"op":"stats","hours":9000}"#, "invalid", "1 to 8784");
    check(r#"{"op":"record","seq":999}"#, "not_found", "no record 999");
    check(r#"{"op":"logs","until":"soon"}"#, "invalid", "`soon`");
}
