//! Both audit files can be moved away under the running programs, as logrotate does.
#![expect(
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, json_lines, recorder};
use e2e::wait::wait_for;
use serde_json::{Value, json};

#[test]
fn a_moved_audit_file_is_made_anew_and_nothing_is_lost() {
    let home = Home::new();
    let policy = home.policy("rotate", "  allowed_tools: [echo]");
    let mirror = home.work().join("mirror.jsonl");
    let live = home.path().join("aip-audit.jsonl");
    let more = ["--audit", mirror.to_str().expect("a plain path")];
    let server = recorder(&home.record("server"), &[]);
    let mut client = Client::start(home.aip(&policy, &more, &server));
    client.initialize();
    let files = [mirror.as_path(), live.as_path()];

    client.call("echo", &json!({"n": 1}));
    for file in files {
        has(file, 1);
        fs::rename(file, moved(file)).unwrap();
    }
    client.call("echo", &json!({"n": 2}));
    for file in files {
        has(file, 2);
        assert_eq!(
            file.metadata().unwrap().mode() & 0o777,
            0o600,
            "{}",
            file.display()
        );
        assert_eq!(numbers(file), [2], "{}", file.display());
        assert_eq!(numbers(&moved(file)), [1], "{}", moved(file).display());
    }
    assert_eq!(home.decisions().len(), 2);
}

fn moved(file: &Path) -> std::path::PathBuf {
    file.with_extension("1")
}

/// Waits until the file has the decision on call `n`.
fn has(file: &Path, n: u64) {
    wait_for(&format!("call {n} in {}", file.display()), PATIENCE, || {
        numbers(file).contains(&n).then_some(())
    });
}

/// The numbers of the calls whose decisions the file has.
fn numbers(file: &Path) -> Vec<u64> {
    let lines = json_lines(&fs::read(file).unwrap_or_default());
    let decisions = lines
        .iter()
        .filter(|line: &&Value| line.get("decision").is_some());
    decisions
        .filter_map(|line| line["args"]["n"].as_u64())
        .collect()
}
