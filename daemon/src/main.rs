//! `aipd`: the daemon's command line.

use std::process::ExitCode;

use aipd::activation;
use aipd::config::Config;
use aipd::log;
use aipd::place::PlaceError;
use aipd::run::{self, StartError};
use wire::folders::Folders;

/// What `--help` prints. `aipctl` makes the manual page and the completions of it.
const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    let wish = match arguments() {
        Ok(wish) => wish,
        Err(code) => return code,
    };
    let folders = match Folders::find(|name| std::env::var_os(name)) {
        Ok(folders) => folders,
        Err(error) => return log::say(&error.to_string()),
    };
    let detached = match wish {
        Wish::Check => return check(&folders),
        Wish::Run { detached } => detached,
    };
    // Before any thread runs, and before any descriptor is opened.
    let inherited = match activation::inherit(&folders, |name| std::env::var(name).ok()) {
        Ok(inherited) => inherited,
        Err(error) => return log::say(&error.to_string()),
    };
    let activated = inherited.is_some();
    if let Err(error) = log::start(&folders, detached) {
        return log::say(&error.to_string());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(16)
        .thread_stack_size(512 * 1024)
        .enable_all()
        .build();
    // On the worker: what runs on this thread is woken by the worker, a switch for each connection.
    let served = |runtime: tokio::runtime::Runtime| {
        let served = runtime.spawn(run::run(folders, inherited));
        let ended = runtime.block_on(served);
        ended.unwrap_or_else(|lost| Err(StartError::Io(std::io::Error::other(lost))))
    };
    match runtime.map_err(StartError::Io).and_then(served) {
        Ok(()) => ExitCode::SUCCESS,
        // The one that came first serves as well, unless its sockets are no longer the ones.
        Err(StartError::Place(PlaceError::Held)) if !activated => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("aipd can't start: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
enum Wish {
    Run { detached: bool },
    Check,
}

/// Whether the daemon would start with its configuration.
fn check(folders: &Folders) -> ExitCode {
    match Config::load(&folders.config_file()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => log::say(&error.to_string()),
    }
}

fn arguments() -> Result<Wish, ExitCode> {
    use lexopt::prelude::*;
    let (mut detached, mut check) = (false, false);
    let mut parser = lexopt::Parser::from_env();
    loop {
        match parser.next() {
            Ok(None) if check => return Ok(Wish::Check),
            Ok(None) => return Ok(Wish::Run { detached }),
            Ok(Some(Long("check"))) => check = true,
            Ok(Some(Long("detached"))) => detached = true,
            Ok(Some(Long("version") | Short('V'))) => {
                return Err(log::print(&format!("aipd {}\n", env!("CARGO_PKG_VERSION"))));
            }
            Ok(Some(Long("help") | Short('h'))) => return Err(log::print(HELP)),
            Ok(Some(other)) => {
                let _failure = log::say(&format!("{}; see aipd --help", other.unexpected()));
                return Err(ExitCode::from(2));
            }
            Err(error) => {
                let _failure = log::say(&format!("{error}; see aipd --help"));
                return Err(ExitCode::from(2));
            }
        }
    }
}
