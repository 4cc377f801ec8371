//! Where the built programs are: beside the test that runs them, never by `PATH`.

use std::path::{Path, PathBuf};

/// The folder of the built programs: `AIP_BIN_DIR`, else the one above this test's own `deps`.
///
/// # Panics
/// When the running program has no path.
#[must_use]
pub fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("AIP_BIN_DIR") {
        return PathBuf::from(folder);
    }
    let running = std::env::current_exe().expect("a running program has a path");
    let beside = running.parent().expect("a program is in a folder");
    if beside.ends_with("deps") {
        beside.parent().expect("`deps` is in a folder").to_owned()
    } else {
        beside.to_owned()
    }
}

/// One built program.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = folder().join(name);
    assert!(
        path.is_file(),
        "`{}` is not built; run `cargo build --workspace --bins` first",
        path.display()
    );
    path
}

/// The folder of the whole workspace.
///
/// # Panics
/// When this crate is not inside one.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate is inside the workspace")
}

/// A policy of the workspace's `policies` folder.
#[must_use]
pub fn shipped_policy(name: &str) -> PathBuf {
    workspace().join("policies").join(name)
}
