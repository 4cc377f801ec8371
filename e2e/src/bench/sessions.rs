//! Several sessions at once, each with a client thread, a server and, where wrapped, a shim of its
//! own; one call under way in each.

use std::io;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::figures::{median, percentile, short, table};
use super::options::Options;
use super::payload::{Call, Way};
use super::peer::{Lap, Peer};
use super::report::Report;
use super::setup::Setup;

/// How many sessions where no number is asked for.
const SESSIONS: [usize; 3] = [1, 8, 64];
const SIZE: usize = 1024;

/// Measures each number of sessions.
///
/// # Errors
/// When a session can't be had or answers wrongly.
pub fn measure(options: &Options) -> io::Result<Report> {
    let setup = Setup::new(&options.programs)?;
    let size = options.sizes.first().copied().unwrap_or(SIZE);
    let numbers = if options.sessions.is_empty() {
        SESSIONS.to_vec()
    } else {
        options.sessions.clone()
    };
    let (mut rows, mut report) = (Vec::new(), Report::default());
    for number in numbers {
        let mut direct = Crowd::open(number, size, || setup.open_direct())?;
        let mut wrapped = Crowd::open(number, size, || setup.open_wrapped())?;
        direct.run(options.lap / 4)?;
        wrapped.run(options.lap / 4)?;
        let mut rounds = Vec::new();
        for _ in 0..options.rounds {
            rounds.push((direct.run(options.lap)?, wrapped.run(options.lap)?));
        }
        let direct = Round::middle_of(rounds.iter().map(|it| &it.0));
        let wrapped = Round::middle_of(rounds.iter().map(|it| &it.1));
        let ratio = median(rounds.iter().map(|it| it.1.throughput / it.0.throughput));
        rows.push(vec![
            number.to_string(),
            short(direct.throughput),
            short(wrapped.throughput),
            short(ratio),
            short(direct.middle),
            short(direct.slow),
            short(wrapped.middle),
            short(wrapped.slow),
        ]);
        report.results.push(json!({
            "what": "sessions",
            "sessions": number,
            "size": size,
            "direct_calls_s": direct.throughput,
            "aip_calls_s": wrapped.throughput,
            "throughput_ratio": ratio,
            "direct_p50_us": direct.middle,
            "direct_p99_us": direct.slow,
            "aip_p50_us": wrapped.middle,
            "aip_p99_us": wrapped.slow,
        }));
    }
    let heads = [
        "sessions",
        "direct, calls/s",
        "aip, calls/s",
        "throughput ratio",
        "direct p50, us",
        "direct p99, us",
        "aip p50, us",
        "aip p99, us",
    ];
    report.table = table(&heads, &rows);
    Ok(report)
}

/// Sessions of one kind.
pub struct Crowd {
    members: Vec<(Peer, Call, usize)>,
}

struct Round {
    throughput: f64,
    middle: f64,
    slow: f64,
}

impl Round {
    /// Of each figure the median.
    fn middle_of<'r>(rounds: impl Iterator<Item = &'r Self> + Clone) -> Self {
        Self {
            throughput: median(rounds.clone().map(|it| it.throughput)),
            middle: median(rounds.clone().map(|it| it.middle)),
            slow: median(rounds.map(|it| it.slow)),
        }
    }
}

impl Crowd {
    /// So many sessions, one after the other, each having answered once.
    ///
    /// # Errors
    /// When one can't be had.
    pub fn open(
        number: usize,
        size: usize,
        mut one: impl FnMut() -> io::Result<Peer>,
    ) -> io::Result<Self> {
        let mut members = Vec::with_capacity(number);
        for _ in 0..number {
            let (mut peer, mut call) = (one()?, Call::new(Way::Answer, size));
            let length = peer.check(&mut call)?;
            members.push((peer, call, length));
        }
        Ok(Self { members })
    }

    /// The programs' process ids.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.members.iter().map(|(peer, ..)| peer.pid()).collect()
    }

    /// All call for so long, each in a thread of its own.
    ///
    /// # Errors
    /// When one answers wrongly.
    pub fn laps(&mut self, time: Duration) -> io::Result<Vec<Lap>> {
        thread::scope(|scope| {
            let threads: Vec<_> = self
                .members
                .iter_mut()
                .map(|(peer, call, length)| scope.spawn(|| peer.lap(call, 1, time, *length)))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("a client does not panic"))
                .collect()
        })
    }

    fn run(&mut self, time: Duration) -> io::Result<Round> {
        let laps = self.laps(time)?;
        let each = laps.iter().flat_map(|lap| &lap.each);
        let micros: Vec<f64> = each.map(|time| time.as_secs_f64() * 1e6).collect();
        let rates = laps.iter().map(|lap| 1e6 / lap.mean_micros());
        Ok(Round {
            throughput: rates.sum(),
            middle: percentile(micros.iter().copied(), 50),
            slow: percentile(micros, 99),
        })
    }
}
