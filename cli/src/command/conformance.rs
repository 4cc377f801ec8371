//! `conformance`: runs vectors of the Agent Identity Protocol.

use std::path::PathBuf;

use clap::Args;

use crate::conformance::report::Report;
use crate::conformance::wire_door::{self, bench::Bench};
use crate::conformance::{Level, engine_door, vectors};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Which vectors, and where they are run.
#[derive(Debug, Args)]
pub struct Conformance {
    /// A folder of vector files, or of folders `basic`, `full`, `extended` with such files
    dir: PathBuf,
    /// Only up to this level
    #[arg(long, value_enum)]
    level: Option<Level>,
    /// Through the built `aip` and `aipd` with a recording server, not at the engine
    #[arg(long)]
    wire: bool,
    /// Print JSON for a program to read
    #[arg(long)]
    json: bool,
}

impl Conformance {
    /// Runs them and reports each by file and id.
    ///
    /// # Errors
    /// When there is nothing to run, or nothing to run it with.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let vectors = vectors::collect(&self.dir, self.level).map_err(Failure::Vectors)?;
        let report = if self.wire {
            let mut bench = Bench::open(&context.running).map_err(Failure::Bench)?;
            let report = Report::of(&vectors, |case| wire_door::run(&mut bench, case));
            bench.close().map_err(Failure::Bench)?;
            report
        } else {
            Report::of(&vectors, engine_door::run)
        };
        if self.json {
            context.print_json(&report)?;
        } else {
            report.write(context.out)?;
        }
        Ok(report.exit())
    }
}
