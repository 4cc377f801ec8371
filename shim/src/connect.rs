//! Opens a connection to the daemon, once it is certain that folder, socket and peer are ours.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use wire::folders::Folders;

/// No connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ConnectError {
    /// Nobody listens there: a daemon may be started.
    Nobody(PathBuf),
    /// The daemon is too busy to accept.
    Busy,
    /// Not ours, or not what it should be: nothing is sent there.
    Foreign(PathBuf, &'static str),
    /// Another process answers.
    ForeignPeer(u32),
    Failed(PathBuf, Errno),
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nobody(path) => write!(f, "nobody listens on `{}`", path.display()),
            Self::Busy => write!(f, "the daemon accepts no connection"),
            Self::Foreign(path, what) => {
                write!(
                    f,
                    "`{}` {what}; remove it, or set AIP_HOME to a folder of yours",
                    path.display()
                )
            }
            Self::ForeignPeer(uid) => {
                write!(
                    f,
                    "the daemon's socket is answered by user {uid}; set AIP_HOME to a folder of yours"
                )
            }
            Self::Failed(path, Errno::NAMETOOLONG) => {
                write!(
                    f,
                    "`{}` is too long for a socket; set AIP_HOME to a shorter one",
                    path.display()
                )
            }
            Self::Failed(path, error) => write!(f, "`{}`: {error}", path.display()),
        }
    }
}

impl std::error::Error for ConnectError {}

/// Connects to the daemon's socket for shims, without ever blocking.
///
/// # Errors
/// When nobody listens, or somebody does who should not.
pub(crate) fn to_daemon(folders: &Folders) -> Result<OwnedFd, ConnectError> {
    let path = folders.shim_socket();
    check(&folders.runtime, FileType::Directory)?;
    check(&path, FileType::Socket)?;
    let failed = |error| match error {
        Errno::NOENT | Errno::CONNREFUSED => ConnectError::Nobody(path.clone()),
        Errno::AGAIN => ConnectError::Busy,
        other => ConnectError::Failed(path.clone(), other),
    };
    let address = SocketAddrUnix::new(&path).map_err(failed)?;
    let socket =
        rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).map_err(failed)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC).map_err(failed)?;
    // A full backlog would block otherwise.
    rustix::io::ioctl_fionbio(&socket, true).map_err(failed)?;
    rustix::net::connect(&socket, &address).map_err(failed)?;
    check_peer(&socket)?;
    Ok(socket)
}

fn check(path: &Path, kind: FileType) -> Result<(), ConnectError> {
    let foreign = |what| Err(ConnectError::Foreign(path.to_owned(), what));
    let stat = match rustix::fs::lstat(path) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Err(ConnectError::Nobody(path.to_owned())),
        Err(error) => return Err(ConnectError::Failed(path.to_owned(), error)),
    };
    if FileType::from_raw_mode(stat.st_mode) != kind {
        return foreign("is not what the daemon makes there");
    }
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return foreign("belongs to another user");
    }
    if kind == FileType::Directory && stat.st_mode & 0o022 != 0 {
        return foreign("can be written by others");
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn check_peer(socket: &OwnedFd) -> Result<(), ConnectError> {
    match rustix::net::sockopt::socket_peercred(socket) {
        Ok(peer) if peer.uid == rustix::process::geteuid() => Ok(()),
        Ok(peer) => Err(ConnectError::ForeignPeer(peer.uid.as_raw())),
        Err(_) => Err(ConnectError::Busy),
    }
}

/// Elsewhere the owner and mode of the folder say who can have bound the socket.
#[cfg(not(target_os = "linux"))]
fn check_peer(_socket: &OwnedFd) -> Result<(), ConnectError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_socket_of_ours_in_a_folder_of_ours_is_connected_to() {
        let (_home, folders) = home();
        let _listener = UnixListener::bind(folders.shim_socket()).unwrap();
        assert!(to_daemon(&folders).is_ok());
    }

    #[test]
    fn what_is_missing_may_be_started() {
        let (_home, folders) = home();
        check(&folders, "nobody listens");
        drop(UnixListener::bind(folders.shim_socket()).unwrap());
        check(&folders, "nobody listens");
        std::fs::remove_dir_all(&folders.runtime).unwrap();
        check(&folders, "nobody listens");
    }

    #[test]
    fn links_and_folders_others_can_write_are_refused() {
        let (_home, folders) = home();
        let real = folders.runtime.join("real.sock");
        let _listener = UnixListener::bind(&real).unwrap();
        std::os::unix::fs::symlink(&real, folders.shim_socket()).unwrap();
        check(&folders, "is not what the daemon makes");
        std::fs::remove_file(folders.shim_socket()).unwrap();
        std::fs::write(folders.shim_socket(), "").unwrap();
        check(&folders, "is not what the daemon makes");
        std::fs::set_permissions(&folders.runtime, PermissionsExt::from_mode(0o777)).unwrap();
        check(&folders, "can be written by others");
        let moved = folders.state.join("moved");
        std::fs::rename(&folders.runtime, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &folders.runtime).unwrap();
        check(&folders, "is not what the daemon makes");
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_named() {
        let home = tempfile::tempdir().unwrap();
        let long = home.path().join("x".repeat(120));
        let folders = Folders::find(|_| Some(long.clone().into())).unwrap();
        std::fs::create_dir_all(&folders.runtime).unwrap();
        std::fs::set_permissions(&folders.runtime, PermissionsExt::from_mode(0o700)).unwrap();
        check(&folders, "nobody listens");
    }

    fn home() -> (tempfile::TempDir, Folders) {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::find(|_| Some(home.path().into())).unwrap();
        std::fs::create_dir(&folders.runtime).unwrap();
        std::fs::set_permissions(&folders.runtime, PermissionsExt::from_mode(0o700)).unwrap();
        (home, folders)
    }

    fn check(folders: &Folders, want: &str) {
        let error = to_daemon(folders).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}
