//! The live copy of the audit records, for `jq` and `tail`: appended after each commit, and
//! opened anew when logrotate or a person has moved the file. The store is the truth; a copy
//! that can't be written is said once and does not stop calls.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use rusqlite::Connection;

use super::query;

/// The file is moved to `aip-audit.jsonl.1` beyond this many bytes.
const ROTATE_AT: u64 = 64 * 1024 * 1024;
/// How many moved files are kept.
const KEEP: u32 = 4;
/// How far from the file's end its last line is looked for.
const TAIL: u64 = 128 * 1024;

pub(super) struct Live {
    path: PathBuf,
    file: Option<File>,
    failing: bool,
}

impl Live {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            failing: false,
        }
    }

    /// Writes what a daemon that was killed had committed but not copied. A file that isn't
    /// there any more starts afresh.
    pub(super) fn catch_up(&mut self, connection: &Connection, last: u64) {
        let Some(seen) = self.last_seq() else { return };
        if seen >= last {
            return;
        }
        match query::lines_after(connection, seen) {
            Ok(lines) => {
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                self.append(&lines);
            }
            Err(error) => tracing::warn!(%error, "the live audit log could not be caught up"),
        }
    }

    pub(super) fn append(&mut self, lines: &[&str]) {
        if lines.is_empty() {
            return;
        }
        let result = self.write(lines);
        match result {
            Ok(()) => self.failing = false,
            Err(error) if !self.failing => {
                self.failing = true;
                self.file = None;
                tracing::error!(%error, path = %self.path.display(), "the live audit log can't be written");
            }
            Err(_) => self.file = None,
        }
    }

    fn write(&mut self, lines: &[&str]) -> std::io::Result<()> {
        let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        let mut file = self.current()?;
        file.write_all(text.as_bytes())?;
        if file.metadata()?.len() > ROTATE_AT {
            self.rotate()?;
        }
        Ok(())
    }

    fn current(&mut self) -> std::io::Result<&File> {
        let moved = |file: &File| -> std::io::Result<bool> {
            let open = file.metadata()?;
            Ok(std::fs::symlink_metadata(&self.path).map_or(true, |now| {
                (now.dev(), now.ino()) != (open.dev(), open.ino())
            }))
        };
        let keep = match self.file.take() {
            Some(file) if !moved(&file)? => file,
            Some(_) | None => std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .custom_flags(
                    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default(),
                )
                .open(&self.path)?,
        };
        Ok(self.file.insert(keep))
    }

    fn rotate(&mut self) -> std::io::Result<()> {
        self.file = None;
        let numbered = |n: u32| self.path.with_extension(format!("jsonl.{n}"));
        for n in (1..KEEP).rev() {
            if numbered(n).exists() {
                std::fs::rename(numbered(n), numbered(n + 1))?;
            }
        }
        std::fs::rename(&self.path, numbered(1))
    }

    /// The record number in the file's last whole line.
    fn last_seq(&self) -> Option<u64> {
        let mut file = File::open(&self.path).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))
            .ok()?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail).ok()?;
        let tail = String::from_utf8_lossy(&tail);
        tail.lines().rev().find_map(|line| {
            serde_json::from_str::<serde_json::Value>(line)
                .ok()?
                .get("seq")?
                .as_u64()
        })
    }
}
