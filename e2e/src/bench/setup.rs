//! A fresh home with the policy of the measurements, and the two ways to the same server.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::payload::TOOL;
use super::peer::Peer;
use super::process;
use crate::home::Home;
use crate::programs::program;
use crate::wait::wait_for;

/// Nothing but the defaults: decisions are committed before they take effect.
const CONFIG: &str = "policy_trust: first_use\n";

/// What is measured stands here.
#[derive(Debug)]
pub struct Setup {
    home: Home,
    programs: PathBuf,
    server: PathBuf,
    policy: PathBuf,
}

impl Setup {
    /// A home in the temporary folder, and a policy that allows the tool and scans with three of the
    /// guide's patterns.
    ///
    /// # Errors
    /// When a program is not where it should be.
    pub fn new(programs: &Path) -> io::Result<Self> {
        Self::with(programs, CONFIG, &spec())
    }

    /// A tool that a person is asked about.
    pub const ASKED: &'static str = "asked";

    /// The same, where a person is asked about one more tool and takes an hour, under this
    /// configuration.
    ///
    /// # Errors
    /// When a program is not where it should be.
    pub fn asking(programs: &Path, config: &str) -> io::Result<Self> {
        let config = format!("{CONFIG}ask_timeout: 3600\n{config}");
        let rule = format!(
            "\n  tool_rules:\n    - {{tool: {}, action: ask}}",
            Self::ASKED
        );
        Self::with(programs, &config, &(spec() + &rule))
    }

    fn with(programs: &Path, config: &str, spec: &str) -> io::Result<Self> {
        for name in ["aip", "aipd"] {
            if !programs.join(name).is_file() {
                let place = programs.display();
                return Err(io::Error::other(format!("there is no `{name}` in {place}")));
            }
        }
        let home = Home::with_config(config);
        let policy = home.policy("bench", spec);
        Ok(Self {
            home,
            programs: programs.canonicalize()?,
            server: program("aip-bench-server"),
            policy,
        })
    }

    /// Where everything is kept.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The server, and nothing between.
    #[must_use]
    pub fn direct(&self) -> Command {
        let mut command = Command::new(&self.server);
        self.home.dress(&mut command);
        command
    }

    /// The server behind `aip`.
    #[must_use]
    pub fn wrapped(&self) -> Command {
        let mut command = Command::new(self.programs.join("aip"));
        self.home.dress(&mut command);
        command
            .arg("--policy")
            .arg(&self.policy)
            .arg("--")
            .arg(&self.server);
        command
    }

    /// A session without aip, ready for calls.
    ///
    /// # Errors
    /// When it can't be had.
    pub fn open_direct(&self) -> io::Result<Peer> {
        let mut peer = Peer::start(self.direct())?;
        peer.open()?;
        Ok(peer)
    }

    /// A session through aip, ready for calls. The first starts the daemon.
    ///
    /// # Errors
    /// When it can't be had, or the daemon may run where we may not.
    pub fn open_wrapped(&self) -> io::Result<Peer> {
        let mut peer = Peer::start(self.wrapped())?;
        peer.open()?;
        let ours = process::cores(std::process::id())?;
        for pid in [peer.pid(), self.daemon()] {
            let its = process::cores(pid)?;
            if its != ours {
                let text = format!("process {pid} runs on cores {its}, the client on {ours}");
                return Err(io::Error::other(text));
            }
        }
        Ok(peer)
    }

    /// The daemon's process id.
    #[must_use]
    pub fn daemon(&self) -> u32 {
        wait_for("one daemon", Duration::from_secs(5), || {
            match self.home.daemons().as_slice() {
                [pid] => Some(*pid),
                _ => None,
            }
        })
    }

    /// Ends the daemon, and waits until it is gone.
    pub fn stop_daemon(&self) {
        self.home.kill_daemon(Signal::TERM);
    }
}

fn spec() -> String {
    format!(
        r#"  mode: enforce
  allowed_tools:
    - {TOOL}
  dlp:
    patterns:
      - name: "AWS Key"
        regex: "AKIA[A-Z0-9]{{16}}"
      - name: "GitHub Token"
        regex: "ghp_[a-zA-Z0-9]{{36}}"
      - name: "Credit Card"
        regex: "\\b(?:\\d{{4}}[- ]?){{3}}\\d{{4}}\\b""#
    )
}
