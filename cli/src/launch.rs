//! Starts the daemon where none runs, and waits for one to be gone.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{fmt, io, thread};

use wire::control::Request;
use wire::folders::{FOLDER_VARIABLES, Folders, program_places};

use crate::client::{self, ClientError};

/// Where a package puts the programs that are not beside this one.
pub const COMPILED_IN: Option<&str> = option_env!("AIP_LIBEXEC");
/// How long a started daemon may take until it answers.
const START: Duration = Duration::from_secs(5);
/// How long a stopped one may take to finish what it has begun.
const STOP: Duration = Duration::from_secs(60);
/// How often it is looked.
const STEP: Duration = Duration::from_millis(10);

/// Why the daemon did not start or stop.
#[derive(Debug)]
pub enum LaunchError {
    /// The program is nowhere it may be.
    NotFound {
        /// Its name.
        program: &'static str,
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// The system could not start it.
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended at once.
    Ended {
        /// How.
        status: ExitStatus,
        /// Where it says why.
        log: PathBuf,
    },
    /// It runs but does not answer.
    Silent {
        /// Where it may say why.
        log: PathBuf,
    },
    /// It was told to stop and did not.
    Lingers {
        /// Its process id.
        pid: u32,
    },
    /// There is a socket, but not one to speak on.
    Client(ClientError),
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { program, tried } => {
                let tried: Vec<_> = tried
                    .iter()
                    .map(|path| format!("`{}`", path.display()))
                    .collect();
                write!(
                    f,
                    "`{program}` was not found; tried {}",
                    tried.join(" and ")
                )
            }
            Self::Spawn { program, source } => {
                write!(f, "can't start `{}`: {source}", program.display())
            }
            Self::Ended { status, log } => write!(
                f,
                "aipd ended as soon as it was started ({status}); `{}` says why",
                log.display()
            ),
            Self::Silent { log } => write!(
                f,
                "aipd was started but does not answer after {} s; see `{}`",
                START.as_secs(),
                log.display()
            ),
            Self::Lingers { pid } => write!(
                f,
                "aipd (process {pid}) was told to stop and still runs after {} s",
                STOP.as_secs()
            ),
            Self::Client(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LaunchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Spawn { source, .. } => Some(source),
            Self::Client(error) => Some(error),
            Self::NotFound { .. }
            | Self::Ended { .. }
            | Self::Silent { .. }
            | Self::Lingers { .. } => None,
        }
    }
}

/// Finds one of aip's programs: beside `running`, then in the compiled-in place, never in `PATH`.
///
/// # Errors
/// When it is in neither.
pub fn program(name: &'static str, running: &Path) -> Result<PathBuf, LaunchError> {
    let tried = program_places(name, running, COMPILED_IN);
    tried
        .iter()
        .find(|path| path.is_file())
        .cloned()
        .ok_or(LaunchError::NotFound {
            program: name,
            tried,
        })
}

/// The variables a daemon is given, out of this process's own.
#[must_use]
pub fn folder_environment() -> Vec<(OsString, OsString)> {
    FOLDER_VARIABLES
        .iter()
        .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
        .collect()
}

/// Starts a daemon and waits until it answers. One that came first is as good: the new one
/// then ends by itself.
///
/// # Errors
/// When it is not there, does not start, or does not answer in time.
pub fn start(
    running: &Path,
    folders: &Folders,
    environment: &[(OsString, OsString)],
) -> Result<Child, LaunchError> {
    let program = program("aipd", running)?;
    let mut child = Command::new(&program)
        .arg("--detached")
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| LaunchError::Spawn { program, source })?;
    wait_for_answer(&mut child, folders)?;
    Ok(child)
}

fn wait_for_answer(child: &mut Child, folders: &Folders) -> Result<(), LaunchError> {
    let socket = folders.control_socket();
    let until = Instant::now() + START;
    loop {
        let ended = child.try_wait().ok().flatten();
        match client::ask(&socket, &Request::Status) {
            Ok(_) => return Ok(()),
            Err(error @ (ClientError::Unsafe { .. } | ClientError::OtherUser { .. })) => {
                return Err(LaunchError::Client(error));
            }
            Err(_) => {}
        }
        match ended {
            Some(status) if !status.success() => {
                return Err(LaunchError::Ended {
                    status,
                    log: folders.log(),
                });
            }
            Some(_) | None if Instant::now() > until => {
                return Err(LaunchError::Silent { log: folders.log() });
            }
            Some(_) | None => thread::sleep(STEP),
        }
    }
}

/// Waits until the process is gone.
///
/// # Errors
/// When it is still there after a minute.
pub fn wait_until_gone(pid: u32, mut child: Option<&mut Child>) -> Result<(), LaunchError> {
    let until = Instant::now() + STOP;
    while runs(pid) {
        // A child of ours stays in the process table until it is asked for.
        if let Some(child) = child.as_deref_mut() {
            let _ = child.try_wait();
        }
        if Instant::now() > until {
            return Err(LaunchError::Lingers { pid });
        }
        thread::sleep(STEP);
    }
    Ok(())
}

pub(crate) fn runs(pid: u32) -> bool {
    i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}
