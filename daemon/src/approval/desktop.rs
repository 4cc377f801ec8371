//! The person's desktop: the variables a window needs to be on it. They come from the daemon's own
//! environment or from the user's service manager, never from a shim: whoever starts a server
//! could name a display of its own and click there.

use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

/// What a window may have of the environment.
const NEEDED: [&str; 9] = [
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_TYPE",
    "DBUS_SESSION_BUS_ADDRESS",
    "HOME",
    "LANG",
];
/// Where systemd tells of its user manager's environment.
const SYSTEMCTL: &str = "/usr/bin/systemctl";
/// Names the session bus.
#[cfg(target_os = "linux")]
const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the session bus of a desktop is, where nothing else is said.
#[cfg(target_os = "linux")]
fn usual_bus() -> PathBuf {
    let uid = rustix::process::geteuid().as_raw();
    PathBuf::from(format!("/run/user/{uid}/bus"))
}

/// The address of the session bus (D-Bus specification, Server Addresses), from the daemon's own
/// `DBUS_SESSION_BUS_ADDRESS`, else of the usual place, else from the user's service manager. Not
/// from `XDG_RUNTIME_DIR`: a daemon that a shim started has that from the client.
#[cfg(target_os = "linux")]
pub(super) async fn session_bus() -> Option<String> {
    let by_unix_socket = |address: &String| address.starts_with("unix:");
    let own = std::env::var(BUS).ok().filter(by_unix_socket);
    if own.is_some() {
        return own;
    }
    let usual = usual_bus();
    if is_own_socket(&usual) {
        return Some(format!("unix:path={}", usual.display()));
    }
    let told = service_manager().await;
    let told = told.into_iter().find(|(name, _)| name == BUS);
    told.map(|(_, address)| address).filter(by_unix_socket)
}

#[cfg(target_os = "linux")]
fn is_own_socket(path: &Path) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    std::fs::symlink_metadata(path).is_ok_and(|it| {
        it.file_type().is_socket() && it.uid() == rustix::process::geteuid().as_raw()
    })
}

/// The desktop's variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Desktop(BTreeMap<String, String>);

impl Desktop {
    /// Looks for the desktop.
    pub(super) async fn find() -> Self {
        let own = std::env::vars().filter(|(name, _)| NEEDED.contains(&name.as_str()));
        let mut found = Self(own.collect());
        if !found.has_display() {
            for (name, value) in service_manager().await {
                found.0.entry(name).or_insert(value);
            }
        }
        found
    }

    /// Whether there is anything to show a window on.
    pub(super) fn has_display(&self) -> bool {
        let set = |name| self.0.get(name).is_some_and(|it| !it.is_empty());
        cfg!(any(target_os = "macos", windows)) || set("DISPLAY") || set("WAYLAND_DISPLAY")
    }

    /// `XDG_CURRENT_DESKTOP`
    pub(super) fn name(&self) -> &str {
        self.0.get("XDG_CURRENT_DESKTOP").map_or("", String::as_str)
    }

    /// What a window is started with.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self.0.clone().into_iter().collect();
        all.push(("PATH".to_owned(), "/usr/bin:/bin".to_owned()));
        all
    }
}

/// What the user's service manager was told when the desktop began.
async fn service_manager() -> Vec<(String, String)> {
    let mut command = Command::new(SYSTEMCTL);
    let runtime = format!("/run/user/{}", rustix::process::geteuid().as_raw());
    let asked = command
        .args(["--user", "show-environment"])
        .env_clear()
        .env("XDG_RUNTIME_DIR", runtime)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let Ok(Ok(told)) = tokio::time::timeout(PATIENCE, asked).await else {
        return Vec::new();
    };
    parse(&String::from_utf8_lossy(&told.stdout))
}

fn parse(told: &str) -> Vec<(String, String)> {
    told.lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| NEEDED.contains(name))
        // A value that is quoted holds what no display's name does.
        .filter(|(_, value)| !value.starts_with('$') && !value.contains('\0'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_service_managers_environment_only_what_a_window_needs_is_taken() {
        let told =
            "DISPLAY=:0\nLD_PRELOAD=/tmp/x.so\nXAUTHORITY=/run/user/1000/x\nPATH=/x\nLANG=$'a'\n";
        let taken = parse(told);
        assert_eq!(
            taken,
            [
                ("DISPLAY".to_owned(), ":0".to_owned()),
                ("XAUTHORITY".to_owned(), "/run/user/1000/x".to_owned())
            ]
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn only_a_socket_of_ones_own_is_taken_for_the_bus() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        assert!(!is_own_socket(&path));
        std::fs::write(&path, "").unwrap();
        assert!(!is_own_socket(&path));
        std::fs::remove_file(&path).unwrap();
        let _listens = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(is_own_socket(&path));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(!is_own_socket(&link));
    }

    #[test]
    fn a_machine_without_a_display_has_no_windows() {
        let with = |name: &str, value: &str| {
            Desktop([(name.to_owned(), value.to_owned())].into()).has_display()
        };
        assert!(with("DISPLAY", ":0") && with("WAYLAND_DISPLAY", "wayland-0"));
        assert_eq!(with("DISPLAY", ""), cfg!(any(target_os = "macos", windows)));
    }
}
