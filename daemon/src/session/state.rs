//! The session as a state machine: each frame in, what it comes to out. No IO, no clock.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::decide::Override;
use engine::policy::{Mode, Policy};
use engine::rate::Buckets;
use wire::link::Stream;

use super::learnt::Learnt;
use super::table::Table;
use crate::audit::batch::SessionOp;
use crate::audit::restore::WaitingRow;
use crate::audit::{Batch, NewRecord, StateOp};
use crate::grants::Grants;
use crate::peer::Process;
use crate::pins::Pins;

mod answer;
mod ask;
mod call;
mod cancels;
mod client;
mod ending;
mod granted;
mod in_client;
mod inputs;
mod judged;
mod late;
mod listing;
mod pinned;
pub(crate) mod places;
mod progress;
mod recorded;
mod refuse;
mod request;
mod resources;
mod resume;
mod returning;
mod revision;
mod server;
mod sizes;
mod streams;
mod strip;
mod subscriptions;
mod tasks;
mod telling;
mod traced;
mod verdict;

pub use ask::{Answer, Ask, By, Extension, NotExtended};
pub use granted::Planned;
pub use judged::{At, Effect, Judged, PinnedBefore, Released, Signal, Undo};
pub use recorded::Recorded;
pub use resume::Kept;
pub use sizes::Sizes;
pub use subscriptions::Subscriptions;
pub use telling::mode_word;

/// Who the session belongs to; it does not change.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Facts {
    /// UUIDv7.
    pub id: String,
    /// `--name`, or the command's base name.
    pub server: String,
    /// The label was given by `--name`.
    pub named: bool,
    /// The server's command line, redacted nowhere: never written to the store or the audit.
    #[serde(skip)]
    pub argv: Vec<String>,
    /// SHA-256 over the server's program and arguments, by which it is known again; empty where
    /// it is not.
    pub identity: String,
    /// Base name of the server's program.
    pub program: String,
    /// The client as observed, or as claimed.
    pub client: String,
    /// `observed` or `claimed`.
    pub client_source: String,
    /// The client's working folder.
    pub cwd: PathBuf,
    /// The client's home folder.
    pub home: Option<PathBuf>,
    /// Trace lines are wanted.
    pub verbose: bool,
    /// The mirror's path; audit lines are wanted.
    pub mirror: Option<PathBuf>,
    /// The policy file.
    pub policy_path: Option<String>,
    /// The layers it stands under.
    pub layers: Vec<String>,
    /// When it began, ms since 1970.
    pub started_ms: i64,
}

/// A policy version in force.
#[derive(Debug)]
pub struct InForce {
    /// Compiled.
    pub policy: Policy,
    /// Path of its file; empty where there is none.
    pub path: String,
    /// Base name of its file, for the person.
    pub file: String,
    /// Rate buckets, shared by all sessions under this path and all its versions.
    pub buckets: Arc<Mutex<Buckets>>,
}

/// What a judgment may know besides the session.
pub struct Context<'a> {
    /// Ms since 1970.
    pub now_ms: i64,
    /// The policy.
    pub in_force: &'a InForce,
    /// Bytes of the frame that is judged; 0 where there is none.
    pub frame_bytes: usize,
    /// What is pinned of every server's tools.
    pub pins: &'a Arc<Pins>,
    /// What people have allowed beyond one call.
    pub grants: &'a Arc<Grants>,
    /// The daemon-wide override.
    pub override_: Override,
    /// How long a call waits for a person.
    pub ask_timeout: Duration,
    /// An answer in the client may count: it needs no password of the person's.
    pub clients_may_answer: bool,
    /// How often a session may ask a person in a minute.
    pub prompts_per_minute: usize,
    /// Resolves the links of the longest existing prefix.
    pub resolve: &'a dyn Fn(&Path) -> PathBuf,
    /// Where a path with globs leads through links that are there; `None` for too much to tell.
    pub through_links: &'a dyn Fn(&Path) -> Option<Vec<PathBuf>>,
    /// The daemon's own home folder: what `~` means in its policies.
    pub home: Option<&'a Path>,
    /// The home folder of another user.
    pub user_homes: &'a dyn Fn(&str) -> Option<PathBuf>,
    /// A new UUIDv7.
    pub fresh_id: &'a dyn Fn() -> String,
    /// Microseconds since the frame's receipt.
    pub latency_us: &'a dyn Fn() -> u64,
}

impl Context<'_> {
    fn policy(&self) -> &Policy {
        &self.in_force.policy
    }

    /// Whether a person may be asked in the client.
    fn asks_in_client(&self) -> bool {
        self.clients_may_answer && self.policy().ask_in_client()
    }

    /// Whether violations are let through. A session without a policy has nothing to watch.
    fn monitor(&self) -> bool {
        let wanted = self.policy().mode() == Mode::Monitor || self.override_ == Override::Monitor;
        wanted && !self.in_force.path.is_empty()
    }
}

/// One session.
#[derive(Debug)]
pub struct State {
    /// Who it belongs to.
    pub facts: Facts,
    /// What it has learnt of its peers.
    pub learnt: Learnt,
    /// Requests of the client under way.
    client: Table,
    /// Requests of the server under way.
    server: Table,
    /// Calls that wait for a person, by the client's frame: held, or to be brought back.
    asks: BTreeMap<u64, Ask>,
    /// What the client is asked about them.
    questions: in_client::Questions,
    /// Decisions of an earlier daemon on frames it may be sent again, by sender, frame and part.
    recorded: HashMap<(Stream, u64, u32), Recorded>,
    /// When this session last asked a person, ms since 1970.
    prompts: VecDeque<i64>,
    /// Calls that waited for a person under an earlier daemon, by the client's frame.
    waited: HashMap<u64, WaitingRow>,
    /// The revision the client's last request stated; none do before 2026-07-28.
    stated: Option<String>,
    /// Calls judged.
    pub calls: u64,
    /// Calls refused.
    pub refused: u64,
}

impl State {
    /// A session that begins.
    #[must_use]
    pub fn new(facts: Facts) -> Self {
        Self {
            facts,
            learnt: Learnt::default(),
            client: Table::default(),
            server: Table::default(),
            asks: BTreeMap::new(),
            questions: in_client::Questions::default(),
            prompts: VecDeque::new(),
            recorded: HashMap::new(),
            waited: HashMap::new(),
            stated: None,
            calls: 0,
            refused: 0,
        }
    }

    /// Takes back what a batch that could not be written had changed, the last change first.
    pub fn undo(&mut self, in_force: &InForce, undo: Vec<Undo>) {
        for step in undo.into_iter().rev() {
            match step {
                Undo::Began(sender, id) => drop(self.table(sender).remove(&id)),
                Undo::Asked(number) => drop(self.asks.remove(&number)),
                Undo::CameBack(number, ask) => drop(self.asks.insert(number, *ask)),
                Undo::Learnt(before) => {
                    let now = std::mem::replace(&mut self.learnt, *before);
                    self.learnt.server = now.server;
                }
                Undo::Pinned(before) => {
                    let PinnedBefore { pins, server } = *before;
                    pins.put_back(&self.facts.client, &self.facts.identity, server);
                }
                Undo::Spent(spent) => {
                    if let Ok(mut buckets) = in_force.buckets.lock() {
                        buckets.undo(&spent);
                    }
                }
            }
        }
    }

    /// The shim has written what the verdict on a frame asked for.
    pub fn written(&mut self, stream: Stream, number: u64) -> Batch {
        let (requests, answers, sender) = match stream {
            Stream::Client => (&mut self.client, &mut self.server, "server"),
            Stream::Server => (&mut self.server, &mut self.client, "client"),
            Stream::Stderr | Stream::Diagnostic | Stream::Audit => return Batch::default(),
        };
        requests.request_written(number);
        let mut batch = Batch::default();
        for (id, entry) in answers.answer_written(number) {
            batch.ops.push(self.op(SessionOp::OutstandingDrop {
                sender,
                id: id.to_value().to_json(),
                number: entry.number,
            }));
        }
        batch
    }

    /// The frames whose requests all have their answers once this one is written: what a shim is
    /// told to remember as over. A frame is not while one of its requests waits for an answer.
    #[must_use]
    pub fn over_with(&self, stream: Stream, number: u64) -> BTreeSet<u64> {
        match stream {
            Stream::Client => self.server.over_with(number),
            Stream::Server => self.client.over_with(number),
            Stream::Stderr | Stream::Diagnostic | Stream::Audit => BTreeSet::new(),
        }
    }

    /// Whether the shim has still to say that it wrote an answer.
    #[must_use]
    pub fn awaits_written(&self) -> bool {
        self.client.awaits_written() || self.server.awaits_written()
    }

    /// The server runs.
    pub fn server_runs(&mut self, server: Option<Process>) -> Batch {
        self.learnt.server = server;
        Batch {
            ops: vec![self.learnt_op()],
            ..Batch::default()
        }
    }

    /// The server's process, where it is the shim's own child.
    #[must_use]
    pub fn server_process(&self) -> Option<&Process> {
        self.learnt.server.as_ref()
    }

    fn table(&mut self, sender: Stream) -> &mut Table {
        match sender {
            Stream::Server => &mut self.server,
            Stream::Client | Stream::Stderr | Stream::Diagnostic | Stream::Audit => {
                &mut self.client
            }
        }
    }

    fn op(&self, op: SessionOp) -> StateOp {
        StateOp::Session {
            id: self.facts.id.clone(),
            op,
        }
    }

    /// What was learnt since `before` is written with the batch, or forgotten with it.
    fn learns(&self, judged: &mut Judged, before: Learnt) {
        judged.undo.push(Undo::Learnt(Box::new(before)));
        judged.batch.ops.push(self.learnt_op());
    }

    fn learnt_op(&self) -> StateOp {
        self.op(SessionOp::Learnt(
            serde_json::to_string(&self.learnt).unwrap_or_default(),
        ))
    }
}
