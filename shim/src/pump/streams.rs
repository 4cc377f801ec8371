//! The plain streams' side of the loop: the client's, the server's and the person's.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Instant;

use rustix::io::Errno;
use wire::lines::Splitter;
use wire::link::Stream;

use super::{MAX_QUEUE, MAX_TOLD, Pump};
use crate::output::{Fate, Output};

impl Pump {
    /// Writes what every descriptor takes now.
    pub(super) fn write(&mut self, now: Instant) {
        let before = self.client_out.queued();
        self.client_out.flush(&mut self.fates);
        if self.client_out.queued() < before {
            self.lifetime.handle_progress(now);
        }
        self.person_out.flush(&mut self.fates);
        if let Some(server) = &mut self.server {
            server.input.flush(&mut self.fates);
        }
        for fate in self.fates.drain(..) {
            match fate {
                Fate::Written(token) => self.exchange.written(token),
                Fate::Lost(token) => self.exchange.lost(token),
            }
        }
        if self.client_out.is_closed() {
            self.client_is_gone();
        }
        self.write_daemon(now);
    }

    /// Nobody reads our output any more: nothing of the client's is to reach the server now.
    pub(super) fn client_is_gone(&mut self) {
        self.client_out.close();
        if self.client_open {
            self.end_of(Stream::Client);
        }
        self.exchange.give_up(Stream::Client);
        self.lifetime.handle_client_gone();
    }

    /// Whether the stream may be read: what was read of it, and what it leads to, has room.
    pub(super) fn wants(&self, stream: Stream) -> bool {
        let input = self
            .server
            .as_ref()
            .map_or(0, |server| server.input.queued());
        let client = self.client_out.queued();
        let room = match stream {
            Stream::Client => input <= MAX_QUEUE && client <= MAX_QUEUE,
            // Replies to a server that does not read must not stop us from reading it, or each
            // waits for the other.
            Stream::Server => client <= MAX_QUEUE && input <= 4 * MAX_QUEUE,
            Stream::Stderr => self.person_out.queued() <= MAX_TOLD,
            Stream::Diagnostic | Stream::Audit => false,
        };
        room && self.exchange.has_room(stream)
    }

    /// Reads once from a stream and keeps the lines that are whole.
    pub(super) fn read_stream(&mut self, now: Instant, stream: Stream) {
        let Some(fd) = source(stream, &self.client, self.server.as_ref()) else {
            return;
        };
        match rustix::io::read(fd, &mut self.buffer) {
            Ok(0) => self.end_of(stream),
            Ok(count) => {
                let Some(lines) = lines(
                    stream,
                    &mut self.client_lines,
                    &mut self.server_lines,
                    &mut self.stderr_lines,
                ) else {
                    return;
                };
                lines.push(self.buffer.get(..count).unwrap_or_default());
                while let Some(line) = lines.next_line() {
                    self.exchange.keep(stream, line);
                    self.reach.handle_wanted(now);
                }
                if stream != Stream::Client {
                    self.lifetime.handle_output(now);
                }
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.end_of(stream),
        }
    }

    /// No byte follows on the stream; what there is of a last line is a line.
    pub(super) fn end_of(&mut self, stream: Stream) {
        if let Some(lines) = lines(
            stream,
            &mut self.client_lines,
            &mut self.server_lines,
            &mut self.stderr_lines,
        ) && let Some(line) = lines.finish()
        {
            self.exchange.keep(stream, line);
            self.reach.handle_wanted(Instant::now());
        }
        match stream {
            Stream::Client => {
                self.client_open = false;
                self.exchange.end(Stream::Client);
                self.lifetime.handle_client_left();
            }
            Stream::Server => {
                if let Some(server) = &mut self.server {
                    server.output = None;
                }
            }
            Stream::Stderr => {
                if let Some(server) = &mut self.server
                    && server.errors.take().is_some()
                {
                    self.exchange.end(Stream::Stderr);
                }
            }
            Stream::Diagnostic | Stream::Audit => {}
        }
        let silent =
            |server: &crate::server::Server| server.output.is_none() && server.errors.is_none();
        if self.server.as_ref().is_some_and(silent) {
            self.lifetime.handle_output_ended();
        }
    }

    /// Looks at who has ended and what was asked of us.
    pub(super) fn read_signals(&mut self, now: Instant) {
        self.signals.quiet();
        let ended = self.children.reap();
        if let Some(ending) = ended.daemon {
            self.daemon_ended(ending);
        }
        if let Some(ending) = ended.server {
            if let Some(server) = &mut self.server {
                server.input.close();
            }
            self.lifetime.handle_ended(now, ending);
        }
        for signal in self.signals.take_ending() {
            self.lifetime.handle_signal(now, signal);
        }
    }
}

/// Where a stream is read.
pub(super) fn source<'a>(
    stream: Stream,
    client: &'a std::io::Stdin,
    server: Option<&'a crate::server::Server>,
) -> Option<BorrowedFd<'a>> {
    match stream {
        Stream::Client => Some(client.as_fd()),
        Stream::Server => server?.output.as_ref().map(|fd| fd.as_fd()),
        Stream::Stderr => server?.errors.as_ref().map(|fd| fd.as_fd()),
        Stream::Diagnostic | Stream::Audit => None,
    }
}

fn lines<'a>(
    stream: Stream,
    client: &'a mut Splitter,
    server: &'a mut Splitter,
    stderr: &'a mut Splitter,
) -> Option<&'a mut Splitter> {
    match stream {
        Stream::Client => Some(client),
        Stream::Server => Some(server),
        Stream::Stderr => Some(stderr),
        Stream::Diagnostic | Stream::Audit => None,
    }
}

/// Whether poll(2) has to wake us when the output takes more.
pub(super) fn is_waiting(output: &Output) -> bool {
    output.queued() > 0
}
