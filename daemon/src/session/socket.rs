//! The connection to a shim. Tokio's own stream asks to be told of both directions, and is woken
//! each time a shim takes a verdict out of the socket; this one asks for writing only when it
//! has to wait for it.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use wire::link::Decoder;

/// Bytes read at once.
const READ: usize = 64 * 1024;

thread_local! {
    /// Where all sessions of a thread read to: none waits while it holds it.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub(super) struct Socket {
    stream: AsyncFd<UnixStream>,
}

impl Socket {
    /// Takes a connection over from tokio's stream.
    pub(super) fn new(stream: tokio::net::UnixStream) -> io::Result<Self> {
        let stream = watch(stream.into_std()?, Interest::READABLE)?;
        Ok(Self { stream })
    }

    /// Reads once and hands on what came; 0 is the end. Nothing is lost when it is dropped while it
    /// waits.
    pub(super) async fn read(&self, decoder: &mut Decoder) -> io::Result<usize> {
        loop {
            let mut ready = self.stream.readable().await?;
            let read = ready.try_io(|fd| {
                BUFFER.with_borrow_mut(|buffer| {
                    buffer.resize(READ, 0);
                    let count = fd.get_ref().read(buffer)?;
                    decoder.push(buffer.get(..count).unwrap_or_default());
                    Ok(count)
                })
            });
            match read {
                Ok(Ok(count)) => {
                    // Less than was asked for: the socket is empty, and says so when it is not.
                    if count > 0 && count < READ {
                        ready.clear_ready();
                    }
                    return Ok(count);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Err(error),
                Err(_would_block) => {}
            }
        }
    }

    /// Writes all of it.
    pub(super) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        let mut waits: Option<AsyncFd<UnixStream>> = None;
        while !bytes.is_empty() {
            match self.stream.get_ref().write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if waits.is_none() {
                        let own = self.stream.get_ref().try_clone()?;
                        waits = Some(watch(own, Interest::WRITABLE)?);
                    }
                    if let Some(waits) = &waits {
                        waits.writable().await?.clear_ready();
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[expect(
    deprecated,
    reason = "what replaces it is unsafe; std's stream keeps its one descriptor open while it lives"
)]
fn watch(stream: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    AsyncFd::with_interest(stream, interest)
}
