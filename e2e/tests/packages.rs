//! The packages that `packaging/build.sh` makes: built, installed, used, and taken out again.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

#[path = "packages/archive.rs"]
mod archive;
#[path = "packages/deb.rs"]
mod deb;
#[path = "packages/sources.rs"]
mod sources;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::programs::{folder, workspace};
use tempfile::TempDir;

/// Packages of the programs the tests use, in a folder of their own.
struct Packages(TempDir);

impl Packages {
    /// `packaging/build.sh WHAT`, which builds no program.
    fn of(what: &str) -> Self {
        Self::made_by(&mut Command::new("packaging/build.sh"), what)
    }

    fn made_by(script: &mut Command, what: &str) -> Self {
        let output = tempfile::tempdir().unwrap();
        let made = script
            .current_dir(workspace())
            .args([what, "--profile", "dev", "--programs"])
            .arg(folder())
            .arg("--output")
            .arg(output.path())
            .output()
            .expect("it can be run");
        assert!(made.status.success(), "{}", said(&made));
        Self(output)
    }

    /// The one whose name ends so.
    fn file(&self, end: &str) -> PathBuf {
        let mut files = self.names();
        files.retain(|it| it.ends_with(end));
        assert_eq!(files.len(), 1, "{end}: {files:?}");
        self.0.path().join(&files[0])
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap().flatten();
        let mut names: Vec<_> = entries
            .map(|it| it.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// Everything a command said.
fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|it| String::from_utf8_lossy(it).into_owned())
        .concat()
}

/// What a command said, which went well.
fn done(command: &mut Command) -> String {
    let output = command.output().expect("it can be run");
    let said = said(&output);
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

/// What a command said, which ended with this code.
fn ends(command: &mut Command, code: i32) -> String {
    let output = command.output().expect("it can be run");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
    said
}

/// A client's configuration with one server behind this aip.
fn behind(aip: &str, server: &str) -> String {
    let servers = serde_json::json!({server: {"command": aip, "args": ["--", "true"]}});
    serde_json::json!({ "mcpServers": servers }).to_string()
}

/// Files below a folder, by their paths from there.
fn files(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}
