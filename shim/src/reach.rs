//! When to connect, when to start the daemon, and when to stop waiting for it. Pure.

use std::time::{Duration, Instant};

/// How long the client may wait for a daemon before it is given errors: well under the five
/// seconds promised.
pub(crate) const BOUND: Duration = Duration::from_secs(4);
/// The least time between two attempts.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);
/// Between two attempts while frames of the server wait, though the client asks for nothing.
const AGAIN: Duration = Duration::from_secs(10);
/// A daemon that owes a verdict no person has to give, and says nothing this long, is stuck.
pub(crate) const STUCK: Duration = Duration::from_secs(30);
/// Between two starts of the daemon: one that lost the race for the lock ends at once.
const BETWEEN_STARTS: Duration = Duration::from_millis(500);
const FIRST_DELAY: Duration = Duration::from_millis(5);
const LONGEST_DELAY: Duration = Duration::from_millis(200);

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Connect,
    /// The bound has passed.
    GiveUp,
    /// The daemon hangs: close the connection and look for it anew.
    Leave,
}

/// Where the connection stands, for those who wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Up,
    Trying,
    Down,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Trying {
        since: Instant,
        next: Instant,
        delay: Duration,
    },
    /// Connected; the daemon owes an answer to the hello.
    Greeting {
        since: Instant,
    },
    Up,
    Down {
        since: Instant,
    },
    /// The session has ended: there is nothing to connect for.
    Over,
}

/// The way to the daemon.
#[derive(Debug)]
pub(crate) struct Reach {
    state: State,
    started: Option<Instant>,
    /// Since when the daemon has owed a verdict and said nothing.
    owed_since: Option<Instant>,
    /// Frames of the server wait.
    held: bool,
}

impl Reach {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            state: trying(now),
            started: None,
            owed_since: None,
            held: false,
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.state {
            State::Trying { .. } | State::Greeting { .. } => Standing::Trying,
            State::Up => Standing::Up,
            State::Down { .. } | State::Over => Standing::Down,
        }
    }

    /// What is due.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Next> {
        if self.deadline().is_none_or(|at| now < at) {
            return None;
        }
        match self.state {
            State::Trying { since, .. } | State::Greeting { since } if now >= since + BOUND => {
                self.state = State::Down { since: now };
                Some(Next::GiveUp)
            }
            State::Trying { since, delay, .. } => {
                let delay_after = (delay * 2).min(LONGEST_DELAY);
                self.state = State::Trying {
                    since,
                    next: now + delay,
                    delay: delay_after,
                };
                Some(Next::Connect)
            }
            State::Down { .. } => {
                self.state = trying(now);
                self.poll(now)
            }
            State::Up => {
                self.owed_since = None;
                Some(Next::Leave)
            }
            State::Greeting { .. } | State::Over => None,
        }
    }

    /// When `poll` has something to say again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Trying { since, next, .. } => Some(next.min(since + BOUND)),
            State::Greeting { since } => Some(since + BOUND),
            State::Up => self.owed_since.map(|since| since + STUCK),
            State::Down { since } => self.held.then_some(since + AGAIN),
            State::Over => None,
        }
    }

    /// What waits: a verdict that the daemon owes, frames of the server.
    pub(crate) fn handle_work(&mut self, now: Instant, owed: bool, held: bool) {
        self.held = held;
        self.owed_since = owed.then(|| self.owed_since.unwrap_or(now));
    }

    /// The daemon has said something.
    pub(crate) fn handle_heard(&mut self, now: Instant) {
        self.owed_since = self.owed_since.map(|_| now);
    }

    /// Nobody listens: whether to start a daemon now.
    pub(crate) fn handle_nobody(&mut self, now: Instant) -> bool {
        let due = self
            .started
            .is_none_or(|started| now >= started + BETWEEN_STARTS);
        if due {
            self.started = Some(now);
        }
        due
    }

    pub(crate) fn handle_connected(&mut self) {
        if let State::Trying { since, .. } = self.state {
            self.state = State::Greeting { since };
        }
    }

    pub(crate) fn handle_welcome(&mut self) {
        self.owed_since = None;
        self.state = State::Up;
    }

    /// The connection is gone. A session's end makes that no loss.
    pub(crate) fn handle_lost(&mut self, now: Instant) {
        self.state = match self.state {
            State::Greeting { since } => State::Trying {
                since,
                next: now + LONGEST_DELAY,
                delay: LONGEST_DELAY,
            },
            State::Up => trying(now),
            other @ (State::Trying { .. } | State::Down { .. } | State::Over) => other,
        };
    }

    /// A frame wants a verdict: begins a new attempt when the last one is old enough.
    pub(crate) fn handle_wanted(&mut self, now: Instant) {
        if let State::Down { since } = self.state
            && now >= since + PAUSE
        {
            self.state = trying(now);
        }
    }

    pub(crate) fn handle_over(&mut self) {
        self.state = State::Over;
    }
}

fn trying(now: Instant) -> State {
    State::Trying {
        since: now,
        next: now,
        delay: FIRST_DELAY,
    }
}

#[cfg(test)]
mod tests;
