//! The program that opens a file in the person's browser, by its whole path.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where it is, on systems that have one.
const OPENERS: &[&str] = if cfg!(target_os = "macos") {
    &["/usr/bin/open"]
} else {
    &[
        "/usr/bin/xdg-open",
        "/usr/local/bin/xdg-open",
        "/run/current-system/sw/bin/xdg-open",
    ]
};
/// A desktop says where it is by one of these.
const DISPLAYS: [&str; 2] = ["DISPLAY", "WAYLAND_DISPLAY"];

/// The program, where there is one and a desktop.
pub(super) fn find() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
    if !cfg!(target_os = "macos") && !DISPLAYS.iter().any(|name| set(name)) {
        return None;
    }
    OPENERS.iter().map(PathBuf::from).find(|it| it.is_file())
}

/// Has it open a file; it is not waited for.
pub(super) fn open(opener: &Path, file: &Path) -> io::Result<()> {
    Command::new(opener)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
}
