//! What happens beside the frames: a person, time, what the shim has written.

use aipd::session::state::{Answer, By, Effect};
use wire::link::Stream;

use super::super::step::Fate;
use super::super::{message, rules};
use super::{Decided, FLOOD, Store, World};

impl<S: Store> World<S> {
    pub(super) fn stderr(&mut self, bytes: &[u8]) {
        let judged = self.with(bytes.len(), |state, ctx| state.stderr_line(ctx, bytes));
        let out = match judged.effect {
            Effect::AsIs => bytes.to_vec(),
            Effect::Bytes { forward, .. } => forward,
            Effect::Drop | Effect::Hold => Vec::new(),
        };
        let out = String::from_utf8_lossy(&out).into_owned();
        let keeps = self.force().rules.redacts;
        assert!(
            !(keeps && out.contains(rules::SECRET)),
            "a secret comes back: {out}"
        );
        self.commit(judged.batch);
    }

    pub(super) fn person(&mut self, nth: usize, yes: bool, fate: Fate) {
        if self.asks.is_empty() {
            self.late_yes(nth, yes, fate);
            return;
        }
        let id = self.asks[nth % self.asks.len()].clone();
        let by = By {
            channel: "control",
            pid: Some(1),
            program: None,
            auth: None,
        };
        let answer = if yes {
            Answer::Allow(by)
        } else {
            Answer::Deny(by)
        };
        assert!(
            self.ask_ends(&id, &answer, fate),
            "what is shown to a person waits"
        );
    }

    /// A yes to a call that ended unanswered: it lets an identical one through, once.
    fn late_yes(&mut self, nth: usize, yes: bool, fate: Fate) {
        if !yes || self.missed.is_empty() {
            return;
        }
        let id = self.missed[nth % self.missed.len()].clone();
        let by = By {
            channel: "control",
            pid: Some(1),
            program: None,
            auth: None,
        };
        let judged = self.with(0, |state, ctx| state.banks(ctx, &id, &by));
        let Some(judged) = judged else { return };
        assert!(
            judged.released.is_empty() && judged.effect == Effect::Drop,
            "a late yes forwards nothing"
        );
        self.group.push(Decided {
            frame: None,
            judged,
            hopeless: false,
        });
        self.settle(fate);
    }

    pub(super) fn ask_ends(&mut self, id: &str, answer: &Answer, fate: Fate) -> bool {
        let judged = self.with(0, |state, ctx| state.ask_ends(ctx, id, answer));
        let Some(judged) = judged else { return false };
        self.group.push(Decided {
            frame: None,
            judged,
            hopeless: false,
        });
        self.settle(fate);
        true
    }

    pub(super) fn clock(&mut self, ms: i64, fate: Fate) {
        self.now_ms += ms;
        for id in self.state.expired(self.now_ms) {
            self.ask_ends(&id, &Answer::Expired, fate);
            if fate == Fate::Lost {
                return;
            }
        }
        assert!(
            self.state.next_deadline().is_none_or(|it| it > self.now_ms),
            "what has expired no longer waits"
        );
    }

    /// The shim has written an answer: its requests are over.
    pub(super) fn done(&mut self, stream: Stream, nth: usize) {
        let exchange = match stream {
            Stream::Server => &mut self.model.client,
            _ => &mut self.model.server,
        };
        let number = exchange.answers.keys().nth(nth).copied();
        let number = number.unwrap_or(nth as u64);
        let mut undecided = self.group.iter().filter_map(|it| it.frame.as_ref());
        if undecided.any(|it| (it.stream, it.number) == (stream, number)) {
            // No shim writes what it has no verdict on.
            return;
        }
        let answered = exchange.answers.remove(&number).unwrap_or_default();
        let batch = self.state.written(stream, number);
        // An id used again in a frame that is not written yet, or could not be, has taken the place
        // of the request that was answered under it; the shim knows that it is over.
        assert!(
            self.model.failed || !self.group.is_empty() || batch.ops.len() >= answered.len(),
            "what is over is forgotten"
        );
        self.commit(batch);
    }

    pub(super) fn flood(&mut self, kind: usize) {
        if std::mem::replace(&mut self.flooded, true) {
            return;
        }
        let line = |nth: usize| match kind {
            0 => (
                Stream::Client,
                message::call_of(&format!("{}", 100 + nth), "free"),
            ),
            1 => (
                Stream::Server,
                format!(r#"{{"jsonrpc":"2.0","id":{nth},"method":"ping"}}"#),
            ),
            _ => (
                Stream::Client,
                message::call_of(&format!("\"f{nth}\""), "ask"),
            ),
        };
        for nth in 0..FLOOD {
            let (stream, line) = line(nth);
            self.reads(stream, line.into_bytes(), true, false);
            if nth % 128 == 127 {
                self.settle(Fate::Written);
            }
        }
        self.settle(Fate::Written);
    }
}
