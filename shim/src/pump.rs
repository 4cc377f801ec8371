//! The loop: waits for any of its descriptors, feeds what came to the pure modules and does
//! what they ask for. It never blocks but in poll(2).

use std::io::Stdin;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use wire::folders::Folders;
use wire::lines::Splitter;
use wire::link::{MAX_FRAME, Stream};

use crate::children::Children;
use crate::connection::Connection;
use crate::ending::Ending;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::hello::Said;
use crate::lifetime::{Action, Lifetime, View};
use crate::mirror::Mirror;
use crate::output::{Fate, Output};
use crate::reach::{Reach, Standing};
use crate::refuse;
use crate::server::Server;
use crate::signals::Signals;

mod daemon;
mod effects;
mod streams;
mod wait;

/// Queued bytes for a peer past which its frames' senders are not read.
const MAX_QUEUE: usize = 16 * 1024 * 1024;
/// Queued bytes for the person past which further lines are left out.
const MAX_TOLD: usize = 1024 * 1024;
/// How long what the daemon is told of writes waits to be sent with something else.
const NOTES: Duration = Duration::from_millis(20);
/// Bytes read at once.
const READ: usize = 64 * 1024;

/// What the client is told when no verdict can be had.
const UNREACHABLE: &str = "aipd can't be reached, and nothing passes without its verdict";
const OVER: &str = "the session has ended";

/// Names the session and shows that it is ours.
struct Session {
    id: String,
    secret: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Everything a session holds.
#[derive(Debug)]
pub(crate) struct Pump {
    folders: Folders,
    said: Said,
    mirror: Option<Mirror>,
    mirror_failed: bool,
    signals: Signals,

    exchange: Exchange,
    reach: Reach,
    lifetime: Lifetime,
    children: Children,

    connection: Option<Connection>,
    notes_due: Option<Instant>,
    session: Option<Session>,
    session_over: bool,
    /// Why the daemon can't be reached, in the words of the last attempt.
    trouble: Option<String>,
    told_down: bool,

    client: Stdin,
    client_open: bool,
    client_lines: Splitter,
    client_out: Output,
    person_out: Output,
    /// What the last writes came to; empty between them.
    fates: Vec<Fate>,
    server: Option<Server>,
    server_lines: Splitter,
    stderr_lines: Splitter,
    buffer: Vec<u8>,
}

/// What a round of the loop has come to.
enum Round {
    /// Something was done, which may have made something else due.
    Acted,
    /// Nothing is due now.
    Idle,
    Finished(Ending),
}

impl Pump {
    /// Prepares a session; nothing is connected or started yet.
    ///
    /// # Errors
    /// When our own standard descriptors can't be used.
    pub(crate) fn new(
        folders: Folders,
        said: Said,
        mirror: Option<Mirror>,
        signals: Signals,
    ) -> Result<Self, Failure> {
        let failed = |error| Failure::System("the standard streams can't be used", error);
        let now = Instant::now();
        Ok(Self {
            folders,
            said,
            mirror,
            mirror_failed: false,
            signals,
            exchange: Exchange::new(),
            reach: Reach::new(now),
            lifetime: Lifetime::new(now),
            children: Children::default(),
            connection: None,
            notes_due: None,
            session: None,
            session_over: false,
            trouble: None,
            told_down: false,
            client: std::io::stdin(),
            client_open: true,
            client_lines: Splitter::new(MAX_FRAME),
            client_out: Output::shared(std::io::stdout().as_fd()).map_err(failed)?,
            person_out: Output::shared(std::io::stderr().as_fd()).map_err(failed)?,
            fates: Vec::new(),
            server: None,
            server_lines: Splitter::new(MAX_FRAME),
            stderr_lines: Splitter::new(MAX_FRAME),
            buffer: vec![0; READ],
        })
    }

    /// Runs the session to its end.
    ///
    /// # Errors
    /// When it can't begin: the policy is refused, or the server can't be started.
    pub(crate) fn run(mut self) -> Result<Ending, Failure> {
        let ended = self.rounds();
        self.person_out.flush(&mut self.fates);
        ended
    }

    fn rounds(&mut self) -> Result<Ending, Failure> {
        let mut now = Instant::now();
        loop {
            self.reach_daemon(now);
            self.refuse_without_daemon();
            self.write(now);
            match self.follow_lifetime(now) {
                Round::Finished(ending) => return Ok(ending),
                Round::Acted => now = Instant::now(),
                Round::Idle => {
                    let ready = self.wait(now)?;
                    now = Instant::now();
                    self.handle(now, ready)?;
                }
            }
        }
    }

    /// Answers the client's frames ourselves while there is nobody to judge them.
    fn refuse_without_daemon(&mut self) {
        if self.reach.standing() != Standing::Down {
            return;
        }
        let reason = if self.session_over { OVER } else { UNREACHABLE };
        for line in self.exchange.give_up(Stream::Client) {
            let answer = refuse::answer(&line, reason);
            if !answer.is_empty() {
                self.client_out.push(answer, None);
            }
        }
        if self.session.is_none() {
            self.exchange.restart_numbers();
        }
    }

    fn follow_lifetime(&mut self, now: Instant) -> Round {
        let children = &self.children;
        let group_left = || children.group_left();
        let view = self.view(&group_left);
        match self.lifetime.poll(now, &view) {
            None => Round::Idle,
            Some(Action::Finish(ending)) => Round::Finished(ending),
            Some(action) => {
                self.act(now, action);
                Round::Acted
            }
        }
    }

    fn view<'a>(&self, group_left: &'a dyn Fn() -> bool) -> View<'a> {
        let is_settled = |stream| self.exchange.is_settled(stream);
        let input = self.server.as_ref().map(|server| &server.input);
        View {
            client_decided: self.exchange.is_decided(Stream::Client),
            input_flushed: input.is_none_or(|input| input.queued() == 0),
            client_flushed: self.client_out.queued() == 0,
            server_settled: is_settled(Stream::Server) && is_settled(Stream::Stderr),
            reading_paused: !self.wants(Stream::Server),
            link: self.reach.standing(),
            group_left,
        }
    }

    fn act(&mut self, now: Instant, action: Action) {
        match action {
            Action::CloseInput => {
                if let Some(server) = &mut self.server {
                    server.input.close();
                }
            }
            Action::Signal(signal) => self.children.signal(signal),
            Action::StopReading => {
                self.end_of(Stream::Server);
                self.end_of(Stream::Stderr);
            }
            Action::Seek => self.reach.handle_wanted(now),
            Action::TellExited(ending) => {
                self.exchange.exited(ending.as_packet());
                self.exchange.end(Stream::Server);
            }
            Action::AnswerRest => self.answer_rest(),
            Action::Finish(_) => {}
        }
    }

    /// From here on nobody judges the client's frames.
    fn answer_rest(&mut self) {
        self.session_over = true;
        self.reach.handle_over();
        self.refuse_without_daemon();
    }

    /// Queues a line for the person.
    fn say(&mut self, line: &str) {
        if self.person_out.queued() < MAX_TOLD {
            self.person_out
                .push(format!("aip: {line}\n").into_bytes(), None);
        }
    }
}
