//! The frames of one stream: numbered, kept until decided, counted until written.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wire::lines::Line;
use wire::link::{self, Packet, Stream};

/// Undecided bytes past which no more is read.
pub(super) const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Undecided frames past which no more is read.
pub(super) const MAX_FRAMES: usize = 8192;

/// Entries for kept frames that stay allocated once they are decided.
const SPARE: usize = 128;

/// How far a frame is that wants two writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    BothLeft,
    OneLeft,
    /// One can't be made any more.
    OneLost,
}

#[derive(Debug)]
pub(super) struct Lane {
    stream: Stream,
    /// Undecided frames, by rising number: nearly always the first is the next to be decided.
    kept: VecDeque<(u64, Line)>,
    bytes: usize,
    held: BTreeSet<u64>,
    /// How many decided frames are not written yet.
    writing: usize,
    /// Those of them with a write on either side.
    halves: BTreeMap<u64, Half>,
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
            kept: VecDeque::new(),
            bytes: 0,
            held: BTreeSet::new(),
            writing: 0,
            halves: BTreeMap::new(),
            next: 1,
            unsent: 1,
            ended: false,
            closed_sent: false,
        }
    }

    pub(super) fn keep(&mut self, line: Line) {
        self.bytes += size(&line);
        self.kept.push_back((self.next, line));
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
        self.kept.is_empty() && self.writing == 0
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
        let at = self.place_of(self.unsent);
        let Some((number, line)) = self.kept.get(at) else {
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
        self.unsent = self.kept.get(at + 1).map_or(self.next, |(next, _)| *next);
    }

    /// Where the first frame of this number or a higher one is kept.
    fn place_of(&self, number: u64) -> usize {
        match self.kept.front() {
            Some((first, _)) if *first < number => {
                self.kept.partition_point(|(kept, _)| *kept < number)
            }
            Some(_) | None => 0,
        }
    }

    fn find(&self, number: u64) -> Option<usize> {
        let at = self.place_of(number);
        self.kept
            .get(at)
            .is_some_and(|(kept, _)| *kept == number)
            .then_some(at)
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
        self.unsent = self.kept.front().map_or(self.next, |(first, _)| *first);
        self.held.clear();
        self.closed_sent = false;
    }

    pub(super) fn hold(&mut self, number: u64) {
        if number < self.unsent && self.find(number).is_some() {
            self.held.insert(number);
        }
    }

    /// Takes the frame out, once.
    pub(super) fn decide(&mut self, number: u64) -> Option<Line> {
        if number >= self.unsent {
            return None;
        }
        let (_, line) = self.kept.remove(self.find(number)?)?;
        if self.kept.is_empty() {
            self.kept.shrink_to(SPARE);
        }
        self.held.remove(&number);
        self.bytes -= size(&line);
        Some(line)
    }

    pub(super) fn writing(&mut self, number: u64, writes: usize) {
        self.writing += 1;
        if writes > 1 {
            self.halves.insert(number, Half::BothLeft);
        }
    }

    /// Whether this was the last write the frame wanted.
    pub(super) fn written(&mut self, number: u64) -> bool {
        self.over(number, Half::OneLeft)
    }

    pub(super) fn lost(&mut self, number: u64) {
        self.over(number, Half::OneLost);
    }

    /// A write was made or lost: whether the frame is over with, and in full.
    fn over(&mut self, number: u64, how: Half) -> bool {
        let before = match self.halves.get_mut(&number) {
            Some(half) if *half == Half::BothLeft => {
                *half = how;
                return false;
            }
            Some(half) => {
                let half = *half;
                self.halves.remove(&number);
                half
            }
            None => Half::OneLeft,
        };
        self.writing = self.writing.saturating_sub(1);
        (before, how) == (Half::OneLeft, Half::OneLeft)
    }

    pub(super) fn give_up(&mut self) -> Vec<Line> {
        self.bytes = 0;
        self.held.clear();
        self.unsent = self.next;
        let kept = std::mem::take(&mut self.kept);
        kept.into_iter().map(|(_, line)| line).collect()
    }

    pub(super) fn restart_numbers(&mut self) {
        if self.is_settled() {
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
