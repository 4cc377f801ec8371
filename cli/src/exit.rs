//! How the program can end. Scripts rely on the numbers; `--help` lists them.

use std::process::ExitCode;

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It was done.
    Done = 0,
    /// The answer is no: an invalid policy, a broken chain, a failed case.
    No = 1,
    /// The command line can't be understood.
    Usage = 2,
    /// The daemon can't be reached.
    NoDaemon = 3,
    /// Refused, or not found.
    Refused = 4,
    /// Something was found: what weakens a policy, or recorded calls that it would change.
    Findings = 5,
}

impl Exit {
    /// Shown below `--help`.
    pub const HELP: &str = "\
Exit codes:
  0  done
  1  the answer is no: an invalid policy, a broken audit chain, a failed case
  2  the command line can't be understood
  3  the daemon can't be reached
  4  refused, or not found
  5  something was found: by `policy lint` what weakens a policy, by `policy replay` calls that
     would end in another way";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
