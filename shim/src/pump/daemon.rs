//! The daemon's side of the loop: connecting, greeting, verdicts, and what its loss means.

use std::time::Instant;

use wire::link::{End, Packet, Refused, Resume, Stream, Welcome};

use super::{NOTES, Pump, Session};
use crate::connect::{self, ConnectError};
use crate::connection::{AHEAD, Connection, Lost};
use crate::ending::Ending;
use crate::failure::Failure;
use crate::reach::{BOUND, Next, STUCK, Standing};
use crate::server::Server;
use crate::start;

impl Pump {
    /// Makes the attempts at the daemon that are due.
    pub(super) fn reach_daemon(&mut self, now: Instant) {
        let held = !self.exchange.is_decided(Stream::Server);
        self.reach
            .handle_work(now, self.exchange.awaits_verdict(), held);
        while let Some(next) = self.reach.poll(now) {
            match next {
                Next::Connect => self.connect(now),
                Next::GiveUp => self.give_up(),
                Next::Leave => {
                    self.lose_daemon(
                        now,
                        &format!("it has been silent for {} s", STUCK.as_secs()),
                    );
                }
            }
        }
    }

    fn connect(&mut self, now: Instant) {
        match connect::to_daemon(&self.folders) {
            Ok(socket) => {
                let mut connection = Connection::new(socket);
                connection.send(&Packet::Hello(
                    self.said.hello(self.resume(), self.spawned()),
                ));
                self.connection = Some(connection);
                self.reach.handle_connected();
            }
            Err(error @ ConnectError::Nobody(_)) => {
                self.trouble.get_or_insert_with(|| error.to_string());
                if !self.children.daemon_runs() && self.reach.handle_nobody(now) {
                    self.start_daemon();
                }
            }
            Err(
                error @ (ConnectError::Busy
                | ConnectError::Foreign(..)
                | ConnectError::ForeignPeer(_)
                | ConnectError::Failed(..)),
            ) => self.trouble = Some(error.to_string()),
        }
    }

    fn start_daemon(&mut self) {
        match start::daemon() {
            Ok(Some(pid)) => self.children.daemon_started(pid),
            Ok(None) => {}
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }

    /// A daemon that we started has ended: at once and well where it lost the race for the lock.
    pub(super) fn daemon_ended(&mut self, ending: Ending) {
        let how = match ending {
            Ending::Code(0) => return,
            Ending::Code(code) => format!("exited with code {code}"),
            Ending::Signal(signal) => format!("was ended by signal {signal}"),
        };
        let log = self.folders.log();
        self.trouble = Some(format!(
            "aipd was started and {how}; see `{}`",
            log.display()
        ));
    }

    fn resume(&self) -> Option<Resume> {
        let session = self.session.as_ref()?;
        let (client_next, server_next, audit_seen) = self.exchange.numbers();
        let [client_answered, server_answered] = self.exchange.answered();
        Some(Resume {
            session: session.id.clone(),
            secret: session.secret.clone(),
            client_next,
            server_next,
            audit_seen,
            client_answered,
            server_answered,
        })
    }

    fn spawned(&self) -> Option<wire::link::Spawned> {
        self.server.as_ref().map(|server| server.spawned.clone())
    }

    fn give_up(&mut self) {
        self.connection = None;
        let trouble = self
            .trouble
            .take()
            .unwrap_or_else(|| "it does not answer".to_owned());
        if !self.told_down {
            self.told_down = true;
            let bound = BOUND.as_secs();
            self.say(&format!(
                "aipd can't be reached within {bound} s: {trouble}. \
                 Every request is refused until it can; see `aipctl status`, \
                 and the log that `aipctl path log` names"
            ));
        }
    }

    /// The connection is over; a new attempt begins unless the session is over too.
    pub(super) fn lose_daemon(&mut self, now: Instant, why: &str) {
        self.connection = None;
        if self.reach.standing() == Standing::Up {
            self.say(&format!(
                "the connection to aipd is lost ({why}); connecting again"
            ));
        } else {
            self.trouble = Some(format!("the connection to aipd is lost ({why})"));
        }
        self.reach.handle_lost(now);
    }

    /// Sends what there is to send, as far as the socket takes it.
    pub(super) fn write_daemon(&mut self, now: Instant) {
        let pressing = self.notes_press(now);
        let Some(connection) = &mut self.connection else {
            return;
        };
        let sent = loop {
            let fills = connection.is_welcomed() && (pressing || self.exchange.has_unsent());
            if fills {
                self.exchange.fill(connection.out(), AHEAD);
            }
            match connection.flush() {
                Ok(()) if connection.has_unsent() => break Ok(()),
                Ok(()) if !fills || !self.exchange.has_unsent() => break Ok(()),
                Ok(()) => {}
                Err(lost) => break Err(lost),
            }
        };
        if !self.exchange.has_notes() {
            self.notes_due = None;
        }
        if let Err(lost) = sent {
            self.lose_daemon(now, &lost.to_string());
        }
    }

    /// Whether what could wait for company has waited long enough.
    fn notes_press(&mut self, now: Instant) -> bool {
        if !self.exchange.has_notes() {
            self.notes_due = None;
            return false;
        }
        now >= *self.notes_due.get_or_insert(now + NOTES)
    }

    /// Reads what the daemon has sent and acts on it.
    pub(super) fn read_daemon(&mut self, now: Instant) -> Result<(), Failure> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        let read = connection.read(&mut self.buffer);
        // What came before the end still counts.
        let taken = self.take_packets(now)?;
        if let Err(lost) = read.and(taken) {
            self.lose_daemon(now, &lost.to_string());
        }
        Ok(())
    }

    fn take_packets(&mut self, now: Instant) -> Result<Result<(), Lost>, Failure> {
        while let Some(connection) = &mut self.connection {
            match connection.next_packet() {
                Ok(Some(packet)) => self.on_packet(now, packet)?,
                Ok(None) => break,
                Err(lost) => return Ok(Err(lost)),
            }
            self.reach.handle_heard(now);
        }
        Ok(Ok(()))
    }

    fn on_packet(&mut self, now: Instant, packet: Packet) -> Result<(), Failure> {
        match packet {
            Packet::Welcome(welcome) => self.on_welcome(now, &welcome),
            Packet::Refused(refused) => self.on_refused(now, refused),
            Packet::End(end) => {
                self.on_end(&end);
                Ok(())
            }
            // What only a shim sends.
            Packet::Hello(_)
            | Packet::Frame { .. }
            | Packet::Oversize { .. }
            | Packet::Closed { .. }
            | Packet::Spawned(_)
            | Packet::Exited(_)
            | Packet::Done { .. }
            | Packet::Acked { .. } => Ok(()),
            verdict @ (Packet::AsIs { .. }
            | Packet::Bytes { .. }
            | Packet::Reply { .. }
            | Packet::Drop { .. }
            | Packet::Hold { .. }
            | Packet::Inject { .. }
            | Packet::Answers { .. }) => {
                if self
                    .connection
                    .as_ref()
                    .is_some_and(Connection::is_welcomed)
                {
                    self.exchange.handle_verdict(verdict);
                    while let Some(effect) = self.exchange.poll_effect() {
                        self.take_effect(effect);
                    }
                }
                Ok(())
            }
        }
    }

    fn on_welcome(&mut self, now: Instant, welcome: &Welcome) -> Result<(), Failure> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        if connection.is_welcomed() {
            return Ok(());
        }
        connection.welcomed();
        self.reach.handle_welcome();
        (self.told_down, self.trouble) = (false, None);
        for notice in &welcome.notices {
            self.say(notice);
        }
        let resumed = self.session.is_some();
        self.session = Some(Session {
            id: welcome.session.clone(),
            secret: welcome.secret.clone(),
        });
        if resumed {
            self.exchange.resume();
            self.say("aipd is back; the session goes on");
            return Ok(());
        }
        self.start_server(now, welcome.filter_stderr)
    }

    fn start_server(&mut self, now: Instant, filter_stderr: bool) -> Result<(), Failure> {
        let server = Server::spawn(&self.said.argv, filter_stderr)?;
        self.children.server_started(server.pid);
        self.exchange.tell(Packet::Spawned(server.spawned.clone()));
        self.server = Some(server);
        self.lifetime.handle_started(now);
        Ok(())
    }

    fn on_refused(&mut self, now: Instant, refused: Refused) -> Result<(), Failure> {
        let begun = self.session.is_some();
        let message = refused.message.trim_end();
        let message = message
            .strip_prefix("Error: ")
            .unwrap_or(message)
            .to_owned();
        match refused.why.as_str() {
            "policy" if !begun => return Err(Failure::PolicyRefused(message)),
            "resume" | "policy" if begun => {
                self.say(&format!("the session can't go on: {message}"));
                self.session_over = true;
                self.reach.handle_over();
                self.connection = None;
                self.lifetime.handle_session_over();
            }
            _ => {
                self.lose_daemon(now, "refused");
                self.trouble = Some(message);
            }
        }
        Ok(())
    }

    fn on_end(&mut self, end: &End) {
        if !end.message.is_empty() {
            self.say(&end.message);
        }
        self.session_over = true;
        self.reach.handle_over();
        self.lifetime.handle_session_over();
    }
}
