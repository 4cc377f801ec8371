//! The file is made anew whenever it can't be used, and carried on wherever it was left.

use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use rusqlite::Connection;
use wire::control::RecordQuery;

use super::made::{Known, Made};
use crate::audit::derived::Part;
use crate::audit::derived::figures::Figures;

fn found(made: &mut Made) -> Vec<u64> {
    let query = RecordQuery {
        q: Some("alpha".to_owned()),
        ..RecordQuery::default()
    };
    made.pages(&query, |_| {})
}

fn all_figures(made: &Made) -> Figures {
    made.rolled(Part::Figures);
    made.ask(Part::Figures, |index| {
        index.unwrap().figures(0, i64::from(i32::MAX)).unwrap()
    })
}

fn expected(made: &Made) -> Vec<u64> {
    let has = |it: &&Known| it.words.iter().any(|word| word.starts_with("alpha"));
    let mut seqs: Vec<u64> = made.known.iter().filter(has).map(|it| it.seq).collect();
    seqs.reverse();
    seqs
}

#[test]
fn it_goes_on_from_wherever_it_was_cut_short() {
    let mut made = Made::new(31, 330);
    let whole = all_figures(&Made::new(31, 330));
    let mut steps = 0;
    loop {
        made.again();
        for part in [Part::Figures, Part::Words] {
            // One batch, and the daemon is gone.
            let connection = made.derived.rolled(part, &made.store, Instant::now());
            std::mem::forget(connection.unwrap());
        }
        steps += 1;
        let done = made.ask(Part::Words, |index| {
            let index = index.unwrap();
            index.reach(Part::Words) == index.last() && index.reach(Part::Figures) == index.last()
        });
        if done || steps > 100 {
            break;
        }
    }
    assert_eq!(all_figures(&made), whole);
    assert_eq!(found(&mut made), expected(&made));
}

#[test]
fn a_file_that_is_broken_is_made_anew() {
    let mut made = Made::new(41, 200);
    let whole = all_figures(&made);
    made.rolled(Part::Words);
    let good = std::fs::read(made.path()).unwrap();
    let torn = good[..good.len() / 2].to_vec();
    let mut scribbled = good.clone();
    scribbled[4096..].fill(0x5a);
    let mut blank = good.clone();
    blank[3 * 4096..].fill(0);
    for bytes in [Vec::new(), b"no database".to_vec(), torn, scribbled, blank] {
        made.again();
        std::fs::write(made.path(), bytes).unwrap();
        // Whatever it finds first: the second time it has been made anew.
        let _at_first = made.ask(Part::Figures, |index| index.is_some());
        assert_eq!(found(&mut made), expected(&made));
        assert_eq!(all_figures(&made), whole);
    }
}

#[test]
fn a_file_of_another_version_or_of_another_store_is_made_anew() {
    let mut made = Made::new(51, 150);
    let whole = all_figures(&made);
    made.rolled(Part::Words);
    let plain = Connection::open(made.path()).unwrap();
    plain
        .execute_batch("DELETE FROM hour; PRAGMA user_version = 99")
        .unwrap();
    drop(plain);
    assert_eq!(all_figures(&made), whole);
    assert_eq!(found(&mut made), expected(&made));

    let mut other = Made::new(52, 200);
    let whole = all_figures(&other);
    other.rolled(Part::Words);
    std::fs::copy(made.path(), other.path()).unwrap();
    assert_eq!(all_figures(&other), whole, "made for another store");
    assert_eq!(found(&mut other), expected(&other));
}

#[test]
fn what_stands_in_its_place_is_not_followed() {
    let made = Made::new(61, 30);
    let other = made.folder.path().join("other");
    std::fs::write(&other, "mine").unwrap();
    std::os::unix::fs::symlink(&other, made.path()).unwrap();
    let hours = all_figures(&made).hours.len();
    assert!(hours > 0);
    assert_eq!(std::fs::read(&other).unwrap(), b"mine");
    let meta = std::fs::symlink_metadata(made.path()).unwrap();
    assert!(meta.is_file());
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
}

/// Where it can't be made at all, records are found all the same.
#[test]
fn without_it_records_are_read_from_the_store() {
    let mut made = Made::new(71, 100);
    std::fs::create_dir(made.path()).unwrap();
    std::fs::write(made.path().join("full"), "").unwrap();
    assert_eq!(found(&mut made), expected(&made));
    assert!(made.ask(Part::Figures, |index| index.is_none()));
}

#[test]
fn it_is_carried_on_in_the_background_and_ends_when_told() {
    let made = Made::new(81, 300);
    made.derived.roll_on(Part::Figures);
    made.derived.roll_on(Part::Words);
    let begun = Instant::now();
    let is_done = || {
        made.ask(Part::Words, |index| {
            let index = index.unwrap();
            index.reach(Part::Words) == index.last() && index.reach(Part::Figures) == index.last()
        })
    };
    while !is_done() {
        assert!(begun.elapsed().as_secs() < 20);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    made.derived.end();
}
