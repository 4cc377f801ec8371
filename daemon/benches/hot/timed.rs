//! Times: the median of several samples, each long enough for the clock.

use std::time::{Duration, Instant};

use crate::cases::{self, Case};
use crate::records::Shelf;

const SAMPLES: usize = 15;
const SAMPLE: Duration = Duration::from_millis(15);
/// Commits of one kind.
const COMMITS: usize = 2000;
const BATCH: usize = 128;

pub(crate) fn all() {
    println!("| piece | time | rate | target |\n| --- | --- | --- | --- |");
    for rules in [1, 10, 100, 1000] {
        let target = if rules == 100 { "≤ 5 us" } else { "" };
        let name = format!("decide a 1 KB call, {rules} rules");
        row(&name, micros(cases::decision(rules)), None, target);
    }
    row("paths in a 1 KB call", micros(cases::paths()), None, "");
    for (name, size) in [("1 KB", 1 << 10), ("100 KB", 100 << 10)] {
        let name = format!("parse a call of {name}");
        row(&name, micros(cases::parse(size)), Some(size), "");
    }
    for (what, secrets) in [("no secret", false), ("secrets every 10 KB", true)] {
        for (name, size) in [
            ("10 KB", 10 << 10),
            ("100 KB", 100 << 10),
            ("1 MB", 1 << 20),
        ] {
            let target = if size == 10 << 10 { "< 5 ms" } else { "" };
            let name = format!("DLP, 3 patterns, {name}, {what}");
            row(
                &name,
                micros(cases::scan(size, secrets)),
                Some(size),
                target,
            );
        }
    }
    row(
        "frame of 1 KB into a packet",
        micros(cases::encode(1 << 10)),
        None,
        "",
    );
    row(
        "frame of 1 KB out of a packet",
        micros(cases::decode(1 << 10)),
        None,
        "",
    );
    commits();
}

fn commits() {
    let shelf = Shelf::new();
    for (name, count) in [("1 decision", 1), ("128 decisions", BATCH)] {
        shelf.commit(count);
        let times = (0..COMMITS / count).map(|_| {
            let start = Instant::now();
            shelf.commit(count);
            start.elapsed()
        });
        row(
            &format!("commit of {name}"),
            middle(times.collect()),
            None,
            "",
        );
    }
    let records = 2 + COMMITS / BATCH * BATCH + COMMITS + BATCH - 1;
    let path = shelf.path();
    let _folder = shelf.close();
    let bytes = usize::try_from(path.metadata().unwrap().len()).unwrap();
    println!(
        "| a decision with small arguments in the store | {} B | | about 1 KB |",
        bytes / records
    );
}

fn row(name: &str, micros: f64, size: Option<usize>, target: &str) {
    let rate = size.map_or_else(String::new, |size| {
        format!("{:.0} MB/s", mb_per_s(size, micros))
    });
    println!("| {name} | {} us | {rate} | {target} |", short(micros));
}

/// A figure with as many digits as it deserves.
pub(crate) fn short(figure: f64) -> String {
    let digits = match figure {
        at_least if at_least >= 100.0 => 0,
        at_least if at_least >= 10.0 => 1,
        at_least if at_least >= 1.0 => 2,
        _ => 3,
    };
    format!("{figure:.digits$}")
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn mb_per_s(size: usize, micros: f64) -> f64 {
    size as f64 / micros
}

/// Microseconds of one time.
fn micros(mut case: Case) -> f64 {
    let times = times_for(&mut case, SAMPLE);
    let samples = (0..SAMPLES).map(|_| {
        let start = Instant::now();
        for _ in 0..times {
            case();
        }
        start.elapsed() / times
    });
    middle(samples.collect())
}

/// How often it must be done to last so long; warms up on the way.
fn times_for(case: &mut Case, long: Duration) -> u32 {
    let mut times = 1;
    loop {
        let start = Instant::now();
        for _ in 0..times {
            case();
        }
        if start.elapsed() >= long {
            return times;
        }
        times *= 2;
    }
}

/// Microseconds of the middle one.
pub(crate) fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(0.0, |time| time.as_secs_f64() * 1e6)
}
