//! Frames from the server.

use engine::decide::Code;
use engine::dlp::{Scan, Scope};
use engine::method_spelling;
use engine::name::normal_form;
use engine::node::sha256_hex;
use wire::link::Stream;
use wire::mcp;
use wire::rpc::{self, Frame, Id, Malformed, Message};

use super::answer::Whose;
use super::client::{keeps_all, respelled};
use super::request::too_long;
use super::telling::word;
use super::{At, Context, Effect, Judged, State};
use crate::session::learnt::Page;
use crate::session::progress::Token;
use crate::session::reply::{About, Why, Word};
use crate::session::table::{Entry, Phase};

impl State {
    /// Judges a frame from the server.
    pub fn server_frame(&mut self, ctx: &Context<'_>, number: u64, bytes: &[u8]) -> Judged {
        let at = At::only(number);
        match rpc::read(bytes) {
            Err(malformed) => self.server_malformed(ctx, at, malformed, bytes),
            Ok(read) => match read.frame {
                Frame::Single(message) => {
                    self.server_message(ctx, at, message, read.plain.then_some(bytes))
                }
                Frame::Batch(_) if !self.batches() => {
                    let reason = "a batch outside the one revision that has them";
                    let record = self.dropped(ctx, at, "downstream", reason);
                    Judged::new(Effect::Drop).record(record)
                }
                Frame::Batch(messages) => {
                    let mut whole = Judged::new(Effect::Drop);
                    for (part, message) in (0..).zip(messages) {
                        let at = At {
                            part,
                            batched: true,
                            ..at
                        };
                        let one = match message {
                            Err(malformed) => self.server_malformed(ctx, at, malformed, bytes),
                            Ok(message) => self.server_message(ctx, at, message, None),
                        };
                        whole.take_in(one);
                    }
                    whole
                }
            },
        }
    }

    /// A line of the server's too long to be read. Says whether the session must end, since
    /// nobody can be told.
    pub fn server_oversize(
        &mut self,
        ctx: &Context<'_>,
        number: u64,
        length: u64,
        head: &[u8],
        tail: &[u8],
    ) -> (Judged, bool) {
        let reason = format!("a message of {length} bytes is over the limit of 10 MiB");
        let at = At::only(number);
        let answers = !rpc::head_has_method(head);
        let found = rpc::find_id(head, tail).filter(|_| answers).and_then(|id| {
            let entry = self.client.forwarded(&id).cloned()?;
            Some((id, entry))
        });
        match found {
            Some((id, entry)) => (self.unreadable_answer(ctx, at, id, &entry, &reason), false),
            None => {
                let record = self.dropped(ctx, at, "downstream", &reason);
                (Judged::new(Effect::Drop).record(record), true)
            }
        }
    }

    /// What is not JSON-RPC is dropped, and recorded by length and hash. Where it may be an answer,
    /// the client gets an error for it.
    fn server_malformed(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        malformed: Malformed,
        bytes: &[u8],
    ) -> Judged {
        let answered = malformed.id.filter(|_| !malformed.asks).and_then(|id| {
            let entry = self.client.forwarded(&id).cloned()?;
            Some((id, entry))
        });
        if let Some((id, entry)) = answered {
            return self.unreadable_answer(ctx, at, id, &entry, &malformed.reason);
        }
        let record = self
            .dropped(ctx, at, "downstream", &malformed.reason)
            .set("length", bytes.len())
            .set("sha256", sha256_hex(bytes));
        Judged::new(Effect::Drop).record(record)
    }

    fn server_message(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        message: Message<'_>,
        plain: Option<&[u8]>,
    ) -> Judged {
        let judged = match message {
            Message::Request { .. } => self.server_request(ctx, at, message, plain.is_some()),
            Message::Notification { .. } => self.server_tells(ctx, at, message, plain.is_some()),
            Message::Response { .. } | Message::Error { .. } => {
                self.server_answer(ctx, at, message, plain)
            }
        };
        self.traced(ctx, judged)
    }

    fn server_tells(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        mut message: Message<'_>,
        plain: bool,
    ) -> Judged {
        let recorded = self.decided_before(Stream::Server, at);
        if recorded.as_ref().is_some_and(|it| !it.allowed) {
            return Judged::new(Effect::Drop);
        }
        let sent = message.method().unwrap_or_default().to_owned();
        let normal = normal_form(&sent).into_owned();
        let wrong = message
            .params()
            .map(|params| mcp::check_params(&normal, params));
        if let Some(Err(reason)) = wrong {
            let record = self.dropped(ctx, at, "downstream", &reason);
            return Judged::new(Effect::Drop).record(record);
        }
        if method_spelling(&sent).is_none() {
            let record = self.dropped(
                ctx,
                at,
                "downstream",
                "the method's name is not in normal form",
            );
            return Judged::new(Effect::Drop).record(record);
        }
        let mut judged = match self.may_tell(ctx, at, &normal, message.params()) {
            Ok(judged) => judged.superseding(recorded.as_ref()),
            Err(record) => {
                let record = record.set_some("supersedes", recorded.map(|it| it.seq));
                return Judged::new(Effect::Drop).record(record);
            }
        };
        let task = mcp::task_named(message.params());
        let origin = task
            .and_then(|task| self.learnt.tasks.origin(task))
            .cloned();
        let whose = origin.as_ref().map(Whose::from);
        match self.redact_downstream(ctx, &mut message, whose) {
            Ok((batch, changed)) => {
                judged.effect = respelled(&mut message, &sent, plain && !changed);
                judged.batch.append(batch);
                judged
            }
            Err((batch, _, _)) => {
                judged.effect = Effect::Drop;
                judged.batch.append(batch);
                judged
            }
        }
    }

    /// What an earlier daemon has decided is not decided anew, unless it is refused now.
    fn server_request(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        message: Message<'_>,
        plain: bool,
    ) -> Judged {
        let Some(id) = message.id().cloned() else {
            return Judged::new(Effect::Drop);
        };
        let recorded = self.decided_before(Stream::Server, at);
        if let Some(recorded) = recorded.as_ref().filter(|it| !it.allowed) {
            let about = About::Method(message.method().unwrap_or_default());
            return Judged::new(recorded.refusal(self.form(ctx), &id, about));
        }
        let mut judged = self.judge_server_request(ctx, at, id.clone(), message, plain);
        if judged.refused {
            self.ends_refused(&mut judged, Stream::Server, &id, at);
        }
        judged.superseding(recorded.as_ref())
    }

    fn judge_server_request(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        id: Id,
        mut message: Message<'_>,
        plain: bool,
    ) -> Judged {
        let sent = message.method().unwrap_or_default().to_owned();
        let normal = normal_form(&sent).into_owned();
        let record = |state: &Self, decision: &'static str| {
            state
                .decision(ctx, "downstream", decision)
                .set("method", word(&sent, ctx.policy().dlp()))
                .set("frame", at.number)
                .set("part", at.part)
        };
        let again = self
            .server
            .get(&id)
            .is_some_and(|entry| entry.restored && entry.number == at.number);
        if too_long(&id) {
            let record = self.dropped(ctx, at, "downstream", "its id is too long");
            return Judged::new(Effect::Drop).record(record);
        }
        if !again && (self.server.admits(&id).is_err() || self.is_of_question(&id)) {
            let record = self.dropped(
                ctx,
                at,
                "downstream",
                "its id is in use, or too many are under way",
            );
            return Judged::new(Effect::Drop).record(record);
        }
        let about = About::Method(&sent);
        let wrong = message
            .params()
            .and_then(|it| mcp::check_params(&normal, it).err());
        let listed = ctx.policy().allows_server_method(&normal)
            || self.client_task(&normal, message.params());
        let why = match wrong {
            Some(reason) => Some((Code::Forbidden, reason, Word::Malformed)),
            None if method_spelling(&sent).is_none() || !(listed || ctx.monitor()) => {
                let reason = "the policy does not let the server ask this".to_owned();
                Some((
                    Code::MethodNotAllowed,
                    reason,
                    Word::Of(Code::MethodNotAllowed),
                ))
            }
            None => None,
        };
        if let Some((code, reason, word)) = why {
            let against = || ctx.policy().layer_against_server_method(&normal);
            let layer = (!listed).then(against).flatten();
            let record = record(self, "BLOCK").set_some("policy_layer", layer);
            let why = Why {
                code,
                reason: &reason,
                word,
            };
            return self.refuse_plainly(ctx, record, Some(&id), about, why);
        }
        let mut judged = Judged::new(Effect::Drop);
        if !listed {
            judged = judged.record(record(self, "ALLOW_MONITOR").set("violation", true));
        } else if keeps_all(ctx) {
            judged = judged.record(record(self, "ALLOW").set("violation", false));
        }
        match self.redact_downstream(ctx, &mut message, None) {
            Err((batch, code, reason)) => {
                let record = record(self, "BLOCK");
                let why = Why {
                    code,
                    reason: &reason,
                    word: Word::Of(code),
                };
                let mut refused = self.refuse_plainly(ctx, record, Some(&id), about, why);
                refused.batch.append(batch);
                return refused;
            }
            Ok((batch, changed)) => {
                judged.batch.append(batch);
                judged.effect = respelled(&mut message, &sent, plain && !changed);
            }
        }
        judged.otherwise = super::refuse::unwritable(Some(&id), about);
        let entry = Entry {
            number: at.number,
            method: message.method().unwrap_or_default().to_owned(),
            tool: None,
            call_id: (ctx.fresh_id)(),
            began_ms: ctx.now_ms,
            recorded: false,
            page: Page::Unknown,
            progress: Token::of(message.params()),
            restored: false,
            phase: Phase::Forwarded { written: false },
        };
        self.begins(&mut judged, Stream::Server, id, entry);
        judged
    }

    /// A line of the server's standard error, where the policy has it filtered.
    pub fn stderr_line(&mut self, ctx: &Context<'_>, bytes: &[u8]) -> Judged {
        let dlp = ctx.policy().dlp();
        let text = String::from_utf8_lossy(bytes);
        let (line, findings) = match dlp.scan(&text, Scope::Response) {
            Scan::Clean => return Judged::new(Effect::AsIs),
            Scan::Redacted { text, findings } => (text, findings),
            Scan::Failed(_) => ("[REDACTED]".to_owned(), Vec::new()),
        };
        let found = crate::session::redact::Redaction {
            findings: findings.into_iter().map(|it| (it.rule, it.count)).collect(),
            ..Default::default()
        };
        let mut judged = Judged::new(Effect::forward(format!("{line}\n").into_bytes()));
        judged.batch = self.findings(ctx, &found, "stderr", "REDACTED", None);
        self.traced(ctx, judged)
    }
}
