//! `service status`: whether the daemon runs, and what started it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::units::{self, Found};
use super::{Context, Exit, Failure};
use crate::launch;

/// Whether the daemon runs, and what started it.
#[derive(Debug, Args)]
pub struct Status {
    /// Print JSON for a program to read
    #[arg(long)]
    json: bool,
}

/// What the daemon's lock file says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StartedBy {
    Command,
    Socket,
}

/// No longer than this is read of the lock file, in bytes.
const MAX_SIGNATURE: u64 = 64;

impl Status {
    /// Shows it. Never starts a daemon, also where connecting would.
    ///
    /// # Errors
    /// When it can't be told.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let runs = signature(&context.folders()?.lock()).filter(|(pid, _)| is_aipd(*pid));
        let installed = units::look(&units::folder(context)?.join("aipd.socket"))? == Found::Ours
            && context.folders()?.home_override.is_none();
        if self.json {
            let value = json!({
                "pid": runs.map(|(pid, _)| pid),
                "started_by": runs.map(|(_, by)| match by {
                    StartedBy::Command => "command",
                    StartedBy::Socket => "socket",
                }),
                "installed": installed,
            });
            context.print_json(&value)?;
        } else {
            say(context, runs, installed)?;
        }
        Ok(if runs.is_some() {
            Exit::Done
        } else {
            Exit::NoDaemon
        })
    }
}

fn say(
    context: &mut Context<'_>,
    runs: Option<(u32, StartedBy)>,
    installed: bool,
) -> Result<(), Failure> {
    match runs {
        Some((pid, StartedBy::Socket)) => writeln!(
            context.out,
            "aipd runs as process {pid}, started by the service manager's socket; \
             it ends when nobody needs it."
        )?,
        Some((pid, StartedBy::Command)) => writeln!(
            context.out,
            "aipd runs as process {pid}, started by a wrapped server or by aipctl."
        )?,
        None => writeln!(context.out, "aipd is not running.")?,
    }
    if installed {
        writeln!(context.out, "The service is installed.")?;
    }
    Ok(())
}

/// The process id in the lock file, and what started that daemon.
fn signature(lock: &Path) -> Option<(u32, StartedBy)> {
    let mut text = String::new();
    File::open(lock)
        .ok()?
        .take(MAX_SIGNATURE)
        .read_to_string(&mut text)
        .ok()?;
    let (pid, word) = text.trim_end().split_once(' ')?;
    let by = match word {
        "command" => StartedBy::Command,
        "socket" => StartedBy::Socket,
        _ => return None,
    };
    Some((pid.parse().ok()?, by))
}

/// Whether the process is one of aipd's: the file outlives a daemon, and a pid may be used anew.
fn is_aipd(pid: u32) -> bool {
    if !cfg!(target_os = "linux") {
        return launch::runs(pid);
    }
    std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| {
        let name = program.file_name().and_then(|name| name.to_str());
        // An upgrade replaces the file under a running daemon, which the kernel marks.
        matches!(name, Some("aipd" | "aipd (deleted)"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_tells_who_holds_it_or_nothing() {
        check("4711 socket\n", Some((4711, StartedBy::Socket)));
        check("4711 command\n", Some((4711, StartedBy::Command)));
        check("4711\n", None);
        check("", None);
        check("x socket\n", None);
        fn check(text: &str, wanted: Option<(u32, StartedBy)>) {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            assert_eq!(signature(file.path()), wanted, "{text:?}");
        }
    }
}
