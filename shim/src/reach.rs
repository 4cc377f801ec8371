//! When to connect, when to start the daemon, and when to stop waiting for it. Pure.

use std::time::{Duration, Instant};

/// How long the client may wait for a daemon before it is given errors: well under the five
/// seconds promised.
pub(crate) const BOUND: Duration = Duration::from_secs(4);
/// The least time between two attempts.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);
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
}

impl Reach {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            state: trying(now),
            started: None,
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
        match self.state {
            State::Trying { since, .. } | State::Greeting { since } if now >= since + BOUND => {
                self.state = State::Down { since: now };
                Some(Next::GiveUp)
            }
            State::Trying { since, next, delay } if now >= next => {
                let delay_after = (delay * 2).min(LONGEST_DELAY);
                self.state = State::Trying {
                    since,
                    next: now + delay,
                    delay: delay_after,
                };
                Some(Next::Connect)
            }
            State::Trying { .. }
            | State::Greeting { .. }
            | State::Up
            | State::Down { .. }
            | State::Over => None,
        }
    }

    /// When `poll` has something to say again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Trying { since, next, .. } => Some(next.min(since + BOUND)),
            State::Greeting { since } => Some(since + BOUND),
            State::Up | State::Down { .. } | State::Over => None,
        }
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
mod tests {
    use super::*;

    #[test]
    fn it_tries_at_once_then_ever_more_slowly_and_gives_up_in_time() {
        let start = Instant::now();
        let mut reach = Reach::new(start);
        let mut tries = Vec::new();
        let mut now = start;
        let end = loop {
            match reach.poll(now) {
                Some(Next::Connect) => tries.push((now - start).as_millis()),
                Some(Next::GiveUp) => break now - start,
                None => now = reach.deadline().unwrap(),
            }
        };
        assert_eq!(tries.get(..8), Some(&[0, 5, 15, 35, 75, 155, 315, 515][..]));
        assert_eq!(end, BOUND);
        assert_eq!(reach.standing(), Standing::Down);
        assert_eq!(reach.deadline(), None);
    }

    #[test]
    fn a_daemon_that_connects_but_never_answers_is_given_up_within_the_same_bound() {
        let start = Instant::now();
        let mut reach = Reach::new(start);
        assert_eq!(reach.poll(start), Some(Next::Connect));
        reach.handle_connected();
        assert_eq!(reach.poll(start + BOUND - PAUSE), None);
        reach.handle_lost(start + BOUND - PAUSE);
        assert_eq!(reach.poll(start + BOUND), Some(Next::GiveUp));
    }

    #[test]
    fn a_lost_daemon_is_tried_again_at_once_with_a_bound_of_its_own() {
        let start = Instant::now();
        let mut reach = Reach::new(start);
        reach.handle_connected();
        reach.handle_welcome();
        assert_eq!((reach.standing(), reach.deadline()), (Standing::Up, None));
        let later = start + BOUND * 3;
        reach.handle_lost(later);
        assert_eq!(reach.poll(later), Some(Next::Connect));
    }

    #[test]
    fn frames_begin_a_new_attempt_at_most_once_a_second() {
        let start = Instant::now();
        let mut reach = Reach::new(start);
        assert_eq!(reach.poll(start + BOUND), Some(Next::GiveUp));
        reach.handle_wanted(start + BOUND + PAUSE / 2);
        assert_eq!(reach.standing(), Standing::Down);
        reach.handle_wanted(start + BOUND + PAUSE);
        assert_eq!(reach.poll(start + BOUND + PAUSE), Some(Next::Connect));
    }

    #[test]
    fn an_ended_session_is_not_tried_for() {
        let start = Instant::now();
        let mut reach = Reach::new(start);
        reach.handle_over();
        reach.handle_lost(start);
        reach.handle_wanted(start + BOUND);
        assert_eq!(
            (reach.poll(start + BOUND), reach.standing()),
            (None, Standing::Down)
        );
    }

    #[test]
    fn the_daemon_is_not_started_twice_in_a_moment() {
        let start = Instant::now();
        let mut reach = Reach::new(start);
        assert!(reach.handle_nobody(start));
        assert!(!reach.handle_nobody(start + BETWEEN_STARTS / 2));
        assert!(reach.handle_nobody(start + BETWEEN_STARTS));
    }
}
