//! Queries on a large store, made by the daemon's own writer.

use std::path::Path;
use std::time::{Duration, Instant};

use aipd::audit::{query, store};
use aipd::time::rfc3339;
use rusqlite::Connection;
use wire::control::LogQuery;

use crate::records::{BEGINS, Shelf, decision, outcome};
use crate::timed::{middle, short};

/// Days the records are spread over, tools they are about, one call in so many refused.
const DAYS: i64 = 30;
const TOOLS: usize = 50;
const REFUSED: usize = 50;
const DAY_MS: i64 = 86_400_000;
/// Calls of one batch: each leaves a decision and an outcome.
const BATCH: usize = 500;
/// A query is asked so often, unless that takes too long; three times at least.
const SAMPLES: usize = 51;
const ENOUGH: Duration = Duration::from_secs(2);

pub(crate) fn queries(records: usize) {
    let start = Instant::now();
    let calls = records / 2;
    let shelf = Shelf::new();
    for first in (0..calls).step_by(BATCH) {
        let batch = first..calls.min(first + BATCH);
        shelf.write(batch.flat_map(|n| {
            let at = time_of(n, calls);
            let word = if n % REFUSED == 0 { "BLOCK" } else { "ALLOW" };
            [decision(n, at, word, n / 7 % TOOLS), outcome(n, at)]
        }));
    }
    let path = shelf.path();
    let _folder = shelf.close();
    let bytes = path.metadata().unwrap().len() / records as u64;
    let took = start.elapsed().as_secs();
    println!("A store of {records} records, {bytes} B each, written in {took} s.\n");
    println!("| query | rows | open connection | new connection | target |");
    println!("| --- | --- | --- | --- | --- |");
    let blocked = LogQuery {
        decision: Some("BLOCK".to_owned()),
        limit: Some(50),
        ..LogQuery::default()
    };
    ask("the last 50 refused", &path, &blocked);
    let day = LogQuery {
        tool: Some("tool_7".to_owned()),
        since: Some(rfc3339(BEGINS + (DAYS - 1) * DAY_MS)),
        ..LogQuery::default()
    };
    ask("one tool's last day", &path, &day);
}

fn time_of(call: usize, calls: usize) -> i64 {
    BEGINS + DAYS * DAY_MS * i64::try_from(call).unwrap() / i64::try_from(calls).unwrap()
}

/// Times a query on a connection that has served it before, and on one opened for it, as the daemon
/// does.
fn ask(name: &str, path: &Path, wanted: &LogQuery) {
    let open = store::open_to_read(path).unwrap();
    let rows = lines(&open, wanted);
    let warm = sampled(|| lines(&open, wanted));
    let new = sampled(|| lines(&store::open_to_read(path).unwrap(), wanted));
    println!(
        "| {name} | {rows} | {} us | {} us | < 1000 us |",
        short(warm),
        short(new)
    );
}

/// Microseconds of the middle sample.
pub(crate) fn sampled(mut ask: impl FnMut() -> usize) -> f64 {
    let begun = Instant::now();
    let mut times = Vec::with_capacity(SAMPLES);
    while times.len() < 3 || (times.len() < SAMPLES && begun.elapsed() < ENOUGH) {
        let start = Instant::now();
        ask();
        times.push(start.elapsed());
    }
    middle(times)
}

/// The export lines, as the log shows them.
fn lines(connection: &Connection, wanted: &LogQuery) -> usize {
    let mut lines = Vec::new();
    query::select(connection, wanted, 0, |stored| {
        lines.push(stored.line());
        true
    })
    .unwrap();
    lines.len()
}
