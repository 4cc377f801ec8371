//! Reads the policy file once, so that the daemon can compare what it reads with what the
//! client's side meant.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};
use wire::link::PolicyFile;

/// The longest policy, in bytes.
const MAX_POLICY: u64 = 1024 * 1024;
/// Room for an ordinary policy, in bytes, so that it is read at once.
const USUAL: usize = 4 * 1024;

/// Why the policy file can't be used.
#[derive(Debug)]
pub(crate) enum PolicyFileError {
    Missing(PathBuf),
    Unreadable(PathBuf, std::io::Error),
    NotAFile(PathBuf),
    TooLong(PathBuf),
    NotText(PathBuf),
}

impl std::fmt::Display for PolicyFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(path) => {
                write!(
                    f,
                    "`{}` does not exist; check the path given to --policy",
                    path.display()
                )
            }
            Self::Unreadable(path, error) => {
                write!(
                    f,
                    "`{}` can't be read: {error}; check its owner and mode",
                    path.display()
                )
            }
            Self::NotAFile(path) => {
                write!(
                    f,
                    "`{}` is not a regular file; name a policy file",
                    path.display()
                )
            }
            Self::TooLong(path) => write!(
                f,
                "`{}` is longer than {MAX_POLICY} bytes; name a policy file, or shorten it",
                path.display()
            ),
            Self::NotText(path) => {
                write!(
                    f,
                    "`{}` is not UTF-8 text; save it as UTF-8",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for PolicyFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, error) => Some(error),
            Self::Missing(_) | Self::NotAFile(_) | Self::TooLong(_) | Self::NotText(_) => None,
        }
    }
}

/// Resolves links once, opens what they lead to without following another, and reads it.
///
/// # Errors
/// When it is not a readable regular file of UTF-8 text within the bound.
pub(crate) fn read(path: &Path) -> Result<PolicyFile, PolicyFileError> {
    let unreadable = |error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            PolicyFileError::Missing(path.to_owned())
        } else {
            PolicyFileError::Unreadable(path.to_owned(), error)
        }
    };
    let real = path.canonicalize().map_err(unreadable)?;
    // Without NONBLOCK a FIFO put in the file's place would hang the open.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let fd = rustix::fs::open(&real, flags, Mode::empty()).map_err(|e| unreadable(e.into()))?;
    let stat = rustix::fs::fstat(&fd).map_err(|e| unreadable(e.into()))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(PolicyFileError::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::with_capacity(USUAL);
    std::fs::File::from(fd)
        .take(MAX_POLICY + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_POLICY {
        return Err(PolicyFileError::TooLong(path.to_owned()));
    }
    let not_text = || PolicyFileError::NotText(path.to_owned());
    Ok(PolicyFile {
        path: real.to_str().ok_or_else(not_text)?.to_owned(),
        device: device_number(stat.st_dev),
        inode: stat.st_ino,
        text: String::from_utf8(bytes).map_err(|_| not_text())?,
    })
}

#[cfg(target_os = "linux")]
fn device_number(device: u64) -> u64 {
    device
}

#[cfg(not(target_os = "linux"))]
fn device_number(device: i32) -> u64 {
    u64::from(device.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_and_the_file_behind_them_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real.yaml");
        std::fs::write(&real, "kind: AgentPolicy\n").unwrap();
        let link = folder.path().join("link.yaml");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let file = read(&link).unwrap();
        assert_eq!(file.path, real.to_str().unwrap());
        assert_eq!(file.text, "kind: AgentPolicy\n");
        let inode = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&real).unwrap());
        assert_eq!(file.inode, inode);
    }

    #[test]
    fn what_is_not_a_policy_file_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("binary"), [0xff, 0xfe]).unwrap();
        std::fs::write(path("long"), vec![b'#'; 1024 * 1024 + 1]).unwrap();
        std::fs::write(path("longest"), vec![b'#'; 1024 * 1024]).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path("fifo"),
            FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        check(&path("absent"), Some("does not exist"));
        check(&path("binary"), Some("is not UTF-8"));
        check(&path("long"), Some("is longer than"));
        check(&path("longest"), None);
        check(&path("fifo"), Some("is not a regular file"));
        check(folder.path(), Some("is not a regular file"));
    }

    fn check(path: &Path, want: Option<&str>) {
        let error = read(path).err().map(|error| error.to_string());
        match want {
            None => assert_eq!(error, None),
            Some(words) => assert!(
                error.as_deref().is_some_and(|e| e.contains(words)),
                "{error:?}"
            ),
        }
    }
}
