//! Why a session could not begin, worded for the person, with the exit code that says it.

use wire::folders::NoHome;

use crate::args::UsageError;
use crate::hand_over::HandOverError;
use crate::mirror::MirrorError;
use crate::policy_file::PolicyFileError;
use crate::server::SpawnError;
use crate::target::TargetError;

/// Why a session could not begin.
#[derive(Debug)]
pub(crate) enum Failure {
    Usage(UsageError),
    Target(TargetError),
    Policy(PolicyFileError),
    /// The daemon has read the policy and refuses it; its words.
    PolicyRefused(String),
    Mirror(MirrorError),
    Folders(NoHome),
    HandOver(HandOverError),
    Spawn(SpawnError),
    /// The operating system refused what the loop itself needs.
    System(&'static str, std::io::Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> i32 {
        match self {
            Self::Usage(_) | Self::Mirror(_) => 2,
            Self::Policy(_) | Self::PolicyRefused(_) => 3,
            Self::Target(error) => error.exit_code(),
            Self::Spawn(error) => error.exit_code(),
            Self::HandOver(_) => 127,
            Self::Folders(_) | Self::System(..) => 1,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usage(error) => error.fmt(f),
            Self::Target(error) => error.fmt(f),
            Self::Policy(error) => write!(f, "failed to load policy: {error}"),
            Self::PolicyRefused(message) => f.write_str(message),
            Self::Mirror(error) => error.fmt(f),
            Self::Folders(error) => error.fmt(f),
            Self::HandOver(error) => error.fmt(f),
            Self::Spawn(error) => error.fmt(f),
            Self::System(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Usage(error) => Some(error),
            Self::Target(error) => Some(error),
            Self::Policy(error) => Some(error),
            Self::PolicyRefused(_) => None,
            Self::Mirror(error) => Some(error),
            Self::Folders(error) => Some(error),
            Self::HandOver(error) => Some(error),
            Self::Spawn(error) => Some(error),
            Self::System(_, error) => Some(error),
        }
    }
}

macro_rules! from {
    ($($variant:ident($error:ty)),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from! {
    Usage(UsageError),
    Target(TargetError),
    Policy(PolicyFileError),
    Mirror(MirrorError),
    Folders(NoHome),
    HandOver(HandOverError),
    Spawn(SpawnError),
}
