//! The requests of one side, as that side and the other have seen them.

use std::collections::{BTreeMap, BTreeSet};

use super::seen::Key;

/// A request that has had no answer.
#[derive(Clone, Debug)]
pub struct Open {
    /// The frame it came in.
    pub number: u64,
    /// The other side has not got it: a person is asked first.
    pub waits: bool,
    /// What it asks for.
    pub asks: Asks,
}

/// What a request asks for, as far as its answer is looked into.
#[derive(Clone, Debug, Default)]
pub struct Asks {
    /// Its method, as it is compared.
    pub method: String,
    /// Of a list, a page that is not the first.
    pub goes_on: bool,
}

/// The requests of one side.
#[derive(Default)]
pub struct Exchange {
    /// Those under way.
    pub open: BTreeMap<Key, Open>,
    /// Frames of the other side that carry answers, until they are written: id and frame of each
    /// request they answer.
    pub answers: BTreeMap<u64, Vec<(Key, u64)>>,
    /// Ended, but a daemon started anew takes them for open: by the frames they came in.
    pub stale: BTreeMap<Key, u64>,
    /// Those whose sender no longer waits for them: they may be forgotten to make room.
    pub cancelled: BTreeSet<Key>,
    /// Frames whose requests all have their answers, as the shim is told.
    pub over: BTreeSet<u64>,
}

impl Exchange {
    /// The other side gets a request.
    pub fn begins(&mut self, key: Key, number: u64, asks: Asks) {
        match self.open.get_mut(&key) {
            Some(open) => {
                assert!(
                    open.number == number && open.waits,
                    "{key:?} goes out twice: first in frame {}, now in {number}",
                    open.number
                );
                open.waits = false;
                open.asks = asks;
            }
            None => self.opens(key, number, false, asks),
        }
    }

    /// A request waits for a person.
    pub fn waits(&mut self, key: Key, number: u64) {
        match self.open.get(&key) {
            Some(open) => assert!(
                open.number == number && open.waits,
                "{key:?} waits while it is under way"
            ),
            None => self.opens(key, number, true, Asks::default()),
        }
    }

    fn opens(&mut self, key: Key, number: u64, waits: bool, asks: Asks) {
        for keys in self.answers.values_mut() {
            keys.retain(|(answered, _)| *answered != key);
        }
        self.stale.remove(&key);
        self.cancelled.remove(&key);
        let open = Open {
            number,
            waits,
            asks,
        };
        self.open.insert(key, open);
    }

    /// The sender gets the answer from the other side, in frame `by`.
    pub fn answered(&mut self, key: Key, by: u64) {
        if let Some(number) = self.stale.remove(&key) {
            self.answers.entry(by).or_default().push((key, number));
            return;
        }
        let open = self.open.remove(&key);
        let open = open.unwrap_or_else(|| panic!("an answer to {key:?}, which is not under way"));
        assert!(!open.waits, "an answer to {key:?}, which nobody has got");
        self.answers.entry(by).or_default().push((key, open.number));
    }

    /// The sender gets an answer of the daemon's own to a request of frame `number`.
    pub fn refused(&mut self, key: &Key, number: u64) {
        if let Some(open) = self.open.remove(key) {
            assert!(
                open.number == number && open.waits,
                "an error under {key:?}, which is under way"
            );
        }
    }

    /// The shim is told that these frames are over once frame `by` is written: those whose last
    /// answer it carries, and no other. Where the group holds more frames (`alone` is not set), a
    /// later one may have the last answer, or have taken an id for another request.
    pub fn told(&mut self, by: u64, frames: BTreeSet<u64>, alone: bool) {
        let open = |frame: &u64| self.open.values().any(|it| it.number == *frame);
        let early = frames.iter().find(|it| open(it));
        assert!(
            early.is_none(),
            "frame {early:?} is told as over, it is not"
        );
        let answered = self.answers.get(&by).into_iter().flatten();
        let over = |frame: &&u64| !open(frame) && !self.stale.values().any(|it| it == *frame);
        let mut over = answered.map(|(_, frame)| frame).filter(over);
        let missing = over.find(|it| !frames.contains(it));
        assert!(
            !alone || missing.is_none(),
            "the shim is not told that frame {missing:?} is over"
        );
        self.over.extend(frames);
    }

    /// Requests that wait for a person.
    pub fn waiting(&self) -> usize {
        self.open.values().filter(|open| open.waits).count()
    }

    /// The most a daemon may hold for it.
    pub fn most(&self) -> usize {
        let answers: usize = self.answers.values().map(Vec::len).sum();
        self.open.len() + self.stale.len() + answers
    }

    /// A daemon started anew knows these requests, by id and frame; `resent` frames come again.
    /// Gives those that it takes for open and that are not, where it must know: of a batch it may
    /// take all for open until the last is answered.
    pub fn taken_up(&mut self, known: &BTreeMap<Key, u64>, resent: &BTreeSet<u64>) -> Vec<Key> {
        self.answers.clear();
        for (key, open) in &self.open {
            let again = open.waits && resent.contains(&open.number) || self.cancelled.contains(key);
            assert!(
                known.get(key) == Some(&open.number) || again,
                "{key:?} of frame {} is forgotten",
                open.number
            );
        }
        let ended = known
            .iter()
            .filter(|(key, frame)| !self.open.contains_key(*key) && !resent.contains(*frame));
        let stale: BTreeMap<Key, u64> = ended.map(|(key, frame)| (key.clone(), *frame)).collect();
        let unsure = |frame: &u64| {
            let open = self.open.values().map(|it| &it.number);
            open.chain(self.stale.values()).any(|it| it == frame)
        };
        let strange = stale.iter().filter(|(_, frame)| !unsure(frame));
        let strange = strange.map(|(key, _)| key.clone()).collect();
        self.stale = stale;
        strange
    }
}
