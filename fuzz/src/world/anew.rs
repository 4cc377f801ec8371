//! The daemon dies, and one started anew takes the session up.

use std::sync::{Arc, Mutex};

use aipd::audit::batch::{OutstandingRow, SessionOp};
use aipd::session::state::{Effect, State};
use wire::link::Stream;

use super::super::rules;
use super::super::seen::{Json, Key, Kind, Line};
use super::super::step::Fate;
use super::super::store::Pins;
use super::{CLIENT, Frame, SERVER, Store, World, facts, of_session};

impl<S: Store> World<S> {
    /// The daemon dies. The one started anew has what was written, hears from the shim which
    /// requests are over, and is sent every frame that has no verdict.
    pub(super) fn killed(&mut self, lost: Vec<Frame>) {
        let mut kept = self.store.kept();
        let model = &mut self.model;
        let is_over = |row: &OutstandingRow| match row.sender {
            "server" => model.server.over.contains(&row.number),
            _ => model.client.over.contains(&row.number),
        };
        let (over, open) = kept.outstanding.into_iter().partition(is_over);
        let drop = |row: OutstandingRow| SessionOp::OutstandingDrop {
            sender: row.sender,
            id: row.id,
            number: row.number,
        };
        kept.outstanding = open;
        let over: Vec<OutstandingRow> = over;
        let mut frames: Vec<Frame> = self.held.values().cloned().collect();
        frames.extend(lost);
        for (stream, sender, exchange) in [
            (Stream::Client, "client", &mut model.client),
            (Stream::Server, "server", &mut model.server),
        ] {
            let rows = kept.outstanding.iter().filter(|row| row.sender == sender);
            let known = rows.filter_map(|row| Some((key_of(&row.id)?, row.number)));
            let again = frames.iter().filter(|it| it.stream == stream);
            let ended = exchange.taken_up(&known.collect(), &again.map(|it| it.number).collect());
            assert!(
                model.failed || ended.is_empty(),
                "ended requests are open again: {ended:?}"
            );
        }
        self.store
            .commit(of_session(over.into_iter().map(drop).collect()));
        self.state = State::resume(facts(), kept);
        assert_eq!(
            self.pinned(),
            self.store.pins(),
            "what is pinned is written"
        );
        self.fill_buckets();
        self.asks.clear();
        for frame in frames {
            self.sent_again(frame);
        }
    }

    fn pinned(&self) -> Pins {
        let book = self.pins.open();
        let server = book.get(CLIENT).and_then(|it| it.get(SERVER));
        let tools = server.into_iter().flat_map(|it| &it.tools);
        let hash = |print: &Option<aipd::pins::Print>| Some(print.as_ref()?.hash.clone());
        tools
            .map(|(name, pin)| (name.clone(), (hash(&pin.approved), hash(&pin.listed))))
            .collect()
    }

    pub(super) fn fill_buckets(&mut self) {
        let buckets = Arc::new(Mutex::default());
        for in_force in &mut self.in_force {
            in_force.buckets = Arc::clone(&buckets);
        }
        if let Ok(mut buckets) = buckets.lock() {
            for (tool, tat_ms) in self.store.buckets() {
                engine::rate::Buckets::restore(&mut buckets, &tool, tat_ms);
            }
        };
    }

    pub(super) fn sent_again(&mut self, frame: Frame) {
        let spent = self.spent();
        let upstream = frame.stream == Stream::Client;
        let number = frame.number;
        let before = upstream
            && (self.model.on_record(number)
                || self
                    .model
                    .client
                    .open
                    .values()
                    .any(|it| it.number == number));
        if upstream {
            self.model.again.insert(number);
        }
        let waits = upstream
            && self.held.contains_key(&number)
            && !self.model.failed
            && !self.model.on_record(number)
            && !self.force().rules.holds(self.overriding)
            && self.waits_under.get(&number) == Some(&self.ground());
        self.judge(frame);
        self.settle(Fate::Written);
        assert!(
            !waits || !self.model.on_record(number),
            "what waits waits on"
        );
        assert!(
            !before || self.spent() == spent,
            "what is sent again spends nothing"
        );
    }

    pub(super) fn spent(&self) -> Vec<Option<i64>> {
        let buckets = self.in_force[self.policy].buckets.lock();
        let buckets = buckets.expect("nobody panicked");
        rules::LIMITED
            .iter()
            .map(|it| buckets.full_again(it))
            .collect()
    }

    /// Whether the request is over and its id in use by a later one: no shim sends it again.
    fn id_is_anothers(&self, frame: &Frame) -> bool {
        let Line::One(Kind::Request(key)) = Line::of(&frame.bytes) else {
            return false;
        };
        let open = self.model.client.open.get(&key);
        open.is_some_and(|it| it.number != frame.number)
    }

    /// A call that had its verdict comes once more: nothing is recorded, spent or asked, and what
    /// the shim does with the verdict is nothing.
    pub(super) fn again(&mut self, nth: usize) {
        self.killed(Vec::new());
        let Some((frame, ground)) = self.decided.iter().rev().nth(nth).cloned() else {
            return;
        };
        if ground != self.ground()
            || self.model.failed
            || !self.model.on_record(frame.number)
            || self.model.again.contains(&frame.number)
            || self.id_is_anothers(&frame)
        {
            return;
        }
        self.model.again.insert(frame.number);
        let spent = self.spent();
        let allowed = self.model.allowed(frame.number);
        self.judge(frame);
        for decided in std::mem::take(&mut self.group) {
            let judged = decided.judged;
            assert!(judged.batch.records.is_empty(), "a call is decided once");
            assert!(judged.signals.is_empty(), "a call is asked about once");
            let forwards = match judged.effect {
                Effect::AsIs => true,
                Effect::Bytes { forward, .. } => !forward.is_empty(),
                Effect::Drop => false,
                Effect::Hold => panic!("a call that was decided does not wait"),
            };
            assert!(allowed || !forwards, "what was refused stays refused");
        }
        assert_eq!(self.spent(), spent, "what is sent again spends nothing");
    }
}

fn key_of(json: &str) -> Option<Key> {
    Json::read(json.as_bytes())?.key()
}
