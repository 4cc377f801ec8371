//! From bytes to packets, whatever way the bytes arrive.

use super::{
    HEADER, Hello, LinkError, MAGIC, MAX_BODY, MAX_FRAME, OVERSIZE_HEAD, OVERSIZE_TAIL, Packet,
    Stream, VERSIONS,
};
use super::{facts, kind};

/// Takes packets out of a byte stream, however it is cut.
#[derive(Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
    /// The longest body taken, where that is less than [`MAX_BODY`].
    most: Option<usize>,
}

/// What the buffer shrinks to once a large packet has left it, in bytes.
const KEEP: usize = 64 * 1024;

impl Decoder {
    /// Bounds the bodies of packets from now on: a stranger's hello needs less than a frame.
    pub fn limit(&mut self, most: usize) {
        self.most = Some(most);
    }

    /// Takes in what was read from the socket.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole packet, or `None` until more bytes are pushed.
    ///
    /// # Errors
    /// When the peer breaks the protocol; the connection can't be used after that.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, LinkError> {
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            let Some((header, body)) = rest.split_first_chunk::<HEADER>() else {
                self.compact();
                return Ok(None);
            };
            let head = Header::read(header)?;
            if self.most.is_some_and(|most| head.length > most) {
                let length = u32::try_from(head.length).unwrap_or(u32::MAX);
                return Err(LinkError::TooLong { length });
            }
            let Some(body) = body.get(..head.length) else {
                self.compact();
                if head.length <= MAX_FRAME {
                    // Growing by doubling would need twice the room of a large frame.
                    let missing = (HEADER + head.length).saturating_sub(self.buffer.len());
                    self.buffer.reserve_exact(missing);
                }
                return Ok(None);
            };
            if head.kind == kind::FRAME && head.length > KEEP && body.len() + HEADER == rest.len() {
                return self.take_frame(&head).map(Some);
            }
            let packet = decode(&head, body);
            self.start += HEADER + head.length;
            match packet {
                Err(LinkError::UnknownKind(kind)) if kind & kind::OPTIONAL != 0 => {}
                other => return other.map(Some),
            }
        }
    }

    /// The large frame that is all there is goes out without a copy.
    fn take_frame(&mut self, head: &Header) -> Result<Packet, LinkError> {
        let stream = head.stream()?;
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.drain(..self.start + HEADER);
        self.start = 0;
        Ok(Packet::Frame {
            stream,
            number: head.number,
            bytes,
        })
    }

    /// Moves what is left to the front and gives back memory a large packet needed.
    fn compact(&mut self) {
        self.buffer.drain(..self.start);
        self.start = 0;
        if self.buffer.len() < KEEP && self.buffer.capacity() > KEEP {
            self.buffer.shrink_to(KEEP);
        }
    }
}

struct Header {
    length: usize,
    kind: u8,
    stream: u8,
    number: u64,
}

impl Header {
    fn read(bytes: &[u8; HEADER]) -> Result<Self, LinkError> {
        let [l0, l1, l2, l3, kind, stream, _, _, number @ ..] = *bytes;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        if length as usize > MAX_BODY {
            return Err(LinkError::TooLong { length });
        }
        Ok(Self {
            length: length as usize,
            kind,
            stream,
            number: u64::from_le_bytes(number),
        })
    }

    fn stream(&self) -> Result<Stream, LinkError> {
        [
            Stream::Client,
            Stream::Server,
            Stream::Stderr,
            Stream::Diagnostic,
            Stream::Audit,
        ]
        .into_iter()
        .find(|stream| *stream as u8 == self.stream)
        .ok_or(LinkError::UnknownStream(self.stream))
    }
}

fn decode(head: &Header, body: &[u8]) -> Result<Packet, LinkError> {
    let number = head.number;
    Ok(match head.kind {
        kind::HELLO => Packet::Hello(hello(body)?),
        kind::WELCOME => Packet::Welcome(facts::from_json(body, "welcome")?),
        kind::REFUSED => Packet::Refused(facts::from_json(body, "refusal")?),
        kind::FRAME => Packet::Frame {
            stream: head.stream()?,
            number,
            bytes: body.to_vec(),
        },
        kind::OVERSIZE => oversize(head, body)?,
        kind::CLOSED => Packet::Closed {
            stream: head.stream()?,
        },
        kind::SPAWNED => Packet::Spawned(facts::from_json(body, "spawned")?),
        kind::EXITED => Packet::Exited(facts::from_json(body, "exited")?),
        kind::DONE => Packet::Done {
            stream: head.stream()?,
            number,
        },
        kind::ACKED => Packet::Acked {
            stream: head.stream()?,
            number,
        },
        kind::AS_IS => Packet::AsIs {
            stream: head.stream()?,
            number,
        },
        kind::BYTES => {
            let (forward, reply) = two_parts(body).ok_or(LinkError::Malformed("bytes"))?;
            Packet::Bytes {
                stream: head.stream()?,
                number,
                forward: forward.to_vec(),
                reply: reply.to_vec(),
            }
        }
        kind::REPLY => Packet::Reply {
            stream: head.stream()?,
            number,
            bytes: body.to_vec(),
        },
        kind::DROP => Packet::Drop {
            stream: head.stream()?,
            number,
        },
        kind::HOLD => Packet::Hold {
            stream: head.stream()?,
            number,
        },
        kind::INJECT => Packet::Inject {
            stream: head.stream()?,
            number,
            bytes: body.to_vec(),
        },
        kind::ANSWERS => Packet::Answers {
            stream: head.stream()?,
            number,
            request: body
                .first_chunk()
                .map(|request| u64::from_le_bytes(*request))
                .ok_or(LinkError::Malformed("answers"))?,
        },
        kind::END => Packet::End(facts::from_json(body, "end")?),
        other => return Err(LinkError::UnknownKind(other)),
    })
}

fn oversize(header: &Header, body: &[u8]) -> Result<Packet, LinkError> {
    let parts = body
        .split_first_chunk()
        .and_then(|(length, rest)| Some((*length, two_parts(rest)?)));
    let (length, (head, tail)) = parts.ok_or(LinkError::Malformed("oversize"))?;
    let head = head.get(..OVERSIZE_HEAD).unwrap_or(head);
    let surplus = tail.len().saturating_sub(OVERSIZE_TAIL);
    Ok(Packet::Oversize {
        stream: header.stream()?,
        number: header.number,
        length: u64::from_le_bytes(length),
        head: head.to_vec(),
        tail: tail.get(surplus..).unwrap_or_default().to_vec(),
    })
}

/// A part with its length before it, and the rest.
fn two_parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

fn hello(body: &[u8]) -> Result<Hello, LinkError> {
    let rest = body.strip_prefix(&MAGIC).ok_or(LinkError::NotAip)?;
    let (versions, json) = rest
        .split_first_chunk::<4>()
        .ok_or(LinkError::Malformed("hello"))?;
    let [l0, l1, h0, h1] = *versions;
    let (lowest, highest) = (u16::from_le_bytes([l0, l1]), u16::from_le_bytes([h0, h1]));
    if lowest > *VERSIONS.end() || highest < *VERSIONS.start() {
        return Err(LinkError::NoCommonVersion { lowest, highest });
    }
    facts::from_json(json, "hello")
}
