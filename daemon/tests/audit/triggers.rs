//! The store refuses changes even from a plain connection without our settings.

use crate::shelf::Shelf;

fn check(sql: &str, refused: bool) {
    let shelf = Shelf::with(5);
    let plain = shelf.plain();
    plain
        .execute_batch("PRAGMA recursive_triggers = OFF; PRAGMA foreign_keys = OFF")
        .unwrap();
    let outcome = plain.execute_batch(sql);
    assert_eq!(outcome.is_err(), refused, "{sql}: {outcome:?}");
    assert_eq!(shelf.verify(None).intact, refused, "{sql}");
}

#[test]
fn records_can_be_neither_changed_nor_deleted() {
    for sql in [
        "UPDATE record SET text = '{}' WHERE seq = 2",
        "UPDATE record SET seq = 100 WHERE seq = 2",
        "UPDATE OR REPLACE record SET seq = 3 WHERE seq = 2",
        "UPDATE record SET key_epoch = 1",
        "DELETE FROM record WHERE seq = 2",
        "DELETE FROM record",
    ] {
        check(sql, true);
    }
}

#[test]
fn a_record_can_not_be_replaced_or_put_between() {
    for sql in [
        "INSERT OR REPLACE INTO record (seq, text, hash) VALUES (2, '{}', x'00')",
        "REPLACE INTO record (seq, text, hash) VALUES (5, '{}', x'00')",
        "INSERT OR IGNORE INTO record (seq, text, hash) VALUES (0, '{}', x'00')",
        "INSERT INTO record (seq, text, hash) VALUES (3, '{}', x'00') ON CONFLICT (seq) DO UPDATE SET text = '{}'",
        "INSERT INTO record (text, hash) VALUES ('{}', x'00')",
    ] {
        check(sql, true);
    }
}

#[test]
fn arguments_can_not_be_changed_or_replaced() {
    for sql in [
        "UPDATE body SET text = '{}' WHERE seq = 2",
        "INSERT OR REPLACE INTO body VALUES (2, x'00', '{}')",
    ] {
        check(sql, true);
    }
    check("DELETE FROM body WHERE seq = 2", false);
}

#[test]
fn segments_can_not_be_changed() {
    for sql in [
        "UPDATE segment SET first_seq = 2",
        "UPDATE segment SET start_hash = x'00'",
        "UPDATE segment SET removed = 'x'",
        "DELETE FROM segment",
        "INSERT OR REPLACE INTO segment (id, first_seq, start_hash, opened) VALUES (1, 1, x'00', 'x')",
    ] {
        check(sql, true);
    }
}

#[test]
fn slots_of_time_can_not_be_made_to_lead_past_their_records() {
    for sql in [
        "UPDATE time_slot SET first_seq = 5",
        "UPDATE time_slot SET slot = '2000-01-01T00:0'",
        "DELETE FROM time_slot",
        "INSERT OR REPLACE INTO time_slot SELECT slot, 5 FROM time_slot",
        "INSERT INTO time_slot SELECT slot, 5 FROM time_slot WHERE true ON CONFLICT DO UPDATE SET first_seq = 5",
        "INSERT INTO time_slot VALUES ('2099-01-01T00:0', 1000000)",
    ] {
        check(sql, true);
    }
}
