//! Starts the daemon where no service manager has: in no folder of anyone's, with nothing of
//! the client's environment but the places to find its files.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::process::Pid;
use wire::folders::FOLDER_VARIABLES;

use crate::before_exec::Step;
use crate::hand_over::{listed, places_of};

/// The daemon could not be started.
#[derive(Debug)]
pub(crate) enum StartError {
    NotFound(Vec<PathBuf>),
    NotRun(PathBuf, std::io::Error),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound(places) => {
                write!(
                    f,
                    "`aipd` was not found; tried {}; install it there",
                    listed(places)
                )
            }
            Self::NotRun(path, error) => {
                write!(
                    f,
                    "`{}` can't be started: {error}; check its mode",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotFound(_) => None,
            Self::NotRun(_, error) => Some(error),
        }
    }
}

/// How glibc keeps the daemon's memory: in one place, and given back once a large message is
/// through. Nobody else reads these.
const MEMORY: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "1"),
    ("MALLOC_TRIM_THRESHOLD_", "262144"),
    ("MALLOC_MMAP_THRESHOLD_", "1048576"),
];

/// Whether a service manager has been asked for the daemon, so that it must not be started here.
///
/// Under socket activation there is nothing to ask: the socket is there from login on, and
/// connecting to it is the request. We get here only when nobody listens.
fn ask_service_manager() -> bool {
    false
}

/// Starts the daemon, unless a service manager does. It makes a session of its own, and ends at
/// once where another holds the lock.
///
/// # Errors
/// When it is in none of its places, or can't be run.
pub(crate) fn daemon() -> Result<Option<Pid>, StartError> {
    if ask_service_manager() {
        return Ok(None);
    }
    let places = places_of("aipd");
    let Some(path) = places.iter().find(|path| path.is_file()) else {
        return Err(StartError::NotFound(places));
    };
    let mut command = Command::new(path);
    command
        .arg("--detached")
        .env_clear()
        .envs(
            FOLDER_VARIABLES
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .envs(MEMORY)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // A pipe of the client's held open by a daemon that outlives it would never end for others.
    Step::KeepBack(open_descriptors()).before(&mut command);
    match command.spawn() {
        Ok(child) => Ok(Some(Pid::from_child(&child))),
        Err(error) => Err(StartError::NotRun(path.clone(), error)),
    }
}

/// The numbers of our open descriptors past the standard three.
fn open_descriptors() -> Vec<i32> {
    let folder = if cfg!(target_os = "linux") {
        "/proc/self/fd"
    } else {
        "/dev/fd"
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect()
}
