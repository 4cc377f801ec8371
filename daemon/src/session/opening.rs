//! How a session begins, or goes on with a daemon started anew.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use wire::link::{
    Decoder, Hello, MAX_FRAME, Packet, Refused, Resume, Stream, VERSIONS, Welcome, encode,
};

use super::orphans::Owned;
use super::socket::Socket;
use super::state::{Facts, InForce, Kept, State};
use crate::audit::batch::{OutstandingRow, SessionOp};
use crate::audit::restore::SessionRow;
use crate::audit::{AuditError, Batch, NewRecord, StateOp, query, restore};
use crate::daemon::{Daemon, Running};
use crate::peer::Process;
use crate::person::Side;
use crate::policies::{PolicyError, Stack, Stacked};

mod claims;
mod pinned;

use claims::{argv, digest, facts, identity, meets, secret};
use pinned::Pinned;

/// The longest hello: a policy of 1 MiB, escaped at its worst, and the claims beside it.
const MAX_HELLO: usize = 8 * 1024 * 1024;
/// How long a peer has for its hello.
const PATIENCE: Duration = Duration::from_secs(10);
/// Decisions read back on resume: more than a shim keeps frames without a verdict.
const DECISIONS: u64 = 10_000;

/// A session ready to be served.
pub(super) struct Opening {
    pub(super) state: State,
    pub(super) stack: Arc<Stack>,
    pub(super) shim: Option<Process>,
    pub(super) replaced: mpsc::Receiver<()>,
    /// The welcome and what follows it at once.
    pub(super) first: Vec<u8>,
}

/// Why there is no session.
struct NoSession {
    why: &'static str,
    message: String,
}

impl From<AuditError> for NoSession {
    fn from(error: AuditError) -> Self {
        let message = format!("the audit store can't be used: {error}");
        Self {
            why: "unavailable",
            message,
        }
    }
}

/// Reads the hello and answers it.
pub(super) async fn open(
    daemon: &Arc<Daemon>,
    socket: &Socket,
    decoder: &mut Decoder,
    pid: u32,
) -> Option<Opening> {
    decoder.limit(MAX_HELLO);
    let hello = tokio::time::timeout(PATIENCE, hello(socket, decoder))
        .await
        .ok()??;
    decoder.limit(MAX_FRAME);
    let shim = Process::observe(pid);
    let opened = match &hello.resume {
        Some(resume) => resumed(daemon, &hello, resume, shim).await,
        None => begun(daemon, &hello, shim).await,
    };
    match opened {
        Ok(opening) => Some(opening),
        Err(NoSession { why, message }) => {
            let mut out = Vec::new();
            encode(
                &Packet::Refused(Refused {
                    why: why.to_owned(),
                    message,
                }),
                &mut out,
            );
            let _gone = socket.write_all(&out).await;
            None
        }
    }
}

async fn hello(socket: &Socket, decoder: &mut Decoder) -> Option<Hello> {
    loop {
        match decoder.next_packet() {
            Ok(Some(Packet::Hello(hello))) => return Some(hello),
            Ok(None) => {}
            Ok(Some(_)) => return None,
            Err(error) => {
                tracing::warn!(%error, "a stranger at the shims' door");
                let refused = Refused {
                    why: "protocol".to_owned(),
                    message: error.to_string(),
                };
                let mut out = Vec::new();
                encode(&Packet::Refused(refused), &mut out);
                let _gone = socket.write_all(&out).await;
                return None;
            }
        }
        let count = socket.read(decoder).await.ok()?;
        (count > 0).then_some(())?;
    }
}

async fn begun(
    daemon: &Arc<Daemon>,
    hello: &Hello,
    shim: Option<Process>,
) -> Result<Opening, NoSession> {
    let mut facts = facts(hello, shim.as_ref());
    let opened = daemon
        .policies
        .open_stack(hello.policy.as_ref(), &facts.cwd)
        .await;
    if let Err(PolicyError::Audit(error)) = opened {
        return Err(error.into());
    }
    let Stacked { stack, notices } = opened.map_err(|error| NoSession {
        why: "policy",
        message: error.to_string(),
    })?;
    facts.layers = stack.layers();
    let secret = secret();
    let owned = Owned {
        session: facts.clone(),
        shim: shim.clone(),
    };
    let op = SessionOp::Begins {
        secret_hash: digest(&secret),
        facts: serde_json::to_string(&owned).unwrap_or_default(),
    };
    let in_force = stack.in_force();
    let named = !in_force.path.is_empty();
    let record = NewRecord::event(facts.started_ms, "SESSION_STARTED")
        .set("session_id", facts.id.clone())
        .set("server", facts.server.clone())
        .set("client", facts.client.clone())
        .set("client_source", facts.client_source.clone())
        .set("cwd", facts.cwd.display().to_string())
        .set_some("policy_path", named.then(|| in_force.path.clone()))
        .set_some("policy_name", named.then(|| in_force.policy.name()))
        .set_some("policy_hash", named.then(|| in_force.policy.hash()))
        .set_some("policy_layers", beside(&in_force));
    let ops = vec![StateOp::Session {
        id: facts.id.clone(),
        op,
    }];
    let mut batch = Batch {
        records: vec![record],
        ops,
        ..Batch::default()
    };
    let pinned = Pinned::begin(daemon, &facts, &in_force);
    batch.append(pinned.batch);
    let written = match daemon.audit.commit(batch).await {
        Ok(written) => written,
        Err(error) => {
            daemon
                .pins
                .put_back(&facts.client, &facts.identity, pinned.before);
            return Err(error.into());
        }
    };
    let notices = notices.into_iter().chain(pinned.notice).collect();
    let mut first = welcome(&facts.id, &secret, &stack, notices);
    if hello.verbose {
        for line in engine::trace::loaded_lines(&in_force.policy) {
            let bytes = format!("{line}\n").into_bytes();
            encode(
                &Packet::Inject {
                    stream: Stream::Diagnostic,
                    number: 0,
                    bytes,
                },
                &mut first,
            );
        }
    }
    if facts.mirror.is_some() {
        for line in written
            .into_iter()
            .filter_map(|it| Some((it.seq, it.line?)))
        {
            mirror_line(line.0, &line.1, &mut first);
        }
    }
    let replaced = register(daemon, &facts, &stack, Side::of(shim.as_ref(), None));
    crate::clients::look_soon(daemon);
    Ok(Opening {
        state: State::new(facts),
        stack,
        shim,
        replaced,
        first,
    })
}

async fn resumed(
    daemon: &Arc<Daemon>,
    hello: &Hello,
    resume: &Resume,
    shim: Option<Process>,
) -> Result<Opening, NoSession> {
    let refused = || NoSession {
        why: "resume",
        message: "this session can't be resumed by this process".to_owned(),
    };
    let before = daemon
        .sessions()
        .get(&resume.session)
        .map(|it| it.replace.clone());
    if let Some(before) = before {
        // Its end is awaited, so that two connections never serve one session.
        let id = resume.session.clone();
        let row = daemon
            .audit
            .read(move |it| restore::session(it, &id))
            .await?;
        if row.is_none_or(|row| !meets(&row, &resume.secret)) {
            return Err(refused());
        }
        let _gone = before.send(()).await;
        let ended = tokio::time::timeout(PATIENCE, before.closed()).await;
        ended.map_err(|_| NoSession {
            why: "unavailable",
            message: "the session's earlier connection has not ended yet".to_owned(),
        })?;
    }
    // What the earlier connection left in the writer's queue belongs to what is read now.
    daemon.audit.flush().await?;
    let Some((row, mut kept)) = kept(daemon, &resume.session).await? else {
        return Err(refused());
    };
    let owned: Owned = serde_json::from_str(&row.facts).map_err(|_| refused())?;
    let same = match (&owned.shim, &shim) {
        (Some(then), Some(now)) => then.is(now),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !same || !meets(&row, &resume.secret) {
        tracing::warn!(session = resume.session, "a resume was refused");
        return Err(refused());
    }
    let opened = daemon
        .policies
        .open_stack_again(owned.session.policy_path.as_deref(), &owned.session.layers)
        .await;
    let stack = opened.map_err(|error| NoSession {
        why: "policy",
        message: error.to_string(),
    })?;
    let mut first = welcome(&resume.session, &resume.secret, &stack, Vec::new());
    let mut facts = Facts {
        verbose: hello.verbose,
        argv: argv(hello),
        ..owned.session
    };
    if facts.identity.is_empty() {
        // Begun under a daemon that did not keep it.
        facts.identity = identity(hello);
    }
    if facts.mirror.is_some() {
        let (id, seen) = (facts.id.clone(), resume.audit_seen);
        for (seq, line) in daemon
            .audit
            .read(move |it| query::mirrored(it, &id, seen))
            .await?
        {
            mirror_line(seq, &line, &mut first);
        }
    }
    daemon.audit.later(over(&mut kept, resume));
    let state = State::resume(facts, kept);
    let side = Side::of(shim.as_ref(), state.server_process());
    let replaced = register(daemon, &state.facts, &stack, side);
    Ok(Opening {
        state,
        stack,
        shim,
        replaced,
        first,
    })
}

/// The files of what is asked beside the session's own policy.
fn beside(in_force: &InForce) -> Option<serde_json::Value> {
    let paths: Vec<&str> = in_force
        .policy
        .layers()
        .iter()
        .map(|it| &*it.path)
        .collect();
    (!paths.is_empty()).then(|| paths.into())
}

/// Takes out the requests whose answers the shim has written: the daemon that was killed had not
/// come to write that down.
fn over(kept: &mut Kept, resume: &Resume) -> Batch {
    let is_over = |row: &OutstandingRow| match row.sender {
        "server" => resume.server_answered.contains(&row.number),
        _ => resume.client_answered.contains(&row.number),
    };
    let rows = std::mem::take(&mut kept.outstanding);
    let (over, open) = rows.into_iter().partition::<Vec<_>, _>(is_over);
    kept.outstanding = open;
    let drop = |row: OutstandingRow| StateOp::Session {
        id: resume.session.clone(),
        op: SessionOp::OutstandingDrop {
            sender: row.sender,
            id: row.id,
            number: row.number,
        },
    };
    Batch {
        ops: over.into_iter().map(drop).collect(),
        ..Batch::default()
    }
}

fn mirror_line(seq: u64, line: &str, out: &mut Vec<u8>) {
    let bytes = format!("{line}\n").into_bytes();
    encode(
        &Packet::Inject {
            stream: Stream::Audit,
            number: seq,
            bytes,
        },
        out,
    );
}

/// What the store knows of a session that has not ended.
pub(super) async fn kept(
    daemon: &Daemon,
    session: &str,
) -> Result<Option<(SessionRow, Kept)>, AuditError> {
    let id = session.to_owned();
    daemon
        .audit
        .read(move |store| {
            let Some(row) = restore::session(store, &id)? else {
                return Ok(None);
            };
            let kept = Kept {
                learnt: row.learnt.clone(),
                outstanding: restore::outstanding(store, &id)?,
                waiting: restore::waiting(store, &id)?,
                decisions: query::decisions_of(store, &id, DECISIONS)?,
            };
            Ok(Some((row, kept)))
        })
        .await
}

fn welcome(session: &str, secret: &str, stack: &Stack, notices: Vec<String>) -> Vec<u8> {
    let mut out = Vec::new();
    let welcome = Welcome {
        version: *VERSIONS.end(),
        build: env!("CARGO_PKG_VERSION").to_owned(),
        session: session.to_owned(),
        secret: secret.to_owned(),
        filter_stderr: stack.in_force().policy.dlp().filter_stderr(),
        notices,
    };
    encode(&Packet::Welcome(welcome), &mut out);
    out
}

fn register(daemon: &Daemon, facts: &Facts, stack: &Arc<Stack>, side: Side) -> mpsc::Receiver<()> {
    let (replace, replaced) = mpsc::channel(1);
    let in_force = stack.in_force();
    let named = !in_force.path.is_empty();
    let shown = wire::control::Session {
        id: facts.id.clone(),
        server: facts.server.clone(),
        identity: facts.identity.clone(),
        command: facts.argv.clone(),
        server_pid: None,
        client: facts.client.clone(),
        client_source: facts.client_source.clone(),
        policy: named.then(|| in_force.path.clone()),
        policy_name: named.then(|| in_force.policy.name().to_owned()),
        policy_hash: named.then(|| in_force.policy.hash().to_owned()),
        mode: super::state::mode_word(in_force.policy.mode()).to_owned(),
        started: crate::time::rfc3339(facts.started_ms),
        cwd: facts.cwd.display().to_string(),
        calls: 0,
        refused: 0,
    };
    let client = side.client.as_ref();
    if let Some(client) = client {
        daemon.door.client_seen(client);
    }
    let running = Running {
        shown,
        replace,
        side,
        stack: Arc::clone(stack),
    };
    daemon.sessions().insert(facts.id.clone(), running);
    replaced
}
