//! What a test needs and this machine may lack: then the test says so and counts as skipped,
//! except in CI, where it fails.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Gives what was needed, or says visibly why the test is skipped. The note also goes to the
/// file that `AIP_SKIPPED_FILE` names, since test runners hide what passing tests print.
///
/// # Panics
/// When it is missing and `CI` is `true`.
pub fn needs<T>(test: &str, thing: Result<T, String>) -> Option<T> {
    let why = match thing {
        Ok(thing) => return Some(thing),
        Err(why) => why,
    };
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "`{test}` can't run in CI: {why}"
    );
    let note = format!("skipped: {test}: {why}\n");
    let _ = io::stderr().write_all(note.as_bytes());
    if let Some(path) = std::env::var_os("AIP_SKIPPED_FILE") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(note.as_bytes()));
    }
    None
}

/// Whether this runs as root, which mounting and changing the uid need.
///
/// # Errors
/// When it does not.
pub fn root() -> Result<(), String> {
    if rustix::process::geteuid().is_root() {
        Ok(())
    } else {
        Err("it must run as root".to_owned())
    }
}

/// Whether a program can be found by `PATH`.
///
/// # Errors
/// When it can't.
pub fn tool(name: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(name).is_file()) {
        Ok(())
    } else {
        Err(format!("`{name}` is not installed"))
    }
}

/// Whether any user can reach a file.
///
/// # Errors
/// When it, or a folder above it, is closed to others.
pub fn open_to_all(path: &Path) -> Result<(), String> {
    let open = |it: &Path| fs::metadata(it).is_ok_and(|it| it.permissions().mode() & 1 == 1);
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut folders = whole.ancestors().skip(1);
    if folders.all(open) {
        Ok(())
    } else {
        Err(format!("another user can't reach {}", path.display()))
    }
}
