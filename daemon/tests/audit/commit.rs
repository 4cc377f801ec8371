//! Committing: whole or not at all, and on disk before anybody hears of it.

use aipd::audit::batch::{ApprovalOp, SessionOp};
use aipd::audit::{Batch, NewRecord, StateOp, Sync, holdings, query, restore};

use crate::shelf::{Shelf, decision, records};

#[test]
fn a_commit_returns_only_when_another_connection_sees_it() {
    for sync in [Sync::Normal, Sync::Full] {
        let shelf = Shelf::new();
        let plain = shelf.plain();
        for n in 1..=20 {
            let batch = Batch {
                sync,
                ..records([decision(n)])
            };
            let written = shelf.commit(batch).unwrap();
            let last = query::last_seq(&plain).unwrap();
            assert_eq!((written[0].seq, last), (n as u64, n as u64));
        }
    }
}

fn asked(id: &str) -> StateOp {
    StateOp::Approval {
        id: id.to_owned(),
        op: ApprovalOp::Asked {
            session: "s".to_owned(),
            number: 1,
            deadline_ms: 0,
            shown: String::new(),
        },
    }
}

#[test]
fn a_batch_that_fails_leaves_no_trace() {
    let shelf = Shelf::new();
    shelf
        .commit(Batch {
            ops: vec![asked("a")],
            ..Batch::default()
        })
        .unwrap();
    let twice = Batch {
        ops: vec![asked("b"), asked("a")],
        ..records([decision(1), decision(2)])
    };
    assert!(shelf.commit(twice).is_err());
    let plain = shelf.plain();
    assert_eq!(holdings::count(&plain).unwrap(), 0);
    assert_eq!(restore::waiting(&plain, "s").unwrap().len(), 1);
    assert!(shelf.lines().is_empty(), "nor in the live log");
    assert_eq!(shelf.commit(records([decision(3)])).unwrap()[0].seq, 1);
    assert!(shelf.verify(None).intact);
}

#[test]
fn a_batch_that_fails_does_not_hurt_others_of_its_group() {
    let shelf = Shelf::new();
    let jobs = (0..400).map(|n| {
        let audit = shelf.audit.clone();
        let op = if n % 3 == 0 {
            "same".to_owned()
        } else {
            format!("id{n}")
        };
        async move {
            let batch = Batch {
                ops: vec![asked(&op)],
                ..records([decision(n)])
            };
            (n, audit.commit(batch).await.map(|written| written.len()))
        }
    });
    let results = shelf.all(jobs);
    let same = results.iter().filter(|(n, _)| n % 3 == 0);
    assert_eq!(
        same.filter(|(_, it)| it.is_ok()).count(),
        1,
        "the first of one name"
    );
    assert!(
        results
            .iter()
            .filter(|(n, _)| n % 3 != 0)
            .all(|(_, it)| *it == Ok(1))
    );
    let done = results.iter().filter(|(_, it)| it.is_ok()).count() as u64;
    let verified = shelf.verify(None);
    assert!(verified.intact, "{verified:?}");
    assert_eq!(verified.records, done);
    assert_eq!(shelf.lines().len() as u64, done);
}

#[test]
fn a_store_opened_again_continues_the_chain() {
    let mut folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let shelf = Shelf::over(folder, |_| {});
        for n in 0..5 {
            let seq = shelf.commit(records([decision(n)])).unwrap()[0].seq;
            assert_eq!(seq, round * 5 + n as u64 + 1);
        }
        assert!(shelf.verify(None).intact);
        folder = shelf.close();
    }
}

#[test]
fn state_and_record_are_one() {
    let shelf = Shelf::new();
    let begins = SessionOp::Begins {
        secret_hash: "h".to_owned(),
        facts: "{}".to_owned(),
    };
    let op = StateOp::Session {
        id: "s".to_owned(),
        op: begins,
    };
    let batch = Batch {
        ops: vec![op],
        ..records([NewRecord::event(0, "SESSION_STARTED")])
    };
    shelf.commit(batch).unwrap();
    let plain = shelf.plain();
    assert!(restore::session(&plain, "s").unwrap().is_some());
    let ends = StateOp::Session {
        id: "s".to_owned(),
        op: SessionOp::Ends("now".to_owned()),
    };
    shelf
        .commit(Batch {
            ops: vec![ends],
            ..Batch::default()
        })
        .unwrap();
    assert!(
        restore::session(&plain, "s").unwrap().is_none(),
        "not resumable"
    );
}

#[test]
fn an_empty_batch_is_no_commit_and_a_flush_waits_for_what_went_before() {
    let shelf = Shelf::new();
    assert!(shelf.commit(Batch::default()).unwrap().is_empty());
    let audit = shelf.audit.clone();
    let job = async move {
        for n in 0..50 {
            audit.later(records([decision(n)]));
        }
        audit.flush().await
    };
    shelf.all(std::iter::once(job))[0].clone().unwrap();
    assert_eq!(holdings::count(&shelf.plain()).unwrap(), 50);
}
