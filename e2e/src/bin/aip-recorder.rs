//! `aip-recorder FILE [switches]`: a fake MCP server for tests. It appends every line it gets to
//! FILE before acting on it, and misbehaves as its switches say (see `e2e::recorder`).

use std::io::{self, Write};
use std::process::ExitCode;

use e2e::recorder::{Manner, Recorder};

fn main() -> ExitCode {
    let manner = match Manner::from_args(std::env::args_os().skip(1)) {
        Ok(manner) => manner,
        Err(error) => return complain(&error.to_string()),
    };
    match Recorder::start(manner).and_then(|recorder| recorder.serve(io::stdin().lock())) {
        Ok(code) => code,
        Err(error) => complain(&error.to_string()),
    }
}

fn complain(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "aip-recorder: {message}");
    ExitCode::from(99)
}
