//! One session driven as the daemon's task drives it: frames judged in groups, each group's batch
//! written or not, verdicts given to the shim, the daemon killed and started anew.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aipd::audit::batch::{OutstandingRow, SessionOp};
use aipd::audit::{Batch, StateOp};
use aipd::session::state::{
    Answer, By, Context, Effect, Facts, InForce, Judged, Released, Signal, State,
};
use engine::decide::Override;
use wire::link::Stream;

use super::cursor::Cursor;
use super::message;
use super::model::{Force, Model, Ways};
use super::rules::{self, Rules};
use super::seen::{Json, Key, Kind, Line, lines};
use super::step::{self, Fate, Step};
use super::store::{DECISIONS, Store};

/// The session's id.
pub const SESSION: &str = "01890000-0000-7000-8000-000000000001";
/// The most steps of one input.
const STEPS: usize = 200;
/// As many prompts as a daemon allows by itself.
const PROMPTS: usize = 10;
/// What the daemon's tables may hold: see `session::table` and `session::learnt`.
const OUTSTANDING: usize = 2 * 1024;
const LEARNT: usize = 4096;
const ROOTS: usize = 64;

/// More than may be under way.
const FLOOD: usize = 1100;

const OVERRIDES: [Override; 3] = [Override::None, Override::Monitor, Override::DenyAll];

thread_local! {
    /// Compiling takes longer than most inputs.
    static COMPILED: RefCell<Vec<InForce>> = const { RefCell::new(Vec::new()) };
}

/// A frame as the shim keeps it until its verdict is carried out.
#[derive(Clone)]
struct Frame {
    stream: Stream,
    number: u64,
    bytes: Vec<u8>,
    /// Whether it is a line of ours, unchanged.
    clean: bool,
    /// Whether only its head is known.
    long: bool,
}

/// A judged frame whose batch is to be written.
struct Decided {
    frame: Option<Frame>,
    judged: Judged,
    /// The session must end.
    hopeless: bool,
}

struct World<S> {
    state: State,
    model: Model,
    store: S,
    in_force: Vec<InForce>,
    policy: usize,
    overriding: Override,
    now_ms: i64,
    ids: Cell<u32>,
    /// Frames read, of the client and of the server.
    read: [u64; 2],
    group: Vec<Decided>,
    /// Frames that wait for a person, as the shim has them.
    held: BTreeMap<u64, Frame>,
    /// The policy and the override under which they began to.
    waits_under: BTreeMap<u64, (usize, Override)>,
    /// Calls that had a verdict, and the policy and override of that moment.
    decided: Vec<(Frame, usize, Override)>,
    /// Approvals that wait.
    asks: Vec<String>,
    flooded: bool,
    /// The group that is settled is one frame.
    alone: bool,
    over: bool,
}

/// Plays one input to its end.
pub fn play(data: &[u8], store: impl Store) {
    let (policy, steps) = steps(data);
    play_steps(policy, steps, store);
}

/// Plays these steps, and the end of the session.
pub fn play_steps(policy: usize, steps: impl IntoIterator<Item = Step>, store: impl Store) {
    let in_force = COMPILED.with(RefCell::take);
    let in_force = if in_force.is_empty() {
        Rules::compiled()
    } else {
        in_force
    };
    let mut world = World::new(in_force, store);
    world.use_policy(policy);
    for step in steps {
        world.take(step);
        if world.over {
            break;
        }
    }
    world.ends();
    COMPILED.with(|it| it.replace(world.in_force));
}

/// The policy an input begins under, and its steps.
fn steps(data: &[u8]) -> (usize, impl Iterator<Item = Step>) {
    let mut input = Cursor::new(data);
    let mode = input.byte();
    let next = if mode & 1 == 0 {
        step::next
    } else {
        step::raw_line
    };
    let steps = std::iter::from_fn(move || next(&mut input)).take(STEPS);
    (usize::from(mode >> 1), steps)
}

/// The steps of an input, to be read by a person.
pub fn spelled(data: &[u8]) -> Vec<String> {
    let (policy, steps) = steps(data);
    let first = format!("under policy {}", policy % rules::ALL.len());
    std::iter::once(first)
        .chain(steps.map(|step| step.to_string()))
        .collect()
}

impl<S: Store> World<S> {
    fn new(in_force: Vec<InForce>, store: S) -> Self {
        let mut world = Self {
            state: State::new(facts()),
            model: Model::default(),
            store,
            in_force,
            policy: 0,
            overriding: Override::None,
            now_ms: 1_772_533_845_123,
            ids: Cell::new(0),
            read: [0, 0],
            group: Vec::new(),
            held: BTreeMap::new(),
            waits_under: BTreeMap::new(),
            decided: Vec::new(),
            asks: Vec::new(),
            flooded: false,
            alone: true,
            over: false,
        };
        world.fill_buckets();
        let begins = SessionOp::Begins {
            secret_hash: String::new(),
            facts: String::new(),
        };
        world.store.commit(of_session(vec![begins]));
        world
    }

    fn take(&mut self, step: Step) {
        if !matches!(step, Step::Frame(..) | Step::Oversize(..) | Step::Done(..)) {
            self.settle(Fate::Written);
        }
        match step {
            Step::Frame(stream, bytes, clean, fate) => {
                self.group_ends_before(stream, &bytes);
                self.reads(stream, bytes, clean, false);
                if let Some(fate) = fate {
                    self.settle(fate);
                }
            }
            Step::Oversize(stream, bytes) => {
                self.group_ends_before(stream, &bytes);
                self.reads(stream, bytes, false, true);
                self.settle(Fate::Written);
            }
            Step::Stderr(bytes) => self.stderr(&bytes),
            Step::Person(nth, yes, fate) => self.person(nth, yes, fate),
            Step::Clock(ms, fate) => self.clock(ms, fate),
            Step::Done(stream, nth) => self.done(stream, nth),
            Step::Policy(at) => self.use_policy(at),
            Step::Override(at) => self.overriding = OVERRIDES[at % OVERRIDES.len()],
            Step::Killed => self.killed(Vec::new()),
            Step::Again(nth) => self.again(nth),
            Step::Flood(kind) => self.flood(kind),
            Step::Ends => self.over = true,
        }
        if self.group.is_empty() {
            self.bounded();
        }
    }

    fn use_policy(&mut self, at: usize) {
        self.policy = at % rules::ALL.len();
    }

    fn force(&self) -> Force {
        Force {
            rules: &rules::ALL[self.policy],
            overriding: self.overriding,
        }
    }

    /// A line of either side: judged at once, written with its group.
    fn reads(&mut self, stream: Stream, bytes: Vec<u8>, clean: bool, long: bool) {
        let read = &mut self.read[usize::from(stream == Stream::Server)];
        *read += 1;
        let frame = Frame {
            stream,
            number: *read,
            bytes,
            clean,
            long,
        };
        self.judge(frame);
    }

    /// Nobody answers a request before it has got it: where a group holds frames of both sides,
    /// they are requests.
    fn group_ends_before(&mut self, stream: Stream, bytes: &[u8]) {
        let asks = |it: &Option<Kind>| matches!(it, Some(Kind::Request(_)));
        let only_asks = |bytes: &[u8]| Line::of(bytes).messages().iter().all(asks);
        let frames = || self.group.iter().filter_map(|it| it.frame.as_ref());
        let mixed = frames().any(|it| it.stream != stream);
        if mixed && !(only_asks(bytes) && frames().all(|it| only_asks(&it.bytes))) {
            self.settle(Fate::Written);
        }
    }

    fn judge(&mut self, frame: Frame) {
        let (number, bytes) = (frame.number, frame.bytes.as_slice());
        let (judged, hopeless) = self.with(bytes.len(), |state, ctx| {
            let length = 11 * 1024 * 1024;
            match (frame.stream, frame.long) {
                (Stream::Client, true) => state.client_oversize(ctx, number, length, bytes, b""),
                (Stream::Client, false) => (state.client_frame(ctx, number, bytes), false),
                (_, true) => state.server_oversize(ctx, number, length, bytes, b""),
                (_, false) => (state.server_frame(ctx, number, bytes), false),
            }
        });
        self.group.push(Decided {
            frame: Some(frame),
            judged,
            hopeless,
        });
    }

    fn with<T>(
        &mut self,
        frame_bytes: usize,
        judge: impl FnOnce(&mut State, &Context<'_>) -> T,
    ) -> T {
        let ids = &self.ids;
        let ctx = Context {
            now_ms: self.now_ms,
            in_force: &self.in_force[self.policy],
            frame_bytes,
            // Without an identity nothing of the server is pinned.
            pins: &Arc::default(),
            override_: self.overriding,
            prompts_per_minute: PROMPTS,
            ask_timeout: Duration::from_secs(60),
            resolve: &|path| path.to_owned(),
            through_links: &|_| Some(Vec::new()),
            home: Some(Path::new("/home/u")),
            user_homes: &|_| None,
            fresh_id: &|| {
                ids.set(ids.get() + 1);
                format!("01890000-0000-7000-8000-0000{:08x}", ids.get())
            },
            latency_us: &|| 7,
        };
        judge(&mut self.state, &ctx)
    }

    /// The group's batch meets its fate, and its frames theirs.
    fn settle(&mut self, fate: Fate) {
        let mut group = std::mem::take(&mut self.group);
        self.alone = group.len() == 1;
        let mut batch = Batch::default();
        for decided in &mut group {
            batch.append(std::mem::take(&mut decided.judged.batch));
        }
        match fate {
            Fate::Written => {
                self.commit(batch);
                for decided in group {
                    self.count(&decided);
                    self.let_go(decided);
                }
            }
            Fate::Unwritten if batch.is_empty() => {
                for decided in group {
                    self.let_go(decided);
                }
            }
            Fate::Unwritten => {
                self.model.failed = true;
                for decided in group.into_iter().rev() {
                    self.take_back(decided);
                }
            }
            Fate::Lost if group.is_empty() => {}
            Fate::Lost => {
                self.commit(batch);
                for decided in &group {
                    self.count(decided);
                }
                self.killed(group.into_iter().filter_map(|it| it.frame).collect());
            }
        }
    }

    fn commit(&mut self, batch: Batch) {
        self.model.committed(&batch);
        self.store.commit(batch);
    }

    /// Calls that pass, or begin to wait, have spent; those sent again have not.
    fn count(&mut self, decided: &Decided) {
        let Some(frame) = &decided.frame else { return };
        if frame.stream != Stream::Client || self.model.again.contains(&frame.number) {
            return;
        }
        let sent = [frame.bytes.as_slice()];
        let calls = match &decided.judged.effect {
            Effect::AsIs | Effect::Hold => sent.to_vec(),
            Effect::Bytes { forward, .. } => lines(forward),
            Effect::Drop => Vec::new(),
        };
        for call in calls {
            let json = Json::read(call).unwrap_or(Json::Plain);
            let name = json.get("params").and_then(|it| it.get("name"));
            let name = name.and_then(Json::text).filter(|_| is_call(&json));
            if let Some(name) = name.filter(|it| self.force().rules.limits(it)) {
                self.model.spends(name, self.now_ms);
            }
        }
    }

    fn let_go(&mut self, decided: Decided) {
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

    fn take_back(&mut self, decided: Decided) {
        let Decided { frame, judged, .. } = decided;
        self.state.undo(&self.in_force[self.policy], judged.undo);
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

    fn signals(&mut self, signals: Vec<Signal>, written: bool) {
        for signal in signals {
            match signal {
                Signal::Asked(approval) if written => self.asks.push(approval.id),
                Signal::Asked(_) => {}
                Signal::AskEnded { id, .. } => self.asks.retain(|it| *it != id),
            }
        }
    }

    /// A verdict on a frame that waited; where the shim has another already, nothing.
    fn released(&mut self, number: u64, effect: Effect, written: bool) {
        let Some(frame) = self.held.remove(&number) else {
            return;
        };
        if effect == Effect::Drop {
            let messages = Line::of(&frame.bytes).messages();
            if let Some(Some(Kind::Request(key))) = messages.first() {
                self.model.client.refused(key, number);
            }
            return;
        }
        self.client_verdict(&frame, effect, written);
    }

    fn client_verdict(&mut self, frame: &Frame, effect: Effect, written: bool) {
        let (sent, number) = (Line::of(&frame.bytes), frame.number);
        let mut ways = Ways::default();
        let held = effect == Effect::Hold;
        if !held {
            self.held.remove(&number);
        }
        let force = self.force();
        match effect {
            Effect::Hold => {
                assert!(written, "what was taken back does not wait");
                let Line::One(Kind::Request(key)) = &sent else {
                    panic!("what waits is one request");
                };
                self.model.client.waits(key.clone(), number);
                self.held.insert(number, frame.clone());
                let force = (self.policy, self.overriding);
                self.waits_under.insert(number, force);
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
                    self.model.back_to_client(number, &sent, line, written);
                }
                assert!(
                    written || ways.requests == 0,
                    "what was taken back does not go on"
                );
            }
        }
        if !frame.long {
            each_has_its_end(&sent, &ways, held);
        }
        if written && frame.clean {
            self.is_let_through(frame, &ways);
        }
        if is_one_call(&sent, &frame.bytes) && written && !held {
            let seen = (frame.clone(), self.policy, self.overriding);
            self.decided.push(seen);
        }
    }

    /// What a plain policy plainly allows goes on.
    fn is_let_through(&self, frame: &Frame, ways: &Ways) {
        let plain = self.policy == 0 && self.overriding == Override::None;
        let free = ["1", "2", "3"].map(|id| message::call_of(id, "free").into_bytes());
        let room = self.model.client.open.len() < 1000 && self.model.client.stale.is_empty();
        if plain && room && !self.model.listed && free.contains(&frame.bytes) {
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

    fn server_verdict(&mut self, frame: &Frame, effect: Effect, written: bool) {
        let (sent, number) = (Line::of(&frame.bytes), frame.number);
        let mut ways = Ways::default();
        let force = self.force();
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
                    .goes_to_client(force, number, &frame.bytes, &mut ways);
            }
            Effect::Bytes { forward, reply } => {
                for line in lines(&forward) {
                    self.model.goes_to_client(force, number, line, &mut ways);
                }
                for line in lines(&reply) {
                    ways.replies += 1;
                    self.model.back_to_server(number, &sent, line, written);
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
        let told = self.state.answered_by(Stream::Server, number);
        let told: BTreeSet<u64> = told.into_iter().collect();
        let known = self.model.client.answers.get(&number);
        let known: BTreeSet<u64> = known.into_iter().flatten().map(|(_, at)| *at).collect();
        // Where the id is used again within the group, the store has only its later request.
        assert!(
            !written || !self.alone || known.is_subset(&told),
            "the shim is told which requests are over"
        );
    }

    fn stderr(&mut self, bytes: &[u8]) {
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

    fn person(&mut self, nth: usize, yes: bool, fate: Fate) {
        if self.asks.is_empty() {
            return;
        }
        let id = self.asks[nth % self.asks.len()].clone();
        let by = By {
            channel: "control",
            pid: Some(1),
            program: None,
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

    fn ask_ends(&mut self, id: &str, answer: &Answer, fate: Fate) -> bool {
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

    fn clock(&mut self, ms: i64, fate: Fate) {
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
    fn done(&mut self, stream: Stream, nth: usize) {
        let exchange = match stream {
            Stream::Server => &mut self.model.client,
            _ => &mut self.model.server,
        };
        let number = exchange.answers.keys().nth(nth).copied();
        let number = number.unwrap_or(nth as u64);
        let answered = exchange.answers.remove(&number).unwrap_or_default();
        let batch = self.state.written(stream, number);
        assert!(
            batch.ops.len() >= answered.len(),
            "what is over is forgotten"
        );
        self.commit(batch);
    }

    /// The daemon dies. The one started anew has what was written, hears from the shim which
    /// requests are over, and is sent every frame that has no verdict.
    fn killed(&mut self, lost: Vec<Frame>) {
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
            exchange.taken_up(&known.collect(), &again.map(|it| it.number).collect());
            assert!(
                model.failed || exchange.stale.is_empty(),
                "an ended request is open again"
            );
        }
        self.store
            .commit(of_session(over.into_iter().map(drop).collect()));
        self.state = State::resume(facts(), kept);
        self.fill_buckets();
        self.asks.clear();
        for frame in frames {
            self.sent_again(frame);
        }
    }

    fn fill_buckets(&mut self) {
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

    fn sent_again(&mut self, frame: Frame) {
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
            && self.waits_under.get(&number) == Some(&(self.policy, self.overriding));
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

    fn spent(&self) -> Vec<Option<i64>> {
        let buckets = self.in_force[self.policy].buckets.lock();
        let buckets = buckets.expect("nobody panicked");
        rules::LIMITED
            .iter()
            .map(|it| buckets.full_again(it))
            .collect()
    }

    /// A call that had its verdict comes once more: nothing is recorded, spent or asked, and what
    /// the shim does with the verdict is nothing.
    fn again(&mut self, nth: usize) {
        self.killed(Vec::new());
        let Some((frame, policy, overriding)) = self.decided.iter().rev().nth(nth).cloned() else {
            return;
        };
        if (policy, overriding) != (self.policy, self.overriding)
            || self.model.failed
            || !self.model.on_record(frame.number)
            || self.model.again.contains(&frame.number)
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

    fn flood(&mut self, kind: usize) {
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

    /// Every table holds no more than what is under way, and no more than its bound.
    fn bounded(&self) {
        let sizes = self.state.sizes();
        let (client, server) = (&self.model.client, &self.model.server);
        assert_eq!(sizes.asks, client.waiting(), "who waits");
        assert!(sizes.client <= client.most().min(OUTSTANDING), "{sizes:?}");
        assert!(sizes.server <= server.most().min(OUTSTANDING), "{sizes:?}");
        assert!(sizes.answers <= 2 * OUTSTANDING, "{sizes:?}");
        assert!(sizes.asks <= OUTSTANDING / 2, "{sizes:?}");
        let most = client.open.len().max(server.open.len());
        assert!(most <= OUTSTANDING / 2, "{most} requests are under way");
        assert_eq!(
            self.spent(),
            self.model.spent(),
            "what is spent is what is written"
        );
        assert!(sizes.waited <= OUTSTANDING / 2, "{sizes:?}");
        assert!(sizes.prompts <= PROMPTS, "{sizes:?}");
        assert!(sizes.recorded <= DECISIONS, "{sizes:?}");
        assert!(sizes.tools <= LEARNT && sizes.tasks <= LEARNT, "{sizes:?}");
        assert!(sizes.roots <= ROOTS, "{sizes:?}");
    }

    /// The server ends: who still waits gets an error, and nobody else.
    fn ends(&mut self) {
        self.settle(Fate::Written);
        let ending = self.with(0, |state, ctx| state.server_ended(ctx, None, "it ended"));
        self.commit(ending.batch);
        for line in &ending.errors {
            for line in lines(line) {
                let key = super::seen::one_line(line).get("id").and_then(Json::key);
                let key = key.expect("an error for a request names it");
                self.model.client.answered(key, u64::MAX);
            }
        }
        for judged in ending.withdrawn {
            self.group.push(Decided {
                frame: None,
                judged,
                hopeless: false,
            });
        }
        self.settle(Fate::Written);
        let client = &self.model.client;
        let waits = client
            .open
            .keys()
            .find(|it| !client.cancelled.contains(*it));
        assert!(waits.is_none(), "a request has no end: {waits:?}");
        let batch = self.with(0, |state, ctx| state.ended(ctx, None, "it ended"));
        self.commit(batch);
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

fn is_call(json: &Json) -> bool {
    let method = json.get("method").and_then(Json::text);
    method.is_some_and(|it| rules::normal(it) == "tools/call")
}

fn is_one_call(sent: &Line, bytes: &[u8]) -> bool {
    matches!(sent, Line::One(Kind::Request(_))) && Json::read(bytes).is_some_and(|it| is_call(&it))
}

fn key_of(json: &str) -> Option<Key> {
    Json::read(json.as_bytes())?.key()
}

fn of_session(ops: Vec<SessionOp>) -> Batch {
    let op = |op| StateOp::Session {
        id: SESSION.to_owned(),
        op,
    };
    Batch {
        ops: ops.into_iter().map(op).collect(),
        ..Batch::default()
    }
}

fn facts() -> Facts {
    Facts {
        id: SESSION.to_owned(),
        server: "server".to_owned(),
        client: "client".to_owned(),
        client_source: "observed".to_owned(),
        cwd: "/work/project".into(),
        home: Some("/home/u".into()),
        ..Facts::default()
    }
}
