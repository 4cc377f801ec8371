//! Being started by a service manager: the listeners it hands over, the lock taken over from a
//! daemon that came first, and the end when nobody has use for the daemon any more.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use listenfd::ListenFd;
use tokio::sync::watch;
use tokio::time::Instant;
use wire::folders::Folders;

use crate::daemon::Daemon;
use crate::place::{Lock, PlaceError};

mod holder;

/// The listeners a service manager holds for us.
#[derive(Debug)]
pub struct Inherited {
    /// At the shims' path.
    pub shims: UnixListener,
    /// At the path of people's commands.
    pub people: UnixListener,
}

/// Why inherited sockets are not served.
#[derive(Debug)]
pub enum ActivationError {
    /// The variables are not as sd_listen_fds(3) has them.
    Variables(String),
    /// A descriptor is no listening Unix stream socket.
    Socket(usize, std::io::Error),
    /// A socket listens at another path than aip's.
    Elsewhere(Option<PathBuf>),
    /// Two sockets listen at one path.
    Twice(PathBuf),
    /// No socket listens at this path.
    Missing(PathBuf),
    /// What is at the path is not a socket of this user.
    NotOurs(PathBuf),
    /// The socket file can't be used.
    Io(PathBuf, std::io::Error),
}

impl std::fmt::Display for ActivationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variables(why) => write!(f, "inherited sockets can't be told apart: {why}"),
            Self::Socket(place, error) => write!(
                f,
                "inherited descriptor {place} is no listening Unix stream socket: {error}"
            ),
            Self::Elsewhere(Some(path)) => write!(
                f,
                "an inherited socket listens at `{}`, which is not a socket of aip; \
                 see `aipctl path sockets`",
                path.display()
            ),
            Self::Elsewhere(None) => {
                f.write_str("an inherited socket listens at no path; see `aipctl path sockets`")
            }
            Self::Twice(path) => write!(f, "`{}` was inherited twice", path.display()),
            Self::Missing(path) => write!(
                f,
                "no inherited socket listens at `{}`; add it to the socket unit",
                path.display()
            ),
            Self::NotOurs(path) => write!(
                f,
                "`{}` is not a socket of this user; remove it and start the socket unit again",
                path.display()
            ),
            Self::Io(path, error) => write!(f, "can't use `{}`: {error}", path.display()),
        }
    }
}

impl std::error::Error for ActivationError {}

/// The most descriptors looked at.
const MOST: usize = 8;

/// Takes over what a service manager has bound; `None` where none started us. Which socket is
/// which is asked of the kernel, not read from `LISTEN_FDNAMES`: one socket unit gives all its
/// sockets one name. Must run before any thread does, since it clears the variables.
///
/// # Errors
/// When there is anything but aip's own two sockets.
pub fn inherit(
    folders: &Folders,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Inherited>, ActivationError> {
    let Some(count) = announced(variable, std::process::id())? else {
        return Ok(None);
    };
    let mut given = ListenFd::from_env();
    let (mut shims, mut people) = (None, None);
    for place in 0..count {
        let listener = given
            .take_unix_listener(place)
            .and_then(listening)
            .map_err(|error| ActivationError::Socket(place, error))?;
        let path = path_of(&listener);
        let slot = match path.as_deref() {
            Some(path) if path == folders.shim_socket() => &mut shims,
            Some(path) if path == folders.control_socket() => &mut people,
            Some(_) | None => return Err(ActivationError::Elsewhere(path)),
        };
        if slot.replace(listener).is_some() {
            return Err(ActivationError::Twice(path.unwrap_or_default()));
        }
    }
    let usable = |listener: Option<UnixListener>, path: PathBuf| match listener {
        Some(listener) => make_private(listener, &path),
        None => Err(ActivationError::Missing(path)),
    };
    Ok(Some(Inherited {
        shims: usable(shims, folders.shim_socket())?,
        people: usable(people, folders.control_socket())?,
    }))
}

/// How many descriptors the variables announce to the process with this id.
fn announced(
    variable: impl Fn(&str) -> Option<String>,
    me: u32,
) -> Result<Option<usize>, ActivationError> {
    // Variables without a pid, or for another process, were not meant for this one.
    if variable("LISTEN_PID").and_then(|pid| pid.parse().ok()) != Some(me) {
        return Ok(None);
    }
    if variable("LISTEN_FDS_FIRST_FD").is_some() {
        let why = "`LISTEN_FDS_FIRST_FD` is set; unset it".to_owned();
        return Err(ActivationError::Variables(why));
    }
    let count = variable("LISTEN_FDS").unwrap_or_default();
    match count.parse() {
        Ok(count @ 1..=MOST) => Ok(Some(count)),
        Ok(_) | Err(_) => Err(ActivationError::Variables(format!(
            "`LISTEN_FDS` is `{count}`; two sockets are expected"
        ))),
    }
}

fn listening(listener: Option<UnixListener>) -> std::io::Result<UnixListener> {
    let listener = listener.ok_or(std::io::ErrorKind::NotFound)?;
    if rustix::net::sockopt::socket_acceptconn(&listener)? {
        Ok(listener)
    } else {
        Err(std::io::Error::other("it does not listen"))
    }
}

fn path_of(listener: &UnixListener) -> Option<PathBuf> {
    Some(listener.local_addr().ok()?.as_pathname()?.to_owned())
}

fn make_private(listener: UnixListener, path: &Path) -> Result<UnixListener, ActivationError> {
    let io = |error| ActivationError::Io(path.to_owned(), error);
    let found = std::fs::symlink_metadata(path).map_err(io)?;
    if !found.file_type().is_socket() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(ActivationError::NotOurs(path.to_owned()));
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(io)?;
    listener.set_nonblocking(true).map_err(io)?;
    Ok(listener)
}

/// How long a daemon that came first has to let go of the lock.
const HANDOVER: Duration = Duration::from_secs(10);
/// How often the lock is tried meanwhile.
const STEP: Duration = Duration::from_millis(25);

/// Takes the lock, asking the daemon that holds it to finish. Its sockets can't be reached for
/// that: the service manager has put its own in their place.
///
/// # Errors
/// [`PlaceError::Held`] when it is not let go in time.
pub async fn take_over(folders: &Folders) -> Result<Lock, PlaceError> {
    let until = Instant::now() + HANDOVER;
    let mut told = None;
    loop {
        match Lock::take(folders) {
            Err(PlaceError::Held) if Instant::now() < until => {}
            outcome => return outcome,
        }
        // Told once only: a second signal would cut its drain short.
        if told.is_none() {
            told = holder::end(&folders.lock());
            if let Some(pid) = told {
                tracing::info!(pid, "the daemon that runs was asked to finish");
            }
        }
        tokio::time::sleep(STEP).await;
    }
}

/// Counts the connections that are served, at both doors.
#[derive(Clone, Debug, Default)]
pub struct Open(watch::Sender<usize>);

/// One connection, for as long as this lives.
#[derive(Debug)]
pub struct Served(watch::Sender<usize>);

impl Open {
    /// One more is served.
    #[must_use]
    pub fn one(&self) -> Served {
        self.0.send_modify(|open| *open = open.saturating_add(1));
        Served(self.0.clone())
    }

    /// Ends the daemon once it has been of no use for so long. While a connection is open
    /// nothing is timed.
    pub async fn end_when_idle(self, daemon: Arc<Daemon>, idle: Duration) {
        let mut open = self.0.subscribe();
        loop {
            drop(open.wait_for(|open| *open == 0).await);
            let used = tokio::time::timeout(idle, async {
                drop(open.wait_for(|open| *open > 0).await);
            });
            let unused = used.await.is_err();
            // A session whose shim is about to come back counts as use.
            if unused && daemon.sessions().is_empty() && daemon.approvals.list().is_empty() {
                tracing::info!(
                    seconds = idle.as_secs(),
                    "nobody has had use for it: ending"
                );
                daemon.stop.send_replace(true);
                return;
            }
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open = open.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_meant_for_this_process_count() {
        check(&[], "None");
        check(&[("LISTEN_FDS", "2")], "None");
        check(&[("LISTEN_PID", "8"), ("LISTEN_FDS", "2")], "None");
        check(&[("LISTEN_PID", "7"), ("LISTEN_FDS", "2")], "Some(2)");
        check(&[("LISTEN_PID", "7")], "`LISTEN_FDS` is ``");
        check(&[("LISTEN_PID", "7"), ("LISTEN_FDS", "0")], "`0`");
        check(&[("LISTEN_PID", "7"), ("LISTEN_FDS", "9")], "`9`");
        check(
            &[
                ("LISTEN_PID", "7"),
                ("LISTEN_FDS", "2"),
                ("LISTEN_FDS_FIRST_FD", "0"),
            ],
            "unset it",
        );
        fn check(set: &[(&str, &str)], wanted: &str) {
            let variable = |name: &str| {
                let found = set.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let got = match announced(variable, 7) {
                Ok(count) => format!("{count:?}"),
                Err(error) => error.to_string(),
            };
            assert!(got.contains(wanted), "{set:?}: {got}");
        }
    }
}
