//! Starts the server as the client would have: its environment, folder and standard error are
//! the client's; only its standard input and output are ours, and its process group its own.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use rustix::process::Pid;
use wire::link::Spawned;

use crate::before_exec::Step;
use crate::group;
use crate::output::Output;

/// The server could not be started.
#[derive(Debug)]
pub(crate) struct SpawnError {
    command: String,
    source: std::io::Error,
}

impl SpawnError {
    pub(crate) fn exit_code(&self) -> i32 {
        if self.source.kind() == std::io::ErrorKind::NotFound {
            127
        } else {
            126
        }
    }
}

impl std::fmt::Display for SpawnError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, source } = self;
        write!(
            f,
            "target command `{command}` can't be started: {source}; run it by hand to see why"
        )
    }
}

impl std::error::Error for SpawnError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) pid: Pid,
    /// What the daemon is told of it.
    pub(crate) spawned: Spawned,
    pub(crate) input: Output,
    pub(crate) output: Option<OwnedFd>,
    /// Its standard error, where the policy has it filtered.
    pub(crate) errors: Option<OwnedFd>,
}

impl Server {
    /// Starts it.
    ///
    /// # Errors
    /// When the program can't be run.
    pub(crate) fn spawn(argv: &[OsString], filter_stderr: bool) -> Result<Self, SpawnError> {
        adopt_orphans();
        let (program, arguments) = argv.split_first().ok_or_else(|| SpawnError {
            command: String::new(),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        let failed = |source| SpawnError {
            command: program.to_string_lossy().into_owned(),
            source,
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(if filter_stderr {
                Stdio::piped()
            } else {
                Stdio::inherit()
            })
            .process_group(0);
        Step::DieWith(rustix::process::getpid()).before(&mut command);
        let mut child = command.spawn().map_err(failed)?;
        let pid = Pid::from_child(&child);
        let id = pid.as_raw_pid().cast_unsigned();
        let input = match child.stdin.take() {
            Some(pipe) => Output::own(pipe.into()).map_err(failed)?,
            None => Output::closed(),
        };
        Ok(Self {
            pid,
            spawned: Spawned {
                pid: id,
                group: id,
                start: group::start_of(pid),
            },
            input,
            output: child
                .stdout
                .take()
                .map(nonblocking)
                .transpose()
                .map_err(failed)?,
            errors: child
                .stderr
                .take()
                .map(nonblocking)
                .transpose()
                .map_err(failed)?,
        })
    }
}

fn nonblocking(pipe: impl Into<OwnedFd>) -> std::io::Result<OwnedFd> {
    let pipe = pipe.into();
    rustix::io::ioctl_fionbio(&pipe, true)?;
    Ok(pipe)
}

/// Has what the server leaves behind become our child instead of init's.
#[cfg(target_os = "linux")]
fn adopt_orphans() {
    // Without it orphans are ended all the same, by their group; they are only reaped elsewhere.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans() {}
