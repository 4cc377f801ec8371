//! The verdict shim: starts the real MCP server as its own child and passes every frame, from
//! either side, to the daemon. It decides nothing, and forwards nothing without a verdict.
//!
//! One thread and one poll(2) loop. What can be decided without the operating system is in pure
//! modules (`exchange`, `reach`, `lifetime`); `pump` feeds them and does what they ask.

use std::ffi::OsString;
use std::io::Write as _;

mod args;
mod before_exec;
mod children;
mod connect;
mod connection;
mod ending;
mod exchange;
mod failure;
mod group;
mod hand_over;
mod hello;
mod lifetime;
mod mirror;
mod output;
mod policy_file;
mod pump;
mod reach;
mod refuse;
mod server;
mod signals;
mod start;
mod target;

pub use ending::Ending;

use args::{Options, Wanted};
use failure::Failure;

/// Does what the command line asks for and says how this process is to end.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Ending {
    match args::read(arguments).map_err(Failure::from).and_then(act) {
        Ok(ending) => ending,
        Err(failure) => {
            say(&format!("Error: {failure}"));
            Ending::Code(failure.exit_code())
        }
    }
}

fn act(wanted: Wanted) -> Result<Ending, Failure> {
    match wanted {
        Wanted::Help => Ok(print(args::HELP)),
        Wanted::Version => Ok(print(concat!("aip ", env!("CARGO_PKG_VERSION"), "\n"))),
        Wanted::HandOver(arguments) => Err(hand_over::to_aipctl(&arguments).into()),
        Wanted::Serve(options) => serve(&options),
    }
}

fn serve(options: &Options) -> Result<Ending, Failure> {
    target::find(&options.argv, |name| std::env::var_os(name))?;
    let policy = options
        .policy
        .as_deref()
        .map(policy_file::read)
        .transpose()?;
    let mirror = options
        .audit
        .as_deref()
        .map(mirror::Mirror::open)
        .transpose()?;
    let folders = wire::folders::Folders::find(|name| std::env::var_os(name))?;
    let signals = signals::Signals::catch()?;
    if policy.is_none() {
        say("aip: no --policy given: every tool call will be refused; add --policy FILE");
    }
    let said = hello::Said::of(options, policy, mirror.as_ref());
    pump::Pump::new(folders, said, mirror, signals)?.run()
}

/// Writes one line for the person before the loop runs; the loop has a queue of its own.
fn say(line: &str) {
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn print(text: &str) -> Ending {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => Ending::Code(0),
        Err(_) => Ending::Code(1),
    }
}
