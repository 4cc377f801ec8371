//! How packets are shown: frames and policies may hold secrets, so only sizes of them are.

use std::fmt::{Debug, Formatter, Result};

use super::{Decoder, Hello, Packet, PolicyFile, Stream};

impl Debug for Packet {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut show = |kind: &str, stream: &Stream, number: &u64, bytes: usize| {
            write!(f, "{kind} {stream:?} {number} ({bytes} bytes)")
        };
        match self {
            Self::Hello(it) => it.fmt(f),
            Self::Welcome(it) => it.fmt(f),
            Self::Refused(it) => it.fmt(f),
            Self::Spawned(it) => it.fmt(f),
            Self::Exited(it) => it.fmt(f),
            Self::End(it) => it.fmt(f),
            Self::Closed { stream } => write!(f, "Closed {stream:?}"),
            Self::Frame {
                stream,
                number,
                bytes,
            } => show("Frame", stream, number, bytes.len()),
            Self::Oversize {
                stream,
                number,
                head,
                tail,
                ..
            } => show("Oversize", stream, number, head.len() + tail.len()),
            Self::Done { stream, number } => show("Done", stream, number, 0),
            Self::Acked { stream, number } => show("Acked", stream, number, 0),
            Self::AsIs { stream, number } => show("AsIs", stream, number, 0),
            Self::Bytes {
                stream,
                number,
                forward,
                reply,
            } => show("Bytes", stream, number, forward.len() + reply.len()),
            Self::Reply {
                stream,
                number,
                bytes,
            } => show("Reply", stream, number, bytes.len()),
            Self::Drop { stream, number } => show("Drop", stream, number, 0),
            Self::Hold { stream, number } => show("Hold", stream, number, 0),
            Self::Answers { stream, number, .. } => show("Answers", stream, number, 8),
            Self::Inject {
                stream,
                number,
                bytes,
            } => show("Inject", stream, number, bytes.len()),
        }
    }
}

impl Debug for Hello {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Hello")
            .field("build", &self.build)
            .field("resume", &self.resume)
            .field("policy", &self.policy)
            .field("cwd", &self.cwd)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Debug for PolicyFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("PolicyFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Debug for Decoder {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}
