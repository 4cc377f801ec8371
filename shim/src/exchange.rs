//! Frames out, verdicts in, effects: what is kept, what is owed, and what each verdict asks for.
//! Pure: the loop reads, writes and connects.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};

use wire::lines::Line;
use wire::link::{self, Exited, Packet, Stream};

pub(crate) use effect::{Effect, Sink, Token};

use effect::sides;
use lane::Lane;

mod effect;
mod lane;

/// Injected frames remembered, so that one sent again after a resume is not written twice.
const REMEMBERED: usize = 256;

/// The state of a session's frames.
#[derive(Debug)]
pub(crate) struct Exchange {
    client: Lane,
    server: Lane,
    stderr: Lane,
    /// Packets to be sent before any frame.
    control: VecDeque<Packet>,
    /// Packets that go with the next one, so that the daemon is not woken for them alone.
    notes: VecDeque<Packet>,
    exited: Option<Exited>,
    exited_sent: bool,
    injected: VecDeque<(Stream, u64, u64)>,
    hasher: RandomState,
    audit_seen: u64,
}

impl Exchange {
    pub(crate) fn new() -> Self {
        Self {
            client: Lane::new(Stream::Client),
            server: Lane::new(Stream::Server),
            stderr: Lane::new(Stream::Stderr),
            control: VecDeque::new(),
            notes: VecDeque::new(),
            exited: None,
            exited_sent: false,
            injected: VecDeque::new(),
            hasher: RandomState::new(),
            audit_seen: 0,
        }
    }

    /// A line was read.
    pub(crate) fn keep(&mut self, stream: Stream, line: Line) {
        if let Some(lane) = self.lane_mut(stream) {
            lane.keep(line);
        }
    }

    /// No line follows on the stream.
    pub(crate) fn end(&mut self, stream: Stream) {
        if let Some(lane) = self.lane_mut(stream) {
            lane.end();
        }
    }

    /// The server has ended; told after every frame kept so far.
    pub(crate) fn exited(&mut self, exited: Exited) {
        self.exited = Some(exited);
    }

    /// A packet to be sent ahead of the frames.
    pub(crate) fn tell(&mut self, packet: Packet) {
        self.control.push_back(packet);
    }

    /// Whether more may be read from the stream, as far as the frames kept go.
    pub(crate) fn has_room(&self, stream: Stream) -> bool {
        self.lane(stream).is_some_and(Lane::has_room)
    }

    /// Whether nothing read from the stream waits for a verdict or to be written.
    pub(crate) fn is_settled(&self, stream: Stream) -> bool {
        self.lane(stream).is_none_or(Lane::is_settled)
    }

    /// Whether nothing read from the stream waits for a verdict.
    pub(crate) fn is_decided(&self, stream: Stream) -> bool {
        self.lane(stream).is_none_or(Lane::is_decided)
    }

    /// Whether a verdict is owed that no person has to give.
    pub(crate) fn awaits_verdict(&self) -> bool {
        [&self.client, &self.server, &self.stderr]
            .into_iter()
            .any(Lane::awaits_verdict)
    }

    /// Numbers a resume names: the next of the client, of the server, and the last audit record.
    pub(crate) fn numbers(&self) -> (u64, u64, u64) {
        (
            self.client.next_number(),
            self.server.next_number(),
            self.audit_seen,
        )
    }

    /// Appends what the daemon has not been sent yet, until `out` holds `limit` bytes.
    pub(crate) fn fill(&mut self, out: &mut Vec<u8>, limit: usize) {
        while out.len() < limit {
            if let Some(packet) = self.notes.pop_front().or_else(|| self.control.pop_front()) {
                link::encode(&packet, out);
            } else if !self.fill_frame(out) {
                break;
            }
        }
    }

    /// Whether there is something to send that can wait for what must be sent.
    pub(crate) fn has_notes(&self) -> bool {
        !self.notes.is_empty()
    }

    /// Whether `fill` has more to append than notes.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.control.is_empty()
            || (self.exited.is_some() && !self.exited_sent)
            || [&self.client, &self.server, &self.stderr]
                .into_iter()
                .any(|lane| lane.has_unsent() || lane.owes_closed())
    }

    fn fill_frame(&mut self, out: &mut Vec<u8>) -> bool {
        let lanes = [&mut self.client, &mut self.server, &mut self.stderr];
        // The least sent first, so that a flood on one side doesn't hold up the other.
        if let Some(lane) = lanes
            .into_iter()
            .filter(|lane| lane.has_unsent())
            .min_by_key(|lane| lane.sent())
        {
            lane.send_next(out);
            return true;
        }
        if let (Some(exited), false) = (&self.exited, self.exited_sent) {
            link::encode(&Packet::Exited(exited.clone()), out);
            self.exited_sent = true;
            return true;
        }
        let lanes = [&mut self.client, &mut self.server, &mut self.stderr];
        lanes.into_iter().any(|lane| lane.send_closed(out))
    }

    /// The session goes on over a new connection: all that is undecided is to be sent again.
    pub(crate) fn resume(&mut self) {
        for lane in [&mut self.client, &mut self.server, &mut self.stderr] {
            lane.resend();
        }
        self.exited_sent = false;
    }

    /// Acts on a verdict; one for a frame that is not kept any more is ignored.
    pub(crate) fn verdict(&mut self, packet: Packet) -> Vec<Effect> {
        match packet {
            Packet::AsIs { stream, number } => match self.decide(stream, number) {
                Some(Line::Frame(mut bytes)) => {
                    bytes.push(b'\n');
                    self.effects(stream, number, bytes, Vec::new())
                }
                // Only its head was kept, so there is nothing whole to forward.
                Some(Line::Oversize { .. }) | None => Vec::new(),
            },
            Packet::Bytes {
                stream,
                number,
                forward,
                reply,
            } => match self.decide(stream, number) {
                Some(_) => self.effects(stream, number, forward, reply),
                None => Vec::new(),
            },
            Packet::Reply {
                stream,
                number,
                bytes,
            } => match self.decide(stream, number) {
                Some(_) => self.effects(stream, number, Vec::new(), bytes),
                None => Vec::new(),
            },
            Packet::Drop { stream, number } => match self.decide(stream, number) {
                Some(_) => self.effects(stream, number, Vec::new(), Vec::new()),
                None => Vec::new(),
            },
            Packet::Hold { stream, number } => {
                if let Some(lane) = self.lane_mut(stream) {
                    lane.hold(number);
                }
                Vec::new()
            }
            Packet::Inject {
                stream,
                number,
                bytes,
            } => self.inject(stream, number, bytes),
            Packet::Hello(_)
            | Packet::Welcome(_)
            | Packet::Refused(_)
            | Packet::Frame { .. }
            | Packet::Oversize { .. }
            | Packet::Closed { .. }
            | Packet::Spawned(_)
            | Packet::Exited(_)
            | Packet::Done { .. }
            | Packet::Acked { .. }
            | Packet::End(_) => Vec::new(),
        }
    }

    fn decide(&mut self, stream: Stream, number: u64) -> Option<Line> {
        self.lane_mut(stream)?.decide(number)
    }

    fn effects(
        &mut self,
        stream: Stream,
        number: u64,
        forward: Vec<u8>,
        reply: Vec<u8>,
    ) -> Vec<Effect> {
        let Some((other, sender)) = sides(stream) else {
            return Vec::new();
        };
        let token = Token::Verdict(stream, number);
        let effects: Vec<Effect> = [(other, forward), (sender, reply)]
            .into_iter()
            .filter(|(_, bytes)| !bytes.is_empty())
            .map(|(sink, bytes)| Effect::Write(sink, bytes, token))
            .collect();
        match self.lane_mut(stream) {
            Some(lane) if !effects.is_empty() => lane.writing(number, effects.len()),
            Some(_) | None => self.tell(Packet::Done { stream, number }),
        }
        effects
    }

    fn inject(&mut self, stream: Stream, number: u64, bytes: Vec<u8>) -> Vec<Effect> {
        let token = Token::Injected(stream, number);
        let sink = match stream {
            Stream::Client => Sink::Client,
            Stream::Server => Sink::Server,
            Stream::Stderr | Stream::Diagnostic => Sink::Person,
            Stream::Audit if number <= self.audit_seen => {
                self.written(token);
                return Vec::new();
            }
            Stream::Audit => return vec![Effect::Mirror(number, bytes)],
        };
        let seen = (stream, number, self.hasher.hash_one(&bytes));
        if self.injected.contains(&seen) {
            self.written(token);
            return Vec::new();
        }
        self.injected.push_back(seen);
        if self.injected.len() > REMEMBERED {
            self.injected.pop_front();
        }
        vec![Effect::Write(sink, bytes, token)]
    }

    /// An audit record's line is in the mirror.
    pub(crate) fn mirrored(&mut self, number: u64) {
        self.audit_seen = self.audit_seen.max(number);
        self.written(Token::Injected(Stream::Audit, number));
    }

    /// A write has been made in full.
    pub(crate) fn written(&mut self, token: Token) {
        match token {
            Token::Injected(stream, number) => {
                self.notes.push_back(Packet::Acked { stream, number });
            }
            Token::Verdict(stream, number) => {
                if self
                    .lane_mut(stream)
                    .is_some_and(|lane| lane.written(number))
                {
                    self.notes.push_back(Packet::Done { stream, number });
                }
            }
        }
    }

    /// A write can't be made any more; the daemon is told nothing.
    pub(crate) fn lost(&mut self, token: Token) {
        if let Token::Verdict(stream, number) = token
            && let Some(lane) = self.lane_mut(stream)
        {
            lane.lost(number);
        }
    }

    /// Gives up the undecided frames of a stream.
    pub(crate) fn give_up(&mut self, stream: Stream) -> Vec<Line> {
        self.lane_mut(stream).map(Lane::give_up).unwrap_or_default()
    }

    /// No session has seen the frames so far, so the next one counts from 1.
    pub(crate) fn restart_numbers(&mut self) {
        self.client.restart_numbers();
    }

    fn lane(&self, stream: Stream) -> Option<&Lane> {
        match stream {
            Stream::Client => Some(&self.client),
            Stream::Server => Some(&self.server),
            Stream::Stderr => Some(&self.stderr),
            Stream::Diagnostic | Stream::Audit => None,
        }
    }

    fn lane_mut(&mut self, stream: Stream) -> Option<&mut Lane> {
        match stream {
            Stream::Client => Some(&mut self.client),
            Stream::Server => Some(&mut self.server),
            Stream::Stderr => Some(&mut self.stderr),
            Stream::Diagnostic | Stream::Audit => None,
        }
    }
}

#[cfg(test)]
mod tests;
