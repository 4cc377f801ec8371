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

use e2e::programs::{self, workspace};
use rustix::fs::FlockOperation;

/// Packages of the programs the tests use.
struct Packages(PathBuf);

impl Packages {
    /// `packaging/build.sh WHAT`, which builds no program; made once for all tests of a run.
    fn of(what: &str) -> Self {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
        fs::create_dir_all(&all).unwrap();
        let lock = fs::File::create(all.join("lock")).unwrap();
        rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
        let alone = || format!("process-{}", std::process::id());
        let run = std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| alone());
        let folder = all.join(&run).join(what);
        if !folder.join("SHA256SUMS").exists() {
            for entry in fs::read_dir(&all).unwrap().flatten() {
                let of_before = entry.file_name() != *run && entry.path().is_dir();
                let _gone = of_before.then(|| fs::remove_dir_all(entry.path()));
            }
            make(&mut Command::new("packaging/build.sh"), what, &folder);
        }
        Self(folder)
    }

    /// The one whose name ends so.
    fn file(&self, end: &str) -> PathBuf {
        let mut files = self.names();
        files.retain(|it| it.ends_with(end));
        assert_eq!(files.len(), 1, "{end}: {files:?}");
        self.0.join(&files[0])
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap().flatten();
        let mut names: Vec<_> = entries
            .map(|it| it.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// Makes packages of the tests' programs.
fn make(script: &mut Command, what: &str, folder: &Path) {
    let script = script
        .current_dir(workspace())
        .args([what, "--profile", "dev", "--programs"])
        .arg(programs::folder())
        .arg("--output")
        .arg(folder);
    done(script);
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

/// The SHA-256 of a file, in hex.
fn sha256(path: &Path) -> String {
    let told = done(Command::new("sha256sum").arg(path));
    told.split(' ').next().unwrap().to_owned()
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
