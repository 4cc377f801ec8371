//! What is erased or removed from the store is in no file any more.

use sha2::{Digest, Sha256};
use wire::control::{EraseQuery, RecordQuery};

use super::made::{BEGINS, HOUR_MS, Made};
use crate::audit::chain::hex;
use crate::audit::derived::Part;
use crate::audit::retention::{self, Retention};
use crate::audit::{Audit, Batch, NewRecord, store};

/// A daemon's audit over a store in which every record has a word of its own.
struct Shelf {
    made: Made,
    audit: Audit,
    runtime: tokio::runtime::Runtime,
}

impl Shelf {
    fn new(records: u64) -> Self {
        let mut made = Made::new(1, 0);
        for n in 0..records {
            let at = BEGINS + i64::try_from(n).unwrap() * HOUR_MS;
            let record = NewRecord::decision(at, "upstream", "ALLOW")
                .set("tool", tool(n))
                .with_args(Some(format!(r#"{{"a":"{}"}}"#, body(n))));
            made.put(&mut record.clone(), at);
        }
        let path = made.folder.path().join("audit.db");
        let live = made.folder.path().join("aip-audit.jsonl");
        let (audit, _) = Audit::start(store::open(&path).unwrap(), &path, live).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build();
        let shelf = Self {
            made,
            audit,
            runtime: runtime.unwrap(),
        };
        shelf.roll();
        shelf
    }

    fn roll(&self) {
        self.made.rolled(Part::Figures);
        self.made.rolled(Part::Words);
    }

    fn commit(&self, batch: Batch) {
        self.runtime.block_on(self.audit.commit(batch)).unwrap();
    }

    fn erase(&self, query: &EraseQuery) {
        let now = crate::time::now_ms();
        let (_, batch) = retention::erase(&self.made.store, query, now, "asked").unwrap();
        self.commit(batch);
    }

    /// Whether a word stands in any of the files; its beginning is written once in the index where
    /// the word before begins alike.
    fn stands(&self, word: &str) -> bool {
        let word = &word.as_bytes()[6..];
        let files = std::fs::read_dir(self.made.folder.path()).unwrap();
        let mut files = files.map(|file| file.unwrap().path());
        files.any(|file| {
            let bytes = std::fs::read(&file).unwrap();
            bytes.windows(word.len()).any(|it| it == word)
        })
    }

    fn in_index(&self, word: &str) -> bool {
        let bytes = std::fs::read(self.made.path()).unwrap();
        bytes.windows(58).any(|it| it == &word.as_bytes()[6..])
    }

    fn found(&mut self, word: &str) -> Vec<u64> {
        let query = RecordQuery {
            q: Some(word.to_owned()),
            ..RecordQuery::default()
        };
        self.made.pages(&query, |_| {})
    }
}

/// A word like no other, so that little of it is told by the one before in the index.
fn body(n: u64) -> String {
    hex(&Sha256::digest(format!("body {n}")))
}

fn tool(n: u64) -> String {
    hex(&Sha256::digest(format!("tool {n}")))
}

#[test]
fn erased_arguments_are_in_no_file() {
    let mut shelf = Shelf::new(200);
    assert_eq!(shelf.found(&body(9)), [10]);
    assert!(shelf.stands(&body(9)) && shelf.in_index(&body(9)));
    for seq in [10, 150] {
        shelf.erase(&EraseQuery {
            seq: Some(seq),
            ..EraseQuery::default()
        });
        assert!(
            !shelf.stands(&body(seq - 1)),
            "as soon as it is said to be done"
        );
    }
    shelf.roll();
    assert!(!shelf.stands(&body(9)));
    assert!(shelf.found(&body(9)).is_empty());
    assert_eq!(
        shelf.found(&body(10)),
        [11],
        "what is near it is found again"
    );
    assert_eq!(shelf.found(&tool(9)), [10], "the record stays");
}

#[test]
fn removed_records_are_in_no_file_and_no_figure() {
    let mut shelf = Shelf::new(200);
    let hours = |shelf: &Shelf| {
        shelf.made.rolled(Part::Figures);
        shelf.made.ask(Part::Figures, |index| {
            let figures = index.unwrap().figures(0, i64::from(i32::MAX)).unwrap();
            figures
                .hours
                .values()
                .map(|it| it.decisions.all())
                .sum::<u64>()
        })
    };
    assert_eq!(hours(&shelf), 200);
    // Of eight days the first four.
    let keep = Retention {
        days: 4,
        bytes: 1 << 40,
        body_days: 1000,
    };
    let now = BEGINS + 200 * HOUR_MS;
    let batch = retention::due(&shelf.made.store, keep, now).unwrap();
    assert!(batch.records.len() >= 3, "{}", batch.records.len());
    shelf.commit(batch);
    let first: u64 = shelf
        .made
        .store
        .query_row("SELECT min(seq) FROM record", [], |row| row.get(0))
        .unwrap();
    assert!((60..150).contains(&first), "{first}");
    for n in 0..first - 1 {
        assert!(!shelf.stands(&body(n)), "{n}");
        assert!(!shelf.stands(&tool(n)), "{n}");
    }
    assert_eq!(hours(&shelf), 200 - (first - 1));
    shelf.roll();
    assert!(shelf.found(&body(first - 2)).is_empty());
    assert_eq!(shelf.found(&body(first - 1)), [first]);
}

/// A daemon that was killed at an erasure, or one that knew of no index, left it behind.
#[test]
fn an_index_from_before_an_erasure_is_dropped_when_it_is_carried_on() {
    let mut shelf = Shelf::new(200);
    let before = std::fs::read(shelf.made.path()).unwrap();
    shelf.erase(&EraseQuery {
        seq: Some(10),
        ..EraseQuery::default()
    });
    std::fs::write(shelf.made.path(), before).unwrap();
    assert!(shelf.stands(&body(9)));
    shelf.roll();
    assert!(!shelf.stands(&body(9)));
    assert!(shelf.found(&body(9)).is_empty());
    assert_eq!(shelf.found(&body(10)), [11]);
}

/// Whoever looks at it meanwhile does not keep it alive.
#[test]
fn an_index_in_use_is_dropped_all_the_same() {
    let shelf = Shelf::new(100);
    let reader = rusqlite::Connection::open(shelf.made.path()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM chunk")
        .unwrap();
    shelf.erase(&EraseQuery {
        seq: Some(10),
        ..EraseQuery::default()
    });
    assert!(!shelf.stands(&body(9)));
    drop(reader);
}
