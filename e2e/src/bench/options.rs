//! `aip-bench`'s command line.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

use super::payload::Way;

/// How to call it.
pub const USAGE: &str = "\
usage: aip-bench WHAT [--bin DIR] [--pin CORE] [--rounds N] [--millis N] [--json]

  roundtrip [--size BYTES]... [--depth N]... [--way answer|request]
            one session; sizes 1024, 10240, 102400, 1048576 and depths 1, 64 unless given
  sessions [--sessions N]... [--size BYTES]
            several at once; 1, 8, 64 of 1 KB answers unless given
  startup   from start to the first reply
  memory    idle, loaded, after
  idle      wake-ups and processor time of 20 idle sessions
  programs  the programs' sizes
  audit     bytes a call in the store and the live log
  asks [--sessions N]
            50 calls from each session that wait for a person; 20 sessions unless given
  machine   the machine, in a line

  --bin DIR    where aip and aipd are; else beside aip-bench, as its server always is
  --pin CORE   everything on this core; else wherever aip-bench itself may run
  --rounds N   direct, aip, direct, aip, ...: so many of each (5)
  --millis N   how long one round calls (300)
  --json       one JSON object a result instead of a table
";

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One session's calls.
    Roundtrip,
    /// Several sessions' calls.
    Sessions,
    /// The first reply.
    Startup,
    /// Memory.
    Memory,
    /// What is done while nothing happens.
    Idle,
    /// The programs' sizes.
    Programs,
    /// Bytes a call.
    Audit,
    /// Calls that wait for a person.
    Asks,
    /// Nothing: the machine is described.
    Machine,
}

/// The command line, defaults filled in.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to measure.
    pub what: What,
    /// The folder of the programs.
    pub programs: PathBuf,
    /// The core to run on, where one is named.
    pub pin: Option<usize>,
    /// How often each way is measured.
    pub rounds: usize,
    /// How long one round calls.
    pub lap: Duration,
    /// Objects instead of tables.
    pub json: bool,
    /// Bytes of text.
    pub sizes: Vec<usize>,
    /// Calls under way at once.
    pub depths: Vec<usize>,
    /// Sessions at once.
    pub sessions: Vec<usize>,
    /// Where the text is.
    pub way: Way,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// When it can't be understood.
    pub fn read(mut parser: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let mut options = Self::default();
        let mut what = None;
        while let Some(argument) = parser.next()? {
            match argument {
                Value(word) if what.is_none() => what = Some(subject(&word.string()?)?),
                Long("bin") => options.programs = parser.value()?.into(),
                Long("pin") => options.pin = Some(parser.value()?.parse()?),
                Long("rounds") => options.rounds = parser.value()?.parse()?,
                Long("millis") => options.lap = Duration::from_millis(parser.value()?.parse()?),
                Long("json") => options.json = true,
                Long("size") => options.sizes.push(parser.value()?.parse()?),
                Long("depth") => options.depths.push(parser.value()?.parse()?),
                Long("sessions") => options.sessions.push(parser.value()?.parse()?),
                Long("way") => options.way = way(&parser.value()?.string()?)?,
                Short(_) | Long(_) | Value(_) => return Err(argument.unexpected()),
            }
        }
        options.what = what.ok_or("nothing to measure was named")?;
        if options.rounds == 0 || options.depths.contains(&0) || options.sessions.contains(&0) {
            return Err("there is nothing to measure in none".into());
        }
        Ok(options)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            what: What::Roundtrip,
            programs: crate::programs::folder(),
            pin: None,
            rounds: 5,
            lap: Duration::from_millis(300),
            json: false,
            sizes: Vec::new(),
            depths: Vec::new(),
            sessions: Vec::new(),
            way: Way::Answer,
        }
    }
}

fn subject(word: &str) -> Result<What, lexopt::Error> {
    match word {
        "roundtrip" => Ok(What::Roundtrip),
        "sessions" => Ok(What::Sessions),
        "startup" => Ok(What::Startup),
        "memory" => Ok(What::Memory),
        "idle" => Ok(What::Idle),
        "programs" => Ok(What::Programs),
        "audit" => Ok(What::Audit),
        "asks" => Ok(What::Asks),
        "machine" => Ok(What::Machine),
        other => Err(format!("`{other}` is not measured here").into()),
    }
}

fn way(word: &str) -> Result<Way, lexopt::Error> {
    match word {
        "answer" => Ok(Way::Answer),
        "request" => Ok(Way::Request),
        other => Err(format!("the text is in the answer or the request, not in `{other}`").into()),
    }
}
