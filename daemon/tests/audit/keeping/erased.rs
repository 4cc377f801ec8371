//! Erased means gone from the disk, not only from the tables.

use aipd::audit::batch::{ApprovalOp, OutstandingRow, SessionOp};
use aipd::audit::{Batch, StateOp};
use wire::control::EraseQuery;

use super::erase;
use crate::shelf::{Shelf, decision, records};

#[test]
fn erased_arguments_are_gone_from_the_file() {
    let shelf = Shelf::with(3);
    erase(
        &shelf,
        &EraseQuery {
            seq: Some(2),
            ..EraseQuery::default()
        },
    );
    let folder = shelf.close();
    let bytes = std::fs::read(folder.path().join("audit.db")).unwrap();
    assert!(!bytes.windows(5).any(|it| it == b"body1"));
}

/// The live log is a copy, so it obeys too; whoever reads the store meanwhile keeps the
/// write-ahead log only for as long as they read.
#[test]
fn erased_arguments_are_gone_from_every_file_beside_the_store() {
    let shelf = Shelf::with(6);
    let moved = shelf.live().with_extension("jsonl.1");
    std::fs::rename(shelf.live(), &moved).unwrap();
    shelf.commit(records([decision(6), decision(7)])).unwrap();
    let plain = shelf.plain();
    plain
        .execute_batch("BEGIN; SELECT count(*) FROM record")
        .unwrap();
    let early = EraseQuery {
        before: Some(aipd::time::rfc3339(1_772_533_845_000 + 5)),
        ..EraseQuery::default()
    };
    assert_eq!(erase(&shelf, &early), 5);
    let seventh = EraseQuery {
        seq: Some(7),
        ..EraseQuery::default()
    };
    assert_eq!(erase(&shelf, &seventh), 1);
    plain.execute_batch("COMMIT").unwrap();
    let begun = std::time::Instant::now();
    let gone = || kept(&shelf) == ["body5", "body7"];
    while !gone() && begun.elapsed().as_secs() < 5 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(kept(&shelf), ["body5", "body7"]);
    let line = std::fs::read_to_string(moved).unwrap();
    assert_eq!(line.lines().count(), 6, "lines stay, without arguments");
    shelf.commit(records([decision(9)])).unwrap();
    let live = shelf.lines();
    assert!(live.last().is_some_and(|line| line.contains("body9")));
    assert_eq!(live.len(), 5, "two decisions, two erasures, one more");
}

#[test]
fn erased_arguments_are_gone_from_the_copy_made_before_a_migration() {
    let folder = tempfile::tempdir().unwrap();
    let old = rusqlite::Connection::open(folder.path().join("audit.db")).unwrap();
    old.execute_batch(include_str!("../../../../migrations/0001_store.sql"))
        .unwrap();
    old.execute_batch(
        r#"INSERT INTO body VALUES (1, x'00', '{"secret":"body1"}');
           INSERT INTO record (seq, text, hash)
               VALUES (1, '{"seq":1,"timestamp":"2026-03-03T10:30:45.123Z"}', x'00');
           PRAGMA user_version = 1;"#,
    )
    .unwrap();
    drop(old);
    let shelf = Shelf::over(folder, |_| {});
    assert_eq!(kept(&shelf), ["body1"]);
    let first = EraseQuery {
        seq: Some(1),
        ..EraseQuery::default()
    };
    assert_eq!(erase(&shelf, &first), 1);
    assert!(kept(&shelf).is_empty(), "{:?}", kept(&shelf));
}

/// Which of the first eight bodies stand in any file.
fn kept(shelf: &Shelf) -> Vec<String> {
    let files = std::fs::read_dir(shelf.folder.path()).unwrap();
    let bytes: Vec<u8> = files
        .filter(|file| !file.as_ref().unwrap().path().ends_with("audit.db-shm"))
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    let stands = |body: &String| bytes.windows(5).any(|it| it == body.as_bytes());
    let bodies = (0..8).map(|n| format!("body{n}"));
    bodies.filter(stands).collect()
}

#[test]
fn nothing_is_kept_of_a_session_that_has_ended() {
    let shelf = Shelf::new();
    let op = |op| StateOp::Session {
        id: "s".to_owned(),
        op,
    };
    let shown = ApprovalOp::Asked {
        session: "s".to_owned(),
        number: 1,
        deadline_ms: 0,
        shown: "shown-1".to_owned(),
    };
    let asked = StateOp::Approval {
        id: "a".to_owned(),
        op: shown,
    };
    let begins = SessionOp::Begins {
        secret_hash: "h".to_owned(),
        facts: "facts-1".to_owned(),
    };
    let row = || OutstandingRow {
        sender: "client",
        id: "\"id-1\"".to_owned(),
        number: 1,
        method: "tools/call".to_owned(),
        tool: None,
        call_id: "c".to_owned(),
        began_ms: 0,
        page: String::new(),
    };
    let learnt = SessionOp::Learnt("learnt-1".to_owned());
    let adds = SessionOp::OutstandingAdd(row());
    let ends = SessionOp::Ends("now".to_owned());
    // What comes after the end finds nothing to add to.
    let late = [
        SessionOp::OutstandingAdd(row()),
        SessionOp::Learnt("learnt-1".to_owned()),
    ];
    let ops = [op(begins), op(learnt), op(adds), asked, op(ends)];
    for op in ops.into_iter().chain(late.map(op)) {
        let ops = vec![op];
        shelf
            .commit(Batch {
                ops,
                ..Batch::default()
            })
            .unwrap();
    }
    let folder = shelf.close();
    let bytes = std::fs::read(folder.path().join("audit.db")).unwrap();
    for word in ["facts-1", "learnt-1", "id-1", "shown-1"] {
        let found = bytes.windows(word.len()).any(|it| it == word.as_bytes());
        assert!(!found, "{word}");
    }
}

/// What a person was shown are the arguments, too.
#[test]
fn an_erasure_takes_what_was_shown_of_an_approval_that_is_over() {
    let shelf = Shelf::with(1);
    let asked = ApprovalOp::Asked {
        session: "s".to_owned(),
        number: 1,
        deadline_ms: 0,
        shown: r#"{"args":"body0"}"#.to_owned(),
    };
    let ops = [asked, ApprovalOp::Ends("allowed")].map(|op| StateOp::Approval {
        id: "a".to_owned(),
        op,
    });
    shelf
        .commit(Batch {
            ops: ops.into(),
            ..Batch::default()
        })
        .unwrap();
    let session = EraseQuery {
        session: Some("s".to_owned()),
        ..EraseQuery::default()
    };
    erase(&shelf, &session);
    let sql = "SELECT count(*) FROM approval WHERE shown LIKE '%body0%'";
    let kept: u64 = shelf.plain().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 0);
}
