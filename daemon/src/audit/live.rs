//! The live copy of the audit records, for `jq` and `tail`: appended after each commit, and
//! opened anew when logrotate or a person has moved the file. The store is the truth; a copy
//! that can't be written is said once, does not stop calls, and is made good from the store.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::query;
use forget::Runs;

mod forget;
mod tail;

/// The file is moved to `aip-audit.jsonl.1` once it holds more than this many bytes.
const ROTATE_AT: u64 = 64 * 1024 * 1024;
/// How many moved files are kept.
const KEEP: u32 = 4;
/// Lines written in one go of those that were missed.
const PAGE: usize = 1000;

pub(super) struct Live {
    path: PathBuf,
    file: Option<File>,
    /// The last record that is in the file, or needs not be.
    seen: u64,
    /// Records after `seen` are missing in the file.
    behind: bool,
    /// It was said that the file can't be written.
    failing: bool,
}

impl Live {
    /// Takes the file up and writes what a daemon that was killed had committed but not copied.
    /// A file that isn't there any more starts afresh.
    pub(super) fn begin(path: PathBuf, connection: &Connection, last: u64) -> Self {
        let mut live = Self {
            path,
            file: None,
            seen: last,
            behind: false,
            failing: false,
        };
        let found = [live.path.clone(), live.moved(1)]
            .iter()
            .find_map(|path| tail::last_seq(&File::open(path).ok()?));
        if let Some(found) = found.filter(|found| *found < last) {
            live.seen = found;
            live.behind = true;
        }
        while live.catch_up(connection, last) {}
        live
    }

    /// Copies lines up to record `last`, or where some were missed a part of those.
    pub(super) fn append(&mut self, connection: &Connection, lines: &[String], last: u64) {
        if self.behind {
            self.catch_up(connection, last);
            return;
        }
        match self.write(lines) {
            Ok(()) => self.seen = last,
            Err(error) => {
                self.behind = true;
                self.failed(&error);
            }
        }
    }

    /// Lines were left out: they are to be read from the store.
    pub(super) fn fall_behind(&mut self) {
        self.behind = true;
    }

    /// Whether lines are missing that could be written.
    pub(super) fn is_behind(&self) -> bool {
        self.behind && !self.failing
    }

    /// Writes some of the lines that were missed; true while there are more and it goes well.
    pub(super) fn catch_up(&mut self, connection: &Connection, last: u64) -> bool {
        if !self.behind {
            return false;
        }
        if let Err(error) = self.write_missed(connection, last) {
            self.failed(&error);
            return false;
        }
        self.failing = false;
        self.behind
    }

    fn write_missed(&mut self, connection: &Connection, last: u64) -> io::Result<()> {
        // The store is not asked in vain.
        self.current()?;
        let missed = query::lines_after(connection, self.seen, PAGE).map_err(io::Error::other)?;
        let (seqs, lines): (Vec<u64>, Vec<String>) = missed.into_iter().unzip();
        self.write(&lines)?;
        match seqs.last() {
            Some(seq) if seqs.len() == PAGE => self.seen = *seq,
            Some(_) | None => {
                self.seen = last;
                self.behind = false;
            }
        }
        Ok(())
    }

    fn failed(&mut self, error: &io::Error) {
        self.file = None;
        if !self.failing {
            self.failing = true;
            tracing::error!(%error, path = %self.path.display(), "the live audit log can't be written");
        }
    }

    /// Takes the arguments of these records out of all files.
    pub(super) fn forget(&mut self, connection: &Connection, runs: &Runs) {
        self.file = None;
        let paths = (1..=KEEP).map(|n| self.moved(n));
        for path in std::iter::once(self.path.clone()).chain(paths) {
            if let Err(error) = forget::rewrite(&path, connection, runs) {
                tracing::error!(
                    %error,
                    path = %path.display(),
                    "erased arguments could not be taken out of the live audit log"
                );
            }
        }
    }

    /// Writes the lines whole or, as far as that can be had, not at all.
    fn write(&mut self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        let mut length = self.current()?.metadata()?.len();
        if length > ROTATE_AT {
            self.rotate()?;
            length = self.current()?.metadata()?.len();
        }
        let mut file = self.current()?;
        let written = file.write_all(text.as_bytes());
        if written.is_err() {
            // A half that stays is taken away when the file is next opened.
            let _cut = file.set_len(length);
        }
        written
    }

    /// The file, opened anew where it was moved away.
    fn current(&mut self) -> io::Result<&File> {
        let moved = |file: &File| -> io::Result<bool> {
            let open = file.metadata()?;
            Ok(std::fs::symlink_metadata(&self.path).map_or(true, |now| {
                (now.dev(), now.ino()) != (open.dev(), open.ino())
            }))
        };
        let keep = match self.file.take() {
            Some(file) if !moved(&file)? => file,
            Some(_) | None => {
                let mut options = OpenOptions::new();
                let file = open_regular(&self.path, options.read(true).append(true).create(true))?;
                // A line that was torn would spoil the next; the store has it whole.
                let whole = tail::whole(&file)?;
                if whole < file.metadata()?.len() {
                    file.set_len(whole)?;
                }
                file
            }
        };
        Ok(self.file.insert(keep))
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.file = None;
        for n in (1..KEEP).rev() {
            if self.moved(n).exists() {
                std::fs::rename(self.moved(n), self.moved(n + 1))?;
            }
        }
        std::fs::rename(&self.path, self.moved(1))
    }

    fn moved(&self, n: u32) -> PathBuf {
        self.path.with_extension(format!("jsonl.{n}"))
    }
}

/// Opens a private file, and nothing else that stands in its place: no link is followed, and a
/// pipe could make the writer wait.
fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = options
        .mode(0o600)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}
