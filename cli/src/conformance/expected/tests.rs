//! Each assertion fails where it should, and only there.

use serde_json::json;

use super::*;

fn blocked() -> Observed {
    Observed {
        decision: Some(Word::Block),
        violation: Some(true),
        response: Some(json!({"jsonrpc": "2.0", "id": 7, "error": {
            "code": -32001, "message": "Forbidden", "data": {"tool": "rm", "aip": "forbidden"}
        }})),
        reasons: vec!["no".to_owned()],
        failed_arg: Some("path".to_owned()),
        dlp_events: Some(vec![("Key".to_owned(), 2)]),
        ..Observed::default()
    }
}

#[test]
fn what_is_asserted_must_be_so_and_nothing_else() {
    check(Expected::default(), "");
    check(
        Expected {
            decision: Some(Word::Block),
            ..none()
        },
        "",
    );
    check(
        Expected {
            decision: Some(Word::Allow),
            ..none()
        },
        "decision: expected ALLOW, got BLOCK",
    );
    check(
        Expected {
            violation: Some(true),
            ..none()
        },
        "",
    );
    check(
        Expected {
            violation: Some(false),
            ..none()
        },
        "violation: expected `false`",
    );
    check(
        Expected {
            error_code: Some(Some(-32001)),
            ..none()
        },
        "",
    );
    check(
        Expected {
            error_code: Some(None),
            ..none()
        },
        "error_code: expected none, got `-32001`",
    );
    check(
        Expected {
            error_message: Some(Some("Forbidden".into())),
            ..none()
        },
        "",
    );
    check(
        Expected {
            error_message: Some(None),
            ..none()
        },
        "error_message: expected none",
    );
    check(
        Expected {
            error_data: tree("{tool: rm}"),
            ..none()
        },
        "",
    );
    check(
        Expected {
            error_data: tree("{tool: cp}"),
            ..none()
        },
        "error_data.tool: expected",
    );
    check(
        Expected {
            error_data: tree("{size: 1}"),
            ..none()
        },
        "error_data.size: expected 1",
    );
    check(
        Expected {
            response_format: tree("{id: 7, error: {code: -32001}}"),
            ..none()
        },
        "",
    );
    check(
        Expected {
            response_format: tree("{id: '7'}"),
            ..none()
        },
        "response_format.id",
    );
    check(
        Expected {
            reason: Some("no".into()),
            ..none()
        },
        "",
    );
    check(
        Expected {
            reason: Some("yes".into()),
            ..none()
        },
        "reason: expected yes, got no",
    );
    check(
        Expected {
            failed_arg: Some(Some("path".into())),
            ..none()
        },
        "",
    );
    check(
        Expected {
            failed_arg: Some(None),
            ..none()
        },
        "failed_arg: expected",
    );
    check(
        Expected {
            failed_rule: Some(None),
            ..none()
        },
        "",
    );
    check(
        Expected {
            failed_rule: Some(Some("x".into())),
            ..none()
        },
        "failed_rule: expected",
    );
    check(
        Expected {
            output: Some("x".into()),
            ..none()
        },
        "output: expected `x`, got none",
    );
    check(
        Expected {
            redacted: Some(false),
            ..none()
        },
        "redacted: expected",
    );
    check(
        Expected {
            dlp_events: events(&[("Key", Some(2))]),
            ..none()
        },
        "",
    );
    check(
        Expected {
            dlp_events: events(&[("Key", None)]),
            ..none()
        },
        "",
    );
    check(
        Expected {
            dlp_events: events(&[("Key", Some(1))]),
            ..none()
        },
        "dlp_events: expected",
    );
    check(
        Expected {
            dlp_events: events(&[]),
            ..none()
        },
        "dlp_events: expected exactly",
    );

    fn check(expected: Expected, difference: &str) {
        let found = differences(&expected, &blocked());
        let first = found.first().map_or("", String::as_str);
        assert_eq!(
            first.is_empty(),
            difference.is_empty(),
            "{expected:?}: {found:?}"
        );
        assert!(first.starts_with(difference), "{expected:?}: {found:?}");
    }
    fn none() -> Expected {
        Expected::default()
    }
    fn tree(yaml: &str) -> Option<Tree> {
        Tree::parse(yaml).ok()
    }
    fn events(events: &[(&str, Option<u64>)]) -> Option<Vec<DlpEvent>> {
        let event = |(rule, count): &(&str, _)| DlpEvent {
            rule: (*rule).into(),
            count: *count,
        };
        Some(events.iter().map(event).collect())
    }
}

#[test]
fn monitor_mode_may_be_named_either_way() {
    let seen = Observed {
        decision: Some(Word::Allow),
        violation: Some(true),
        ..Observed::default()
    };
    for decision in [Word::Allow, Word::AllowMonitor] {
        let expected = Expected {
            decision: Some(decision),
            ..Expected::default()
        };
        assert_eq!(differences(&expected, &seen), Vec::<String>::new());
    }
}

#[test]
fn a_fault_fails_a_case_that_asserts_nothing() {
    let seen = Observed {
        faults: vec!["it reached the server".to_owned()],
        ..Observed::default()
    };
    assert_eq!(differences(&Expected::default(), &seen).len(), 1);
}
