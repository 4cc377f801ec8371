//! What can go wrong between a command and the daemon.

use std::path::PathBuf;
use std::{fmt, io};

use wire::control::Failure;

/// Why no answer came, or why it can't be used.
#[derive(Debug)]
pub enum ClientError {
    /// Nothing listens there.
    NotRunning {
        /// Where it was looked for.
        socket: PathBuf,
    },
    /// Folder or socket are not what they must be; nothing was sent.
    Unsafe {
        /// Which of them.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another user's process holds the socket; nothing was sent.
    OtherUser {
        /// Whose it is.
        uid: u32,
    },
    /// The connection failed.
    Io(io::Error),
    /// A line longer than [`super::MAX_REPLY`].
    TooLong,
    /// The daemon went away in the middle of its answer.
    Cut,
    /// A line that is not the protocol's.
    Form(serde_json::Error),
    /// The daemon's own refusal.
    Refused(Failure),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning { socket } => write!(
                f,
                "aipd is not running (nothing answers at `{}`); start it with \
                 `aipctl service start`",
                socket.display()
            ),
            Self::Unsafe { path, why } => write!(
                f,
                "`{}` can't be trusted: {why}; nothing was sent. Remove it, then \
                 `aipctl service start`",
                path.display()
            ),
            Self::OtherUser { uid } => write!(
                f,
                "the control socket is held by a process of user {uid}; nothing was sent"
            ),
            Self::Io(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                write!(
                    f,
                    "aipd does not answer; its log is where `aipctl path log` says"
                )
            }
            Self::Io(error) => write!(f, "can't speak with aipd: {error}"),
            Self::TooLong => {
                write!(
                    f,
                    "aipd sent a line of over {} bytes; it was not read",
                    super::MAX_REPLY
                )
            }
            Self::Cut => write!(
                f,
                "aipd went away before it had answered; its log is where `aipctl path log` says"
            ),
            Self::Form(error) => write!(f, "aipd's answer can't be read: {error}"),
            Self::Refused(failure) => f.write_str(&failure.message),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Form(error) => Some(error),
            Self::NotRunning { .. }
            | Self::Unsafe { .. }
            | Self::OtherUser { .. }
            | Self::TooLong
            | Self::Cut
            | Self::Refused(_) => None,
        }
    }
}
