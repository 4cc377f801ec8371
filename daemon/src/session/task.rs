//! Feeds the state machine: packets in, batches committed, verdicts out. Frames that have
//! arrived together are judged and written together.

use std::sync::Arc;
use std::time::Instant;

use tokio::net::UnixStream;
use tokio::sync::{broadcast, mpsc, watch};
use wire::link::{Decoder, End, Exited, LinkError, MAX_FRAME, Packet, Stream, encode};

use super::opening::{self, Opening};
use super::socket::Socket;
use super::state::{Answer, Context, Effect, Facts, InForce, Judged, Signal, State};
use crate::approval::Answered;
use crate::audit::{Batch, Written};
use crate::config::ApprovalAuth;
use crate::daemon::Daemon;
use crate::policies::Stack;

mod answer;
mod emit;
mod end;
mod extend;
mod lists;

/// Frames judged before their batch is written.
const GROUP: usize = 128;
/// Frames longer than this are judged where they hold up no other session.
const LARGE: usize = 64 * 1024;
/// How long a shim is heard when the daemon ends: several times what it waits itself.
const HEAR_OUT: std::time::Duration = std::time::Duration::from_millis(200);
/// Answers to asks that may wait for the session.
const ANSWERS: usize = 64;

/// Serves one connection at the shims' door.
pub async fn serve(daemon: Arc<Daemon>, stream: UnixStream, pid: u32) {
    let socket = match Socket::new(stream) {
        Ok(socket) => socket,
        Err(error) => {
            tracing::error!(%error, "a connection can't be served");
            return;
        }
    };
    let mut decoder = Decoder::default();
    let opened = opening::open(&daemon, &socket, &mut decoder, pid).await;
    let Some(opening) = opened else { return };
    let mut task = Task::new(daemon, socket, decoder, opening);
    let why = task.run().await;
    task.leave(why).await;
}

/// Why a connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// The session has ended and the shim knows.
    Ended,
    /// The connection was lost; the shim may come back.
    Lost,
    /// Another connection has taken the session over.
    Replaced,
    /// The daemon ends.
    Stopping,
}

/// What the session waits for.
enum Next {
    /// So many bytes from the shim, which the decoder has now; none when it is gone.
    Read(usize),
    /// A person's answer.
    Answer(Answered),
    /// An ask has expired.
    Deadline,
    /// Another version of the policy is in force.
    Policy,
    /// A person has approved tools of the server.
    Approved,
    /// Another connection takes over.
    Replaced,
    /// The daemon ends.
    Stop,
}

struct Task {
    daemon: Arc<Daemon>,
    socket: Socket,
    decoder: Decoder,
    state: State,
    stack: Arc<Stack>,
    /// Hears of other versions of the policy.
    changes: watch::Receiver<()>,
    /// What was last told of a version that is not in force.
    noticed: Option<String>,
    /// The version the client's lists were last looked at under.
    listed: Arc<InForce>,
    /// Hears of tools that were approved.
    approvals: broadcast::Receiver<(String, String)>,
    shim: Option<crate::peer::Process>,
    answers: mpsc::Receiver<Answered>,
    answer_to: mpsc::Sender<Answered>,
    replaced: mpsc::Receiver<()>,
    stop: watch::Receiver<bool>,
    exited: Option<Exited>,
    out: Vec<u8>,
    injected: u64,
    ended: bool,
}

/// A frame that has been judged and waits for its batch.
struct Decided {
    /// Its verdict's address; none for what no frame of its own brought about.
    frame: Option<(Stream, u64)>,
    judged: Judged,
}

impl Task {
    fn new(daemon: Arc<Daemon>, socket: Socket, decoder: Decoder, opening: Opening) -> Self {
        let (answer_to, answers) = mpsc::channel(ANSWERS);
        let stop = daemon.stop.subscribe();
        let approvals = daemon.pins.approvals();
        Self {
            daemon,
            socket,
            decoder,
            state: opening.state,
            changes: opening.stack.changes(),
            noticed: opening.stack.notice(),
            listed: opening.stack.in_force(),
            approvals,
            stack: opening.stack,
            shim: opening.shim,
            answers,
            answer_to,
            replaced: opening.replaced,
            stop,
            exited: None,
            out: opening.first,
            injected: 0,
            ended: false,
        }
    }

    async fn run(&mut self) -> Over {
        self.lists_of_old();
        self.asked_before();
        self.questions();
        if self.packets().await.is_err() || self.flush().await.is_err() {
            return Over::Lost;
        }
        loop {
            match self.next().await {
                Next::Read(0) if self.ended => return Over::Ended,
                Next::Read(0) => return Over::Lost,
                Next::Read(_) => {
                    if let Err(error) = self.packets().await {
                        tracing::warn!(%error, "a shim broke the protocol");
                        return Over::Lost;
                    }
                }
                Next::Answer(answered) => self.answer(answered).await,
                Next::Deadline => {
                    self.expire().await;
                    let lines = self.state.still_waiting(crate::time::now_ms());
                    self.tell(lines);
                }
                Next::Policy => {
                    self.policy_changed();
                    self.questions();
                }
                Next::Approved => self.tools_approved(),
                Next::Replaced => return Over::Replaced,
                Next::Stop => {
                    self.hear_out().await;
                    return Over::Stopping;
                }
            }
            if self.flush().await.is_err() {
                return Over::Lost;
            }
        }
    }

    async fn next(&mut self) -> Next {
        let due = [self.state.next_deadline(), self.state.next_progress()];
        let deadline = due.into_iter().flatten().min();
        tokio::select! {
            read = self.socket.read(&mut self.decoder) => Next::Read(read.unwrap_or(0)),
            Some(answered) = self.answers.recv() => Next::Answer(answered),
            () = until(deadline) => Next::Deadline,
            Ok(()) = self.changes.changed() => Next::Policy,
            () = approved(&mut self.approvals, &self.state.facts) => Next::Approved,
            _ = self.replaced.recv() => Next::Replaced,
            _ = self.stop.wait_for(|stop| *stop) => Next::Stop,
        }
    }

    /// Lets the shim say which answers it has written, which it does with a delay: the next daemon
    /// would take their requests for unanswered.
    async fn hear_out(&mut self) {
        let end = tokio::time::Instant::now() + HEAR_OUT;
        while self.flush().await.is_ok() && self.state.awaits_written() {
            let read = self.socket.read(&mut self.decoder);
            let Ok(Ok(1..)) = tokio::time::timeout_at(end, read).await else {
                return;
            };
            if self.packets().await.is_err() {
                return;
            }
        }
    }

    /// Handles every whole packet that has arrived.
    async fn packets(&mut self) -> Result<(), LinkError> {
        let mut group = Vec::new();
        let mut later = Batch::default();
        while let Some(packet) = self.decoder.next_packet()? {
            match packet {
                Packet::Frame { .. } | Packet::Oversize { .. } if self.ended => {}
                Packet::Frame { bytes, .. } if bytes.len() > MAX_FRAME => {
                    return Err(LinkError::Malformed("frame: it is too long"));
                }
                Packet::Frame {
                    stream,
                    number,
                    bytes,
                } => {
                    group.push(self.judge(stream, number, &bytes));
                }
                Packet::Oversize {
                    stream,
                    number,
                    length,
                    head,
                    tail,
                } => {
                    let (decided, hopeless) =
                        self.judge_oversize(stream, number, length, &head, &tail);
                    group.push(decided);
                    if hopeless {
                        self.decide(std::mem::take(&mut group)).await;
                        self.end("a message was too long to be read or answered")
                            .await;
                    }
                }
                Packet::Done { stream, number } => later.append(self.state.written(stream, number)),
                Packet::Acked { .. } => {}
                Packet::Spawned(spawned) => self.server_runs(&spawned).await,
                Packet::Exited(exited) => self.exited = Some(exited),
                Packet::Closed {
                    stream: Stream::Server,
                } => {
                    self.decide(std::mem::take(&mut group)).await;
                    self.end("the server ended").await;
                }
                Packet::Closed { .. } => {}
                Packet::Hello(_)
                | Packet::Welcome(_)
                | Packet::Refused(_)
                | Packet::AsIs { .. }
                | Packet::Bytes { .. }
                | Packet::Reply { .. }
                | Packet::Drop { .. }
                | Packet::Hold { .. }
                | Packet::Inject { .. }
                | Packet::Answers { .. }
                | Packet::End(_) => return Err(LinkError::Malformed("packet from a shim")),
            }
            if group.len() >= GROUP {
                self.decide(std::mem::take(&mut group)).await;
            }
        }
        // First, so that it goes with the commit that follows.
        self.daemon.audit.later(later);
        self.decide(group).await;
        Ok(())
    }

    fn judge(&mut self, stream: Stream, number: u64, bytes: &[u8]) -> Decided {
        let judged = self.with_context(bytes.len(), |state, ctx| match stream {
            Stream::Client => state.client_frame(ctx, number, bytes),
            Stream::Server => state.server_frame(ctx, number, bytes),
            Stream::Stderr | Stream::Diagnostic | Stream::Audit => state.stderr_line(ctx, bytes),
        });
        Decided {
            frame: Some((stream, number)),
            judged,
        }
    }

    fn judge_oversize(
        &mut self,
        stream: Stream,
        number: u64,
        length: u64,
        head: &[u8],
        tail: &[u8],
    ) -> (Decided, bool) {
        let (judged, hopeless) = self.with_context(0, |state, ctx| match stream {
            Stream::Client => state.client_oversize(ctx, number, length, head, tail),
            Stream::Server => state.server_oversize(ctx, number, length, head, tail),
            Stream::Stderr | Stream::Diagnostic | Stream::Audit => {
                (state.stderr_line(ctx, head), false)
            }
        });
        (
            Decided {
                frame: Some((stream, number)),
                judged,
            },
            hopeless,
        )
    }

    /// Runs a judgment with the facts of this moment.
    fn with_context<T>(
        &mut self,
        frame_bytes: usize,
        judge: impl FnOnce(&mut State, &Context<'_>) -> T,
    ) -> T {
        let began = Instant::now();
        let now_ms = crate::time::now_ms();
        let in_force = self.stack.in_force();
        let ctx = Context {
            now_ms,
            in_force: &in_force,
            frame_bytes,
            pins: &self.daemon.pins,
            grants: &self.daemon.grants,
            override_: self.daemon.overriding(now_ms).for_engine(),
            clients_may_answer: self.daemon.config.approval_auth != ApprovalAuth::System,
            prompts_per_minute: self.daemon.config.prompts_per_minute,
            ask_timeout: in_force.policy.ask_waits(self.daemon.config.ask_timeout),
            resolve: &crate::links::resolve,
            through_links: &crate::links::through_links,
            home: self.daemon.home.as_deref(),
            user_homes: &crate::links::home_of,
            fresh_id: &|| crate::random::id(now_ms),
            latency_us: &|| u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        let state = &mut self.state;
        if frame_bytes > LARGE {
            tokio::task::block_in_place(|| judge(state, &ctx))
        } else {
            judge(state, &ctx)
        }
    }

    /// Commits what was judged, then lets its effects go; where that can't be had, takes the
    /// judgments back and lets their stand-ins go. Says whether it could be had.
    async fn decide(&mut self, mut group: Vec<Decided>) -> bool {
        let mut batch = Batch::default();
        for decided in &mut group {
            batch.append(std::mem::take(&mut decided.judged.batch));
        }
        let written = self.daemon.audit.commit(batch).await;
        let had = written.is_ok();
        match written {
            Ok(written) => {
                self.mirror(&written);
                for decided in group {
                    let later = self.let_go(decided);
                    self.daemon.audit.later(later);
                }
            }
            Err(error) => {
                tracing::error!(%error, "calls are refused: their records can't be written");
                self.take_back(group);
            }
        }
        self.questions();
        self.show();
        had
    }

    async fn expire(&mut self) {
        for id in self.state.expired(crate::time::now_ms()) {
            let ended =
                self.with_context(0, |state, ctx| state.ask_ends(ctx, &id, &Answer::Expired));
            if let Some(judged) = ended {
                self.decide(vec![Decided {
                    frame: None,
                    judged,
                }])
                .await;
            }
        }
    }
}

async fn until(deadline_ms: Option<i64>) {
    match deadline_ms {
        None => std::future::pending().await,
        Some(deadline) => {
            let left = deadline.saturating_sub(crate::time::now_ms());
            let left = u64::try_from(left).unwrap_or(0);
            tokio::time::sleep(std::time::Duration::from_millis(left)).await;
        }
    }
}

/// Returns once tools of this session's server are approved, or may have been.
async fn approved(approvals: &mut broadcast::Receiver<(String, String)>, facts: &Facts) {
    use broadcast::error::RecvError;
    loop {
        match approvals.recv().await {
            Ok((client, server)) if client != facts.client || server != facts.identity => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
