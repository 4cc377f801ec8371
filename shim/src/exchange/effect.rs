//! What a verdict asks for: which bytes, where, and what is reported after.

use wire::link::Stream;

/// Where an effect's bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sink {
    /// To the client: our standard output.
    Client,
    /// To the server: its standard input.
    Server,
    /// To the person: our standard error.
    Person,
}

/// What the daemon is told once an effect has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A frame's verdict; it may have asked for two writes.
    Verdict(Stream, u64),
    /// An injected frame.
    Injected(Stream, u64),
}

/// What is to be done.
#[derive(PartialEq, Eq)]
pub(crate) enum Effect {
    /// Write the bytes and report the token.
    Write(Sink, Vec<u8>, Token),
    /// Append a record's line to the `--audit` file, then call [`Exchange::mirrored`].
    Mirror(u64, Vec<u8>),
}

impl std::fmt::Debug for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Write(sink, bytes, token) => {
                write!(f, "write {} bytes to {sink:?} for {token:?}", bytes.len())
            }
            Self::Mirror(number, _) => write!(f, "mirror record {number}"),
        }
    }
}

/// Where a frame's forwarded bytes go, and where a reply to it goes.
pub(super) fn sides(stream: Stream) -> Option<(Sink, Sink)> {
    match stream {
        Stream::Client => Some((Sink::Server, Sink::Client)),
        Stream::Server => Some((Sink::Client, Sink::Server)),
        // Nobody listens behind the server's standard error: a reply is for the person too.
        Stream::Stderr => Some((Sink::Person, Sink::Person)),
        Stream::Diagnostic | Stream::Audit => None,
    }
}
