//! The person's command: looks at what aip does, answers it, and checks policies.
//!
//! It judges nothing itself. What the daemon knows is asked for over the control socket;
//! policies and conformance vectors are read with the engine, without a daemon.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

pub mod agent;
pub mod args;
pub mod asking;
pub mod catalog;
pub mod client;
pub mod command;
pub mod conformance;
pub mod context;
pub mod diff;
pub mod doctor;
pub mod exit;
pub mod failure;
pub mod grant;
pub mod install;
pub mod launch;
// The daemon's own way to follow links: what a case names is read as a call's arguments are.
#[path = "../../daemon/src/links.rs"]
pub mod links;
pub mod programs;
pub mod record;
pub mod snippet;
pub mod table;
pub mod text;
pub mod watch;
pub mod when;
pub mod wrap;

use args::Args;
use context::Context;
use exit::Exit;

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            }
            .into();
        }
    };
    let variable = |name: &str| -> Option<OsString> { std::env::var_os(name) };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut err = io::stderr();
    let mut context = Context::of_this_process(&mut out, &mut err, variable);
    let result = command::run(args.command, &mut context);
    let flushed = out.flush();
    match result.and_then(|exit| flushed.map(|()| exit).map_err(failure::Failure::Output)) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if failure.exit() != Exit::Done {
                let _ = writeln!(io::stderr(), "Error: {failure}");
            }
            failure.exit().into()
        }
    }
}
