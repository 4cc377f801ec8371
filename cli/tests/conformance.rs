//! The project's own vectors, at the engine.

use std::path::Path;

use aipctl::conformance::report::Report;
use aipctl::conformance::{Level, engine_door, vectors};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/conformance"))
}

#[test]
fn every_vector_of_the_project_holds_at_the_engine() {
    let vectors = vectors::collect(folder(), None).unwrap();
    assert!(
        vectors.len() > 100,
        "only {} vectors were found",
        vectors.len()
    );
    let report = Report::of(&vectors, engine_door::run);
    let mut shown = Vec::new();
    report.write(&mut shown).unwrap();
    let shown = String::from_utf8(shown).unwrap();
    let bad: Vec<_> = shown
        .lines()
        .filter(|line| !line.starts_with("passed"))
        .collect();
    assert_eq!(report.failed + report.errors, 0, "{}", bad.join("\n"));
}

#[test]
fn levels_hold_one_another() {
    let count = |level| vectors::collect(folder(), Some(level)).unwrap().len();
    assert!(count(Level::Basic) < count(Level::Full));
    assert!(count(Level::Full) < count(Level::Extended));
    assert_eq!(
        count(Level::Extended),
        vectors::collect(folder(), None).unwrap().len()
    );
}

#[test]
fn a_folder_without_vectors_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    assert!(vectors::collect(empty.path(), None).is_err());
    assert!(vectors::collect(&empty.path().join("missing"), None).is_err());
}
