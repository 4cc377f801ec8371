//! The `--audit` file: a copy of the session's audit records that survives being moved away by
//! a log rotator. A line that can't be written is not acknowledged, so the daemon keeps it for
//! the next resume; the session goes on, because the record itself is in the daemon's store.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// The `--audit` file can't be used.
#[derive(Debug)]
pub(crate) enum MirrorError {
    NoFolder(PathBuf),
    NotAFile(PathBuf),
    NotOpened(PathBuf, std::io::Error),
}

impl std::fmt::Display for MirrorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoFolder(path) => write!(
                f,
                "the folder of the --audit file `{}` does not exist; create it first",
                path.display()
            ),
            Self::NotAFile(path) => write!(
                f,
                "the --audit file `{}` is a link or no regular file; name another",
                path.display()
            ),
            Self::NotOpened(path, error) => write!(
                f,
                "the --audit file `{}` can't be opened: {error}; check its owner and mode",
                path.display()
            ),
        }
    }
}

impl std::error::Error for MirrorError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotOpened(_, error) => Some(error),
            Self::NoFolder(_) | Self::NotAFile(_) => None,
        }
    }
}

/// The open mirror.
#[derive(Debug)]
pub(crate) struct Mirror {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
    /// The last write stopped within a line.
    torn: bool,
}

impl Mirror {
    /// Opens the file for appending, creating it for its owner alone.
    ///
    /// # Errors
    /// When it is a link, no regular file, or can't be opened.
    pub(crate) fn open(path: &Path) -> Result<Self, MirrorError> {
        let absolute = resolve(path)?;
        let (file, identity) = append_to(&absolute)?;
        Ok(Self {
            path: absolute,
            file,
            identity,
            torn: false,
        })
    }

    /// Its absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one line, its newline included.
    ///
    /// # Errors
    /// When the file is gone and can't be made anew, or the line can't be written whole.
    pub(crate) fn append(&mut self, line: &[u8]) -> Result<(), MirrorError> {
        if identity_of(&self.path) != Some(self.identity) {
            (self.file, self.identity) = append_to(&self.path)?;
            self.torn = false;
        }
        let failed = |error| MirrorError::NotOpened(self.path.clone(), error);
        if self.torn {
            self.file.write_all(b"\n").map_err(failed)?;
        }
        self.torn = true;
        self.file.write_all(line).map_err(failed)?;
        self.torn = false;
        Ok(())
    }
}

fn resolve(path: &Path) -> Result<PathBuf, MirrorError> {
    let name = path
        .file_name()
        .ok_or_else(|| MirrorError::NotAFile(path.to_owned()))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let folder = folder
        .canonicalize()
        .map_err(|_| MirrorError::NoFolder(path.to_owned()))?;
    Ok(folder.join(name))
}

fn append_to(path: &Path) -> Result<(File, (u64, u64)), MirrorError> {
    let failed = |error: rustix::io::Errno| match error {
        rustix::io::Errno::LOOP => MirrorError::NotAFile(path.to_owned()),
        other => MirrorError::NotOpened(path.to_owned(), other.into()),
    };
    let flags = OFlags::WRONLY
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::CLOEXEC
        // A FIFO in the file's place must not hang the open.
        | OFlags::NONBLOCK;
    let fd = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR).map_err(failed)?;
    let file = File::from(fd);
    let meta = file
        .metadata()
        .map_err(|error| MirrorError::NotOpened(path.to_owned(), error))?;
    if !meta.is_file() {
        return Err(MirrorError::NotAFile(path.to_owned()));
    }
    Ok((file, (meta.dev(), meta.ino())))
}

fn identity_of(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path)
        .ok()
        .map(|meta| (meta.dev(), meta.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn lines_are_appended_to_a_file_of_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, "old\n").unwrap();
        let mut mirror = Mirror::open(&path).unwrap();
        mirror.append(b"1\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old\n1\n");
        let fresh = folder.path().join("b.jsonl");
        Mirror::open(&fresh).unwrap();
        assert_eq!(
            std::fs::metadata(&fresh).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_file_moved_away_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("a.jsonl"), folder.path().join("a.1"));
        let mut mirror = Mirror::open(&path).unwrap();
        mirror.append(b"1\n").unwrap();
        std::fs::rename(&path, &moved).unwrap();
        mirror.append(b"2\n").unwrap();
        mirror.append(b"3\n").unwrap();
        assert_eq!(std::fs::read_to_string(&moved).unwrap(), "1\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n3\n");
    }

    #[test]
    fn what_is_no_plain_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("elsewhere", &link).unwrap();
        check(&link, "is a link");
        check(Path::new("/dev/null"), "no regular file");
        check(&folder.path().join("no/such/folder"), "create it first");
        check(folder.path(), "can't be opened");
        check(Path::new("/"), "no regular file");
        assert!(!folder.path().join("elsewhere").exists());
    }

    fn check(path: &Path, want: &str) {
        let error = Mirror::open(path).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}
