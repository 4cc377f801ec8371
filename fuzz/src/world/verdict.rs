//! What the verdicts on a group's frames do, once it is written or taken back.

use aipd::session::state::{Effect, Released, Signal};
use engine::decide::Override;
use wire::link::Stream;

use super::super::message;
use super::super::model::{Model, Origin, Ways};
use super::super::seen::{Json, Kind, Line, lines};
use super::{Decided, Frame, MISSED, Store, World, is_call};

impl<S: Store> World<S> {
    pub(super) fn let_go(&mut self, decided: Decided) {
        let Decided {
            frame,
            judged,
            hopeless,
        } = decided;
        for released in judged.released {
            self.released(released.number, released.effect, true);
        }
        self.signals(judged.signals, true);
        match frame {
            Some(frame) if frame.stream == Stream::Client => {
                self.client_verdict(&frame, judged.effect, true);
            }
            Some(frame) => self.server_verdict(&frame, judged.effect, true),
            None => {}
        }
        self.commit(judged.later);
        self.over |= hopeless;
    }

    pub(super) fn take_back(&mut self, mut group: Vec<Decided>) {
        for decided in group.iter_mut().rev() {
            let undo = std::mem::take(&mut decided.judged.undo);
            self.state.undo(&self.in_force[self.policy], undo);
        }
        for decided in group {
            self.otherwise(decided);
        }
    }

    fn otherwise(&mut self, decided: Decided) {
        let Decided { frame, judged, .. } = decided;
        for Released {
            number, otherwise, ..
        } in judged.released
        {
            self.released(number, otherwise, false);
        }
        self.signals(judged.signals, false);
        match frame {
            Some(frame) if frame.stream == Stream::Client => {
                self.client_verdict(&frame, judged.otherwise, false);
            }
            Some(frame) => self.server_verdict(&frame, judged.otherwise, false),
            None => {}
        }
    }

    pub(super) fn signals(&mut self, signals: Vec<Signal>, written: bool) {
        for signal in signals {
            match signal {
                Signal::Asked(approval) if written => self.asks.push(approval.id),
                Signal::Asked(_) => {}
                Signal::Granted(_) => unreachable!("no answer makes a grant"),
                Signal::AskEnded { id, state } => {
                    self.asks.retain(|it| *it != id);
                    if ["expired", "withdrawn"].contains(&state) {
                        self.missed.push(id);
                        let more = self.missed.len().saturating_sub(MISSED);
                        self.missed.drain(..more);
                    }
                }
            }
        }
    }

    /// A verdict on a frame that waited; where the shim has another already, nothing.
    pub(super) fn released(&mut self, number: u64, effect: Effect, written: bool) {
        let Some(frame) = self.held.remove(&number) else {
            return;
        };
        if effect == Effect::Drop {
            self.no_longer_waits(&Line::of(&frame.bytes), number);
            return;
        }
        self.client_verdict(&frame, effect, written);
    }

    fn no_longer_waits(&mut self, sent: &Line, number: u64) {
        if let Some(Some(Kind::Request(key))) = sent.messages().first() {
            let open = self.model.client.open.get(key);
            if open.is_some_and(|it| it.number == number) {
                self.model.client.refused(key, number);
            }
        }
    }

    pub(super) fn client_verdict(&mut self, frame: &Frame, effect: Effect, written: bool) {
        let (sent, number) = (Line::of(&frame.bytes), frame.number);
        let mut ways = Ways::default();
        let held = effect == Effect::Hold;
        if !held && self.held.remove(&number).is_some() && self.model.withdrawn(number) {
            self.no_longer_waits(&sent, number);
        }
        let force = self.force();
        match effect {
            Effect::Hold => {
                assert!(written, "what was taken back does not wait");
                self.waits(frame, &sent);
            }
            Effect::Drop => {}
            Effect::AsIs => {
                assert!(written, "what was taken back does not go on");
                assert!(!frame.long, "what was not read does not go on");
                self.model
                    .goes_to_server(force, number, &frame.bytes, &mut ways);
            }
            Effect::Bytes { forward, reply } => {
                for line in lines(&forward) {
                    self.model.goes_to_server(force, number, line, &mut ways);
                }
                for line in lines(&reply) {
                    ways.replies += 1;
                    let about = (number, frame.bytes.as_slice());
                    self.model.back_to_client(about, &sent, line, written);
                }
                assert!(
                    written || ways.requests == 0,
                    "what was taken back does not go on"
                );
            }
        }
        self.model.client_sent(&frame.bytes);
        self.tells(frame);
        if !frame.long {
            each_has_its_end(&sent, &ways, held);
        }
        if written && frame.clean {
            self.is_let_through(frame, &ways);
        }
        if is_one_call(&sent, &frame.bytes) && written && !held {
            self.decided.push((frame.clone(), self.ground()));
        }
    }

    fn waits(&mut self, frame: &Frame, sent: &Line) {
        let Line::One(Kind::Request(key)) = sent else {
            panic!("what waits is one request");
        };
        self.model.client.waits(key.clone(), frame.number);
        self.held.insert(frame.number, frame.clone());
        self.waits_under.insert(frame.number, self.ground());
    }

    /// The shim is told which frames are over with this one.
    fn tells(&mut self, frame: &Frame) {
        let frames = self.state.over_with(frame.stream, frame.number);
        let exchange = match frame.stream {
            Stream::Server => &mut self.model.client,
            _ => &mut self.model.server,
        };
        exchange.told(frame.number, frames, self.alone);
    }

    /// What a plain policy plainly allows goes on.
    pub(super) fn is_let_through(&self, frame: &Frame, ways: &Ways) {
        let plain = self.policy == 0 && self.overriding == Override::None;
        let free = ["1", "2", "3"].map(|id| message::call_of(id, "free").into_bytes());
        let room = self.model.client.open.len() < 1000 && self.model.client.stale.is_empty();
        if plain && room && self.model.listed == 0 && free.contains(&frame.bytes) {
            let passes = ways.requests == 1;
            let in_use = !passes
                && Line::of(&frame.bytes).messages().iter().any(|it| {
                    let Some(Kind::Request(key)) = it else {
                        return false;
                    };
                    let open = self.model.client.open.get(key);
                    open.is_some_and(|it| it.number != frame.number)
                });
            let again = self.model.again.contains(&frame.number);
            assert!(passes || in_use || again, "what is allowed goes on");
        }
    }

    pub(super) fn server_verdict(&mut self, frame: &Frame, effect: Effect, written: bool) {
        let (sent, number) = (Line::of(&frame.bytes), frame.number);
        let mut ways = Ways::default();
        let force = self.force();
        let origin = Origin {
            number,
            bytes: &frame.bytes,
            clean: frame.clean,
        };
        let asked = |model: &Model| match &sent {
            Line::One(Kind::Answer(Some(key))) => {
                model.client.open.get(key).is_some_and(|it| !it.waits)
            }
            _ => false,
        };
        let ends = written && asked(&self.model) && frame.clean;
        match effect {
            Effect::Hold => panic!("the server's frames do not wait"),
            Effect::Drop => {}
            Effect::AsIs => {
                assert!(written && !frame.long, "what was taken back does not go on");
                self.model
                    .goes_to_client(force, origin, &frame.bytes, &mut ways);
            }
            Effect::Bytes { forward, reply } => {
                for line in lines(&forward) {
                    self.model.goes_to_client(force, origin, line, &mut ways);
                }
                for line in lines(&reply) {
                    ways.replies += 1;
                    let about = (number, frame.bytes.as_slice());
                    self.model.back_to_server(about, &sent, line, written);
                }
                assert!(
                    written || ways.requests == 0,
                    "what was taken back does not go on"
                );
            }
        }
        assert!(
            !(ends && asked(&self.model)),
            "an answer is passed on, or an error for it"
        );
        self.tells(frame);
    }
}

/// Each request goes on, waits, or is answered: one of them. A refused notification has no answer.
fn each_has_its_end(sent: &Line, ways: &Ways, held: bool) {
    let all = ways.requests + ways.replies + usize::from(held);
    let messages = sent.messages();
    let wanting = |it: &&Option<Kind>| matches!(it, None | Some(Kind::Request(_)));
    let least = messages.iter().filter(wanting).count();
    let whole = matches!(sent, Line::Batch(_)) && ways.requests == 0 && ways.replies == 1;
    assert!(
        whole || (least..=messages.len()).contains(&all),
        "{least} want an end, {all} have one: {sent:?} {ways:?}"
    );
}

fn is_one_call(sent: &Line, bytes: &[u8]) -> bool {
    matches!(sent, Line::One(Kind::Request(_))) && Json::read(bytes).is_some_and(|it| is_call(&it))
}
