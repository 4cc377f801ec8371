//! One session's calls, straight to the server and through aip, in turns.

use std::io;

use serde_json::{Value, json};

use super::figures::{median, percentile, short, size, table};
use super::options::Options;
use super::payload::{Call, Way};
use super::peer::{Lap, Peer};
use super::process;
use super::report::Report;
use super::setup::Setup;

/// Sizes and depths where none are asked for.
const SIZES: [usize; 4] = [1 << 10, 10 << 10, 100 << 10, 1 << 20];
const DEPTHS: [usize; 2] = [1, 64];

/// What one size and depth gave: a figure a round.
#[derive(Clone, Debug)]
struct RoundTrip {
    way: Way,
    size: usize,
    depth: usize,
    direct: Vec<Lap>,
    wrapped: Vec<Lap>,
    /// Processor time of shim and daemon a call, in microseconds.
    shim_cpu: f64,
    daemon_cpu: f64,
}

/// Measures every size at every depth.
///
/// # Errors
/// When a session can't be had or answers wrongly.
pub fn measure(options: &Options) -> io::Result<Report> {
    let setup = Setup::new(&options.programs)?;
    let or = |given: &[usize], usual: &[usize]| {
        if given.is_empty() {
            usual.to_vec()
        } else {
            given.to_vec()
        }
    };
    let mut results = Vec::new();
    for depth in or(&options.depths, &DEPTHS) {
        for size in or(&options.sizes, &SIZES) {
            results.push(one(&setup, options, size, depth)?);
        }
    }
    Ok(Report {
        table: to_table(&results, options.pin.is_some()),
        results: results.iter().map(RoundTrip::to_json).collect(),
    })
}

fn one(setup: &Setup, options: &Options, size: usize, depth: usize) -> io::Result<RoundTrip> {
    let mut direct = Side::new(setup.open_direct()?, options.way, size)?;
    let mut wrapped = Side::new(setup.open_wrapped()?, options.way, size)?;
    let (shim, daemon) = (wrapped.peer.pid(), setup.daemon());
    for side in [&mut direct, &mut wrapped] {
        side.lap(options, depth, 4)?;
    }
    let mut result = RoundTrip {
        way: options.way,
        size,
        depth,
        direct: Vec::new(),
        wrapped: Vec::new(),
        shim_cpu: 0.0,
        daemon_cpu: 0.0,
    };
    let (mut shim_nanos, mut daemon_nanos) = (0, 0);
    for _ in 0..options.rounds {
        result.direct.push(direct.lap(options, depth, 1)?);
        let before = (process::cpu_nanos(shim)?, process::cpu_nanos(daemon)?);
        result.wrapped.push(wrapped.lap(options, depth, 1)?);
        shim_nanos += process::cpu_nanos(shim)?.saturating_sub(before.0);
        daemon_nanos += process::cpu_nanos(daemon)?.saturating_sub(before.1);
    }
    let calls: usize = result.wrapped.iter().map(|lap| lap.calls).sum();
    result.shim_cpu = micros_each(shim_nanos, calls);
    result.daemon_cpu = micros_each(daemon_nanos, calls);
    Ok(result)
}

#[expect(clippy::cast_precision_loss, reason = "figures are far below 2^52")]
fn micros_each(nanos: u64, calls: usize) -> f64 {
    nanos as f64 / 1e3 / calls.max(1) as f64
}

/// A session, and the length of its answers.
struct Side {
    peer: Peer,
    call: Call,
    length: usize,
}

impl Side {
    fn new(mut peer: Peer, way: Way, size: usize) -> io::Result<Self> {
        let mut call = Call::new(way, size);
        let length = peer.check(&mut call)?;
        Ok(Self { peer, call, length })
    }

    /// One round, or a part of it to warm up.
    fn lap(&mut self, options: &Options, depth: usize, part: u32) -> io::Result<Lap> {
        let time = options.lap / part;
        self.peer.lap(&mut self.call, depth, time, self.length)
    }
}

impl RoundTrip {
    fn direct_micros(&self) -> f64 {
        median(self.direct.iter().map(Lap::micros))
    }

    fn wrapped_micros(&self) -> f64 {
        median(self.wrapped.iter().map(Lap::micros))
    }

    /// How many times as long a call takes: the median of what the rounds say.
    fn ratio(&self) -> f64 {
        self.ratio_by(Lap::micros)
    }

    /// The same by the mean call, which has in it what happens now and then.
    fn mean_ratio(&self) -> f64 {
        self.ratio_by(Lap::mean_micros)
    }

    fn ratio_by(&self, micros: impl Fn(&Lap) -> f64) -> f64 {
        let rounds = self.direct.iter().zip(&self.wrapped);
        median(rounds.map(|(direct, wrapped)| micros(wrapped) / micros(direct)))
    }

    fn row(&self, pinned: bool) -> Vec<String> {
        vec![
            format!("{} in the {}", size(self.size), self.way.word()),
            self.depth.to_string(),
            short(self.direct_micros()),
            short(self.wrapped_micros()),
            short(self.ratio()),
            short(self.mean_ratio()),
            short(1.0 / self.mean_ratio()),
            target(self, pinned).to_owned(),
            short(self.shim_cpu),
            short(self.daemon_cpu),
        ]
    }

    fn to_json(&self) -> Value {
        let micros = |laps: &[Lap]| laps.iter().map(Lap::micros).collect::<Vec<_>>();
        let mean = |laps: &[Lap]| median(laps.iter().map(Lap::mean_micros));
        let slow = |laps: &[Lap]| {
            let each = laps.iter().flat_map(|lap| &lap.each);
            percentile(each.map(|time| time.as_secs_f64() * 1e6), 99)
        };
        json!({
            "what": "roundtrip",
            "way": self.way.word(),
            "size": self.size,
            "depth": self.depth,
            "direct_us": self.direct_micros(),
            "aip_us": self.wrapped_micros(),
            "ratio": self.ratio(),
            "mean_ratio": self.mean_ratio(),
            "throughput_ratio": 1.0 / self.mean_ratio(),
            "direct_mean_us": mean(&self.direct),
            "aip_mean_us": mean(&self.wrapped),
            "direct_p99_us": slow(&self.direct),
            "aip_p99_us": slow(&self.wrapped),
            "shim_cpu_us": self.shim_cpu,
            "daemon_cpu_us": self.daemon_cpu,
            "direct_rounds_us": micros(&self.direct),
            "aip_rounds_us": micros(&self.wrapped),
            "aip_calls": self.wrapped.iter().map(|lap| lap.calls).sum::<usize>(),
        })
    }
}

/// What is aimed at; said for one core only, since there the figures hold still.
fn target(result: &RoundTrip, pinned: bool) -> &'static str {
    match (pinned, result.way, result.depth, result.size) {
        (true, Way::Answer, 1, 1024) => "ratio ≤ 18, aim 14",
        (true, Way::Answer, 1, 10_240) => "ratio ≤ 20",
        (true, Way::Answer, 1, 102_400 | 1_048_576) => "ratio ≤ 30",
        (true, Way::Answer, 64, 1024) => "throughput ≥ 0.08",
        _ => "",
    }
}

fn to_table(results: &[RoundTrip], pinned: bool) -> String {
    let heads = [
        "text",
        "depth",
        "direct, us",
        "aip, us",
        "ratio",
        "ratio of means",
        "throughput ratio",
        "target",
        "shim CPU, us",
        "daemon CPU, us",
    ];
    let rows: Vec<_> = results.iter().map(|result| result.row(pinned)).collect();
    table(&heads, &rows)
}
