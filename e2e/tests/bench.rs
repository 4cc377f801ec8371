//! The measurements measure what they say: every call is answered in full, with aip between and
//! without. No figure is held against a clock.
#![expect(
    clippy::expect_used,
    reason = "what fails ends the test, with what was expected"
)]

use std::process::{Command, Output};

use e2e::bench::process;
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
            "10240",
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
    let cores = process::cores(std::process::id()).expect("the kernel tells where we may run");
    let (core, _) = cores.split_at(cores.find(['-', ',']).unwrap_or(cores.len()));
    let results = json(&["roundtrip", "--pin", core, "--depth", "1", "--size", "1024"]);
    assert_eq!(results.len(), 1);
    let output = bench(&["roundtrip", "--pin", "1000"]);
    assert!(!output.status.success(), "{output:?}");
}

#[test]
fn sessions_at_once_all_call() {
    let results = json(&["sessions", "--sessions", "1", "--sessions", "3"]);
    assert_eq!(results.len(), 2);
    for result in results {
        assert!(result["throughput_ratio"].as_f64() > Some(0.0), "{result}");
        assert!(result["aip_p99_us"].as_f64() >= result["aip_p50_us"].as_f64());
    }
}

#[test]
fn a_start_is_measured_with_a_daemon_and_without_one() {
    let results = json(&["startup", "--rounds", "1"]);
    let ways: Vec<_> = results.iter().map(|it| &it["way"]).collect();
    assert_eq!(
        ways,
        ["server alone", "aip, daemon runs", "aip starts the daemon"]
    );
}

#[test]
fn as_many_calls_wait_as_the_cap_lets_and_another_sessions_go_on() {
    let results = json(&["asks", "--sessions", "4"]);
    let waiting: Vec<_> = results
        .iter()
        .filter_map(|it| it["waiting"].as_u64())
        .collect();
    assert_eq!((waiting[0], waiting[2]), (0, 200), "{results:?}");
    assert_eq!((waiting[3], waiting[5]), (0, 40), "{results:?}");
    for result in results {
        assert!(result["call_p99_us"].as_f64() >= result["call_p50_us"].as_f64());
        assert!(result["approvals_ms"].as_f64() > Some(0.0), "{result}");
    }
}

#[test]
fn every_call_leaves_a_decision_and_the_figures_are_those_of_the_store() {
    for result in json(&["audit"]) {
        let calls = result["calls"].as_u64();
        assert!(calls >= Some(64), "{result}");
        assert!(result["records"].as_u64() >= calls, "{result}");
        assert!(result["store_bytes"].as_u64() > calls, "{result}");
        assert!(result["live_bytes"].as_u64() > calls, "{result}");
    }
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
        .args(["--rounds", "2", "--millis", "20"])
        .args(args)
        .output()
        .expect("the program can be run")
}
