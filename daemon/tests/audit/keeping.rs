//! What is let go: bodies erased without breaking the chain, whole closed segments by age.

use aipd::audit::retention::{self, Retention};
use aipd::audit::{Batch, NewRecord, StateOp, query};
use wire::control::{EraseQuery, LogQuery};

use crate::shelf::{Shelf, decision, records, without_trigger};

mod erased;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub(crate) fn erase(shelf: &Shelf, query: &EraseQuery) -> u64 {
    let now = aipd::time::now_ms();
    let (count, batch) = retention::erase(&shelf.plain(), query, now, "asked").unwrap();
    shelf.commit(batch).unwrap();
    count
}

fn exported(shelf: &Shelf) -> Vec<String> {
    let mut lines = Vec::new();
    query::select(&shelf.plain(), &LogQuery::default(), 0, |it| {
        lines.push(it.line());
        true
    })
    .unwrap();
    lines
}

#[test]
fn an_erasure_keeps_the_chain_and_takes_the_arguments_out_of_the_line() {
    let shelf = Shelf::with(6);
    let one = EraseQuery {
        seq: Some(3),
        ..EraseQuery::default()
    };
    assert_eq!(erase(&shelf, &one), 1);
    let verified = shelf.verify(None);
    assert!(verified.intact, "{verified:?}");
    let lines = exported(&shelf);
    assert!(!lines[2].contains("args") && lines[2].contains(r#""tool":"tool2""#));
    assert!(lines[3].contains(r#""args":{"n":3"#));
    assert_eq!(erase(&shelf, &one), 0, "once");
    let all = EraseQuery {
        session: Some("s".to_owned()),
        ..EraseQuery::default()
    };
    assert_eq!(erase(&shelf, &all), 5);
    assert!(shelf.verify(None).intact);
}

#[test]
fn an_erasure_is_itself_a_record() {
    let shelf = Shelf::with(3);
    erase(
        &shelf,
        &EraseQuery {
            seq: Some(2),
            ..EraseQuery::default()
        },
    );
    let line = shelf.lines().pop().unwrap();
    assert!(
        line.contains("AUDIT_ERASED") && line.contains("[[2,2]]"),
        "{line}"
    );
}

fn aged(days: i64) -> Shelf {
    let shelf = Shelf::with(4);
    let plain = shelf.plain();
    let then = aipd::time::rfc3339(aipd::time::now_ms() - days * DAY_MS);
    let trigger = without_trigger(&plain, "segment_closes_once");
    let opened = "UPDATE segment SET opened = ?1";
    plain.execute(opened, [then]).unwrap();
    plain.execute_batch(&trigger).unwrap();
    shelf
}

fn due(shelf: &Shelf, days: u32, in_days: i64) -> Batch {
    let keep = Retention {
        days,
        bytes: 1 << 40,
        body_days: 1000,
    };
    let now = aipd::time::now_ms() + in_days * DAY_MS;
    retention::due(&shelf.plain(), keep, now).unwrap()
}

#[test]
fn an_open_segment_is_never_removed() {
    let shelf = Shelf::with(4);
    assert!(due(&shelf, 1, 400).is_empty());
    let op = StateOp::RemoveSegment {
        id: 1,
        at: "now".to_owned(),
    };
    shelf
        .commit(Batch {
            ops: vec![op],
            ..Batch::default()
        })
        .unwrap();
    assert_eq!(shelf.verify(None).records, 4);
}

#[test]
fn an_old_closed_segment_is_removed_and_the_chain_still_holds() {
    let folder = aged(3).close();
    let shelf = Shelf::over(folder, |_| {});
    // A day is over: the first record of today closes the segment.
    shelf.commit(records([decision(9)])).unwrap();
    let head = shelf.verify(None).head;
    assert!(due(&shelf, 90, 0).is_empty(), "too young");
    let batch = due(&shelf, 90, 91);
    assert_eq!(batch.records.len(), 1);
    shelf.commit(batch).unwrap();
    let verified = shelf.verify(Some(&head));
    assert!(verified.intact, "{verified:?}");
    assert_eq!(
        verified.records, 2,
        "what came after it, and the record of the removal"
    );
    let folder = shelf.close();
    let shelf = Shelf::over(folder, |_| {});
    assert_eq!(shelf.commit(records([decision(1)])).unwrap()[0].seq, 7);
    assert!(shelf.verify(None).intact);
}

#[test]
fn old_arguments_go_before_their_records() {
    let shelf = Shelf::with(4);
    let keep = Retention {
        days: 100_000,
        bytes: 1 << 40,
        body_days: 30,
    };
    let now = aipd::time::now_ms() + 31 * DAY_MS;
    let batch = retention::due(&shelf.plain(), keep, now).unwrap();
    shelf.commit(batch).unwrap();
    assert!(exported(&shelf).iter().all(|line| !line.contains("args")));
    assert!(shelf.verify(None).intact);
}

#[test]
fn a_store_over_its_size_lets_its_oldest_segments_go() {
    let folder = aged(3).close();
    let shelf = Shelf::over(folder, |_| {});
    shelf
        .commit(records([NewRecord::event(0, "TODAY")]))
        .unwrap();
    let keep = Retention {
        days: 100_000,
        bytes: 1,
        body_days: 100_000,
    };
    let batch = retention::due(&shelf.plain(), keep, aipd::time::now_ms()).unwrap();
    assert_eq!(batch.records.len(), 1, "the one that is closed");
    shelf.commit(batch).unwrap();
    assert!(shelf.verify(None).intact);
}
