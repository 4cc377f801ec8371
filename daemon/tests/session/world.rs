//! One session with a real store beside it: each frame is judged, committed as the task commits
//! it, and shown as what the two sides would see.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aipd::audit::batch::SessionOp;
use aipd::audit::query::{self, Stored};
use aipd::audit::{Audit, Batch, StateOp, restore, store};
use aipd::grants::{Grant, Grants};
use aipd::pins::Pins;
use aipd::session::state::{
    Answer, By, Context, Effect, Facts, InForce, Judged, Kept, NotExtended, Signal, State,
};
use engine::decide::Override;
use engine::policy::{Place, Policy};
use serde_json::Value;
use wire::control::{GrantWish, LogQuery};
use wire::link::Stream;

use crate::out::{Out, json, shown};

const SESSION: &str = "01890000-0000-7000-8000-000000000001";
static IDS: AtomicU64 = AtomicU64::new(1);

/// The session, its policy and its store.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) in_force: InForce,
    pub(crate) pins: Arc<Pins>,
    pub(crate) grants: Arc<Grants>,
    pub(crate) overriding: Override,
    pub(crate) now_ms: i64,
    /// A symbolic link, and where it leads.
    pub(crate) link: Option<(PathBuf, PathBuf)>,
    pub(crate) clients_may_answer: bool,
    client_frames: u64,
    server_frames: u64,
    audit: Audit,
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
}

impl World {
    /// A session under a policy with this `spec`, whose lines need no indentation.
    pub(crate) fn new(spec: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        let connection = store::open(&path).unwrap();
        let (audit, _) = Audit::start(connection, &path, folder.path().join("live")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let world = Self {
            state: State::new(facts()),
            in_force: in_force(spec),
            pins: Arc::default(),
            grants: Arc::default(),
            overriding: Override::None,
            now_ms: 1_772_533_845_123,
            link: None,
            clients_may_answer: true,
            client_frames: 0,
            server_frames: 0,
            audit,
            runtime: runtime.unwrap(),
            folder,
        };
        let begins = SessionOp::Begins {
            secret_hash: String::new(),
            facts: String::new(),
        };
        let op = StateOp::Session {
            id: SESSION.to_owned(),
            op: begins,
        };
        world.commit(Batch {
            ops: vec![op],
            ..Batch::default()
        });
        world
    }

    /// Puts another policy in force; what was spent stays spent. Returns the one before.
    pub(crate) fn policy(&mut self, spec: &str) -> InForce {
        let buckets = Arc::clone(&self.in_force.buckets);
        let after = InForce {
            buckets,
            ..in_force(spec)
        };
        std::mem::replace(&mut self.in_force, after)
    }

    pub(crate) fn client(&mut self, line: &str) -> Out {
        self.client_frames += 1;
        self.client_again(self.client_frames, line)
    }

    /// A frame under a number of an earlier one.
    pub(crate) fn client_again(&mut self, number: u64, line: &str) -> Out {
        let judged = self.judge_client(number, line);
        self.take(judged, line)
    }

    /// Judges without committing.
    pub(crate) fn judge_client(&mut self, number: u64, line: &str) -> Judged {
        self.with(line.len(), |state, ctx| {
            state.client_frame(ctx, number, line.as_bytes())
        })
    }

    pub(crate) fn server(&mut self, line: &str) -> Out {
        self.server_frames += 1;
        self.server_again(self.server_frames, line)
    }

    /// A frame of the server's under a number of an earlier one.
    pub(crate) fn server_again(&mut self, number: u64, line: &str) -> Out {
        let judged = self.with(line.len(), |state, ctx| {
            state.server_frame(ctx, number, line.as_bytes())
        });
        self.take(judged, line)
    }

    pub(crate) fn stderr(&mut self, line: &str) -> Out {
        let judged = self.with(line.len(), |state, ctx| {
            state.stderr_line(ctx, line.as_bytes())
        });
        self.take(judged, line)
    }

    pub(crate) fn allow(&mut self, id: &str) -> Option<Out> {
        self.answer(id, &Answer::Allow(by()))
    }

    pub(crate) fn deny(&mut self, id: &str) -> Option<Out> {
        self.answer(id, &Answer::Deny(by()))
    }

    pub(crate) fn answer(&mut self, id: &str, answer: &Answer) -> Option<Out> {
        let judged = self.with(0, |state, ctx| state.ask_ends(ctx, id, answer))?;
        Some(self.take(judged, ""))
    }

    /// A person needs more time; says when the ask ends then.
    pub(crate) fn extend(&mut self, id: &str) -> Result<(i64, Vec<Value>), NotExtended> {
        let extension = self.with(0, |state, ctx| state.extension(ctx, id, &by()))?;
        let lines = self.commit(extension.batch);
        self.state.extended(id, extension.deadline_ms);
        Ok((extension.deadline_ms, lines))
    }

    /// A person allows a call and more, as the task does it.
    pub(crate) fn grant(&mut self, id: &str, wish: &GrantWish) -> Result<(Grant, Out), String> {
        let planned = self.with(0, |state, ctx| state.plan_grant(ctx, id, wish));
        let grant = planned.map_err(|failure| failure.message)?.grant;
        let judged = self.with(0, |state, ctx| {
            let mut judged = state.ask_ends(ctx, id, &Answer::Allow(by()))?;
            state.grant_made(ctx, &mut judged, grant.clone(), &by());
            Some(judged)
        });
        let judged = judged.ok_or("it no longer waits")?;
        Ok((grant, self.take(judged, "")))
    }

    /// The session ends.
    pub(crate) fn ends(&mut self) -> Vec<Value> {
        let batch = self.with(0, |state, ctx| state.ended(ctx, None, "the shim ended"));
        self.commit(batch)
    }

    /// The shim has written the verdict on the last frame of this side.
    pub(crate) fn written(&mut self, stream: Stream) -> usize {
        let number = match stream {
            Stream::Client => self.client_frames,
            Stream::Server => self.server_frames,
            Stream::Stderr | Stream::Diagnostic | Stream::Audit => 0,
        };
        self.wrote(stream, number)
    }

    pub(crate) fn wrote(&mut self, stream: Stream, number: u64) -> usize {
        let batch = self.state.written(stream, number);
        let ops = batch.ops.len();
        self.commit(batch);
        ops
    }

    /// The server ends: error lines for the client, and what was withdrawn.
    pub(crate) fn server_ends(&mut self) -> (Vec<Value>, Vec<Out>) {
        let ending = self.with(0, |state, ctx| {
            state.server_ended(ctx, None, "the server ended")
        });
        self.commit(ending.batch);
        let withdrawn = ending.withdrawn.into_iter();
        let outs = withdrawn.map(|judged| self.take(judged, "")).collect();
        (ending.errors.iter().map(|line| json(line)).collect(), outs)
    }

    /// The daemon is killed, and one started anew takes the session up from the store.
    pub(crate) fn killed_and_resumed(&mut self) {
        let path = self.folder.path().join("audit.db");
        let store = store::open_to_read(&path).unwrap();
        let row = restore::session(&store, SESSION).unwrap().unwrap();
        let kept = Kept {
            learnt: row.learnt,
            outstanding: restore::outstanding(&store, SESSION).unwrap(),
            waiting: restore::waiting(&store, SESSION).unwrap(),
            decisions: query::decisions_of(&store, SESSION, 10_000).unwrap(),
        };
        self.state = State::resume(facts(), kept);
        self.grants = Arc::default();
        for grant in aipd::audit::grants::all(&store).unwrap() {
            self.grants.add(grant);
        }
        self.pins_from_store(&path);
    }

    /// The store, to be read.
    pub(crate) fn store(&self) -> rusqlite::Connection {
        store::open_to_read(&self.folder.path().join("audit.db")).unwrap()
    }

    /// Writes something nobody judged.
    pub(crate) fn write(&self, batch: Batch) {
        self.commit(batch);
    }

    /// Every record of the store, as it stands there.
    pub(crate) fn records(&self) -> Vec<Stored> {
        let store = store::open_to_read(&self.folder.path().join("audit.db")).unwrap();
        let query = LogQuery {
            events: true,
            outcomes: true,
            ..LogQuery::default()
        };
        let mut all = Vec::new();
        query::select(&store, &query, 0, |stored| {
            all.push(stored);
            true
        })
        .unwrap();
        all
    }

    /// The bytes of the store and its write-ahead log.
    pub(crate) fn disk(&self) -> Vec<u8> {
        let file = |name| std::fs::read(self.folder.path().join(name)).unwrap_or_default();
        let mut all = file("audit.db");
        all.extend(file("audit.db-wal"));
        all
    }

    pub(crate) fn with<T>(
        &mut self,
        frame_bytes: usize,
        judge: impl FnOnce(&mut State, &Context<'_>) -> T,
    ) -> T {
        let link = self.link.clone();
        let resolve = |path: &Path| {
            let (from, to) = link.as_ref()?;
            Some(to.join(path.strip_prefix(from).ok()?))
        };
        let ctx = Context {
            now_ms: self.now_ms,
            in_force: &self.in_force,
            frame_bytes,
            pins: &self.pins,
            grants: &self.grants,
            override_: self.overriding,
            clients_may_answer: self.clients_may_answer,
            prompts_per_minute: 10,
            ask_timeout: Duration::from_secs(60),
            resolve: &|path| resolve(path).unwrap_or_else(|| path.to_owned()),
            through_links: &|_| Some(Vec::new()),
            home: Some(Path::new("/home/u")),
            user_homes: &|_| None,
            fresh_id: &fresh,
            latency_us: &|| 7,
        };
        judge(&mut self.state, &ctx)
    }

    pub(crate) fn take(&self, judged: Judged, sent: &str) -> Out {
        let lines = self.commit(judged.batch);
        let later = judged.later.records.len();
        self.commit(judged.later);
        let mut out = Out {
            lines,
            later,
            signals: judged.signals,
            trace: judged.trace,
            ..Out::default()
        };
        for signal in &out.signals {
            if let Signal::Granted(grant) = signal {
                self.grants.add(*grant.clone());
            }
        }
        for released in judged.released {
            let (forward, replies, _) = shown(released.effect, "the frozen bytes");
            out.released.push((released.number, forward, replies));
        }
        out.as_is = judged.effect == Effect::AsIs;
        (out.forward, out.replies, out.held) = shown(judged.effect, sent);
        out
    }

    fn commit(&self, batch: Batch) -> Vec<Value> {
        let written = self.runtime.block_on(self.audit.commit(batch));
        let lines = written.expect("the store takes the batch").into_iter();
        lines
            .filter_map(|it| serde_json::from_str(&it.line?).ok())
            .collect()
    }
}

fn by() -> By {
    By {
        channel: "control",
        pid: Some(1),
        program: None,
        auth: None,
    }
}

fn fresh() -> String {
    let n = IDS.fetch_add(1, Ordering::Relaxed);
    format!("01890000-0000-7000-8000-0000{n:08x}")
}

fn facts() -> Facts {
    Facts {
        id: SESSION.to_owned(),
        server: "server".to_owned(),
        identity: "1d".repeat(32),
        program: "server".to_owned(),
        client: "client".to_owned(),
        client_source: "observed".to_owned(),
        cwd: "/work/project".into(),
        home: Some("/home/u".into()),
        ..Facts::default()
    }
}

fn in_force(spec: &str) -> InForce {
    let indented: String = spec.lines().map(|it| format!("  {it}\n")).collect();
    let head = "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata:\n  name: p\nspec:\n";
    let place = Place {
        home: Some("/home/u".into()),
        protected: vec!["/etc/aip/agent.yaml".into()],
        case_insensitive: false,
        ..Place::default()
    };
    let loaded = Policy::load(&format!("{head}{indented}"), &place);
    InForce {
        policy: loaded
            .unwrap_or_else(|errors| panic!("{}", errors.render("agent.yaml")))
            .policy,
        path: "/etc/aip/agent.yaml".to_owned(),
        file: "agent.yaml".to_owned(),
        buckets: Arc::new(Mutex::default()),
    }
}

/// A call.
pub(crate) fn call(id: &str, tool: &str, arguments: &str) -> String {
    let tool = Value::from(tool);
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":{tool},"arguments":{arguments}}}}}"#
    )
}

/// A request with params.
pub(crate) fn request(id: &str, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

/// An answer.
pub(crate) fn answer(id: &str, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
}

/// A notification.
pub(crate) fn tell(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#)
}
