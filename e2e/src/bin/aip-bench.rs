//! `aip-bench WHAT`: measures the built programs against direct pipes (see `e2e::bench`).

use std::io::{self, Write};
use std::process::ExitCode;

use e2e::bench::options::{Options, USAGE, What};
use e2e::bench::{machine, process, roundtrip};

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
    let mut out = io::stdout().lock();
    match options.what {
        What::Roundtrip => {
            let results = roundtrip::measure(options)?;
            if options.json {
                results
                    .iter()
                    .try_for_each(|it| writeln!(out, "{}", it.to_json()))
            } else {
                writeln!(out, "{machine}\n")?;
                write!(
                    out,
                    "{}",
                    roundtrip::to_table(&results, options.pin.is_some())
                )
            }
        }
    }
}
