//! From starting the program to the first reply: the server alone, `aip` beside a running daemon,
//! and `aip` that has to start it.

use std::io;
use std::process::Command;
use std::time::Instant;

use serde_json::json;

use super::figures::{median, short, table};
use super::options::Options;
use super::peer::Peer;
use super::report::Report;
use super::setup::Setup;

/// A start is short and its time varies: so many for each round asked for.
const STARTS: usize = 6;

/// Measures the three in turns.
///
/// # Errors
/// When a session can't be had.
pub fn measure(options: &Options) -> io::Result<Report> {
    let setup = Setup::new(&options.programs)?;
    // The first makes the store.
    millis(setup.wrapped())?;
    let (mut direct, mut warm, mut cold) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds * STARTS {
        direct.push(millis(setup.direct())?);
        warm.push(millis(setup.wrapped())?);
        setup.stop_daemon();
        cold.push(millis(setup.wrapped())?);
    }
    let rows = [
        ("server alone", &direct, ""),
        ("aip, daemon runs", &warm, "adds ≤ 1.5 ms"),
        ("aip starts the daemon", &cold, "adds ≤ 40 ms"),
    ];
    let mut report = Report::default();
    let mut lines = Vec::new();
    for (name, times, target) in rows {
        let middle = median(times.iter().copied());
        let pairs = times.iter().zip(&direct);
        let added = median(pairs.map(|(time, direct)| time - direct));
        lines.push(vec![
            name.to_owned(),
            short(middle),
            short(added),
            target.to_owned(),
        ]);
        report.results.push(json!({
            "what": "startup", "way": name, "ms": middle, "added_ms": added, "starts": times.len(),
        }));
    }
    let heads = ["first reply of", "ms", "added, ms", "target"];
    report.table = table(&heads, &lines);
    Ok(report)
}

fn millis(command: Command) -> io::Result<f64> {
    let start = Instant::now();
    let mut peer = Peer::start(command)?;
    peer.initialize()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
