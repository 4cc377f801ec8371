//! A session bus of a test's own, and a real notification service on it whose notifications are
//! windows of the test's screen.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::client::PATIENCE;
use crate::home::{alive, send_signal};
use crate::needs::tool;
use crate::person;
use crate::screen::Screen;
use crate::wait::{wait_for, wait_until};

/// As a session's bus is; the services it starts are a test's own.
const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <pidfile>FOLDER/pid</pidfile>
  <listen>unix:path=FOLDER/bus</listen>
  <servicedir>FOLDER/services</servicedir>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// The name of the notification service.
const SERVICE: &str = "org.freedesktop.Notifications";

/// A bus; it ends with this.
#[derive(Debug)]
pub struct Bus {
    pid: u32,
    address: String,
    folder: TempDir,
}

/// What a click of the left button on a notification does.
#[derive(Clone, Copy, Debug)]
pub enum Click<'a> {
    /// The button with this key.
    Key(&'a str),
    /// The button with this label, chosen in the service's own menu.
    Label(&'a str),
    /// Closes it.
    Close,
}

/// Whose program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The person's, as a desktop's are.
    Persons,
    /// The client's, which this test is.
    Clients,
}

/// dunst; it ends with this.
#[derive(Debug)]
pub struct Dunst {
    pid: u32,
    said: PathBuf,
}

impl Bus {
    /// Starts one.
    ///
    /// # Errors
    /// When dbus-daemon, dbus-send or dunst is not installed.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start() -> Result<Self, String> {
        for needed in ["dbus-daemon", "dbus-send", "dunst"] {
            tool(needed)?;
        }
        let folder = tempfile::Builder::new()
            .prefix("aip-bus-")
            .tempdir()
            .expect("a folder");
        let config = folder.path().join("bus.conf");
        let place = folder.path().display().to_string();
        fs::create_dir(folder.path().join("services")).unwrap();
        fs::write(&config, CONFIG.replace("FOLDER", &place)).unwrap();
        let mut command = Command::new("dbus-daemon");
        command
            .arg(format!("--config-file={}", config.display()))
            .arg("--nofork");
        in_background(command, Whose::Persons);
        let pid = folder.path().join("pid");
        let pid = wait_for("the bus", PATIENCE, || {
            let _listens = UnixStream::connect(folder.path().join("bus")).ok()?;
            fs::read_to_string(&pid).ok()?.trim().parse().ok()
        });
        Ok(Self {
            pid,
            address: format!("unix:path={place}/bus"),
            folder,
        })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The folder its socket is in, under the name `bus`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// dunst on this bus and screen.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn dunst(&self, screen: &Screen, click: Click<'_>) -> Dunst {
        self.dunst_of(Whose::Persons, screen, click)
    }

    /// dunst on this bus and screen, started by one or the other.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn dunst_of(&self, whose: Whose, screen: &Screen, click: Click<'_>) -> Dunst {
        let config = self.folder.path().join("dunstrc");
        fs::write(&config, self.dunstrc(click)).unwrap();
        let said = self.folder.path().join("dunst.out");
        let script = r#"exec dunst -config "$1" -print >"$2" 2>/dev/null"#;
        let mut command = Command::new("sh");
        command
            .args(["-c", script, "sh"])
            .args([&config, &said])
            .env("DISPLAY", screen.display())
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env_remove("WAYLAND_DISPLAY");
        in_background(command, whose);
        let pid = wait_for("dunst", PATIENCE, || self.service());
        Dunst { pid, said }
    }

    /// Has the bus start dunst on this screen when it is needed.
    ///
    /// # Panics
    /// When that can't be written, or the bus does not read it.
    pub fn starts_dunst(&self, screen: &Screen, click: Click<'_>) {
        let config = self.folder.path().join("dunstrc");
        fs::write(&config, self.dunstrc(click)).unwrap();
        let service = format!(
            "[D-BUS Service]\nName={SERVICE}\nExec=/usr/bin/env DISPLAY={} dunst -config {}\n",
            screen.display(),
            config.display()
        );
        let path = self.folder.path().join("services/notifications.service");
        fs::write(path, service).unwrap();
        let read = self.ask_bus("ReloadConfig", &[]);
        assert!(read.status.success(), "{read:?}");
    }

    fn dunstrc(&self, click: Click<'_>) -> String {
        let (mouse, rule) = match click {
            Click::Key(key) => ("do_action", format!("action_name = {key}")),
            Click::Label(label) => {
                let menu = self.folder.path().join("menu");
                let chosen = format!("#!/bin/sh\ngrep -m 1 -F '#{label} ('\n");
                fs::write(&menu, chosen).unwrap();
                fs::set_permissions(&menu, fs::Permissions::from_mode(0o755)).unwrap();
                ("context", String::new())
            }
            Click::Close => ("close_current", String::new()),
        };
        let menu = self.folder.path().join("menu");
        format!(
            "[global]\n    title = Notification\n    width = 560\n    height = 700\n    \
             origin = top-left\n    offset = 20x20\n    font = Sans 11\n    markup = full\n    \
             format = \"<b>%s</b>\\n%b\"\n    word_wrap = yes\n    \
             mouse_left_click = {mouse}\n    dmenu = {}\n    idle_threshold = 0\n\
             [aip]\n    appname = aip\n    {rule}\n",
            menu.display()
        )
    }

    /// The process of the notification service.
    #[must_use]
    pub fn service(&self) -> Option<u32> {
        let name = format!("string:{SERVICE}");
        let told = self.ask_bus("GetConnectionUnixProcessID", &[&name]);
        let text = String::from_utf8_lossy(&told.stdout).into_owned();
        text.split_ascii_whitespace().last()?.parse().ok()
    }

    fn ask_bus(&self, member: &str, args: &[&str]) -> Output {
        let member = format!("org.freedesktop.DBus.{member}");
        let to = [
            "--print-reply=literal",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            &member,
        ];
        self.send(&[&to, args].concat())
    }

    /// Says something on the bus, as any program of the user's can.
    ///
    /// # Panics
    /// When dbus-send can't be run.
    pub fn send(&self, args: &[&str]) -> Output {
        Command::new("dbus-send")
            .arg(format!("--bus={}", self.address))
            .args(args)
            .output()
            .expect("dbus-send can be run")
    }

    /// The connections on the bus, by their unique names.
    #[must_use]
    pub fn connections(&self) -> Vec<String> {
        let listed = self.ask_bus("ListNames", &[]);
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        let names = text.split_ascii_whitespace();
        names
            .filter(|it| it.starts_with(':'))
            .map(str::to_owned)
            .collect()
    }

    /// Ends it.
    pub fn end(&self) {
        send_signal(self.pid, Signal::KILL);
    }
}

impl Dunst {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// All it has said of the notifications it was given, and how it takes them.
    #[must_use]
    pub fn said(&self) -> String {
        let said = fs::read(&self.said).unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    }
}

impl Drop for Dunst {
    fn drop(&mut self) {
        send_signal(self.pid, Signal::KILL);
        wait_until("dunst to be gone", PATIENCE, || !alive(self.pid));
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs it until it ends by itself.
fn in_background(mut command: Command, whose: Whose) {
    std::thread::spawn(move || {
        let _ended = match whose {
            Whose::Persons => person::runs(&command),
            Whose::Clients => command.output().expect("it can be run"),
        };
    });
}
