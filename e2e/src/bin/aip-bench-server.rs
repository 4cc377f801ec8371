//! `aip-bench-server`: the MCP server of the measurements, over standard input and output.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use e2e::bench::server::serve;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "aip-bench-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The pipes themselves: standard output's own buffer would cut lines into several writes.
fn run() -> io::Result<()> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    serve(input, output)
}
