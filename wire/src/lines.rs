//! A byte stream cut into lines, whatever way it arrives; memory is bounded by the longest line
//! allowed, and an over-long line keeps only its two ends.

use std::collections::VecDeque;

use memchr::memchr;

use crate::link::{OVERSIZE_HEAD, OVERSIZE_TAIL};

/// One line, its newline not counted.
#[derive(Clone, PartialEq, Eq)]
pub enum Line {
    /// A line as read.
    Frame(Vec<u8>),
    /// A line longer than allowed.
    Oversize {
        /// Its first bytes: at most [`OVERSIZE_HEAD`].
        head: Vec<u8>,
        /// Its last bytes: at most [`OVERSIZE_TAIL`], none of them in the head.
        tail: Vec<u8>,
        /// Its whole length in bytes.
        length: u64,
    },
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame(bytes) => write!(f, "frame of {} bytes", bytes.len()),
            Self::Oversize { length, .. } => write!(f, "oversize line of {length} bytes"),
        }
    }
}

/// Cuts a byte stream at its newlines. Blank lines are left out. Take all lines with
/// [`Splitter::next_line`] before pushing more: what is pushed is kept until taken.
pub struct Splitter {
    max: usize,
    whole: VecDeque<Line>,
    part: Vec<u8>,
    /// The line under way, once it is over `max`; `part` is then its head.
    over: Option<Over>,
}

/// What is kept of an over-long line behind its head.
struct Over {
    length: u64,
    /// Its end, and up to as much again before it, so that not every push has to move it.
    tail: Vec<u8>,
}

impl Over {
    fn grow(&mut self, bytes: &[u8]) {
        let last = bytes.len().saturating_sub(OVERSIZE_TAIL);
        self.tail
            .extend_from_slice(bytes.get(last..).unwrap_or_default());
        if self.tail.len() > 2 * OVERSIZE_TAIL {
            self.trim();
        }
    }

    fn trim(&mut self) {
        let surplus = self.tail.len().saturating_sub(OVERSIZE_TAIL);
        self.tail.drain(..surplus);
    }
}

impl std::fmt::Debug for Splitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Splitter")
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

impl Splitter {
    /// A splitter whose lines are at most `max` bytes, the newline not counted.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            max,
            whole: VecDeque::new(),
            part: Vec::new(),
            over: None,
        }
    }

    /// Takes in what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((last, [_, after @ ..])) =
            memchr(b'\n', rest).and_then(|end| rest.split_at_checked(end))
        {
            self.grow(last);
            self.end_line();
            rest = after;
        }
        if !rest.is_empty() {
            self.grow(rest);
        }
    }

    /// The next whole line, or `None` until more is pushed.
    pub fn next_line(&mut self) -> Option<Line> {
        self.whole.pop_front()
    }

    /// At the end of the stream: the next line, the last one also when it has no newline. Call
    /// it until it gives `None`.
    pub fn finish(&mut self) -> Option<Line> {
        self.end_line();
        self.next_line()
    }

    fn grow(&mut self, piece: &[u8]) {
        if let Some(over) = &mut self.over {
            over.length = over.length.saturating_add(piece.len() as u64);
            over.grow(piece);
        } else if piece.len() <= self.max - self.part.len() {
            // With room for the newline that is put back when the line is forwarded.
            self.part.reserve(piece.len() + 1);
            self.part.extend_from_slice(piece);
        } else {
            self.over = Some(self.overflow(piece));
        }
    }

    /// With this piece the line is over-long: `part` becomes its head.
    fn overflow(&mut self, piece: &[u8]) -> Over {
        let mut over = Over {
            length: (self.part.len() + piece.len()) as u64,
            tail: Vec::new(),
        };
        let head = OVERSIZE_HEAD.min(self.max);
        over.grow(self.part.get(head..).unwrap_or_default());
        let missing = head.saturating_sub(self.part.len());
        let (first, rest) = piece.split_at_checked(missing).unwrap_or((piece, &[]));
        over.grow(rest);
        self.part.truncate(head);
        self.part.extend_from_slice(first);
        self.part.shrink_to_fit();
        over
    }

    /// The part so far becomes a line, its memory with it.
    fn end_line(&mut self) {
        let part = std::mem::take(&mut self.part);
        if let Some(mut over) = self.over.take() {
            over.trim();
            self.whole.push_back(Line::Oversize {
                head: part,
                tail: over.tail,
                length: over.length,
            });
        } else if !part.iter().all(u8::is_ascii_whitespace) {
            self.whole.push_back(Line::Frame(part));
        }
    }
}
