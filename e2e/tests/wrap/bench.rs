//! A home with programs of its own on `PATH`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use e2e::home::Home;
use e2e::programs::program;

pub(crate) struct Bench {
    pub(crate) home: Home,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self { home: Home::new() };
        fs::create_dir(bench.bin()).unwrap();
        for name in ["aip", "aipctl"] {
            symlink(program(name), bench.bin().join(name)).unwrap();
        }
        bench
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.home.work().with_file_name("bin")
    }

    /// A program that is this shell script.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.bin().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Tells a command of this home and its programs.
    pub(crate) fn dress(&self, command: &mut Command) {
        self.home.dress(command);
        let installed = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{installed}", self.bin().display()));
        command.env_remove("GITHUB_PERSONAL_ACCESS_TOKEN");
        for name in ["XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME"] {
            command.env_remove(name);
        }
    }

    /// `aip` with these words.
    pub(crate) fn aip(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.bin().join("aip"));
        self.dress(&mut command);
        command.args(words);
        command
    }

    /// Where the starter policy of a server is.
    pub(crate) fn starter(&self, server: &str) -> PathBuf {
        let folder = self.home.path().join("policies");
        folder.join(format!("{server}.yaml"))
    }
}

/// What a command that succeeds prints.
pub(crate) fn said(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
