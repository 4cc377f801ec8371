//! What `aip` leaves to `aipctl`: runs it in this process's place.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

/// `aipctl` could not be run.
#[derive(Debug)]
pub(crate) enum HandOverError {
    /// It is in none of these places.
    NotFound(Vec<PathBuf>),
    /// It is there, but this went wrong.
    NotRun(PathBuf, std::io::Error),
}

impl std::fmt::Display for HandOverError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound(places) => write!(
                f,
                "`aipctl` does this and was not found; tried {}; install it there",
                listed(places)
            ),
            Self::NotRun(path, error) => write!(
                f,
                "`{}` can't be run: {error}; check that it is an executable file",
                path.display()
            ),
        }
    }
}

impl std::error::Error for HandOverError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotFound(_) => None,
            Self::NotRun(_, error) => Some(error),
        }
    }
}

/// Becomes `aipctl`; returns only when that fails.
pub(crate) fn to_aipctl(arguments: &[OsString]) -> HandOverError {
    let places = places_of("aipctl");
    match places.iter().find(|path| path.is_file()) {
        None => HandOverError::NotFound(places),
        Some(path) => {
            HandOverError::NotRun(path.clone(), Command::new(path).args(arguments).exec())
        }
    }
}

/// Where one of our other programs may be: beside this one, or in the folder compiled in.
pub(crate) fn places_of(program: &str) -> Vec<PathBuf> {
    let running = std::env::current_exe().unwrap_or_default();
    // A binary replaced while it runs can't be resolved any more; its folder still stands.
    let running = running.canonicalize().unwrap_or(running);
    wire::folders::program_places(program, &running, option_env!("AIP_LIBEXEC"))
}

/// Paths as an error lists them.
pub(crate) fn listed(paths: &[PathBuf]) -> String {
    let quoted: Vec<String> = paths
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    quoted.join(", ")
}
