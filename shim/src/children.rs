//! Reaps what has ended and keeps the server's own zombie, so that its process group's number
//! can't be given to another while it is still being signalled.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus};

use crate::ending::Ending;
use crate::group;

/// Who has ended since the last look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) server: Option<Ending>,
    pub(crate) daemon: Option<Ending>,
}

/// The processes we started, and those that fell to us.
#[derive(Debug, Default)]
pub(crate) struct Children {
    server: Option<Pid>,
    server_ended: bool,
    /// Its zombie went with the others: its group's number is no longer reserved.
    server_reaped: bool,
    daemon: Option<Pid>,
}

impl Children {
    pub(crate) fn server_started(&mut self, pid: Pid) {
        self.server = Some(pid);
    }

    pub(crate) fn daemon_started(&mut self, pid: Pid) {
        self.daemon = Some(pid);
    }

    /// Whether a daemon that we started has not ended.
    pub(crate) fn daemon_runs(&self) -> bool {
        self.daemon.is_some()
    }

    /// Looks at who has ended.
    pub(crate) fn reap(&mut self) -> Ended {
        let mut ended = Ended {
            server: self.peek_server(),
            daemon: None,
        };
        // Once the server has ended its zombie must stay, and a wait for anyone could take it.
        // The few that end after it are init's.
        while !self.server_ended || self.server_reaped {
            let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) else {
                break;
            };
            if self.server == Some(pid) {
                (self.server_ended, self.server_reaped) = (true, true);
                ended.server = Some(ending(status));
            } else if self.daemon == Some(pid) {
                self.daemon = None;
                ended.daemon = Some(ending(status));
            }
        }
        if let Some(pid) = self.daemon.filter(|_| self.server_ended) {
            let status = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
            if let Ok(Some((_, status))) = status {
                self.daemon = None;
                ended.daemon = Some(ending(status));
            }
        }
        ended
    }

    fn peek_server(&mut self) -> Option<Ending> {
        let pid = self.server.filter(|_| !self.server_ended)?;
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = rustix::process::waitid(WaitId::Pid(pid), options).ok()??;
        let ending = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Ending::Code(code),
            (None, Some(signal)) => Ending::Signal(signal),
            (None, None) => return None,
        };
        self.server_ended = true;
        Some(ending)
    }

    /// Whether the server's group has a living member.
    pub(crate) fn group_left(&self) -> bool {
        self.server.is_some_and(group::has_members)
    }

    /// Signals the server's group.
    pub(crate) fn signal(&self, signal: Signal) {
        let Some(pid) = self.server else { return };
        if self.server_reaped && !group::has_members(pid) {
            return;
        }
        let sent = rustix::process::kill_process_group(pid, signal);
        if sent == Err(Errno::SRCH) && !self.server_reaped {
            // It has moved to another group; it is our child all the same.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

fn ending(status: WaitStatus) -> Ending {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Ending::Code(code),
        (None, Some(signal)) => Ending::Signal(signal),
        (None, None) => Ending::Code(1),
    }
}
