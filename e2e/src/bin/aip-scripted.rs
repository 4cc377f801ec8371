//! `aip-scripted RECORD SCRIPT`: a fake MCP server for tests. It appends every line it gets to
//! RECORD, and says what SCRIPT tells (see `e2e::scripted`).

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use e2e::scripted::Scripted;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let [record, script] = args.as_slice() else {
        return complain("wants a record and a script");
    };
    let served = Scripted::start(Path::new(record), Path::new(script))
        .and_then(|server| server.serve(io::stdin().lock(), io::stdout().lock()));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error.to_string()),
    }
}

fn complain(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "aip-scripted: {message}");
    ExitCode::from(99)
}
