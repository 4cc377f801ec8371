//! The daemon's folders, its lock and its sockets: made private, and refused where they are a
//! link or someone else's.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use wire::folders::Folders;

/// Why the daemon can't use its folders.
#[derive(Debug)]
pub enum PlaceError {
    /// A file operation failed.
    Io(PathBuf, std::io::Error),
    /// A folder is a link, not a folder, or another user's.
    NotOurs(PathBuf),
    /// Another daemon holds the lock.
    Held,
}

impl std::fmt::Display for PlaceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "can't use `{}`: {error}", path.display()),
            Self::NotOurs(path) => write!(
                f,
                "`{}` is a link or another user's; move it away and start again",
                path.display()
            ),
            Self::Held => f.write_str("another aipd runs already"),
        }
    }
}

impl std::error::Error for PlaceError {}

/// Makes the folders where they are missing and checks those that are there.
///
/// # Errors
/// See [`PlaceError`].
pub fn prepare(folders: &Folders) -> Result<(), PlaceError> {
    for folder in [&folders.config, &folders.state, &folders.runtime] {
        private_folder(folder)?;
    }
    // The sockets' folder is the door: nobody else may even look in.
    let runtime = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(&folders.runtime, runtime)
        .map_err(|error| PlaceError::Io(folders.runtime.clone(), error))
}

fn private_folder(folder: &Path) -> Result<(), PlaceError> {
    let io = |error| PlaceError::Io(folder.to_owned(), error);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(io)?;
    let it = std::fs::symlink_metadata(folder).map_err(io)?;
    let others_write = it.mode() & 0o022 != 0;
    if !it.is_dir() || it.uid() != rustix::process::geteuid().as_raw() || others_write {
        return Err(PlaceError::NotOurs(folder.to_owned()));
    }
    Ok(())
}

/// Held for the daemon's life; only its holder may unlink or bind the sockets.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock, or says that another daemon has it.
    ///
    /// # Errors
    /// [`PlaceError::Held`] when another daemon runs.
    pub fn take(folders: &Folders) -> Result<Self, PlaceError> {
        let path = folders.lock();
        let io = |error| PlaceError::Io(path.clone(), error);
        let file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default())
            .open(&path)
            .map_err(io)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(PlaceError::Held),
            Err(error) => return Err(io(error.into())),
        }
        Ok(Self { file, path })
    }

    /// Writes down who holds it, for a daemon that is to take over and for people.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn sign(&self, pid: u32, started_by: StartedBy) -> Result<(), PlaceError> {
        let io = |error| PlaceError::Io(self.path.clone(), error);
        let line = format!("{pid} {}\n", started_by.word());
        self.file.set_len(0).map_err(io)?;
        (&self.file).write_all(line.as_bytes()).map_err(io)
    }
}

/// What started a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartedBy {
    /// A shim, or a person's command.
    Command,
    /// A service manager that holds its sockets.
    Socket,
}

impl StartedBy {
    fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Socket => "socket",
        }
    }
}

/// The process id its last holder has written into the lock file.
#[must_use]
pub fn holder(lock: &Path) -> Option<u32> {
    let mut text = String::new();
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default())
        .open(lock)
        .ok()?;
    file.take(MAX_SIGNATURE).read_to_string(&mut text).ok()?;
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// No longer than this is read of the lock file, in bytes.
const MAX_SIGNATURE: u64 = 64;

/// A socket file this daemon has made, told from one that took its place.
#[derive(Debug)]
pub struct Made {
    path: PathBuf,
    identity: Identity,
}

type Identity = (u64, u64, i64, i64);

fn identity(path: &Path) -> std::io::Result<Identity> {
    let it = std::fs::symlink_metadata(path)?;
    Ok((it.dev(), it.ino(), it.ctime(), it.ctime_nsec()))
}

impl Made {
    /// Unlinks it, unless a service manager has meanwhile put its own there.
    pub fn remove(&self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            let _gone = std::fs::remove_file(&self.path);
        }
    }
}

/// Binds a socket, mode 0600, in place of one a daemon that was killed has left.
///
/// # Errors
/// When it can't be bound; the caller must hold the [`Lock`].
pub fn bind(path: &Path, _lock: &Lock) -> Result<(UnixListener, Made), PlaceError> {
    let io = |error| PlaceError::Io(path.to_owned(), error);
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(io(error)),
    }
    let listener = UnixListener::bind(path).map_err(io)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(io)?;
    listener.set_nonblocking(true).map_err(io)?;
    let identity = identity(path).map_err(io)?;
    let path = path.to_owned();
    Ok((listener, Made { path, identity }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(home: &Path) -> Folders {
        let home = home.to_owned();
        Folders::find(move |name| (name == "AIP_HOME").then(|| home.clone().into())).unwrap()
    }

    #[test]
    fn a_second_daemon_finds_the_lock_held() {
        let home = tempfile::tempdir().unwrap();
        let folders = folders(home.path());
        prepare(&folders).unwrap();
        let _first = Lock::take(&folders).unwrap();
        assert!(matches!(Lock::take(&folders), Err(PlaceError::Held)));
    }

    #[test]
    fn a_holder_is_known_by_what_it_wrote() {
        let home = tempfile::tempdir().unwrap();
        let folders = folders(home.path());
        prepare(&folders).unwrap();
        let lock = Lock::take(&folders).unwrap();
        assert_eq!(holder(&folders.lock()), None);
        lock.sign(4711, StartedBy::Socket).unwrap();
        assert_eq!(holder(&folders.lock()), Some(4711));
    }

    #[test]
    fn a_socket_that_took_our_place_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let folders = folders(home.path());
        prepare(&folders).unwrap();
        let lock = Lock::take(&folders).unwrap();
        let path = folders.shim_socket();
        let (_ours, made) = bind(&path, &lock).unwrap();
        std::fs::remove_file(&path).unwrap();
        let _theirs = UnixListener::bind(&path).unwrap();
        made.remove();
        assert!(path.exists(), "the other's socket was unlinked");
        let (_ours, made) = bind(&path, &lock).unwrap();
        made.remove();
        assert!(!path.exists(), "our own socket was left");
    }

    #[test]
    fn a_linked_folder_is_refused() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere", home.path().join("run")).unwrap();
        assert!(matches!(
            prepare(&folders(home.path())),
            Err(PlaceError::NotOurs(_))
        ));
    }

    #[test]
    fn a_folder_others_can_write_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(home.path(), open).unwrap();
        assert!(matches!(
            prepare(&folders(home.path())),
            Err(PlaceError::NotOurs(_))
        ));
    }
}
