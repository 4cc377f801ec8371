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

/// Requests remembered as answered: far more than the daemon can fall behind with writing that
/// down.
const ANSWERED: usize = 2048;

/// The state of a session's frames.
#[derive(Debug)]
pub(crate) struct Exchange {
    client: Lane,
    server: Lane,
    stderr: Lane,
    /// Packets to be sent before any frame.
    control: VecDeque<Packet>,
    /// What has been written, told with the next packet so that the daemon is not woken for it
    /// alone.
    notes: VecDeque<Token>,
    exited: Option<Exited>,
    exited_sent: bool,
    /// What verdicts have asked for and nobody has taken yet.
    effects: VecDeque<Effect>,
    /// Frames under way that answer a request: stream, number and the request's frame.
    answering: VecDeque<(Stream, u64, u64)>,
    /// Requests whose answers were written, by their frames: the client's and the server's.
    answered: [VecDeque<u64>; 2],
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
            effects: VecDeque::new(),
            answering: VecDeque::new(),
            answered: [VecDeque::new(), VecDeque::new()],
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
            if let Some(token) = self.notes.pop_front() {
                link::encode(&note(token), out);
            } else if let Some(packet) = self.control.pop_front() {
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

    /// Takes in a verdict; one for a frame that is not kept any more is ignored.
    pub(crate) fn handle_verdict(&mut self, packet: Packet) {
        match packet {
            Packet::AsIs { stream, number } => match self.decide(stream, number) {
                Some(Line::Frame(mut bytes)) => {
                    bytes.push(b'\n');
                    self.ask(stream, number, bytes, Vec::new());
                }
                // Only its head was kept, so there is nothing whole to forward.
                Some(Line::Oversize { .. }) | None => {}
            },
            Packet::Bytes {
                stream,
                number,
                forward,
                reply,
            } => self.replace(stream, number, forward, reply),
            Packet::Reply {
                stream,
                number,
                bytes,
            } => self.replace(stream, number, Vec::new(), bytes),
            Packet::Drop { stream, number } => {
                self.replace(stream, number, Vec::new(), Vec::new());
            }
            Packet::Hold { stream, number } => {
                if let Some(lane) = self.lane_mut(stream) {
                    lane.hold(number);
                }
            }
            Packet::Inject {
                stream,
                number,
                bytes,
            } => self.inject(stream, number, bytes),
            Packet::Answers {
                stream,
                number,
                request,
            } => {
                self.answering.push_back((stream, number, request));
                if self.answering.len() > ANSWERED {
                    self.answering.pop_front();
                }
            }
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
            | Packet::End(_) => {}
        }
    }

    /// What the verdicts so far ask for, in their order; to be asked until there is none.
    pub(crate) fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn decide(&mut self, stream: Stream, number: u64) -> Option<Line> {
        self.lane_mut(stream)?.decide(number)
    }

    /// Asks for these bytes in place of the frame's own.
    fn replace(&mut self, stream: Stream, number: u64, forward: Vec<u8>, reply: Vec<u8>) {
        if self.decide(stream, number).is_some() {
            self.ask(stream, number, forward, reply);
        }
    }

    fn ask(&mut self, stream: Stream, number: u64, forward: Vec<u8>, reply: Vec<u8>) {
        let Some((other, sender)) = sides(stream) else {
            return;
        };
        let token = Token::Verdict(stream, number);
        let before = self.effects.len();
        for (sink, bytes) in [(other, forward), (sender, reply)] {
            if !bytes.is_empty() {
                self.effects.push_back(Effect::Write(sink, bytes, token));
            }
        }
        let writes = self.effects.len() - before;
        match self.lane_mut(stream) {
            Some(lane) if writes > 0 => lane.writing(number, writes),
            Some(_) | None => self.tell(Packet::Done { stream, number }),
        }
    }

    fn inject(&mut self, stream: Stream, number: u64, bytes: Vec<u8>) {
        let token = Token::Injected(stream, number);
        let sink = match stream {
            Stream::Client => Sink::Client,
            Stream::Server => Sink::Server,
            Stream::Stderr | Stream::Diagnostic => Sink::Person,
            Stream::Audit if number <= self.audit_seen => {
                self.written(token);
                return;
            }
            Stream::Audit => {
                self.effects.push_back(Effect::Mirror(number, bytes));
                return;
            }
        };
        let seen = (stream, number, self.hasher.hash_one(&bytes));
        if self.injected.contains(&seen) {
            self.written(token);
            return;
        }
        self.injected.push_back(seen);
        if self.injected.len() > REMEMBERED {
            self.injected.pop_front();
        }
        self.effects.push_back(Effect::Write(sink, bytes, token));
    }

    /// An audit record's line is in the mirror.
    pub(crate) fn mirrored(&mut self, number: u64) {
        self.audit_seen = self.audit_seen.max(number);
        self.written(Token::Injected(Stream::Audit, number));
    }

    /// A write has been made in full.
    pub(crate) fn written(&mut self, token: Token) {
        let told = match token {
            Token::Injected(..) => true,
            Token::Verdict(stream, number) => self
                .lane_mut(stream)
                .is_some_and(|lane| lane.written(number)),
        };
        if told {
            self.notes.push_back(token);
            self.note_answers(token);
        }
    }

    /// The requests that a written frame answers are over, which the next daemon may not know.
    fn note_answers(&mut self, token: Token) {
        let Token::Verdict(stream, number) = token else {
            return;
        };
        let [client, server] = &mut self.answered;
        let answered = if stream == Stream::Server {
            client
        } else {
            server
        };
        self.answering.retain(|(of, by, request)| {
            let written = (*of, *by) == (stream, number);
            if written {
                answered.push_back(*request);
            }
            !written
        });
        while answered.len() > ANSWERED {
            answered.pop_front();
        }
    }

    /// The last requests that had their answers written: the client's and the server's.
    pub(crate) fn answered(&self) -> [Vec<u64>; 2] {
        self.answered
            .each_ref()
            .map(|requests| requests.iter().copied().collect())
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

/// How the daemon is told that all a token stands for has been written.
fn note(token: Token) -> Packet {
    match token {
        Token::Verdict(stream, number) => Packet::Done { stream, number },
        Token::Injected(stream, number) => Packet::Acked { stream, number },
    }
}

#[cfg(test)]
mod tests;
