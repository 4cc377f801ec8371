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
}

/// The requests of one side.
#[derive(Default)]
pub struct Exchange {
    /// Those under way.
    pub open: BTreeMap<Key, Open>,
    /// Frames of the other side that carry answers, until they are written: id and frame of each
    /// request they answer.
    pub answers: BTreeMap<u64, Vec<(Key, u64)>>,
    /// Ended, but that could not be written: a daemon started anew takes them for open.
    pub stale: BTreeSet<Key>,
    /// Those whose sender no longer waits for them: they may be forgotten to make room.
    pub cancelled: BTreeSet<Key>,
    /// Frames of requests whose answers are written, as the shim remembers them.
    pub over: BTreeSet<u64>,
}

impl Exchange {
    /// The other side gets a request.
    pub fn begins(&mut self, key: Key, number: u64) {
        match self.open.get_mut(&key) {
            Some(open) => {
                assert!(
                    open.number == number && open.waits,
                    "{key:?} goes out twice: first in frame {}, now in {number}",
                    open.number
                );
                open.waits = false;
            }
            None => self.opens(key, number, false),
        }
    }

    /// A request waits for a person.
    pub fn waits(&mut self, key: Key, number: u64) {
        match self.open.get(&key) {
            Some(open) => assert!(
                open.number == number && open.waits,
                "{key:?} waits while it is under way"
            ),
            None => self.opens(key, number, true),
        }
    }

    fn opens(&mut self, key: Key, number: u64, waits: bool) {
        for keys in self.answers.values_mut() {
            keys.retain(|(answered, _)| *answered != key);
        }
        self.stale.remove(&key);
        self.cancelled.remove(&key);
        self.open.insert(key, Open { number, waits });
    }

    /// The sender gets the answer from the other side, in frame `by`.
    pub fn answered(&mut self, key: Key, by: u64) {
        if self.stale.remove(&key) {
            return;
        }
        let open = self.open.remove(&key);
        let open = open.unwrap_or_else(|| panic!("an answer to {key:?}, which is not under way"));
        assert!(!open.waits, "an answer to {key:?}, which nobody has got");
        self.over.insert(open.number);
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
    pub fn taken_up(&mut self, known: &BTreeMap<Key, u64>, resent: &BTreeSet<u64>) {
        self.answers.clear();
        for (key, open) in &self.open {
            let again = open.waits && resent.contains(&open.number) || self.cancelled.contains(key);
            assert!(
                known.get(key) == Some(&open.number) || again,
                "{key:?} of frame {} is forgotten",
                open.number
            );
        }
        let strange = |(key, number): &(&Key, &u64)| {
            !self.open.contains_key(*key) && !resent.contains(*number)
        };
        self.stale = known
            .iter()
            .filter(strange)
            .map(|(key, _)| key.clone())
            .collect();
    }
}
