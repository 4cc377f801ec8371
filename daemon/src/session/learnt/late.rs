//! Calls a person was asked about and whose client no longer waits: an answer may still come, and the
//! client may try again. Bounded, and forgotten after five minutes.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// How long each is remembered, in ms.
pub const REMEMBERED: i64 = 5 * 60_000;
/// The most of each kind.
const MOST: usize = 64;
/// The longest answer that is kept, and the most of all answers together, in bytes.
const MAX_ANSWER: usize = 256 * 1024;
const MAX_ANSWERS: usize = 4 * 1024 * 1024;

/// What makes two calls identical.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Same {
    /// SHA-256 of tool and arguments.
    pub digest: String,
    /// SHA-256 of the tool's definition, where it was listed.
    pub definition: Option<String>,
    /// The policy's hash.
    pub policy: String,
}

/// A call that ended without an answer of the person's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Missed {
    /// The approval's id.
    id: String,
    call: Same,
    ended_ms: i64,
}

/// A call that was allowed too late: the next identical one goes out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pass {
    /// The approval's id.
    pub id: String,
    /// By which way the answer came.
    pub channel: String,
    call: Same,
    banked_ms: i64,
}

/// A call that a person let through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ran {
    /// The client's frame.
    number: u64,
    /// What its records share.
    pub call_id: String,
    call: Same,
    /// When its client gave up, ms since 1970; `None` while it waits for the answer.
    given_up_ms: Option<i64>,
    /// The answer that came later; not known to a daemon started anew.
    #[serde(skip)]
    answer: Option<Vec<u8>>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Late {
    missed: VecDeque<Missed>,
    passes: VecDeque<Pass>,
    ran: VecDeque<Ran>,
}

impl Late {
    /// A call ended unanswered.
    pub fn misses(&mut self, id: &str, call: Same, now_ms: i64) {
        self.forget(now_ms);
        self.missed.retain(|it| it.id != id);
        let id = id.to_owned();
        let ended_ms = now_ms;
        push(&mut self.missed, Missed { id, call, ended_ms });
    }

    /// The person has allowed one of these: the next identical call goes out. Says whether it was
    /// one.
    pub fn banks(&mut self, id: &str, channel: &str, now_ms: i64) -> bool {
        self.forget(now_ms);
        let Some(at) = self.missed.iter().position(|it| it.id == id) else {
            return false;
        };
        let Some(Missed { id, call, .. }) = self.missed.remove(at) else {
            return false;
        };
        let pass = Pass {
            id,
            channel: channel.to_owned(),
            call,
            banked_ms: now_ms,
        };
        push(&mut self.passes, pass);
        true
    }

    /// Whether the person's answer to this may still come.
    #[must_use]
    pub fn awaits(&self, id: &str, now_ms: i64) -> bool {
        let mut missed = self.missed.iter();
        missed.any(|it| it.id == id && recent(it.ended_ms, now_ms))
    }

    /// Whether there is a pass for the call.
    #[must_use]
    pub fn has_pass(&self, call: &Same, now_ms: i64) -> bool {
        let mut passes = self.passes.iter();
        passes.any(|it| it.call == *call && recent(it.banked_ms, now_ms))
    }

    /// Uses up a pass for the call.
    pub fn uses(&mut self, call: &Same, now_ms: i64) -> Option<Pass> {
        self.forget(now_ms);
        let at = self.passes.iter().position(|it| it.call == *call)?;
        self.passes.remove(at)
    }

    /// A call goes out that a person has allowed.
    pub fn runs(&mut self, number: u64, call_id: &str, call: Same, now_ms: i64) {
        self.forget(now_ms);
        let ran = Ran {
            number,
            call_id: call_id.to_owned(),
            call,
            ..Ran::default()
        };
        push(&mut self.ran, ran);
    }

    /// Whether it is one of these whose client now gives up.
    #[must_use]
    pub fn may_give_up(&self, number: u64) -> bool {
        let mut ran = self.ran.iter();
        ran.any(|it| it.number == number && it.given_up_ms.is_none())
    }

    /// Its client no longer waits for the answer.
    pub fn gives_up(&mut self, number: u64, now_ms: i64) {
        for ran in self.ran.iter_mut().filter(|it| it.number == number) {
            ran.given_up_ms.get_or_insert(now_ms);
        }
    }

    /// Its answer has come: kept where nobody waits for it any more, and where it is not too long.
    pub fn answered(&mut self, number: u64, answer: &[u8]) {
        let kept: usize = self
            .ran
            .iter()
            .filter_map(|it| it.answer.as_ref())
            .map(Vec::len)
            .sum();
        let fits = answer.len() <= MAX_ANSWER && kept.saturating_add(answer.len()) <= MAX_ANSWERS;
        let Some(at) = self.ran.iter().position(|it| it.number == number) else {
            return;
        };
        if let Some(ran) = self.ran.get_mut(at).filter(|it| it.given_up_ms.is_some()) {
            ran.answer = fits.then(|| answer.to_owned());
        } else {
            self.ran.remove(at);
        }
    }

    /// An identical call that went out and whose client gave up, and its answer where there is one.
    #[must_use]
    pub fn ran(&self, call: &Same, now_ms: i64) -> Option<(&Ran, Option<&[u8]>)> {
        let given_up = |it: &&Ran| it.given_up_ms.is_some_and(|then| recent(then, now_ms));
        let mut ran = self.ran.iter().rev().filter(given_up);
        let ran = ran.find(|it| it.call == *call)?;
        Some((ran, ran.answer.as_deref()))
    }

    fn forget(&mut self, now_ms: i64) {
        self.missed.retain(|it| recent(it.ended_ms, now_ms));
        self.passes.retain(|it| recent(it.banked_ms, now_ms));
        let gone = |it: &Ran| it.given_up_ms.is_some_and(|then| !recent(then, now_ms));
        self.ran.retain(|it| !gone(it));
    }
}

/// A clock that went back makes nothing last longer.
pub(super) fn recent(then_ms: i64, now_ms: i64) -> bool {
    (0..REMEMBERED).contains(&now_ms.saturating_sub(then_ms))
}

fn push<T>(all: &mut VecDeque<T>, one: T) {
    if all.len() >= MOST {
        all.pop_front();
    }
    all.push_back(one);
}
