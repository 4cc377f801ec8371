//! What a server finds around it: a folder that is made anew for every run at the same place, and
//! a page to fetch.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::page::Page;

/// One pair's surroundings.
pub(crate) struct World {
    folder: PathBuf,
    page: OnceCell<Page>,
}

impl World {
    /// A world in this folder, which need not be there yet.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            page: OnceCell::new(),
        }
    }

    /// Makes the folder anew.
    pub(crate) fn begin(&self) {
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir(&self.folder).unwrap();
    }

    /// A path in the folder, as text.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    /// The root of the page's server.
    pub(crate) fn url(&self) -> String {
        self.page.get_or_init(Page::serve).url()
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }

    /// Makes a folder in the folder.
    pub(crate) fn folder(&self, name: &str) -> String {
        fs::create_dir(self.folder.join(name)).unwrap();
        self.path(name)
    }

    /// Makes a git repository with one commit, always the same, and a change on top.
    pub(crate) fn repository(&self, name: &str) -> String {
        let path = self.folder(name);
        self.write("repository/a.txt", "one\n");
        for args in [
            ["init", "--quiet", "--initial-branch=main"].as_slice(),
            &["add", "a.txt"],
            &["commit", "--quiet", "--message", "first"],
        ] {
            git(Path::new(&path), args);
        }
        self.write("repository/a.txt", "one\ntwo\n");
        path
    }
}

fn git(folder: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(args).current_dir(folder);
    for (name, value) in GIT {
        command.env(name, value);
    }
    let output = command.output().expect("git can be run");
    assert!(output.status.success(), "git {args:?}: {output:?}");
}

/// An author and a clock of its own, so that a commit has the same hash in every run.
pub(crate) const GIT: [(&str, &str); 7] = [
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_AUTHOR_NAME", "e2e"),
    ("GIT_AUTHOR_EMAIL", "e2e@example.invalid"),
    ("GIT_AUTHOR_DATE", "1767323045 +0000"),
    ("GIT_COMMITTER_NAME", "e2e"),
    ("GIT_COMMITTER_EMAIL", "e2e@example.invalid"),
    ("GIT_COMMITTER_DATE", "1767323045 +0000"),
];
