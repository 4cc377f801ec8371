//! One session driven as the daemon's task drives it: frames judged in groups, each group's batch
//! written or not, verdicts given to the shim, the daemon killed and started anew.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use aipd::audit::batch::SessionOp;
use aipd::audit::{Batch, StateOp};
use aipd::grants::Grants;
use aipd::pins::Pins;
use aipd::session::state::{Facts, InForce, Judged, State};
use engine::decide::Override;
use wire::link::Stream;

use super::cursor::Cursor;
use super::model::{Force, Model};
use super::rules::{self, Rules};
use super::seen::Json;
use super::step::{self, Fate, Step};
use super::store::Store;

mod anew;
mod bounds;
mod group;
mod person;
mod verdict;

/// The session's id.
pub const SESSION: &str = "01890000-0000-7000-8000-000000000001";
/// The most steps of one input.
const STEPS: usize = 200;
/// As many prompts as a daemon allows by itself.
const PROMPTS: usize = 10;
const CLIENT: &str = "client";
/// By which the server is known again.
const SERVER: &str = "command";
/// Ended approvals a person may still answer.
const MISSED: usize = 4;
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

/// The policy, the override, and how often tools had been listed.
type Ground = (usize, Override, u64);

struct World<S> {
    state: State,
    model: Model,
    store: S,
    in_force: Vec<InForce>,
    pins: Arc<Pins>,
    grants: Arc<Grants>,
    policy: usize,
    overriding: Override,
    now_ms: i64,
    ids: Cell<u32>,
    /// Frames read, of the client and of the server.
    read: [u64; 2],
    group: Vec<Decided>,
    /// Frames that wait for a person, as the shim has them.
    held: BTreeMap<u64, Frame>,
    /// What it was founded on that they began to.
    waits_under: BTreeMap<u64, Ground>,
    /// Calls that had a verdict, and what it was founded on.
    decided: Vec<(Frame, Ground)>,
    /// Approvals that wait.
    asks: Vec<String>,
    /// Approvals that ended unanswered of late.
    missed: Vec<String>,
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
            pins: Arc::default(),
            grants: Arc::default(),
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
            missed: Vec::new(),
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

    fn ground(&self) -> Ground {
        (self.policy, self.overriding, self.model.listed)
    }

    fn force(&self) -> Force {
        Force {
            rules: &rules::ALL[self.policy],
            overriding: self.overriding,
        }
    }
}

fn is_call(json: &Json) -> bool {
    let method = json.get("method").and_then(Json::text);
    method.is_some_and(|it| rules::normal(it) == "tools/call")
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
        identity: SERVER.to_owned(),
        client: CLIENT.to_owned(),
        client_source: "observed".to_owned(),
        cwd: "/work/project".into(),
        home: Some("/home/u".into()),
        ..Facts::default()
    }
}
