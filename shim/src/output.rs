//! Writes without ever blocking, and without changing a descriptor that others share.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::FileType;
use rustix::io::Errno;
use rustix::net::SendFlags;

use crate::exchange::Token;

/// The most that is written at once to a shared descriptor that may block: a pipe that polls
/// as writable takes this much.
const CAREFUL: usize = 4096;
/// Chunks written by one call.
const BATCH: usize = 64;

/// What became of a chunk that somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Written(Token),
    /// The reader is gone.
    Lost(Token),
}

/// How the descriptor may be written.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// It is ours and non-blocking, or a file: as much as it takes.
    Free,
    /// A shared socket: non-blocking by the call.
    Socket,
    /// Shared and blocking: small pieces, each after a poll.
    Careful,
}

#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    token: Option<Token>,
}

/// A queue in front of a descriptor.
#[derive(Debug)]
pub(crate) struct Output {
    fd: Option<OwnedFd>,
    way: Way,
    chunks: VecDeque<Chunk>,
    /// Bytes of the first chunk that are written.
    offset: usize,
    queued: usize,
}

impl Output {
    /// For one of our own standard descriptors, whose open file others may share.
    pub(crate) fn shared(fd: BorrowedFd<'_>) -> std::io::Result<Self> {
        let kind = FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode);
        let (fd, way) = match kind {
            FileType::RegularFile => (fd.try_clone_to_owned()?, Way::Free),
            FileType::Socket => (fd.try_clone_to_owned()?, Way::Socket),
            FileType::Fifo => match reopen(fd) {
                Some(own) => (own, Way::Free),
                None => (fd.try_clone_to_owned()?, Way::Careful),
            },
            FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Directory
            | FileType::Symlink
            | FileType::Unknown => (fd.try_clone_to_owned()?, Way::Careful),
        };
        Ok(Self::new(Some(fd), way))
    }

    /// For an end of a pipe that is ours alone.
    pub(crate) fn own(fd: OwnedFd) -> std::io::Result<Self> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        Ok(Self::new(Some(fd), Way::Free))
    }

    /// One that is closed from the start.
    pub(crate) fn closed() -> Self {
        Self::new(None, Way::Free)
    }

    fn new(fd: Option<OwnedFd>, way: Way) -> Self {
        Self {
            fd,
            way,
            chunks: VecDeque::new(),
            offset: 0,
            queued: 0,
        }
    }

    /// The descriptor, until it is closed or its reader is gone.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.fd.as_ref().map(AsFd::as_fd)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.fd.is_none()
    }

    /// Bytes not written yet.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    /// Puts bytes behind what is queued.
    pub(crate) fn push(&mut self, bytes: Vec<u8>, token: Option<Token>) {
        self.queued += bytes.len();
        self.chunks.push_back(Chunk { bytes, token });
    }

    /// Closes the descriptor; what is queued is lost at the next flush.
    pub(crate) fn close(&mut self) {
        self.fd = None;
    }

    /// Writes what the descriptor takes now and says what became of the chunks.
    pub(crate) fn flush(&mut self, fates: &mut Vec<Fate>) {
        while !self.chunks.is_empty() {
            let Some(fd) = &self.fd else {
                self.lose(fates);
                break;
            };
            match self.write_some(fd.as_fd()) {
                Ok(count) => {
                    self.advance(count, fates);
                    if self.is_full() {
                        break;
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => self.fd = None,
            }
        }
    }

    /// Whether the last write stopped within a chunk for want of room: poll(2) tells when to go on.
    fn is_full(&self) -> bool {
        let stopped = self.offset > 0;
        match self.way {
            Way::Free | Way::Socket => stopped,
            Way::Careful => false,
        }
    }

    fn write_some(&self, fd: BorrowedFd<'_>) -> Result<usize, Errno> {
        match self.way {
            Way::Free if self.chunks.len() == 1 => rustix::io::write(fd, self.first(usize::MAX)),
            Way::Free => self.write_batch(fd),
            Way::Socket => rustix::net::send(fd, self.first(usize::MAX), send_flags()),
            Way::Careful if takes_more(fd) => rustix::io::write(fd, self.first(CAREFUL)),
            Way::Careful => Err(Errno::AGAIN),
        }
    }

    fn first(&self, most: usize) -> &[u8] {
        let rest = self
            .chunks
            .front()
            .and_then(|chunk| chunk.bytes.get(self.offset..));
        let rest = rest.unwrap_or_default();
        rest.get(..most).unwrap_or(rest)
    }

    fn write_batch(&self, fd: BorrowedFd<'_>) -> Result<usize, Errno> {
        let rest = self
            .chunks
            .iter()
            .skip(1)
            .map(|chunk| chunk.bytes.as_slice());
        let chunks = std::iter::once(self.first(usize::MAX)).chain(rest);
        let mut slices = [IoSlice::new(&[]); BATCH];
        let mut count = 0;
        for (slot, bytes) in slices.iter_mut().zip(chunks) {
            *slot = IoSlice::new(bytes);
            count += 1;
        }
        rustix::io::writev(fd, slices.get(..count).unwrap_or_default())
    }

    fn advance(&mut self, mut count: usize, fates: &mut Vec<Fate>) {
        self.queued = self.queued.saturating_sub(count);
        while let Some(chunk) = self.chunks.front() {
            let left = chunk.bytes.len() - self.offset;
            if count < left {
                self.offset += count;
                return;
            }
            count -= left;
            self.offset = 0;
            fates.extend(chunk.token.map(Fate::Written));
            self.chunks.pop_front();
        }
    }

    fn lose(&mut self, fates: &mut Vec<Fate>) {
        fates.extend(
            self.chunks
                .drain(..)
                .filter_map(|chunk| chunk.token)
                .map(Fate::Lost),
        );
        self.offset = 0;
        self.queued = 0;
    }
}

/// A pipe opened anew has an open file of its own, whose flags nobody shares.
#[cfg(target_os = "linux")]
fn reopen(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    use rustix::fs::{Mode, OFlags};
    use std::os::fd::AsRawFd as _;
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn reopen(_fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    None
}

#[cfg(target_os = "linux")]
fn send_flags() -> SendFlags {
    SendFlags::DONTWAIT | SendFlags::NOSIGNAL
}

#[cfg(not(target_os = "linux"))]
fn send_flags() -> SendFlags {
    SendFlags::DONTWAIT
}

fn takes_more(fd: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::OUT)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    rustix::event::poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
}

#[cfg(test)]
mod tests;
