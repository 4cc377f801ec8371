//! Calls that were answered with a question of aip's own (revision 2026-07-28), until the client comes
//! back with them. Bounded: so many are open at a time, and of those that are over as many as there is
//! room for are remembered, so that none is taken twice.

use std::collections::VecDeque;

use engine::node::sha256_hex;
use serde::{Deserialize, Serialize};

use super::late::{Same, recent};

/// The most that are open at a time.
pub const MOST_OPEN: usize = 32;
/// The most of all.
pub const MOST: usize = 128;
/// The most states of a server's that are remembered because they look like aip's own.
const MOST_OF_SERVER: usize = 64;

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Return {
    /// What the client has to bring.
    pub state: String,
    /// The approval's id.
    pub approval: String,
    /// The client's frame that was answered so.
    pub number: u64,
    /// Its request's id, JSON.
    pub request: String,
    /// Its tool, as the client named it.
    pub tool: String,
    /// What its records share.
    pub call_id: String,
    /// What was asked about.
    pub call: Same,
    /// SHA-256 of all that its params ask for.
    pub params: String,
    /// It was itself a call tried again, with what the server had asked for.
    pub has_inputs: bool,
    /// That, as JSON; not known to a daemon started anew.
    #[serde(skip)]
    pub inputs: Option<Vec<u8>>,
    /// The store has its arguments as a person was shown them.
    pub shown_whole: bool,
    /// What was said before it came back.
    pub outcome: Option<Outcome>,
    /// The frame it came back in.
    pub back: Option<u64>,
}

impl Return {
    /// The person has still to answer, and the client to come back.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.outcome.is_none() && self.back.is_none()
    }
}

/// What a person has said, or that nobody did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// Why the call is refused; `None` where it was allowed.
    pub refused: Option<Refused>,
    /// `allow`, `deny` or `timeout`, as records have it.
    pub answer: String,
    /// By which way it came.
    pub channel: String,
    /// How long after it was asked, in ms.
    pub after_ms: i64,
    /// When, ms since 1970.
    pub said_ms: i64,
}

impl Outcome {
    /// Whether a yes still lets the call through: it holds as long as one that came too late.
    #[must_use]
    pub fn counts(&self, now_ms: i64) -> bool {
        self.refused.is_some() || recent(self.said_ms, now_ms)
    }
}

/// Why a call is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refused {
    /// AIP's code.
    pub code: i32,
    /// For the client.
    pub reason: String,
}

/// All of them, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Returns {
    all: VecDeque<Return>,
    /// SHA-256 of states the server has given that look like aip's own.
    of_server: VecDeque<String>,
}

impl Returns {
    /// Takes one in. Where there is no room, the oldest that is over goes.
    pub fn put(&mut self, one: Return) {
        while self.all.len() >= MOST {
            let over = self.all.iter().position(|it| !it.is_open()).unwrap_or(0);
            self.all.remove(over);
        }
        self.all.push_back(one);
    }

    /// Takes out the open one of this frame.
    pub fn take(&mut self, number: u64) -> Option<Return> {
        let of_it = |it: &Return| it.number == number && it.is_open();
        let at = self.all.iter().position(of_it)?;
        self.all.remove(at)
    }

    /// Takes out the one with this state.
    pub fn take_by(&mut self, state: &str) -> Option<Return> {
        let at = self.all.iter().position(|it| it.state == state)?;
        self.all.remove(at)
    }

    /// The one with this state.
    #[must_use]
    pub fn find(&self, state: &str) -> Option<&Return> {
        self.all.iter().find(|it| it.state == state)
    }

    /// Those that are open.
    pub fn open(&self) -> impl Iterator<Item = &Return> {
        self.all.iter().filter(|it| it.is_open())
    }

    /// Keeps those that are over, and of the open ones these.
    pub fn keep_open(&mut self, keep: impl Fn(&Return) -> bool) {
        self.all.retain(|it| !it.is_open() || keep(it));
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The server has given a state that looks like aip's own. Says whether it is new.
    pub fn server_gave(&mut self, state: &str) -> bool {
        if self.is_of_server(state) {
            return false;
        }
        if self.of_server.len() >= MOST_OF_SERVER {
            self.of_server.pop_front();
        }
        self.of_server.push_back(sha256_hex(state.as_bytes()));
        true
    }

    /// Whether it has.
    #[must_use]
    pub fn is_of_server(&self, state: &str) -> bool {
        self.of_server.contains(&sha256_hex(state.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(nth: usize, over: bool) -> Return {
        Return {
            state: format!("s{nth}"),
            number: nth as u64,
            outcome: over.then(Outcome::default),
            ..Return::default()
        }
    }

    #[test]
    fn what_is_over_makes_room_and_what_is_open_stays() {
        let mut returns = Returns::default();
        returns.put(one(0, false));
        for nth in 1..=2 * MOST {
            returns.put(one(nth, true));
        }
        assert_eq!(returns.count(), MOST);
        assert!(returns.find("s0").is_some(), "open");
        assert!(returns.find("s1").is_none(), "the oldest that is over");
        assert!(returns.take(1).is_none() && returns.take(0).is_some());
    }

    #[test]
    fn states_of_the_servers_are_bounded_and_told_apart() {
        let mut returns = Returns::default();
        for nth in 0..=MOST_OF_SERVER {
            assert!(returns.server_gave(&format!("s{nth}")));
        }
        assert!(!returns.server_gave("s1"));
        assert!(returns.is_of_server("s1") && !returns.is_of_server("s0"));
    }
}
