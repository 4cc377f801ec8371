//! polkit's agent in this terminal, where the daemon wants the person's password and no desktop is
//! there to ask for it.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use wire::control::{Request, Status};

use crate::client;

/// It is part of polkit, and never looked for by `PATH`.
const PROGRAM: &str = "/usr/bin/pkttyagent";

/// There where systemd runs the system (sd_booted(3)), and so knows sessions.
const SYSTEMD: &str = "/run/systemd/system";

/// It ends with this.
#[derive(Debug)]
pub struct Agent(Child);

impl Agent {
    /// Starts it for this process, where the daemon at this socket wants a password and the program is
    /// installed. A desktop's own agent goes before it; where there are no sessions there is none, and
    /// polkit passes over an agent that is to come second.
    #[must_use]
    pub fn start(socket: &Path) -> Option<Self> {
        let status: Status = client::ask(socket, &Request::Status).ok()?.end().ok()?;
        if !status.needs_password {
            return None;
        }
        let second = Path::new(SYSTEMD).is_dir().then_some("--fallback");
        let mut child = Command::new(PROGRAM)
            .args(["--process", &std::process::id().to_string()])
            .args(["--notify-fd", "1"])
            .args(second)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        // It closes its output once it is ready, and so does its end.
        let _ready = child.stdout.take()?.read_to_end(&mut Vec::new());
        Some(Self(child))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have turned the terminal's echo off, and turns it on again at this signal.
        let _gone = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _gone = self.0.wait();
    }
}
