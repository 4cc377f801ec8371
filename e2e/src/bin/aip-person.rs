//! `aip-person SOCKET`: the person at a terminal (see `e2e::person`).

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(socket) = std::env::args_os().nth(1) else {
        let _ = writeln!(io::stderr(), "usage: aip-person SOCKET");
        return ExitCode::from(2);
    };
    match e2e::person::sit(socket.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "aip-person: {error}");
            ExitCode::FAILURE
        }
    }
}
