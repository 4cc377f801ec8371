//! A store that is full: calls are refused with a reason, and pass again once there is room.

use aipd::audit::batch::ApprovalOp;
use aipd::audit::{AuditError, Batch, NewRecord, StateOp};
use rusqlite::Connection;

use crate::shelf::{Shelf, decision, records};

fn limit(connection: &Connection) {
    let pages: i64 = connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    connection
        .query_row(
            &format!("PRAGMA max_page_count = {}", pages + 20),
            [],
            |_| Ok(()),
        )
        .unwrap();
}

fn large(n: usize) -> NewRecord {
    decision(n).with_args(Some(format!(r#"{{"x":"{}"}}"#, "y".repeat(12_000))))
}

fn filled() -> (Shelf, u64) {
    let shelf = Shelf::over(tempfile::tempdir().unwrap(), limit);
    let fits = (0..200)
        .take_while(|n| shelf.commit(records([large(*n)])).is_ok())
        .count();
    assert!((1..200).contains(&fits), "{fits} records fit");
    (shelf, fits as u64)
}

#[test]
fn a_full_store_refuses_and_leaves_no_half_of_a_batch() {
    let (shelf, fits) = filled();
    let error = shelf.commit(records([decision(0), large(1)])).unwrap_err();
    assert!(error.to_string().contains("full"), "{error}");
    let verified = shelf.verify(None);
    assert!(verified.intact && verified.records == fits, "{verified:?}");
    assert_eq!(shelf.lines().len() as u64, fits);
}

#[test]
fn a_full_store_is_known_to_fail() {
    let (shelf, _) = filled();
    assert!(shelf.commit(records([large(1)])).is_err());
    assert!(shelf.audit.failing().is_some(), "`aipctl status` says so");
    let small = Batch {
        ops: vec![StateOp::Approval {
            id: "none".to_owned(),
            op: ApprovalOp::Ends("expired"),
        }],
        ..Batch::default()
    };
    shelf.commit(small).unwrap();
    shelf
        .all(std::iter::once(flushed(&shelf)))
        .pop()
        .unwrap()
        .unwrap();
    let why = shelf.audit.failing();
    assert!(why.is_some(), "what needs no room says nothing of calls");
}

fn flushed(shelf: &Shelf) -> impl Future<Output = Result<(), AuditError>> + use<> {
    let audit = shelf.audit.clone();
    async move { audit.flush().await }
}

#[test]
fn there_is_room_again_once_bodies_are_erased() {
    let (shelf, fits) = filled();
    let erase = Batch {
        ops: vec![StateOp::EraseBodies {
            runs: vec![(1, fits)],
        }],
        ..Batch::default()
    };
    shelf.commit(erase).unwrap();
    let written = shelf.commit(records([large(1)])).unwrap();
    assert_eq!(written[0].seq, fits + 1, "the chain goes on where it was");
    assert_eq!(shelf.audit.failing(), None);
}
