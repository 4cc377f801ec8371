//! Why a command was not done, worded for the person who typed it.

use std::path::PathBuf;
use std::{fmt, io};

use wire::control;
use wire::folders::NoHome;

use crate::client::ClientError;
use crate::conformance::vectors::VectorsError;
use crate::exit::Exit;
use crate::launch::LaunchError;

/// A command's failure. Each kind has one exit code.
#[derive(Debug)]
pub enum Failure {
    /// What was typed can't be done as it stands.
    Usage(String),
    /// There is no place to look for aip's files.
    NoHome(NoHome),
    /// The daemon could not be spoken with.
    Client(ClientError),
    /// The daemon could not be started or stopped.
    Launch(LaunchError),
    /// The daemon refused.
    Daemon(control::Failure),
    /// A file could not be read or written.
    File {
        /// What was tried, as in "can't read".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The output could not be written.
    Output(io::Error),
    /// The daemon's answer does not have the form it should.
    Answer(serde_json::Error),
    /// There are no vectors to run.
    Vectors(VectorsError),
    /// The programs vectors are to be run through did not start or end.
    Bench(String),
}

impl Failure {
    /// The exit code. A reader that has gone away (`aipctl logs | head`) is no failure.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::NoHome(_) => Exit::Usage,
            Self::Client(_) | Self::Launch(_) | Self::Answer(_) | Self::Bench(_) => Exit::NoDaemon,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Daemon(_) | Self::File { .. } | Self::Output(_) | Self::Vectors(_) => {
                Exit::Refused
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Bench(message) => f.write_str(message),
            Self::NoHome(error) => error.fmt(f),
            Self::Client(error) => error.fmt(f),
            Self::Launch(error) => error.fmt(f),
            Self::Daemon(failure) => f.write_str(&failure.message),
            Self::File {
                doing,
                path,
                source,
            } => {
                write!(f, "can't {doing} `{}`: {source}", path.display())
            }
            Self::Vectors(error) => error.fmt(f),
            Self::Output(error) => write!(f, "can't write the output: {error}"),
            Self::Answer(error) => write!(
                f,
                "the daemon's answer has an unknown form ({error}); \
                 is it of another version? see `aipctl status`"
            ),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoHome(error) => Some(error),
            Self::Client(error) => Some(error),
            Self::Launch(error) => Some(error),
            Self::File { source, .. } => Some(source),
            Self::Output(error) => Some(error),
            Self::Answer(error) => Some(error),
            Self::Vectors(error) => Some(error),
            Self::Usage(_) | Self::Bench(_) | Self::Daemon(_) => None,
        }
    }
}

impl From<NoHome> for Failure {
    fn from(error: NoHome) -> Self {
        Self::NoHome(error)
    }
}

impl From<LaunchError> for Failure {
    fn from(error: LaunchError) -> Self {
        Self::Launch(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(failure) => Self::Daemon(failure),
            ClientError::Form(error) => Self::Answer(error),
            error @ (ClientError::NotRunning { .. }
            | ClientError::Unsafe { .. }
            | ClientError::OtherUser { .. }
            | ClientError::Io(_)
            | ClientError::TooLong
            | ClientError::Cut) => Self::Client(error),
        }
    }
}
