//! One connection to the daemon: bytes waiting to be sent, packets taken out of what came.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use wire::link::{self, Decoder, LinkError, Packet};

/// Bytes encoded ahead of the socket; more would only be copied earlier than needed.
pub(crate) const AHEAD: usize = 256 * 1024;

/// Why a connection is over.
#[derive(Debug)]
pub(crate) enum Lost {
    Closed,
    Broken(Errno),
    Protocol(LinkError),
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => write!(f, "it closed the connection"),
            Self::Broken(error) => error.fmt(f),
            Self::Protocol(error) => error.fmt(f),
        }
    }
}

/// A connection that may not have been welcomed yet.
#[derive(Debug)]
pub(crate) struct Connection {
    fd: OwnedFd,
    out: Vec<u8>,
    start: usize,
    decoder: Decoder,
    welcomed: bool,
}

impl Connection {
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self {
            fd,
            out: Vec::new(),
            start: 0,
            decoder: Decoder::default(),
            welcomed: false,
        }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The daemon has welcomed us: frames may be sent, and what comes are verdicts.
    pub(crate) fn welcomed(&mut self) {
        self.welcomed = true;
    }

    pub(crate) fn is_welcomed(&self) -> bool {
        self.welcomed
    }

    pub(crate) fn send(&mut self, packet: &Packet) {
        link::encode(packet, &mut self.out);
    }

    /// Where packets may be appended, once what is there has been sent.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    pub(crate) fn has_unsent(&self) -> bool {
        self.start < self.out.len()
    }

    /// Sends what the socket takes now.
    ///
    /// # Errors
    /// When the connection is over.
    pub(crate) fn flush(&mut self) -> Result<(), Lost> {
        while let Some(rest) = self.out.get(self.start..).filter(|rest| !rest.is_empty()) {
            let asked = rest.len();
            match rustix::io::write(&self.fd, rest) {
                Ok(count) => {
                    self.start += count;
                    if count < asked {
                        // It is full: poll(2) tells when to go on.
                        return Ok(());
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(Lost::Broken(error)),
            }
        }
        self.start = 0;
        if self.out.capacity() > AHEAD {
            self.out = Vec::new();
        }
        self.out.clear();
        Ok(())
    }

    /// Reads once.
    ///
    /// # Errors
    /// When the connection is over.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<(), Lost> {
        match rustix::io::read(&self.fd, &mut *buffer) {
            Ok(0) => Err(Lost::Closed),
            Ok(count) => {
                self.decoder.push(buffer.get(..count).unwrap_or_default());
                Ok(())
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(()),
            Err(error) => Err(Lost::Broken(error)),
        }
    }

    /// The next packet that has come whole.
    ///
    /// # Errors
    /// When what came is not the protocol.
    pub(crate) fn next_packet(&mut self) -> Result<Option<Packet>, Lost> {
        self.decoder.next_packet().map_err(Lost::Protocol)
    }
}
