//! The frame protocol between a shim and the daemon: length-prefixed, bounded, versioned.
//!
//! A packet is a 16-byte header and a body:
//!
//! ```text
//! 0..4    body length, u32 little-endian, at most MAX_BODY
//! 4       kind; the high bit marks a kind that an older peer may skip
//! 5       stream (see Stream; 0 where the kind has none)
//! 6..8    zero, reserved
//! 8..16   number of the frame in its stream, u64 little-endian (0 where the kind has none)
//! ```

use std::ops::RangeInclusive;

mod debug;
mod decode;
mod encode;
mod facts;
mod kind;

pub use decode::Decoder;
pub use encode::{encode, frame};
pub use facts::{End, Exited, Hello, PolicyFile, Refused, Resume, Spawned, Welcome};

/// First bytes of every hello, so that a stranger on the socket is told apart at once.
pub const MAGIC: [u8; 4] = *b"AIPL";
/// The protocol versions this build speaks.
pub const VERSIONS: RangeInclusive<u16> = 1..=1;
/// Bytes of a packet's header.
pub const HEADER: usize = 16;
/// The longest frame either side of a session may send, in bytes, its newline not counted.
pub const MAX_FRAME: usize = 10 * 1024 * 1024;
/// The longest body of a packet: a frame re-serialised at its worst (each control byte six).
pub const MAX_BODY: usize = 6 * MAX_FRAME + 1024;
/// How much of an over-long line is passed on, so that its id can be looked for.
pub const OVERSIZE_HEAD: usize = 4096;
/// How much of its end is passed on too: some SDKs write the id last.
pub const OVERSIZE_TAIL: usize = 512;

/// Where a frame came from, or where an injected one goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stream {
    /// The AI client: frames read from it; injected frames are written to it.
    Client = 1,
    /// The MCP server: frames read from it; injected frames are written to it.
    Server = 2,
    /// The server's standard error, read only where the policy has it filtered.
    Stderr = 3,
    /// A line for the person: the shim writes it to its own standard error.
    Diagnostic = 4,
    /// A line for the session's `--audit` mirror, numbered by its audit record.
    Audit = 5,
}

/// One packet of the protocol. Its `Debug` shows no frame's bytes.
#[expect(
    clippy::large_enum_variant,
    reason = "packets are handled one at a time; a hello comes once a session"
)]
#[derive(Clone, PartialEq, Eq)]
pub enum Packet {
    /// shim: opens or resumes a session.
    Hello(Hello),
    /// daemon: the session stands; the server may be started.
    Welcome(Welcome),
    /// daemon: no session, and why.
    Refused(Refused),
    /// shim: one line from a stream, without its newline. Wants exactly one verdict.
    Frame {
        /// Where it was read.
        stream: Stream,
        /// Its number in the stream, from 1.
        number: u64,
        /// The line as read.
        bytes: Vec<u8>,
    },
    /// shim: a line over [`MAX_FRAME`], of which only the two ends were kept. Wants a verdict.
    Oversize {
        /// Where it was read.
        stream: Stream,
        /// Its number in the stream.
        number: u64,
        /// Its whole length in bytes.
        length: u64,
        /// Its first bytes, at most [`OVERSIZE_HEAD`].
        head: Vec<u8>,
        /// Its last bytes, at most [`OVERSIZE_TAIL`], none of them in the head.
        tail: Vec<u8>,
    },
    /// shim: the stream has ended; no frame follows on it.
    Closed {
        /// Which one.
        stream: Stream,
    },
    /// shim: the server runs.
    Spawned(Spawned),
    /// shim: the server has ended.
    Exited(Exited),
    /// shim: what the verdict on this frame asked for has been written in full.
    Done {
        /// The frame's stream.
        stream: Stream,
        /// The frame's number.
        number: u64,
    },
    /// shim: an injected frame has been written in full.
    Acked {
        /// The injected frame's stream.
        stream: Stream,
        /// Its number.
        number: u64,
    },
    /// daemon: forward the frame's own bytes.
    AsIs {
        /// The frame's stream.
        stream: Stream,
        /// The frame's number.
        number: u64,
    },
    /// daemon: forward these bytes in the frame's place. They end in a newline and may be
    /// several lines; the reply, where there is one, goes back to the frame's sender.
    Bytes {
        /// The frame's stream.
        stream: Stream,
        /// The frame's number.
        number: u64,
        /// For the other side.
        forward: Vec<u8>,
        /// For the sender.
        reply: Vec<u8>,
    },
    /// daemon: nothing is forwarded; these bytes, newline included, go back to the sender.
    Reply {
        /// The frame's stream.
        stream: Stream,
        /// The frame's number.
        number: u64,
        /// For the sender.
        bytes: Vec<u8>,
    },
    /// daemon: the frame is neither forwarded nor answered.
    Drop {
        /// The frame's stream.
        stream: Stream,
        /// The frame's number.
        number: u64,
    },
    /// daemon: the verdict waits for a person; later frames are not held up.
    Hold {
        /// The frame's stream.
        stream: Stream,
        /// The frame's number.
        number: u64,
    },
    /// daemon: write these bytes, newline included, to the stream. Wants an [`Packet::Acked`].
    Inject {
        /// Where to write.
        stream: Stream,
        /// Number to acknowledge.
        number: u64,
        /// What to write.
        bytes: Vec<u8>,
    },
    /// daemon: with this frame the last request of that one is answered. Comes before the frame's
    /// verdict, so that a shim can say on a resume which requests are over. May be skipped.
    Answers {
        /// The answering frame's stream.
        stream: Stream,
        /// The answering frame's number.
        number: u64,
        /// The number of the frame the requests came in, in the other stream.
        request: u64,
    },
    /// daemon: the session is over; the shim writes what it holds, ends the server and exits.
    End(End),
}

/// What a peer sent that is not this protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// A body longer than [`MAX_BODY`].
    TooLong {
        /// The length announced.
        length: u32,
    },
    /// A required kind this build does not know.
    UnknownKind(u8),
    /// A stream number this build does not know.
    UnknownStream(u8),
    /// The hello's first bytes are not [`MAGIC`].
    NotAip,
    /// No protocol version in common.
    NoCommonVersion {
        /// The peer's lowest.
        lowest: u16,
        /// The peer's highest.
        highest: u16,
    },
    /// A body that does not hold what its kind says.
    Malformed(&'static str),
}

impl std::fmt::Display for LinkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong { length } => {
                write!(
                    f,
                    "a packet of {length} bytes is over the bound of {MAX_BODY}"
                )
            }
            Self::UnknownKind(kind) => write!(f, "packet kind {kind:#04x} is required and unknown"),
            Self::UnknownStream(stream) => write!(f, "stream {stream} is unknown"),
            Self::NotAip => write!(f, "the peer does not speak aip's frame protocol"),
            Self::NoCommonVersion { lowest, highest } => write!(
                f,
                "the peer speaks frame protocol {lowest} to {highest}, this build {} to {}; \
                 update the older of the two",
                VERSIONS.start(),
                VERSIONS.end()
            ),
            Self::Malformed(what) => write!(f, "malformed {what}"),
        }
    }
}

impl std::error::Error for LinkError {}
