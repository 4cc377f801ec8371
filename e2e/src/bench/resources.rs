//! What aip costs while it is there: memory idle, loaded and after; wake-ups and processor time
//! while nothing happens; the size of the programs.

use std::io;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::figures::{short, table};
use super::options::Options;
use super::process::{self, Activity, Memory};
use super::report::Report;
use super::sessions::Crowd;
use super::setup::Setup;

/// Sessions that stay open.
const SESSIONS: usize = 20;
/// Answers under load.
const SIZE: usize = 100 * 1024;
/// Before memory counts as idle.
const SETTLE: Duration = Duration::from_secs(2);
/// A worker thread the daemon needs no more ends after 10 s: only then nothing is left to happen.
const THREADS_END: Duration = Duration::from_secs(12);
/// How long idleness is watched.
const WATCH: Duration = Duration::from_secs(10);
/// Between two looks under load.
const LOOK: Duration = Duration::from_millis(20);

/// Measures memory from the first session on.
///
/// # Errors
/// When a session can't be had, or `/proc` tells nothing.
pub fn memory(options: &Options) -> io::Result<Report> {
    let setup = Setup::new(&options.programs)?;
    let mut moments = Vec::new();
    {
        let one = Crowd::open(1, 1, || setup.open_wrapped())?;
        thread::sleep(SETTLE);
        moments.push(Moment::now("1 session, idle", &setup, &one)?);
    }
    let mut crowd = Crowd::open(SESSIONS, SIZE, || setup.open_wrapped())?;
    thread::sleep(SETTLE);
    moments.push(Moment::now("20 sessions, idle", &setup, &crowd)?);
    moments.push(under_load(options, &setup, &mut crowd)?);
    thread::sleep(SETTLE);
    moments.push(Moment::now("20 sessions, idle again", &setup, &crowd)?);
    let heads = [
        "moment",
        "daemon RSS, MiB",
        "daemon PSS",
        "daemon private",
        "largest shim RSS, MiB",
        "shim PSS",
        "shim private",
        "target",
    ];
    Ok(Report {
        table: table(&heads, &moments.iter().map(Moment::row).collect::<Vec<_>>()),
        results: moments.iter().map(Moment::to_json).collect(),
    })
}

/// Counts wake-ups and processor time of 20 idle sessions.
///
/// # Errors
/// When a session can't be had, or `/proc` tells nothing.
pub fn idle(options: &Options) -> io::Result<Report> {
    let setup = Setup::new(&options.programs)?;
    let crowd = Crowd::open(SESSIONS, 1, || setup.open_wrapped())?;
    let (daemon, shims) = (vec![setup.daemon()], crowd.pids());
    thread::sleep(THREADS_END);
    let before = (Activity::of(&daemon)?, Activity::of(&shims)?);
    thread::sleep(WATCH);
    let after = (Activity::of(&daemon)?, Activity::of(&shims)?);
    let (mut rows, mut report) = (Vec::new(), Report::default());
    for (name, (wakeups, nanos)) in [
        ("daemon", after.0.since(&before.0)),
        ("20 shims", after.1.since(&before.1)),
    ] {
        rows.push(vec![
            name.to_owned(),
            wakeups.to_string(),
            format!("{}", nanos / 1000),
            "0".to_owned(),
        ]);
        report.results.push(json!({
            "what": "idle", "who": name, "seconds": WATCH.as_secs(),
            "wakeups": wakeups, "cpu_us": nanos / 1000,
        }));
    }
    let heads = ["20 idle sessions, 10 s", "wake-ups", "CPU, us", "target"];
    report.table = table(&heads, &rows);
    Ok(report)
}

/// The programs' sizes.
///
/// # Errors
/// When one is not there.
pub fn programs(options: &Options) -> io::Result<Report> {
    let (mut rows, mut report) = (Vec::new(), Report::default());
    for (name, target) in [("aip", "< 1200 kB"), ("aipd", ""), ("aipctl", "")] {
        let bytes = options.programs.join(name).metadata()?.len();
        rows.push(vec![
            name.to_owned(),
            format!("{}", bytes / 1000),
            target.to_owned(),
        ]);
        report
            .results
            .push(json!({"what": "programs", "program": name, "bytes": bytes}));
    }
    report.table = table(&["program", "kB", "target"], &rows);
    Ok(report)
}

struct Moment {
    name: &'static str,
    daemon: Memory,
    shim: Memory,
}

/// The most of what is seen while every session calls.
fn under_load(options: &Options, setup: &Setup, crowd: &mut Crowd) -> io::Result<Moment> {
    let (pids, daemon) = (crowd.pids(), setup.daemon());
    let mut most = Moment {
        name: "20 sessions, 100 KB answers (most)",
        daemon: Memory::default(),
        shim: Memory::default(),
    };
    thread::scope(|scope| {
        let load = scope.spawn(|| crowd.laps(options.lap * 10));
        while !load.is_finished() {
            most.daemon = most.daemon.most(process::memory(daemon)?);
            most.shim = most.shim.most(largest(&pids)?);
            thread::sleep(LOOK);
        }
        load.join().expect("a client does not panic")
    })?;
    Ok(most)
}

fn largest(pids: &[u32]) -> io::Result<Memory> {
    pids.iter().try_fold(Memory::default(), |most, pid| {
        Ok(most.most(process::memory(*pid)?))
    })
}

impl Moment {
    fn now(name: &'static str, setup: &Setup, crowd: &Crowd) -> io::Result<Self> {
        Ok(Self {
            name,
            daemon: process::memory(setup.daemon())?,
            shim: largest(&crowd.pids())?,
        })
    }

    fn row(&self) -> Vec<String> {
        let target = match self.name {
            "20 sessions, idle" => "daemon < 12, shim < 3",
            _ => "",
        };
        let (daemon, shim) = (self.daemon, self.shim);
        let figures = [
            daemon.rss,
            daemon.pss,
            daemon.private,
            shim.rss,
            shim.pss,
            shim.private,
        ];
        let mut row = vec![self.name.to_owned()];
        row.extend(figures.map(mib));
        row.push(target.to_owned());
        row
    }

    fn to_json(&self) -> Value {
        let memory =
            |it: Memory| json!({"rss_kib": it.rss, "pss_kib": it.pss, "private_kib": it.private});
        json!({
            "what": "memory", "moment": self.name,
            "daemon": memory(self.daemon), "largest_shim": memory(self.shim),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures are far below 2^52")]
fn mib(kib: u64) -> String {
    short(kib as f64 / 1024.0)
}
