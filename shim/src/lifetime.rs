//! From the server's start to our own end: who has left, what is waited for and how long. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::ending::Ending;
use crate::reach::Standing;

pub(crate) use view::{Action, View};

mod view;

/// Silence after which a server whose client has left is asked to end.
const GRACE: Duration = Duration::from_secs(10);
/// The same when the daemon has ended the session.
const SHORT_GRACE: Duration = Duration::from_secs(2);
/// Between asking a process to end and killing it.
const KILL_AFTER: Duration = Duration::from_secs(2);
/// A killed process that does not go is left behind.
const LEAVE_AFTER: Duration = Duration::from_secs(5);
/// Silence after which the output of a server that has ended is taken as complete, though
/// somebody still holds its pipe.
const QUIET: Duration = Duration::from_secs(2);
/// How long a pipe of an ended server may go on talking at all.
const TALK: Duration = Duration::from_secs(60);
/// Waiting for a peer that makes no progress: the client to read, the daemon to end the session.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the group is looked at while it ends.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No server yet.
    Waiting,
    Serving,
    /// The server has ended; its output may still hold something.
    Draining {
        since: Instant,
    },
    /// All it wrote has been read; verdicts are under way.
    Settling {
        since: Instant,
    },
    /// The daemon knows; it answers what is outstanding and ends the session.
    Ending {
        since: Instant,
    },
    /// What the client is owed is being written.
    Flushing {
        since: Instant,
    },
    /// What is left of the group is ended.
    Clearing {
        asked: Option<Instant>,
        killed: Option<Instant>,
    },
}

/// The course of a session's processes.
#[derive(Debug)]
pub(crate) struct Lifetime {
    stage: Stage,
    due: VecDeque<Action>,
    ending: Option<Ending>,
    client_left: bool,
    /// Nobody reads what we write for the client.
    client_gone: bool,
    session_over: bool,
    asked: Option<Signal>,
    hurried: bool,
    input_closed: bool,
    /// Since when the server has had nothing more to come.
    grace_from: Option<Instant>,
    kill_at: Option<Instant>,
    killed_at: Option<Instant>,
    last_output: Instant,
    /// Anything read from the server or written to the client.
    last_progress: Instant,
    output_ended: bool,
}

impl Lifetime {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            stage: Stage::Waiting,
            due: VecDeque::new(),
            ending: None,
            client_left: false,
            client_gone: false,
            session_over: false,
            asked: None,
            hurried: false,
            input_closed: false,
            grace_from: None,
            kill_at: None,
            killed_at: None,
            last_output: now,
            last_progress: now,
            output_ended: false,
        }
    }

    pub(crate) fn handle_started(&mut self, now: Instant) {
        self.stage = Stage::Serving;
        self.last_output = now;
    }

    pub(crate) fn handle_output(&mut self, now: Instant) {
        self.last_output = now;
        self.last_progress = now;
    }

    pub(crate) fn handle_progress(&mut self, now: Instant) {
        self.last_progress = now;
    }

    /// All the server wrote has been read. While it lives nothing follows from that.
    pub(crate) fn handle_output_ended(&mut self) {
        self.output_ended = true;
    }

    /// The client has closed its end towards us.
    pub(crate) fn handle_client_left(&mut self) {
        self.client_left = true;
    }

    /// The client reads no more either.
    pub(crate) fn handle_client_gone(&mut self) {
        (self.client_left, self.client_gone) = (true, true);
    }

    /// The daemon has ended the session, or knows it no more.
    pub(crate) fn handle_session_over(&mut self) {
        if !self.session_over {
            self.session_over = true;
            self.due.push_back(Action::AnswerRest);
        }
    }

    pub(crate) fn handle_signal(&mut self, now: Instant, signal: Signal) {
        match self.stage {
            Stage::Waiting => self.asked = Some(signal),
            Stage::Serving if self.asked.is_none() => {
                self.asked = Some(signal);
                self.due.push_back(Action::Signal(signal));
                self.kill_at.get_or_insert(now + KILL_AFTER);
            }
            Stage::Serving => {
                self.hurried = true;
                self.kill_at = Some(now);
            }
            Stage::Draining { .. }
            | Stage::Settling { .. }
            | Stage::Ending { .. }
            | Stage::Flushing { .. }
            | Stage::Clearing { .. } => {
                self.hurried = true;
                self.ending.get_or_insert(Ending::Signal(signal.as_raw()));
            }
        }
    }

    pub(crate) fn handle_ended(&mut self, now: Instant, ending: Ending) {
        self.ending = Some(ending);
        if self.stage == Stage::Serving {
            self.stage = Stage::Draining { since: now };
        }
    }

    /// The next thing due, if any; to be asked until there is none.
    pub(crate) fn poll(&mut self, now: Instant, view: &View<'_>) -> Option<Action> {
        if let Some(action) = self.due.pop_front() {
            return Some(action);
        }
        match self.stage {
            Stage::Waiting => self.poll_waiting(now, view),
            Stage::Serving => self.poll_serving(now, view),
            Stage::Draining { since } => self.poll_draining(now, since, view),
            Stage::Settling { since } => self.poll_settling(now, since, view),
            Stage::Ending { since } => self.poll_ending(now, since, view),
            Stage::Flushing { since } => self.poll_flushing(now, since, view),
            Stage::Clearing { asked, killed } => self.poll_clearing(now, asked, killed, view),
        }
    }

    fn poll_waiting(&mut self, now: Instant, view: &View<'_>) -> Option<Action> {
        if let Some(signal) = self.asked {
            return Some(Action::Finish(Ending::Signal(signal.as_raw())));
        }
        let refused = view.link == Standing::Down && view.client_decided;
        if self.client_gone || self.session_over || (self.client_left && refused) {
            self.stage = Stage::Flushing { since: now };
        }
        (self.stage != Stage::Waiting)
            .then(|| self.poll(now, view))
            .flatten()
    }

    fn poll_serving(&mut self, now: Instant, view: &View<'_>) -> Option<Action> {
        let at_once = self.asked.is_some() || self.session_over || self.client_gone;
        if at_once || (self.client_left && view.client_decided) {
            self.grace_from.get_or_insert(now);
        }
        let quiet_until = self.quiet_until()?;
        if !self.input_closed && (at_once || view.input_flushed || now >= quiet_until) {
            self.input_closed = true;
            return Some(Action::CloseInput);
        }
        self.poll_force(now, quiet_until)
    }

    /// When the server's silence has lasted long enough.
    fn quiet_until(&self) -> Option<Instant> {
        let grace = if self.session_over {
            SHORT_GRACE
        } else {
            GRACE
        };
        // Output that nobody reads buys no time.
        let heard = if self.client_gone {
            None
        } else {
            Some(self.last_output)
        };
        self.grace_from
            .max(heard.filter(|_| self.grace_from.is_some()))
            .map(|from| from + grace)
    }

    fn poll_force(&mut self, now: Instant, quiet_until: Instant) -> Option<Action> {
        if let Some(killed) = self.killed_at {
            let left = now >= killed + LEAVE_AFTER;
            return left.then_some(Action::Finish(Ending::Signal(Signal::KILL.as_raw())));
        }
        match self.kill_at {
            Some(at) if now >= at => {
                self.killed_at = Some(now);
                Some(Action::Signal(Signal::KILL))
            }
            None if now >= quiet_until => {
                self.kill_at = Some(now + KILL_AFTER);
                Some(Action::Signal(Signal::TERM))
            }
            Some(_) | None => None,
        }
    }

    fn poll_draining(&mut self, now: Instant, since: Instant, view: &View<'_>) -> Option<Action> {
        if !self.output_ended {
            if !self.hurried && now < self.drained_by(since, view.reading_paused) {
                return None;
            }
            self.output_ended = true;
            self.due.push_back(Action::StopReading);
        }
        self.stage = Stage::Settling { since: now };
        self.due.push_back(Action::Seek);
        self.due.pop_front()
    }

    fn drained_by(&self, since: Instant, paused: bool) -> Instant {
        let wait = if paused { PATIENCE } else { QUIET };
        (since.max(self.last_progress) + wait).min(since + TALK)
    }

    fn poll_settling(&mut self, now: Instant, since: Instant, view: &View<'_>) -> Option<Action> {
        let patience = since.max(self.last_progress) + PATIENCE;
        if self.session_over || self.hurried || view.link == Standing::Down {
            return self.begin_flushing(now);
        }
        if view.link == Standing::Up && (view.server_settled || now >= patience) {
            self.stage = Stage::Ending { since: now };
            return self.ending.map(Action::TellExited);
        }
        None
    }

    fn poll_ending(&mut self, now: Instant, since: Instant, view: &View<'_>) -> Option<Action> {
        let late = now >= since + PATIENCE;
        let unreachable = view.link == Standing::Down;
        (self.session_over || self.hurried || late || unreachable)
            .then(|| self.begin_flushing(now))
            .flatten()
    }

    fn begin_flushing(&mut self, now: Instant) -> Option<Action> {
        self.stage = Stage::Flushing { since: now };
        Some(Action::AnswerRest)
    }

    fn poll_flushing(&mut self, now: Instant, since: Instant, view: &View<'_>) -> Option<Action> {
        let late = now >= since.max(self.last_progress) + PATIENCE;
        if !view.client_flushed && !late && !self.hurried {
            return None;
        }
        match self.ending {
            None => Some(Action::Finish(Ending::Code(1))),
            Some(_) => {
                self.stage = Stage::Clearing {
                    asked: None,
                    killed: None,
                };
                self.poll(now, view)
            }
        }
    }

    fn poll_clearing(
        &mut self,
        now: Instant,
        asked: Option<Instant>,
        killed: Option<Instant>,
        view: &View<'_>,
    ) -> Option<Action> {
        let given_up = killed.is_some_and(|at| now >= at + KILL_AFTER);
        if given_up || !(view.group_left)() {
            return Some(Action::Finish(self.ending.unwrap_or(Ending::Code(1))));
        }
        match (asked, killed) {
            (_, Some(_)) => None,
            (None, None) if !self.hurried => {
                self.stage = Stage::Clearing {
                    asked: Some(now),
                    killed,
                };
                Some(Action::Signal(Signal::TERM))
            }
            (Some(at), None) if now < at + KILL_AFTER && !self.hurried => None,
            (Some(_) | None, None) => {
                self.stage = Stage::Clearing {
                    asked,
                    killed: Some(now),
                };
                Some(Action::Signal(Signal::KILL))
            }
        }
    }

    /// When `poll` may have something to say without anything having happened.
    pub(crate) fn deadline(&self, now: Instant, view: &View<'_>) -> Option<Instant> {
        match self.stage {
            Stage::Waiting => None,
            Stage::Serving => match (self.killed_at, self.kill_at) {
                (Some(killed), _) => Some(killed + LEAVE_AFTER),
                (None, Some(kill_at)) => Some(kill_at),
                (None, None) => self.quiet_until(),
            },
            Stage::Draining { since } => Some(self.drained_by(since, view.reading_paused)),
            Stage::Settling { since } | Stage::Flushing { since } => {
                let at = since.max(self.last_progress) + PATIENCE;
                (at > now).then_some(at)
            }
            Stage::Ending { since } => Some(since + PATIENCE),
            Stage::Clearing { .. } => Some(now + LOOK),
        }
    }
}

#[cfg(test)]
mod tests;
