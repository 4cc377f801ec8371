//! A thousand calls that wait for a person at once, from twenty sessions: what it costs the daemon,
//! the person's lists, and the calls of another session.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::figures::{median, percentile, short, table};
use super::options::Options;
use super::payload::{Call, Way};
use super::peer::Peer;
use super::process::{self, Memory};
use super::report::Report;
use super::setup::Setup;
use crate::wait::wait_until;

/// Sessions that ask where no number is given, and how often each does.
const SESSIONS: usize = 20;
const EACH: usize = 50;
const SIZE: usize = 1024;
/// Before memory counts.
const SETTLE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);

/// With the cap on prompts raised for it, and with the default one; how many of a session wait then.
const CAPS: [(&str, &str, usize); 2] = [
    ("cap raised", "prompts_per_minute: 1000\n", EACH),
    ("default cap", "", 10),
];

/// Measures both caps.
///
/// # Errors
/// When a session can't be had or answers wrongly.
pub fn measure(options: &Options) -> io::Result<Report> {
    let mut moments = Vec::new();
    let sessions = options.sessions.first().copied().unwrap_or(SESSIONS);
    for (name, cap, each) in CAPS {
        moments.extend(with_cap(options, name, cap, (sessions, each))?);
    }
    let heads = [
        "asks",
        "moment",
        "waiting",
        "another session's call p50, us",
        "p99",
        "p50 to quiet",
        "daemon private, MiB",
        "`aipctl approvals`, ms",
        "`aipctl logs`, ms",
    ];
    Ok(Report {
        table: table(&heads, &moments.iter().map(Moment::row).collect::<Vec<_>>()),
        results: moments.iter().map(Moment::to_json).collect(),
    })
}

fn with_cap(
    options: &Options,
    name: &'static str,
    cap: &str,
    (sessions, each): (usize, usize),
) -> io::Result<[Moment; 3]> {
    let setup = Setup::asking(&options.programs, cap)?;
    let mut other = Other::open(&setup)?;
    let mut askers = Vec::new();
    for _ in 0..sessions {
        askers.push(setup.open_wrapped()?);
    }
    other.lap(options.lap)?;
    thread::sleep(SETTLE);
    let mut quiet = other.moment(options, &setup, (name, "quiet"))?;
    quiet.to_quiet = 1.0;
    let mut coming = thread::scope(|scope| {
        let threads: Vec<_> = askers
            .iter_mut()
            .map(|asker| scope.spawn(|| asker.write(&asks())))
            .collect();
        let moment = other.moment(options, &setup, (name, "they come"));
        for thread in threads {
            thread.join().expect("an asker does not panic")?;
        }
        moment
    })?;
    wait_until("the calls to wait", PATIENCE, || {
        setup.home().approvals().len() == sessions * each
    });
    thread::sleep(SETTLE);
    let mut wait = other.moment(options, &setup, (name, "they wait"))?;
    // With its input's end alone a session would go on until its calls need no answer any more.
    askers.iter_mut().for_each(Peer::end_now);
    for moment in [&mut coming, &mut wait] {
        moment.to_quiet = moment.middle / quiet.middle;
    }
    Ok([quiet, coming, wait])
}

/// Calls no two of which are identical within a session: those would be one question.
fn asks() -> Vec<u8> {
    let ask = |nth: usize| {
        let params =
            json!({"name": Setup::ASKED, "arguments": {"nth": nth, "text": "x".repeat(200)}});
        json!({"jsonrpc": "2.0", "id": nth + 100, "method": "tools/call", "params": params})
    };
    let lines = (0..EACH).map(|nth| format!("{}\n", ask(nth)));
    lines.collect::<String>().into_bytes()
}

/// The session that asks nobody.
struct Other {
    peer: Peer,
    call: Call,
    length: usize,
}

impl Other {
    fn open(setup: &Setup) -> io::Result<Self> {
        let (mut peer, mut call) = (setup.open_wrapped()?, Call::new(Way::Answer, SIZE));
        let length = peer.check(&mut call)?;
        Ok(Self { peer, call, length })
    }

    fn lap(&mut self, time: Duration) -> io::Result<Vec<f64>> {
        let lap = self.peer.lap(&mut self.call, 1, time, self.length)?;
        Ok(lap.each.iter().map(|it| it.as_secs_f64() * 1e6).collect())
    }

    fn moment(
        &mut self,
        options: &Options,
        setup: &Setup,
        (asks, name): (&'static str, &'static str),
    ) -> io::Result<Moment> {
        let micros = self.lap(options.lap)?;
        let list = timed(options, || setup.home().approvals().len());
        let log = timed(options, || {
            let args = ["logs", "--json", "--limit", "100"];
            setup.home().ctl_lines(&args).len()
        });
        Ok(Moment {
            asks,
            name,
            waiting: setup.home().approvals().len(),
            middle: median(micros.iter().copied()),
            slow: percentile(micros, 99),
            to_quiet: 0.0,
            memory: process::memory(setup.daemon())?,
            list,
            log,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn mib(memory: Memory) -> f64 {
    memory.private as f64 / 1024.0
}

/// Milliseconds of the middle one of some runs.
fn timed(options: &Options, run: impl Fn() -> usize) -> f64 {
    median((0..options.rounds).map(|_| {
        let start = Instant::now();
        std::hint::black_box(run());
        start.elapsed().as_secs_f64() * 1e3
    }))
}

struct Moment {
    asks: &'static str,
    name: &'static str,
    waiting: usize,
    middle: f64,
    slow: f64,
    to_quiet: f64,
    memory: Memory,
    list: f64,
    log: f64,
}

impl Moment {
    fn row(&self) -> Vec<String> {
        vec![
            self.asks.to_owned(),
            self.name.to_owned(),
            self.waiting.to_string(),
            short(self.middle),
            short(self.slow),
            short(self.to_quiet),
            short(mib(self.memory)),
            short(self.list),
            short(self.log),
        ]
    }

    fn to_json(&self) -> Value {
        json!({
            "what": "asks",
            "asks": self.asks,
            "moment": self.name,
            "waiting": self.waiting,
            "call_p50_us": self.middle,
            "call_p99_us": self.slow,
            "to_quiet": self.to_quiet,
            "daemon_private_mib": mib(self.memory),
            "approvals_ms": self.list,
            "logs_ms": self.log,
        })
    }
}
