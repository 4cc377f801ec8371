//! Speaks with the daemon over its control socket: one request a connection, any number of
//! items back, then an end or an error. Nothing is sent before it is sure whose socket it is.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use wire::control::{Failure, Request};

mod error;

pub use error::ClientError;

/// The longest line of an answer, in bytes.
pub const MAX_REPLY: u64 = 64 * 1024 * 1024;
/// How long the daemon may be silent before it is given up.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same where it has a whole store to read.
const LONG_PATIENCE: Duration = Duration::from_secs(120);
/// The same where it judges every call in the store, and says nothing before it is through.
const WALK_PATIENCE: Duration = Duration::from_secs(30 * 60);
/// The same where the person may have to give a password first, for which they have two minutes.
const PERSONS_PATIENCE: Duration = Duration::from_secs(240);

/// One line of the daemon's answer, its content left as it was written so that key order and
/// number lexemes survive into what is printed.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Item(Box<RawValue>),
    End(Box<RawValue>),
    Error(Failure),
}

/// A request's whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The items, in order.
    pub items: Vec<Box<RawValue>>,
    /// What the last line said.
    pub end: Box<RawValue>,
}

impl Answer {
    /// The items as a type.
    ///
    /// # Errors
    /// When one has another form.
    pub fn items<T: DeserializeOwned>(&self) -> Result<Vec<T>, ClientError> {
        self.items
            .iter()
            .map(|item| serde_json::from_str(item.get()))
            .collect::<Result<_, _>>()
            .map_err(ClientError::Form)
    }

    /// The end as a type.
    ///
    /// # Errors
    /// When it has another form.
    pub fn end<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_str(self.end.get()).map_err(ClientError::Form)
    }
}

/// Sends a request and gathers its whole answer.
///
/// # Errors
/// When the daemon can't be reached, can't be trusted, or refuses.
pub fn ask(socket: &Path, request: &Request) -> Result<Answer, ClientError> {
    let mut items = Vec::new();
    let end = follow(socket, request, |item| {
        items.push(item.to_owned());
        Ok::<(), ClientError>(())
    })?;
    Ok(Answer { items, end })
}

/// Sends a request and hands over each item as it comes; returns the end.
///
/// # Errors
/// As [`ask`], and whatever `each` returns.
pub fn follow<E: From<ClientError>>(
    socket: &Path,
    request: &Request,
    mut each: impl FnMut(&RawValue) -> Result<(), E>,
) -> Result<Box<RawValue>, E> {
    let stream = connect(socket)?;
    send(&stream, request)?;
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        read_line(&mut reader, &mut line)?;
        match serde_json::from_slice(&line).map_err(ClientError::Form)? {
            Line::Item(item) => each(&item)?,
            Line::End(end) => return Ok(end),
            Line::Error(failure) => return Err(ClientError::Refused(failure).into()),
        }
    }
}

fn send(mut stream: &UnixStream, request: &Request) -> Result<(), ClientError> {
    let mut line = serde_json::to_vec(request).map_err(ClientError::Form)?;
    line.push(b'\n');
    stream
        .set_read_timeout(patience(request))
        .map_err(ClientError::Io)?;
    stream
        .set_write_timeout(Some(PATIENCE))
        .map_err(ClientError::Io)?;
    stream.write_all(&line).map_err(ClientError::Io)
}

fn patience(request: &Request) -> Option<Duration> {
    if matches!(request, Request::ApprovalsWatch)
        || matches!(request, Request::Logs(query) if query.follow)
    {
        return None;
    }
    let long = matches!(request, Request::Logs(_) | Request::AuditVerify { .. });
    let walks = matches!(
        request,
        Request::PolicySuggest(_) | Request::PolicyReplay(_)
    );
    Some(if walks {
        WALK_PATIENCE
    } else if long {
        LONG_PATIENCE
    } else if is_a_persons(request) {
        PERSONS_PATIENCE
    } else {
        PATIENCE
    })
}

/// Whether the person may have to give their password for it.
#[must_use]
pub fn is_a_persons(request: &Request) -> bool {
    match request {
        Request::AuditErase(_)
        | Request::DashboardCode
        | Request::DashboardToken
        | Request::PolicyTrust { .. }
        | Request::Answer { .. }
        | Request::Extend { .. }
        | Request::GrantRevoke { .. }
        | Request::Override { .. }
        | Request::ToolsApprove { .. }
        | Request::ClientsUnwrap { .. } => true,
        Request::Status
        | Request::Sessions
        | Request::Logs(_)
        | Request::Records(_)
        | Request::Record { .. }
        | Request::Stats { .. }
        | Request::AuditState
        | Request::AuditVerify { .. }
        | Request::Policies { .. }
        | Request::PolicyReload
        | Request::PolicyValidate { .. }
        | Request::PolicyExplain(_)
        | Request::PolicyEffective(_)
        | Request::PolicyRules { .. }
        | Request::PolicySuggest(_)
        | Request::PolicyReplay(_)
        | Request::Approvals
        | Request::ApprovalsWatch
        | Request::GrantPlan { .. }
        | Request::Grants
        | Request::Tools
        | Request::ToolDefinitions { .. }
        | Request::DashboardRevoke
        | Request::Clients
        | Request::ClientsWrap { .. }
        | Request::Stop => false,
    }
}

fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> Result<(), ClientError> {
    line.clear();
    reader
        .take(MAX_REPLY + 1)
        .read_until(b'\n', line)
        .map_err(ClientError::Io)?;
    match line.last() {
        Some(b'\n') => Ok(()),
        Some(_) if line.len() as u64 > MAX_REPLY => Err(ClientError::TooLong),
        Some(_) | None => Err(ClientError::Cut),
    }
}

/// Connects, after checking that folder, socket and peer are this user's own.
fn connect(socket: &Path) -> Result<UnixStream, ClientError> {
    let me = rustix::process::geteuid().as_raw();
    let folder = socket.parent().unwrap_or(socket);
    check_place(folder, me, Kind::Folder)?;
    check_place(socket, me, Kind::Socket)?;
    let stream = UnixStream::connect(socket).map_err(|error| not_running(socket, error))?;
    check_peer(&stream, me)?;
    Ok(stream)
}

#[derive(Clone, Copy)]
enum Kind {
    Folder,
    Socket,
}

fn check_place(path: &Path, me: u32, kind: Kind) -> Result<(), ClientError> {
    let found = path
        .symlink_metadata()
        .map_err(|error| not_running(path, error))?;
    let refuse = |why| {
        Err(ClientError::Unsafe {
            path: PathBuf::from(path),
            why,
        })
    };
    if found.is_symlink() {
        return refuse("it is a link");
    }
    if found.uid() != me {
        return refuse("it belongs to another user");
    }
    match kind {
        Kind::Folder if !found.is_dir() => refuse("it is not a folder"),
        Kind::Folder if found.mode() & 0o077 != 0 => refuse("others may enter it"),
        Kind::Socket if !found.file_type().is_socket() => refuse("it is not a socket"),
        Kind::Folder | Kind::Socket => Ok(()),
    }
}

fn not_running(path: &Path, error: io::Error) -> ClientError {
    let nobody = [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];
    if nobody.contains(&error.kind()) {
        ClientError::NotRunning {
            socket: path.to_path_buf(),
        }
    } else {
        ClientError::Io(error)
    }
}

#[cfg(target_os = "linux")]
fn check_peer(stream: &UnixStream, me: u32) -> Result<(), ClientError> {
    let peer = rustix::net::sockopt::socket_peercred(stream)
        .map_err(|error| ClientError::Io(error.into()))?;
    match peer.uid.as_raw() {
        uid if uid == me => Ok(()),
        uid => Err(ClientError::OtherUser { uid }),
    }
}

/// Elsewhere the owner of folder and socket has to do: rustix has no peer credentials there.
#[cfg(not(target_os = "linux"))]
fn check_peer(_: &UnixStream, _: u32) -> Result<(), ClientError> {
    Ok(())
}
