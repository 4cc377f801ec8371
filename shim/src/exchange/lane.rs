//! The frames of one stream: numbered, kept until decided, counted until written.

use std::collections::{BTreeMap, BTreeSet};

use wire::lines::Line;
use wire::link::{self, Packet, Stream};

/// Undecided bytes past which no more is read.
pub(super) const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Undecided frames past which no more is read.
pub(super) const MAX_FRAMES: usize = 8192;

#[derive(Debug)]
pub(super) struct Lane {
    stream: Stream,
    kept: BTreeMap<u64, Line>,
    bytes: usize,
    held: BTreeSet<u64>,
    /// Decided frames and the writes each still wants.
    writing: BTreeMap<u64, usize>,
    next: u64,
    /// The first frame this connection has not carried.
    unsent: u64,
    ended: bool,
    closed_sent: bool,
}

impl Lane {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            kept: BTreeMap::new(),
            bytes: 0,
            held: BTreeSet::new(),
            writing: BTreeMap::new(),
            next: 1,
            unsent: 1,
            ended: false,
            closed_sent: false,
        }
    }

    pub(super) fn keep(&mut self, line: Line) {
        self.bytes += size(&line);
        self.kept.insert(self.next, line);
        self.next += 1;
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn next_number(&self) -> u64 {
        self.next
    }

    pub(super) fn has_room(&self) -> bool {
        self.bytes <= MAX_BYTES && self.kept.len() <= MAX_FRAMES
    }

    pub(super) fn is_settled(&self) -> bool {
        self.kept.is_empty() && self.writing.is_empty()
    }

    pub(super) fn is_decided(&self) -> bool {
        self.kept.is_empty()
    }

    pub(super) fn awaits_verdict(&self) -> bool {
        // Only frames that were sent are held. While a resend runs, the gaps the decided ones
        // left count as unsent too: that hides a wait only until all has been sent.
        let unsent = usize::try_from(self.next - self.unsent).unwrap_or(usize::MAX);
        self.kept.len() > self.held.len().saturating_add(unsent)
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.unsent < self.next
    }

    /// How far this stream has been sent.
    pub(super) fn sent(&self) -> u64 {
        self.unsent
    }

    pub(super) fn send_next(&mut self, out: &mut Vec<u8>) {
        let Some((number, line)) = self.kept.range(self.unsent..).next() else {
            self.unsent = self.next;
            return;
        };
        let (stream, number) = (self.stream, *number);
        match line {
            Line::Frame(bytes) => link::frame(out, stream, number, bytes),
            Line::Oversize { head, tail, length } => {
                let (head, tail, length) = (head.clone(), tail.clone(), *length);
                link::encode(
                    &Packet::Oversize {
                        stream,
                        number,
                        length,
                        head,
                        tail,
                    },
                    out,
                );
            }
        }
        // On a resend the decided ones leave gaps.
        self.unsent = self
            .kept
            .range(number + 1..)
            .next()
            .map_or(self.next, |(next, _)| *next);
    }

    pub(super) fn owes_closed(&self) -> bool {
        self.ended && !self.closed_sent
    }

    pub(super) fn send_closed(&mut self, out: &mut Vec<u8>) -> bool {
        let due = self.owes_closed();
        if due {
            link::encode(
                &Packet::Closed {
                    stream: self.stream,
                },
                out,
            );
            self.closed_sent = true;
        }
        due
    }

    pub(super) fn resend(&mut self) {
        self.unsent = self.kept.keys().next().copied().unwrap_or(self.next);
        self.held.clear();
        self.closed_sent = false;
    }

    pub(super) fn hold(&mut self, number: u64) {
        if self.kept.contains_key(&number) && number < self.unsent {
            self.held.insert(number);
        }
    }

    /// Takes the frame out, once.
    pub(super) fn decide(&mut self, number: u64) -> Option<Line> {
        if number >= self.unsent {
            return None;
        }
        let line = self.kept.remove(&number)?;
        self.held.remove(&number);
        self.bytes -= size(&line);
        Some(line)
    }

    pub(super) fn writing(&mut self, number: u64, writes: usize) {
        self.writing.insert(number, writes);
    }

    /// Whether this was the last write the frame wanted.
    pub(super) fn written(&mut self, number: u64) -> bool {
        match self.writing.get_mut(&number) {
            None => false,
            Some(left) if *left > 1 => {
                *left -= 1;
                false
            }
            Some(_) => self.writing.remove(&number).is_some(),
        }
    }

    pub(super) fn lost(&mut self, number: u64) {
        self.writing.remove(&number);
    }

    pub(super) fn give_up(&mut self) -> Vec<Line> {
        self.bytes = 0;
        self.held.clear();
        self.unsent = self.next;
        std::mem::take(&mut self.kept).into_values().collect()
    }

    pub(super) fn restart_numbers(&mut self) {
        if self.kept.is_empty() && self.writing.is_empty() {
            (self.next, self.unsent) = (1, 1);
        }
    }
}

/// What a line costs to keep; a short one's entry costs more than its bytes.
fn size(line: &Line) -> usize {
    match line {
        Line::Frame(bytes) => bytes.len(),
        Line::Oversize { head, tail, .. } => head.len() + tail.len(),
    }
}
