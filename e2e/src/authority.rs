//! A real polkit on a system bus of a test's own, for a user who is there for the test alone. It has
//! the usual places, since neither polkit nor its helper for passwords can be told of others; but
//! they are the test's: in a mount namespace that ends with it.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::client::PATIENCE;
use crate::home::Home;
use crate::namespace::enter;
use crate::needs::{open_to_all, root, tool};
use crate::programs::{program, workspace};
use crate::wait::wait_until;

mod agent;

pub use agent::Agent;

/// The user's password.
pub const PASSWORD: &str = "right-password";
/// The same as `/etc/shadow` has it (crypt(5), SHA-512).
const SHADOW: &str =
    "$6$aip$XHTi0DVh4hF73UoYkZFgtrRVKP5K.RCqjYUZNpZ6PTaz3P9MRu.mhKuewyUxl05Uj5e4hhXinmwhPAyeN8Ggp.";
/// The user.
const NAME: &str = "aip-e2e";
/// Their number, which nobody else should have.
const UID: u32 = 59_876;
/// Where polkit's daemon is, by distribution.
const POLKITD: [&str; 3] = [
    "/usr/lib/polkit-1/polkitd",
    "/usr/libexec/polkitd",
    "/usr/lib/polkitd",
];

/// As the system's bus is, in what matters here.
const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>
</busconfig>
"#;

/// Makes the places the test's own, and becomes the bus.
const SCRIPT: &str = r#"set -e
cd "$1"
mount --bind passwd /etc/passwd
mount --bind shadow /etc/shadow
mount --bind actions /usr/share/polkit-1/actions
mkdir -p /run/dbus
mount -t tmpfs -o mode=755 aip-e2e /run/dbus
# The user has no session, so none is to be looked for.
[ ! -d /run/systemd ] || mount -t tmpfs -o mode=755 aip-e2e /run/systemd
exec dbus-daemon --config-file="$1/bus.conf" --nofork
"#;

/// Whose a process inside is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// The user's.
    User,
    /// root's.
    Root,
}

/// polkit; it ends with this.
#[derive(Debug)]
pub struct Authority {
    bus: Child,
    /// polkitd, and who looks on.
    others: Vec<Child>,
    folder: TempDir,
}

impl Authority {
    /// Starts it with our action as it is shipped, for the user.
    ///
    /// # Errors
    /// When something it needs is not there.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Result<Self, String> {
        let polkitd = needed()?;
        let folder = tempfile::Builder::new().prefix("aip-polkit-").tempdir();
        let folder = folder.expect("a folder");
        lay_out(folder.path());
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "unshare", "--mount"])
            .args(["--propagation", "private", "sh", "-c", SCRIPT, "sh"])
            .arg(folder.path())
            .stderr(Stdio::null());
        let bus = command.spawn().expect("the bus can be started");
        let mut authority = Self {
            bus,
            others: Vec::new(),
            folder,
        };
        let socket = format!(
            "/proc/{}/root/run/dbus/system_bus_socket",
            authority.bus.id()
        );
        wait_until("the bus", PATIENCE, || Path::new(&socket).exists());
        let started = authority
            .inside(As::Root, &Command::new(polkitd))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        authority
            .others
            .push(started.expect("polkitd can be started"));
        wait_until("polkit", PATIENCE, || authority.answers());
        Ok(authority)
    }

    fn answers(&self) -> bool {
        let mut asks = Command::new("pkaction");
        asks.args(["--action-id", "dev.aip.aipd.person"]);
        let asked = self.inside(As::User, &asks).output();
        asked.expect("pkaction can be run").status.success()
    }

    /// Takes our action away.
    ///
    /// # Panics
    /// When polkit does not notice.
    pub fn forgets_the_action(&self) {
        fs::remove_file(self.action()).unwrap();
        wait_until("polkit to forget", PATIENCE, || !self.answers());
    }

    /// Names another user in our action.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn is_for_another_user(&self) {
        self.forgets_the_action();
        fs::write(self.action(), shipped("nobody")).unwrap();
        wait_until("polkit to read it", PATIENCE, || self.answers());
    }

    /// Has a monitor on the bus count the questions that polkit takes back from its agents, from now
    /// on: `pkttyagent` itself hears nothing while it reads a password.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn counts_cancelled(&mut self) {
        let log = fs::File::create(self.folder.path().join("cancelled")).unwrap();
        let mut command = Command::new("dbus-monitor");
        command.args([
            "--system",
            "type='method_call',member='CancelAuthentication'",
        ]);
        let monitor = self.inside(As::Root, &command).stdout(log).spawn();
        self.others.push(monitor.expect("dbus-monitor can be run"));
        wait_until("the monitor", PATIENCE, || {
            self.log().contains("NameAcquired")
        });
    }

    /// How many were taken back. polkit at times tells an agent twice, so each question's cookie
    /// counts once.
    #[must_use]
    pub fn cancelled(&self) -> usize {
        let log = self.log();
        let after = log.split("member=CancelAuthentication\n").skip(1);
        let cookie = |it: &str| Some(it.split_once('\n')?.0.to_owned());
        let cookies: HashSet<_> = after.filter_map(cookie).collect();
        cookies.len()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("cancelled")).unwrap_or_default()
    }

    fn action(&self) -> PathBuf {
        self.folder.path().join("actions/dev.aip.aipd.policy")
    }

    /// The same command where this polkit is the system's.
    #[must_use]
    pub fn inside(&self, whose: As, command: &Command) -> Command {
        enter(self.bus.id(), (whose == As::User).then_some(UID), command)
    }

    /// Gives a home, with all that is in it now, to the user.
    ///
    /// # Panics
    /// When that can't be done.
    pub fn gives(&self, home: &Home) {
        let root = home.path().parent().expect("a home is in a folder");
        let owner = format!("{UID}:{UID}");
        let given = Command::new("chown")
            .args(["-R", &owner])
            .arg(root)
            .status();
        assert!(given.is_ok_and(|it| it.success()), "chown");
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        for child in self.others.iter_mut().chain([&mut self.bus]) {
            let _ended = child.kill();
            let _ended = child.wait();
        }
    }
}

/// Where polkitd is, if all else is there too.
fn needed() -> Result<PathBuf, String> {
    root()?;
    for name in [
        "dbus-daemon",
        "dbus-monitor",
        "pkttyagent",
        "pkaction",
        "script",
        "unshare",
        "nsenter",
        "setpriv",
    ] {
        tool(name)?;
    }
    let mut places = POLKITD.iter().map(PathBuf::from);
    let polkitd = places.find(|it| it.is_file());
    let polkitd = polkitd.ok_or("`polkitd` is not installed")?;
    open_to_all(&program("aipctl"))?;
    Ok(polkitd)
}

fn lay_out(folder: &Path) {
    let open = |mode| fs::Permissions::from_mode(mode);
    fs::set_permissions(folder, open(0o755)).unwrap();
    let also = |file: &str, line: String| fs::read_to_string(file).unwrap_or_default() + &line;
    let user = format!("{NAME}:x:{UID}:{UID}::/nonexistent:/bin/sh\n");
    let secret = format!("{NAME}:{SHADOW}:19000:0:99999:7:::\n");
    fs::write(folder.join("passwd"), also("/etc/passwd", user)).unwrap();
    fs::write(folder.join("shadow"), also("/etc/shadow", secret)).unwrap();
    fs::set_permissions(folder.join("shadow"), open(0o600)).unwrap();
    fs::write(folder.join("bus.conf"), CONFIG).unwrap();
    fs::create_dir(folder.join("actions")).unwrap();
    let action = folder.join("actions/dev.aip.aipd.policy");
    fs::write(action, shipped(NAME)).unwrap();
}

/// Our action, as docs/approvals.md says it is to be installed.
fn shipped(user: &str) -> String {
    let shipped = workspace().join("packaging/dev.aip.aipd.policy");
    let shipped = fs::read_to_string(shipped).expect("our action");
    shipped.replace("unix-user:USER", &format!("unix-user:{user}"))
}
