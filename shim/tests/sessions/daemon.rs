//! A daemon played by a test: it says what the test says, or passes everything.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use wire::folders::Folders;
use wire::link::{self, Decoder, End, Hello, Packet, Stream, Welcome};

/// Far longer than anything here takes, apart from what waits on purpose.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Daemon {
    listener: UnixListener,
}

impl Daemon {
    /// Listens where an `aip` with this `AIP_HOME` looks.
    pub(crate) fn listen(home: &Path) -> Self {
        let folders = Folders::find(|_| Some(home.into())).unwrap();
        std::fs::create_dir_all(&folders.runtime).unwrap();
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&folders.runtime, mode).unwrap();
        let _ = std::fs::remove_file(folders.shim_socket());
        let listener = UnixListener::bind(folders.shim_socket()).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener }
    }

    pub(crate) fn accept(&self) -> Peer {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => return Peer::new(stream),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(Instant::now() < until, "no shim connects");
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Accepts a shim and begins a session with it.
    pub(crate) fn welcome(&self) -> (Peer, Hello) {
        self.welcome_as(Welcome::default())
    }

    pub(crate) fn welcome_as(&self, welcome: Welcome) -> (Peer, Hello) {
        let mut peer = self.accept();
        let hello = peer.hello();
        peer.send(&Packet::Welcome(Welcome {
            version: 1,
            session: "0190-session".to_owned(),
            secret: "secret".to_owned(),
            ..welcome
        }));
        (peer, hello)
    }
}

pub(crate) struct Peer {
    stream: UnixStream,
    decoder: Decoder,
}

impl Peer {
    fn new(stream: UnixStream) -> Self {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            decoder: Decoder::default(),
        }
    }

    /// A shim that has gone hears nothing; its silence is found by [`Peer::next`].
    pub(crate) fn send(&mut self, packet: &Packet) {
        let mut bytes = Vec::new();
        link::encode(packet, &mut bytes);
        self.send_raw(&bytes);
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        if let Err(error) = self.stream.write_all(bytes) {
            assert!(gone.contains(&error.kind()), "{error}");
        }
    }

    /// The next packet, or `None` once the shim has closed the connection.
    pub(crate) fn next(&mut self) -> Option<Packet> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            if let Some(packet) = self.decoder.next_packet().unwrap() {
                return Some(packet);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.decoder.push(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("the shim says nothing: {error}"),
            }
        }
    }

    /// The next packet that `wanted` accepts; what comes before it is skipped.
    pub(crate) fn until<T>(&mut self, mut wanted: impl FnMut(Packet) -> Option<T>) -> T {
        loop {
            let packet = self.next().expect("the shim has gone");
            if let Some(found) = wanted(packet) {
                return found;
            }
        }
    }

    pub(crate) fn hello(&mut self) -> Hello {
        self.until(|packet| match packet {
            Packet::Hello(hello) => Some(hello),
            other => panic!("a hello comes first, not {other:?}"),
        })
    }

    /// The next frame.
    pub(crate) fn frame(&mut self) -> (Stream, u64, String) {
        self.until(|packet| match packet {
            Packet::Frame {
                stream,
                number,
                bytes,
            } => Some((stream, number, String::from_utf8(bytes).unwrap())),
            _ => None,
        })
    }

    pub(crate) fn pass(&mut self, stream: Stream, number: u64) {
        self.send(&Packet::AsIs { stream, number });
    }

    pub(crate) fn end(&mut self) {
        self.send(&Packet::End(End::default()));
    }

    /// Passes every frame as it is and ends the session when the server has ended; gives back
    /// all that came.
    pub(crate) fn pass_all(&mut self) -> Vec<Packet> {
        let mut seen = Vec::new();
        while let Some(packet) = self.next() {
            match &packet {
                Packet::Frame { stream, number, .. } => self.pass(*stream, *number),
                Packet::Oversize { stream, number, .. } => {
                    self.send(&Packet::Drop {
                        stream: *stream,
                        number: *number,
                    });
                }
                Packet::Exited(_) => self.end(),
                _ => {}
            }
            seen.push(packet);
        }
        seen
    }
}
