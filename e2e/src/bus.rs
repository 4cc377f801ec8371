//! A session bus of a test's own, and a real notification service on it whose notifications are
//! windows of the test's screen.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::needs::tool;
use crate::screen::Screen;

/// As a session's bus is; the services it starts are a test's own.
const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
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
    daemon: Child,
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

/// dunst; it ends with this.
#[derive(Debug)]
pub struct Dunst {
    service: Child,
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
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon starts");
        let mut address = String::new();
        let stdout = daemon.stdout.take().expect("its output");
        BufReader::new(stdout)
            .read_line(&mut address)
            .expect("dbus-daemon says its address");
        Ok(Self {
            daemon,
            address: address.trim().to_owned(),
            folder,
        })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.daemon.id()
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
        let config = self.folder.path().join("dunstrc");
        fs::write(&config, self.dunstrc(click)).unwrap();
        let said = self.folder.path().join("dunst.out");
        let service = Command::new("dunst")
            .arg("-config")
            .arg(&config)
            .arg("-print")
            .env("DISPLAY", screen.display())
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null())
            .stdout(File::create(&said).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .expect("dunst starts");
        let dunst = Dunst { service, said };
        crate::wait::wait_until("dunst", crate::client::PATIENCE, || self.has_service());
        dunst
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

    fn has_service(&self) -> bool {
        let name = format!("string:{SERVICE}");
        self.ask_bus("GetNameOwner", &[&name]).status.success()
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
    pub fn end(&mut self) {
        let _gone = self.daemon.kill();
        let _gone = self.daemon.wait();
    }
}

impl Dunst {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.service.id()
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
        let _gone = self.service.kill();
        let _gone = self.service.wait();
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.end();
    }
}
