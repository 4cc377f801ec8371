//! The programs: all three are there, of one version, and the configuration is one they read.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use wire::folders::Folders;

use super::{Finding, Health};
use crate::context::Context;
use crate::launch;

/// How long a program may take for a line.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether it has ended.
const STEP: Duration = Duration::from_millis(5);

pub(super) fn look(context: &Context<'_>) -> Vec<Finding> {
    ["aip", "aipd"]
        .map(|name| program(name, context))
        .into_iter()
        .collect()
}

fn program(name: &'static str, context: &Context<'_>) -> Finding {
    let path = match launch::program(name, &context.running) {
        Ok(path) => path,
        Err(error) => {
            return Finding::new("programs", Health::Problem, error.to_string())
                .next("install aip, aipd and aipctl into one folder");
        }
    };
    let shown = path.display();
    let said = match run(Command::new(&path).arg("--version")) {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(why) => {
            return Finding::new("programs", Health::Problem, format!("`{shown}` {why}"))
                .next("install it anew");
        }
    };
    let ours = format!("{name} {}", env!("CARGO_PKG_VERSION"));
    if said == ours {
        Finding::good("programs", format!("{said}, {shown}"))
    } else {
        let found = format!(
            "`{shown}` is `{said}`, and this is aipctl {}",
            env!("CARGO_PKG_VERSION")
        );
        Finding::new("programs", Health::Problem, found).next("install all three of one version")
    }
}

/// Whether the daemon would start with its configuration.
pub(super) fn config(context: &Context<'_>, folders: &Folders) -> Option<Finding> {
    let aipd = launch::program("aipd", &context.running).ok()?;
    let file = folders.config_file();
    let mut command = Command::new(aipd);
    command
        .arg("--check")
        .env_clear()
        .envs(context.environment.iter().cloned());
    Some(match run(&mut command) {
        Ok(output) if output.status.success() => {
            let found = match file.exists() {
                true => format!("{} can be read", file.display()),
                false => format!("there is no {}: what is usual holds", file.display()),
            };
            Finding::good("config", found)
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let first = said
                .lines()
                .next()
                .unwrap_or("aipd --check says no")
                .to_owned();
            Finding::new("config", Health::Problem, first)
                .next("put it right: aipd does not start with it; aipd --check tells all of it")
        }
        Err(why) => Finding::new("config", Health::Problem, format!("`aipd --check` {why}")),
    })
}

/// Runs a program of ours to its end, unless it takes too long.
fn run(command: &mut Command) -> Result<Output, String> {
    let failed = |error: std::io::Error| format!("can't be run: {error}");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let end = Instant::now() + PATIENCE;
    while child.try_wait().map_err(failed)?.is_none() {
        if Instant::now() > end {
            let _gone = child.kill();
            let _ended = child.wait();
            return Err(format!("does not answer in {} s", PATIENCE.as_secs()));
        }
        thread::sleep(STEP);
    }
    child.wait_with_output().map_err(failed)
}

/// Whether a file can be run by this user.
pub(super) fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}
