//! The measurements measure what they say: every call is answered in full, with aip between and
//! without. No figure is held against a clock.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::process::{Command, Output};

use e2e::programs::program;
use serde_json::Value;

#[test]
fn round_trips_are_counted_on_both_ways_at_every_depth() {
    for (way, depth) in [("answer", "1"), ("request", "1"), ("answer", "64")] {
        let results = json(&[
            "roundtrip",
            "--way",
            way,
            "--depth",
            depth,
            "--size",
            "1024",
            "--size",
            "102400",
        ]);
        assert_eq!(results.len(), 2, "{way} {depth}: one for each size");
        for result in results {
            assert_eq!(result["way"], way);
            assert!(
                result["aip_calls"].as_u64() >= depth.parse().ok(),
                "{result}"
            );
            assert_eq!(result["aip_rounds_us"].as_array().map(Vec::len), Some(2));
            assert!(result["ratio"].as_f64() > Some(0.0), "{result}");
        }
    }
}

#[test]
fn everything_runs_on_the_core_that_was_named() {
    // A shim or a daemon elsewhere ends the measurement with an error.
    let results = json(&["roundtrip", "--pin", "0", "--depth", "1", "--size", "1024"]);
    assert_eq!(results.len(), 1);
    let output = bench(&["roundtrip", "--pin", "1000"]);
    assert!(!output.status.success(), "{output:?}");
}

/// The results of a short measurement.
fn json(args: &[&str]) -> Vec<Value> {
    let output = bench(&[args, &["--json"]].concat());
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a result is JSON"))
        .collect()
}

fn bench(args: &[&str]) -> Output {
    Command::new(program("aip-bench"))
        .args(args)
        .args(["--rounds", "2", "--millis", "20"])
        .output()
        .expect("the program can be run")
}
