//! `aip-witness FOLDER COMMAND...`: runs a program in its own place and keeps in FOLDER what passed
//! by its three pipes and how it ended (see `e2e::witness`).

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let Some(folder) = args.next() else {
        return complain("usage: aip-witness FOLDER COMMAND...");
    };
    match e2e::witness::stand(folder.as_ref(), args.collect()) {
        Ok(code) => code,
        Err(error) => complain(&error.to_string()),
    }
}

fn complain(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "aip-witness: {message}");
    ExitCode::from(99)
}
