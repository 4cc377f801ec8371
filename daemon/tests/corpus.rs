//! Replays the fuzzer's corpus through the fuzzer's own model, so that what it once found stays
//! found where there is no fuzzer.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test that can't go on fails"
)]

use std::path::Path;

#[path = "../../fuzz/src/lib.rs"]
#[expect(
    unreachable_pub,
    reason = "the fuzz target is built from the same files"
)]
mod harness;

fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let entries = std::fs::read_dir(folder.join(target)).unwrap();
    let read = |path: std::path::PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        (path.display().to_string(), bytes)
    };
    let all: Vec<_> = entries.map(|entry| read(entry.unwrap().path())).collect();
    assert!(all.len() > 20, "the corpus is there");
    all
}

/// Names the inputs that fail, with the steps they spell.
fn check(inputs: &[(String, Vec<u8>)], play: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let mut failed = Vec::new();
    for (name, bytes) in inputs {
        if std::panic::catch_unwind(|| play(bytes)).is_err() {
            failed.push(format!("{name}:\n{}", harness::spelled(bytes).join("\n")));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn the_session_keeps_to_its_model_on_the_corpus() {
    check(&inputs("session"), harness::session);
}

#[test]
fn packets_and_messages_read_one_way_on_the_corpus() {
    check(&inputs("frames"), harness::frames);
}

/// Slow beside an input, so that a fuzzer seldom gets there.
#[test]
fn the_tables_are_bounded_under_floods() {
    harness::floods();
}
