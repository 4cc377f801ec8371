//! A machine of a test's own to install a package on: this one, but what is written to its system
//! folders is written to a disk in memory, in a mount namespace that ends with the test.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::client::PATIENCE;
use crate::home::send_signal;
use crate::namespace::enter;
use crate::needs::{root, tool};
use crate::wait::wait_until;

/// The user who is there for the test alone.
pub const USER: &str = "aip-e2e-packages";
/// Their number, which nobody else should have.
const UID: u32 = 59_877;

/// Lays a disk over the system folders, adds the user, and waits.
const SCRIPT: &str = r#"set -e
mount -t tmpfs -o mode=755 aip-e2e "$1/disk"
for name in usr var etc; do
    mkdir -p "$1/disk/$name" "$1/disk/work/$name"
    mount -t overlay -o "lowerdir=/$name,upperdir=$1/disk/$name,workdir=$1/disk/work/$name" aip-e2e "/$name"
done
printf '%s:x:%s:%s::%s:/bin/sh\n' "$2" "$3" "$3" "$1/home" >>/etc/passwd
: >"$1/disk/ready"
exec sleep infinity
"#;

/// Whose a process on it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// [`USER`].
    User,
    /// root.
    Root,
}

/// The machine; every process on it ends with this.
#[derive(Debug)]
pub struct Machine {
    holder: Child,
    folder: TempDir,
}

impl Machine {
    /// Makes it.
    ///
    /// # Errors
    /// When this system has no such thing, or `tools` are missing.
    ///
    /// # Panics
    /// When its folders can't be made.
    pub fn start(tools: &[&str]) -> Result<Self, String> {
        root()?;
        for name in ["unshare", "nsenter", "setpriv", "setsid", "mount"] {
            tool(name)?;
        }
        for name in tools {
            tool(name)?;
        }
        let folder = tempfile::Builder::new().prefix("aip-machine-").tempdir();
        let folder = folder.expect("a folder");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        for name in ["disk", "home"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let home = folder.path().join("home");
        std::os::unix::fs::chown(&home, Some(UID), Some(UID)).unwrap();
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "unshare", "--mount"])
            .args(["--propagation", "private", "sh", "-c", SCRIPT, "sh"])
            .arg(folder.path())
            .args([USER, &UID.to_string()])
            .stderr(Stdio::null());
        let holder = command.spawn().expect("a shell can be started");
        let mut machine = Self { holder, folder };
        let ready = machine.seen("disk/ready");
        wait_until("the machine, or its end", PATIENCE, || {
            ready.exists() || machine.holder.try_wait().is_ok_and(|it| it.is_some())
        });
        if ready.exists() {
            Ok(machine)
        } else {
            Err("an overlay can't be mounted in a namespace of its own".to_owned())
        }
    }

    /// The user's home folder, which has one path on this machine and outside.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A file in the user's home, written as theirs.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.home().join(name);
        let within = path.strip_prefix(self.home()).expect("it is in the home");
        let folders: Vec<_> = within.ancestors().skip(1).collect();
        for folder in folders.into_iter().rev().map(|it| self.home().join(it)) {
            if !folder.is_dir() {
                fs::create_dir(&folder).unwrap();
                std::os::unix::fs::chown(&folder, Some(UID), Some(UID)).unwrap();
            }
        }
        fs::write(&path, text).unwrap();
        std::os::unix::fs::chown(&path, Some(UID), Some(UID)).unwrap();
    }

    /// What is at a path of the folder, seen from outside the namespace.
    fn seen(&self, path: &str) -> PathBuf {
        let root = format!("/proc/{}/root", self.holder.id());
        let folder = self.folder.path().strip_prefix("/").expect("it is whole");
        Path::new(&root).join(folder).join(path)
    }

    /// A command on it, not yet started, with nothing of this test's environment.
    #[must_use]
    pub fn command(&self, by: By, argv: &[&str]) -> Command {
        let (program, args) = argv.split_first().expect("a command has a program");
        let mut command = Command::new(program);
        command.args(args);
        let user = (by == By::User).then_some(UID);
        let mut inside = enter(self.holder.id(), user, &command);
        let home = match by {
            By::User => self.home(),
            By::Root => PathBuf::from("/root"),
        };
        inside
            .env_clear()
            .env("HOME", home)
            .env("LC_ALL", "C.UTF-8")
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            );
        inside
    }

    /// Files that were written to its `/usr`, `/var` and `/etc` and are there now.
    ///
    /// # Panics
    /// When they can't be listed.
    #[must_use]
    pub fn written(&self) -> Vec<PathBuf> {
        let disk = self.seen("disk");
        let (mut found, mut open) = (Vec::new(), vec![disk.clone()]);
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                let (path, kind) = (entry.path(), entry.file_type().unwrap());
                if kind.is_dir() && !path.ends_with("disk/work") {
                    open.push(path);
                } else if kind.is_file() || kind.is_symlink() {
                    found.push(path.strip_prefix(&disk).unwrap().to_path_buf());
                }
            }
        }
        found
    }

    /// Every process on it but the one that holds it.
    fn processes(&self) -> Vec<u32> {
        let namespace = |pid: u32| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
        let Some(ours) = namespace(self.holder.id()) else {
            return Vec::new();
        };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|it| it.file_name().to_str()?.parse::<u32>().ok())
            .filter(|pid| *pid != self.holder.id() && namespace(*pid).as_ref() == Some(&ours))
            .collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for pid in self.processes() {
            send_signal(pid, Signal::KILL);
        }
        let _ended = self.holder.kill();
        let _ended = self.holder.wait();
    }
}
