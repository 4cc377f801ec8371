//! A home of its own for one test: `AIP_HOME`, a work folder for the client, and the daemon that
//! lives there, ended with the test.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::client::{Client, PATIENCE};
use crate::programs::program;
use crate::record::Record;
use crate::wait::{wait_for, wait_until};

mod process;
mod questions;

pub use process::{alive, own_kib, resident_kib, ticks};
pub use questions::json_lines;

/// Configuration in which a changed policy applies at once, as tests want it.
pub const TEST_CONFIG: &str = "policy_trust: off\n";

/// One test's folders.
#[derive(Debug)]
pub struct Home {
    root: TempDir,
    aip_home: PathBuf,
    mounted: bool,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// A fresh home with [`TEST_CONFIG`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_config(TEST_CONFIG)
    }

    /// A fresh home with this `config.yaml`.
    ///
    /// # Panics
    /// When the folders can't be made.
    #[must_use]
    pub fn with_config(config: &str) -> Self {
        let root = tempfile::Builder::new()
            .prefix("aip-e2e-")
            .tempdir()
            .expect("a folder");
        let aip_home = root.path().join("aip");
        for folder in [
            &aip_home,
            &root.path().join("work"),
            &root.path().join("user"),
        ] {
            fs::create_dir(folder).unwrap();
            fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
        }
        let home = Self {
            root,
            aip_home,
            mounted: false,
        };
        home.configure(config);
        home
    }

    /// A fresh home on a disk of its own of so many bytes.
    ///
    /// # Errors
    /// When it can't be mounted.
    pub fn on_small_disk(bytes: u64) -> Result<Self, String> {
        let mut home = Self::new();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={bytes},mode=0700"),
                "aip-e2e",
            ])
            .arg(&home.aip_home)
            .output()
            .map_err(|error| format!("`mount` can't be run: {error}"))?;
        if !mounted.status.success() {
            return Err(String::from_utf8_lossy(&mounted.stderr).trim().to_owned());
        }
        home.mounted = true;
        home.configure(TEST_CONFIG);
        Ok(home)
    }

    /// Replaces `config.yaml`; the daemon reads it when it starts. No window opens on the
    /// machine's own screen unless it says so.
    pub fn configure(&self, config: &str) {
        let quiet = if config.contains("channels:") {
            ""
        } else {
            "channels: []\n"
        };
        let config = format!("{config}{quiet}");
        write_private(&self.aip_home.join("config.yaml"), &config);
    }

    /// `AIP_HOME`.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.aip_home
    }

    /// The client's working folder, where policies and records are kept.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The user's home folder.
    #[must_use]
    pub fn user(&self) -> PathBuf {
        self.root.path().join("user")
    }

    /// Writes a policy with this `spec` (YAML, indented by two) and gives its path.
    #[must_use]
    pub fn policy(&self, name: &str, spec: &str) -> PathBuf {
        self.policy_text(
            name,
            &format!(
                "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: {name}\nspec:\n{spec}\n"
            ),
        )
    }

    /// Writes a whole policy file and gives its path.
    #[must_use]
    pub fn policy_text(&self, name: &str, text: &str) -> PathBuf {
        let path = self.work().join(format!("{name}.yaml"));
        write_private(&path, text);
        path
    }

    /// A record file for a recorder.
    #[must_use]
    pub fn record(&self, name: &str) -> Record {
        Record::at(&self.work().join(format!("{name}.jsonl")))
    }

    /// One of the built programs, told of this home.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        self.dress(&mut command);
        command
    }

    /// Tells any command of this home.
    pub fn dress(&self, command: &mut Command) {
        command
            .current_dir(self.work())
            .env("AIP_HOME", &self.aip_home)
            .env("HOME", self.root.path().join("user"))
            .env_remove("XDG_RUNTIME_DIR");
    }

    /// `aip --policy POLICY MORE... -- SERVER...`, not yet started.
    #[must_use]
    pub fn aip(&self, policy: &Path, more: &[&str], server: &[String]) -> Command {
        let mut command = self.command("aip");
        command
            .arg("--policy")
            .arg(policy)
            .args(more)
            .arg("--")
            .args(server);
        command
    }

    /// A client of a wrapped recorder with these switches, not yet initialised.
    #[must_use]
    pub fn wrap(&self, policy: &Path, record: &Record, switches: &[&str]) -> Client {
        Client::start(self.aip(policy, &[], &recorder(record, switches)))
    }

    /// The daemons that live in this home: one, or none, as the kernel sees it.
    #[must_use]
    pub fn daemons(&self) -> Vec<u32> {
        process::with_home("aipd", &self.aip_home)
    }

    /// Ends the daemon by this signal and waits until it is gone; gives its process id.
    ///
    /// # Panics
    /// When there is not exactly one for long.
    pub fn kill_daemon(&self, signal: Signal) -> u32 {
        let pid = wait_for("one daemon", PATIENCE, || match self.daemons().as_slice() {
            [pid] => Some(*pid),
            _ => None,
        });
        send_signal(pid, signal);
        wait_until("the daemon to be gone", PATIENCE, || !alive(pid));
        pid
    }

    /// Ends whatever daemon is left.
    fn end_daemons(&self) {
        for pid in self.daemons() {
            send_signal(pid, Signal::TERM);
        }
        for _ in 0..300 {
            if self.daemons().is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        for pid in self.daemons() {
            send_signal(pid, Signal::KILL);
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.end_daemons();
        if self.mounted {
            let _ = Command::new("umount").arg(&self.aip_home).status();
        }
        if std::thread::panicking() && std::env::var_os("AIP_KEEP").is_some() {
            self.root.disable_cleanup(true);
        }
    }
}

/// The command of a recorder.
#[must_use]
pub fn recorder(record: &Record, switches: &[&str]) -> Vec<String> {
    [&program("aip-recorder"), record.path()]
        .map(|path| path.to_string_lossy().into_owned())
        .into_iter()
        .chain(switches.iter().map(|&switch| switch.to_owned()))
        .collect()
}

/// Sends a signal to a process this test started.
pub fn send_signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process id");
    let _ = kill_process(pid, signal);
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}
