//! What can happen next, as the input spells it: an opcode, then what it needs.

use wire::link::Stream;

use super::cursor::Cursor;
use super::{message, rules};

/// What becomes of the batch of a group of frames, and of the verdicts on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Written; the verdicts go out.
    Written,
    /// It can't be written.
    Unwritten,
    /// Written; the daemon dies before a verdict goes out, and the frames are sent again.
    Lost,
}

/// One step.
#[derive(Clone, Debug)]
pub enum Step {
    /// A line of a side's, whether it is one of ours unchanged, and whether its group ends with it.
    Frame(Stream, Vec<u8>, bool, Option<Fate>),
    /// A line too long to be read, of which this is the head.
    Oversize(Stream, Vec<u8>),
    /// A line of the server's standard error.
    Stderr(Vec<u8>),
    /// The person answers the nth approval.
    Person(usize, bool, Fate),
    /// Time goes by, in ms; what expires by then can be written or not.
    Clock(i64, Fate),
    /// The shim has written the verdict on the nth frame of those that carry answers.
    Done(Stream, usize),
    /// Another policy is in force.
    Policy(usize),
    /// The daemon-wide override.
    Override(usize),
    /// The daemon dies, and one started anew takes the session up.
    Killed,
    /// It dies, and is sent a call again that was decided before.
    Again(usize),
    /// Very many requests.
    Flood(usize),
    /// The server ends, and with it the session.
    Ends,
}

/// Floods: calls, requests of the server's, asks.
pub const FLOODS: usize = 3;
const MINUTES: [i64; 6] = [1, 30_000, 60_000, 61_000, 1_800_000, 3_600_000];

/// The next step, or none at the end of the input.
pub fn next(input: &mut Cursor<'_>) -> Option<Step> {
    if input.is_over() {
        return None;
    }
    Some(match input.below(24) {
        0..=6 => frame(input, Stream::Client, message::client),
        7..=11 => frame(input, Stream::Server, message::server),
        12 => raw(input),
        13 => {
            let (stream, line) = mutated(input);
            Step::Frame(stream, line, false, fate(input))
        }
        14 => {
            let (stream, line) = mutated(input);
            Step::Oversize(stream, line)
        }
        15 => Step::Stderr(message::stderr(input)),
        16 | 17 => Step::Person(input.below(4), input.below(4) != 0, whole(input)),
        18 => Step::Clock(input.pick(&MINUTES), whole(input)),
        19 => Step::Done(side(input), input.below(4)),
        20 => Step::Policy(input.below(rules::ALL.len())),
        21 => match input.below(8) {
            at @ 0..=2 => Step::Override(at),
            // As long as a hundred others: seldom.
            3 if input.byte() == 0xF1 => Step::Flood(input.below(FLOODS)),
            4 => Step::Ends,
            _ => Step::Override(0),
        },
        22 => Step::Killed,
        _ => Step::Again(input.below(8)),
    })
}

/// Raw bytes as the frames of an input: `<` before the server's, anything else before the client's.
pub fn raw_line(input: &mut Cursor<'_>) -> Option<Step> {
    if input.is_over() {
        return None;
    }
    let stream = if input.byte() == b'<' {
        Stream::Server
    } else {
        Stream::Client
    };
    let line = input.until(b'\n').to_vec();
    Some(Step::Frame(stream, line, false, Some(Fate::Written)))
}

fn frame(input: &mut Cursor<'_>, stream: Stream, line: fn(&mut Cursor<'_>) -> String) -> Step {
    let line = line(input).into_bytes();
    Step::Frame(stream, line, true, fate(input))
}

fn raw(input: &mut Cursor<'_>) -> Step {
    let stream = side(input);
    let many = usize::from(input.byte());
    let line: Vec<u8> = input
        .take(many)
        .iter()
        .copied()
        .filter(|it| *it != b'\n')
        .collect();
    Step::Frame(stream, line, false, fate(input))
}

/// A line of ours with a few bytes changed.
fn mutated(input: &mut Cursor<'_>) -> (Stream, Vec<u8>) {
    let stream = side(input);
    let mut line = match stream {
        Stream::Server => message::server(input),
        _ => message::client(input),
    }
    .into_bytes();
    for _ in 0..=input.below(3) {
        let at = input.number() % (line.len() + 1);
        match input.below(3) {
            0 if at < line.len() => line[at] = input.byte(),
            1 if at < line.len() => drop(line.remove(at)),
            _ => line.insert(at, input.byte()),
        }
    }
    line.retain(|it| *it != b'\n');
    (stream, line)
}

fn side(input: &mut Cursor<'_>) -> Stream {
    input.pick(&[Stream::Client, Stream::Server])
}

/// Mostly the group ends with the frame and is written.
fn fate(input: &mut Cursor<'_>) -> Option<Fate> {
    match input.below(16) {
        0..=9 => Some(Fate::Written),
        10..=12 => None,
        13 | 14 => Some(Fate::Unwritten),
        _ => Some(Fate::Lost),
    }
}

fn whole(input: &mut Cursor<'_>) -> Fate {
    fate(input).unwrap_or(Fate::Written)
}

/// For a person who reads an input that failed.
impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, bytes) = match self {
            Self::Frame(stream, bytes, _, fate) => (format!("{stream:?} {fate:?}"), bytes),
            Self::Oversize(stream, bytes) => (format!("{stream:?} too long"), bytes),
            Self::Stderr(bytes) => ("stderr".to_owned(), bytes),
            other => return write!(f, "{other:?}"),
        };
        write!(f, "{name}: {}", String::from_utf8_lossy(bytes))
    }
}
