//! How a process has ended, and how to end in the same way.

use std::process::ExitCode;

use rustix::process::{Resource, Rlimit};
use wire::link::Exited;

/// The end of a process: the server's, and then our own in its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Ending {
    /// Ends this process in the same way: returns the exit code, or does not return because
    /// the signal was raised.
    #[must_use]
    pub fn mirror(self) -> ExitCode {
        match self {
            Self::Code(code) => ExitCode::from(u8::try_from(code & 0xff).unwrap_or(1)),
            Self::Signal(signal) => {
                // The server may have left a core; ours would say nothing about it.
                let none = Rlimit {
                    current: Some(0),
                    maximum: Some(0),
                };
                let _ = rustix::process::setrlimit(Resource::Core, none);
                // Comes back for signals it doesn't know or that end nothing by default.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                ExitCode::from(u8::try_from((128 + signal) & 0xff).unwrap_or(1))
            }
        }
    }

    pub(crate) fn as_packet(self) -> Exited {
        match self {
            Self::Code(code) => Exited {
                code: Some(code),
                signal: None,
            },
            Self::Signal(signal) => Exited {
                code: None,
                signal: Some(signal),
            },
        }
    }
}
