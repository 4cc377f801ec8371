//! `aip-demo`: a real MCP server behind `aip` with a policy; one call allowed, one redacted, one
//! blocked, each shown with its audit record. Ends with 1 when anything is not as promised.

use std::io::{self, Write};
use std::process::ExitCode;

use e2e::demo::Demo;

fn main() -> ExitCode {
    match Demo::start().and_then(|mut demo| demo.run(&mut io::stdout().lock())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "\naip-demo: {error}");
            ExitCode::FAILURE
        }
    }
}
