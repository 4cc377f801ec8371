//! Verifying: each kind of tampering is found, by someone who has dropped the triggers first.

use aipd::audit::{Batch, NewRecord, StateOp, query};

use crate::shelf::{Shelf, records, without_trigger};

const FREE: &str = "DROP TRIGGER record_no_update; DROP TRIGGER record_no_delete; \
    DROP TRIGGER record_append_only; DROP TRIGGER body_no_update; DROP TRIGGER body_no_replace; \
    DROP TRIGGER segment_no_delete; DROP TRIGGER segment_closes_once; \
    DROP TRIGGER segment_append_only;";

fn check(tampering: &str, found: &str) {
    let shelf = Shelf::with(10);
    let before = shelf.verify(None);
    assert!(before.intact && before.records == 10, "{before:?}");
    let plain = shelf.plain();
    plain.execute_batch(FREE).unwrap();
    plain.execute_batch(tampering).unwrap();
    let verified = shelf.verify(Some(&before.head));
    assert!(!verified.intact, "not found: {tampering}");
    let problems = verified.problems.join("\n");
    assert!(problems.contains(found), "{tampering}: {problems}");
}

#[test]
fn a_changed_text_is_found() {
    check(
        "UPDATE record SET text = replace(text, 'tool4', 'tool9') WHERE seq = 5",
        "record 5 does not fit",
    );
}

#[test]
fn a_changed_hash_is_found() {
    check(
        "UPDATE record SET hash = zeroblob(32) WHERE seq = 5",
        "does not fit",
    );
    check(
        "UPDATE record SET hash = zeroblob(3) WHERE seq = 10",
        "does not fit",
    );
}

#[test]
fn a_column_of_another_type_is_found_not_stumbled_over() {
    check(
        "UPDATE record SET text = CAST(x'22ff22' AS TEXT) WHERE seq = 5",
        "record 5 does not fit",
    );
    check(
        "UPDATE record SET hash = 'text' WHERE seq = 5",
        "record 5 does not fit",
    );
}

#[test]
fn a_deleted_record_is_found() {
    check("DELETE FROM record WHERE seq = 5", "record 5 is missing");
    check("DELETE FROM record WHERE seq = 1", "record 1 is missing");
}

#[test]
fn swapped_records_are_found() {
    check(
        "UPDATE record SET seq = -1 WHERE seq = 4; UPDATE record SET seq = 4 WHERE seq = 5; \
         UPDATE record SET seq = 5 WHERE seq = -1",
        "stands in another's place",
    );
}

#[test]
fn an_inserted_record_is_found() {
    check(
        "INSERT INTO record (seq, text, hash) VALUES (11, '{\"seq\":11}', zeroblob(32))",
        "does not fit",
    );
}

/// The export shows such a row as it shows any other.
#[test]
fn a_record_before_the_first_segment_is_found() {
    check(
        "INSERT INTO record (seq, text, hash) VALUES (0, '{}', zeroblob(32))",
        "belong to no segment",
    );
    check(
        "INSERT INTO record (seq, text, hash) VALUES (-5, '{}', zeroblob(32))",
        "belong to no segment",
    );
}

#[test]
fn a_record_put_where_a_segment_was_removed_is_found() {
    let shelf = Shelf::with(3);
    let plain = shelf.plain();
    let trigger = without_trigger(&plain, "segment_closes_once");
    plain
        .execute_batch("UPDATE segment SET opened = '2020-01-01T00:00:00.000Z'")
        .unwrap();
    plain.execute_batch(&trigger).unwrap();
    let shelf = Shelf::over(shelf.close(), |_| {});
    shelf
        .commit(records([NewRecord::event(0, "TODAY")]))
        .unwrap();
    let removal = NewRecord::event(0, "AUDIT_SEGMENT_REMOVED").set("segment", 1);
    let op = StateOp::RemoveSegment {
        id: 1,
        at: "now".to_owned(),
    };
    shelf
        .commit(Batch {
            ops: vec![op],
            ..records([removal])
        })
        .unwrap();
    assert!(shelf.verify(None).intact);
    let plain = shelf.plain();
    plain
        .execute_batch("DROP TRIGGER record_append_only")
        .unwrap();
    let forged = r#"INSERT INTO record (seq, text, hash) VALUES (2, '{"kind":"decision"}', x'00')"#;
    plain.execute_batch(forged).unwrap();
    assert!(!shelf.verify(None).intact);
}

#[test]
fn changed_added_and_deleted_arguments_are_found() {
    check(
        "UPDATE body SET text = '{}' WHERE seq = 5",
        "arguments of record 5 were changed",
    );
    check(
        "UPDATE body SET salt = zeroblob(16) WHERE seq = 5",
        "arguments of record 5 were changed",
    );
    check("DELETE FROM body WHERE seq = 5", "gone without an erasure");
    check(
        "INSERT INTO body VALUES (99, zeroblob(16), '{}')",
        "belong to no segment or record",
    );
}

#[test]
fn a_truncated_tail_is_found_against_a_checkpoint() {
    check(
        "DELETE FROM record WHERE seq > 7; DELETE FROM body WHERE seq > 7",
        "checkpoint",
    );
}

#[test]
fn a_store_made_anew_is_found_against_a_checkpoint() {
    let old = Shelf::with(10).verify(None).head;
    let anew = Shelf::with(10).verify(Some(&old));
    assert!(!anew.intact, "salts differ, so hashes do");
    assert!(!Shelf::with(3).verify(Some("nonsense")).intact);
}

#[test]
fn a_segment_removed_without_a_record_is_found() {
    check(
        "UPDATE segment SET closed = 'x', last_seq = 10, end_hash = \
         (SELECT hash FROM record WHERE seq = 10), removed = 'x'; \
         DELETE FROM record; DELETE FROM body",
        "removed without a record",
    );
    check("DELETE FROM segment", "belong to no segment");
}

#[test]
fn a_checkpoint_of_today_still_holds_tomorrow() {
    let shelf = Shelf::with(5);
    let head = shelf.verify(None).head;
    shelf
        .commit(records([NewRecord::event(0, "MORE")]))
        .unwrap();
    assert!(shelf.verify(Some(&head)).intact);
    assert!(shelf.verify(Some(&head.to_ascii_uppercase())).intact);
    assert_eq!(query::last_seq(&shelf.plain()).unwrap(), 6);
}

/// A column that reads the text differently, or a trigger that is gone, hides what was done.
#[test]
fn a_changed_schema_is_found() {
    for (change, found) in [
        (
            "DROP TRIGGER record_no_update",
            "`record_no_update` of the store's schema is gone",
        ),
        (
            "CREATE TRIGGER quiet AFTER INSERT ON record BEGIN DELETE FROM rate_bucket; END",
            "`quiet` was added",
        ),
    ] {
        let shelf = Shelf::with(3);
        shelf.plain().execute_batch(change).unwrap();
        let verified = shelf.verify(None);
        let problems = verified.problems.join(", ");
        assert!(!verified.intact && problems.contains(found), "{problems}");
    }
}

/// The ways a query takes through a store of any size: none of them walks all records.
#[test]
fn what_is_asked_often_is_found_by_an_index() {
    let shelf = Shelf::with(3);
    for (wanted, index) in [
        (r#"{"decision":"block","limit":50}"#, "record_refused"),
        (
            r#"{"tool":"t","since":"2026-03-03T10:30:45.123Z"}"#,
            "record_tool",
        ),
        (r#"{"session":"s"}"#, "record_session"),
    ] {
        let wanted: wire::control::LogQuery = serde_json::from_str(wanted).unwrap();
        let plan = query::plan(&shelf.plain(), &wanted).unwrap();
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.contains("SCAN record"), "{plan}");
    }
}

/// Somebody with a SQLite shell and the triggers out of the way writes what we would not.
#[test]
fn a_record_that_was_tampered_with_stays_one_line_of_the_export() {
    let shelf = Shelf::with(2);
    let plain = shelf.plain();
    let trigger = without_trigger(&plain, "record_no_update");
    let texts = [
        "{\"kind\":\"decision\",\n \"tool\" : \"a\u{202e}\", \"decision\":\"ALLOW\"}",
        "{\"kind\":\"event\",\"tool\":\"a\u{1b}[2J\"}",
    ];
    for (seq, text) in (1..).zip(texts) {
        plain
            .execute("UPDATE record SET text = ?2 WHERE seq = ?1", (seq, text))
            .unwrap();
    }
    plain.execute_batch(&trigger).unwrap();
    let mut lines = Vec::new();
    let all = wire::control::LogQuery::default();
    query::select(&plain, &all, 0, |stored| {
        lines.push(stored.line());
        true
    })
    .unwrap();
    let hidden = |line: &String| line.chars().any(|it| it.is_control() || it == '\u{202e}');
    assert!(!lines.iter().any(hidden), "{lines:?}");
    let read = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let read: Vec<_> = lines.iter().map(read).collect();
    assert_eq!(read[0]["decision"], "ALLOW");
    assert_eq!(read[1]["event"], "AUDIT_UNREADABLE");
    assert!(!shelf.verify(None).intact);
}
