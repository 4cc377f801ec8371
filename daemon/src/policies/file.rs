//! Reads a policy file so that the shim's reading and the daemon's are of one and the same file:
//! links resolved once, nobody else able to write it, and no word of it told to a peer that has
//! not shown it first.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use wire::link::PolicyFile;

/// The largest policy file, in bytes.
pub const MAX_POLICY: u64 = 1024 * 1024;
/// Room for an ordinary policy, in bytes, so that it is read at once.
const USUAL: usize = 4 * 1024;

/// Why a policy file can't be used.
#[derive(Debug)]
pub enum FileError {
    /// It can't be opened or read.
    Io(String, std::io::Error),
    /// It is not a regular file at an absolute path without links.
    NotAFile(String),
    /// Another user owns it, or others may write it.
    Exposed(String),
    /// Over [`MAX_POLICY`].
    TooLarge(String),
    /// Not UTF-8.
    NotText(String),
    /// Not the file, or not the bytes, the shim has read.
    Differs(String),
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "can't read `{path}`: {error}"),
            Self::NotAFile(path) => write!(f, "`{path}` is not a regular file"),
            Self::Exposed(path) => write!(
                f,
                "`{path}` can be changed by other users; make it yours alone: chmod go-w {path}"
            ),
            Self::TooLarge(path) => write!(f, "`{path}` is over {MAX_POLICY} bytes"),
            Self::NotText(path) => write!(f, "`{path}` is not UTF-8 text"),
            Self::Differs(path) => write!(
                f,
                "`{path}` is not the file the shim has read; it may have changed meanwhile: try again"
            ),
        }
    }
}

impl std::error::Error for FileError {}

/// Reads the file a shim names and refuses any difference.
///
/// # Errors
/// See [`FileError`]; none tells a byte the peer did not send.
pub fn read_same(named: &PolicyFile) -> Result<(), FileError> {
    let differs = || FileError::Differs(named.path.clone());
    let path = Path::new(&named.path);
    if !path.is_absolute() {
        return Err(FileError::NotAFile(named.path.clone()));
    }
    // One file under several spellings would have as many rate limits and as many first sights.
    let real = path.canonicalize();
    if real
        .map_err(|error| FileError::Io(named.path.clone(), error))?
        .as_os_str()
        != path.as_os_str()
    {
        return Err(FileError::NotAFile(named.path.clone()));
    }
    let (file, meta) = open(path)?;
    if (meta.dev(), meta.ino()) != (named.device, named.inode) {
        return Err(differs());
    }
    let text = text(path, file)?;
    if text != named.text {
        Err(differs())
    } else {
        Ok(())
    }
}

/// Reads a policy file.
///
/// # Errors
/// See [`FileError`].
pub fn read(path: &Path) -> Result<String, FileError> {
    let (file, _) = open(path)?;
    text(path, file)
}

fn open(path: &Path) -> Result<(File, std::fs::Metadata), FileError> {
    let name = || path.display().to_string();
    let io = |error| FileError::Io(name(), error);
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
        .open(path)
        .map_err(io)?;
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() {
        return Err(FileError::NotAFile(name()));
    }
    let us = rustix::process::geteuid().as_raw();
    let owner = meta.uid() == us || meta.uid() == 0;
    // A group of the user's own: by the convention of user private groups its number is the user's.
    let own_group = meta.gid() == rustix::process::getegid().as_raw() && meta.gid() == us;
    let others = meta.mode() & 0o002 != 0 || (meta.mode() & 0o020 != 0 && !own_group);
    if !owner || others {
        return Err(FileError::Exposed(name()));
    }
    Ok((file, meta))
}

fn text(path: &Path, file: File) -> Result<String, FileError> {
    let name = || path.display().to_string();
    let mut bytes = Vec::with_capacity(USUAL);
    file.take(MAX_POLICY + 1)
        .read_to_end(&mut bytes)
        .map_err(|it| FileError::Io(name(), it))?;
    if bytes.len() as u64 > MAX_POLICY {
        return Err(FileError::TooLarge(name()));
    }
    String::from_utf8(bytes).map_err(|_| FileError::NotText(name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn named(path: &Path, text: &str) -> PolicyFile {
        let meta = path.metadata().unwrap();
        PolicyFile {
            path: path.display().to_string(),
            device: meta.dev(),
            inode: meta.ino(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_shims_bytes_must_be_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.yaml");
        std::fs::write(&path, "secret: 1\n").unwrap();
        assert!(read_same(&named(&path, "secret: 1\n")).is_ok());
        let error = read_same(&named(&path, "guess\n")).unwrap_err();
        assert!(matches!(error, FileError::Differs(_)));
        assert!(!error.to_string().contains("secret"), "{error}");
        let mut other = named(&path, "secret: 1\n");
        other.inode += 1;
        assert!(matches!(read_same(&other), Err(FileError::Differs(_))));
    }

    #[test]
    fn a_file_others_may_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.yaml");
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(read(&path), Err(FileError::Exposed(_))));
    }

    #[test]
    fn a_link_and_a_fifo_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("real.yaml");
        std::fs::write(&target, "x").unwrap();
        let link = folder.path().join("link.yaml");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(matches!(read(&link), Err(FileError::Io(..))));
        assert!(matches!(
            read(folder.path()),
            Err(FileError::NotAFile(_) | FileError::Io(..))
        ));
    }
}
