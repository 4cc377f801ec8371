//! `aip-bench WHAT`: measures the built programs against direct pipes (see `e2e::bench`).

use std::io::{self, Write};
use std::process::ExitCode;

use e2e::bench::options::{Options, USAGE, What};
use e2e::bench::report::Report;
use e2e::bench::{asks, audit, machine, process, resources, roundtrip, sessions, startup};

fn main() -> ExitCode {
    let options = match Options::read(lexopt::Parser::from_env()) {
        Ok(options) => options,
        Err(error) => {
            let _ = write!(io::stderr(), "aip-bench: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "aip-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let machine = machine::describe(&std::env::temp_dir());
    if let Some(core) = options.pin {
        process::pin(core)?;
    }
    let report = match options.what {
        What::Roundtrip => roundtrip::measure(options)?,
        What::Sessions => sessions::measure(options)?,
        What::Startup => startup::measure(options)?,
        What::Memory => resources::memory(options)?,
        What::Idle => resources::idle(options)?,
        What::Programs => resources::programs(options)?,
        What::Audit => audit::measure(options)?,
        What::Asks => asks::measure(options)?,
        What::Machine => Report {
            table: format!("{machine}\n"),
            results: vec![serde_json::json!({"what": "machine", "machine": machine})],
        },
    };
    let mut out = io::stdout().lock();
    if options.json {
        report
            .results
            .iter()
            .try_for_each(|result| writeln!(out, "{result}"))
    } else {
        out.write_all(report.table.as_bytes())
    }
}
