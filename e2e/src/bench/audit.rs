//! How many bytes a call leaves in the store and in the live log.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::json;

use super::figures::{short, size, table};
use super::options::Options;
use super::payload::{Call, Way};
use super::report::Report;
use super::setup::Setup;
use crate::store;

/// Sizes of the argument.
const SIZES: [usize; 2] = [1, 1 << 10];

/// Measures calls with a small and with a larger argument, each in a store of its own.
///
/// # Errors
/// When a session can't be had, or the files can't be read.
pub fn measure(options: &Options) -> io::Result<Report> {
    let (mut rows, mut report) = (Vec::new(), Report::default());
    for argument in SIZES {
        let setup = Setup::new(&options.programs)?;
        let calls = calls(options, &setup, argument)?;
        setup.stop_daemon();
        let home = setup.home().path();
        let records = records(home)?;
        let (stored, live) = (sum(home, "audit.db")?, sum(home, "aip-audit")?);
        rows.push(vec![
            size(argument),
            calls.to_string(),
            short(each(records, calls)),
            short(each(stored, records)),
            short(each(stored, calls)),
            short(each(live, calls)),
        ]);
        report.results.push(json!({
            "what": "audit", "argument": argument, "calls": calls, "records": records,
            "store_bytes": stored, "live_bytes": live,
        }));
    }
    let heads = [
        "argument",
        "calls",
        "records a call",
        "store, B a record",
        "store, B a call",
        "live log, B a call",
    ];
    report.table = table(&heads, &rows);
    Ok(report)
}

fn calls(options: &Options, setup: &Setup, argument: usize) -> io::Result<u64> {
    let mut peer = setup.open_wrapped()?;
    let mut call = Call::new(Way::Request, argument);
    let length = peer.check(&mut call)?;
    let lap = peer.lap(&mut call, 64, options.lap * 5, length)?;
    Ok(lap.calls as u64 + 1)
}

fn records(home: &Path) -> io::Result<u64> {
    store::open(home)
        .query_row("SELECT count(*) FROM record", [], |row| row.get(0))
        .map_err(io::Error::other)
}

/// Bytes of the files whose names begin so.
fn sum(folder: &Path, prefix: &str) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            sum += entry.metadata()?.len();
        }
    }
    Ok(sum)
}

#[expect(clippy::cast_precision_loss, reason = "figures are far below 2^52")]
fn each(sum: u64, among: u64) -> f64 {
    sum as f64 / among.max(1) as f64
}
