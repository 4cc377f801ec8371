//! The daemon's own log, and the few words it says on a terminal.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use wire::folders::Folders;

/// The log is begun anew beyond this many bytes; one earlier file is kept.
const MAX_LOG: u64 = 4 * 1024 * 1024;

/// Starts logging: to the state folder when detached, else to standard error.
///
/// # Errors
/// When the log can't be opened, or the starter's session can't be left.
pub fn start(folders: &Folders, detached: bool) -> std::io::Result<()> {
    let filter =
        EnvFilter::try_from_env("AIPD_LOG").unwrap_or_else(|_| EnvFilter::new("aipd=info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false);
    if !detached {
        builder.with_writer(std::io::stderr).init();
        return Ok(());
    }
    crate::place::prepare(folders).map_err(std::io::Error::other)?;
    let path = folders.log();
    if path.metadata().is_ok_and(|log| log.len() > MAX_LOG) {
        std::fs::rename(&path, path.with_extension("log.1"))?;
    }
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default())
        .open(path)?;
    builder.with_writer(Mutex::new(file)).init();
    std::env::set_current_dir("/")?;
    // A starter that is itself a session leader's child is left behind; a second call fails
    // harmlessly when we lead a session already.
    let _leads_already = rustix::process::setsid();
    Ok(())
}

/// Says why on standard error, as a failure.
#[must_use]
pub fn say(message: &str) -> ExitCode {
    // Nobody may be listening.
    let _unheard = writeln!(std::io::stderr(), "aipd: {message}");
    ExitCode::FAILURE
}

/// Prints what was asked for.
#[must_use]
pub fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
