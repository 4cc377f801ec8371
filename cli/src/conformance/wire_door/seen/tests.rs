//! A trail whose parts disagree is a fault whatever the vector asserts.

use serde_json::json;

use super::*;

fn call() -> Request {
    Request {
        method: "TOOLS/CALL".to_owned(),
        tool: Some("rm".to_owned()),
        args: None,
        id: None,
        previous_calls: 0,
        user_response: None,
    }
}

#[test]
fn what_happened_what_was_said_and_what_was_recorded_must_agree() {
    let arrived = || vec![json!({"id": 1, "method": "tools/call"})];
    let record = |decision: &str, violation: bool| {
        vec![json!({"method": "tools/call", "decision": decision, "violation": violation})]
    };
    let ok = || json!({"id": 1, "result": {}});
    let no = || json!({"id": 1, "error": {"code": -32001, "data": {"reason": "no"}}});

    check(
        ok(),
        arrived(),
        record("ALLOW", false),
        (Word::Allow, false, ""),
    );
    check(
        ok(),
        arrived(),
        record("ALLOW_MONITOR", true),
        (Word::Allow, true, ""),
    );
    check(no(), vec![], record("BLOCK", true), (Word::Block, true, ""));
    check(
        no(),
        vec![],
        record("RATE_LIMITED", false),
        (Word::RateLimited, false, ""),
    );
    check(ok(), arrived(), vec![], (Word::Allow, false, "no record"));
    check(no(), vec![], vec![], (Word::Block, true, "no record"));
    check(
        no(),
        arrived(),
        record("BLOCK", true),
        (Word::Allow, true, "it was refused, yet"),
    );
    check(
        ok(),
        arrived(),
        record("BLOCK", true),
        (Word::Allow, true, "the record says BLOCK"),
    );
    check(
        no(),
        vec![],
        record("ALLOW", false),
        (Word::Block, false, "the record says ALLOW"),
    );
    let loud = vec![json!({"id": 1, "method": "TOOLS/CALL"})];
    check(
        ok(),
        loud,
        record("ALLOW", false),
        (Word::Allow, false, "the method reached"),
    );
    let other = vec![json!({"id": 2, "method": "tools/call"})];
    check(
        no(),
        other,
        record("BLOCK", true),
        (Word::Block, true, "this reached the server too"),
    );
    let before = vec![json!({"id": "aip-before-0", "method": "tools/call"})];
    check(no(), before, record("BLOCK", true), (Word::Block, true, ""));
    let twice = [arrived(), arrived()].concat();
    check(
        ok(),
        twice,
        record("ALLOW", false),
        (Word::Allow, false, "this reached the server too"),
    );
    let named = |tool| vec![json!({"id": 1, "method": "tools/call", "params": {"name": tool}})];
    check(
        ok(),
        named("rm"),
        record("ALLOW", false),
        (Word::Allow, false, ""),
    );
    check(
        ok(),
        named("cp"),
        record("ALLOW", false),
        (Word::Allow, false, "the tool reached"),
    );

    fn check(
        response: Value,
        reached: Vec<Value>,
        records: Vec<Value>,
        (decision, violation, fault): (Word, bool, &str),
    ) {
        let ending = Ending {
            response: Some(response),
            asked: false,
        };
        let trail = Trail { reached, records };
        let seen = of_request(&call(), ending, &trail);
        assert_eq!(
            (seen.decision, seen.violation),
            (Some(decision), Some(violation)),
            "{seen:?}"
        );
        let first = seen.faults.first().map_or("", String::as_str);
        assert!(
            first.starts_with(fault) && first.is_empty() == fault.is_empty(),
            "{seen:?}"
        );
    }
}

#[test]
fn an_ask_left_open_must_not_have_reached_the_server() {
    let ending = || Ending {
        response: None,
        asked: true,
    };
    let waits = Trail {
        reached: vec![],
        records: vec![json!({"method": "tools/call",
        "decision": "BLOCK", "violation": false})],
    };
    let seen = of_request(&call(), ending(), &waits);
    assert_eq!((seen.decision, seen.faults.len()), (Some(Word::Ask), 0));
    let passed = Trail {
        reached: vec![json!({"id": 1, "method": "tools/call"})],
        ..waits
    };
    assert_eq!(of_request(&call(), ending(), &passed).faults.len(), 1);
}

#[test]
fn an_answer_shows_what_was_redacted_and_the_findings() {
    let response = json!({"id": 1, "result": {"content": [{"type": "text", "text": "a [X]"}]}});
    let ending = Ending {
        response: Some(response),
        asked: false,
    };
    let records = vec![json!({"event": "DLP_TRIGGERED", "dlp_rule": "X", "dlp_match_count": 2})];
    let seen = of_response(
        "a b",
        ending,
        &Trail {
            reached: vec![],
            records,
        },
    );
    assert_eq!(seen.redacted, Some(true));
    assert_eq!(seen.output.as_deref(), Some("a [X]"));
    assert_eq!(seen.dlp_events, Some(vec![("X".to_owned(), 2)]));
}
