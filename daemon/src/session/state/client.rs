//! Frames from the client.

use engine::decide::Code;
use engine::method_spelling;
use engine::name::normal_form;
use engine::policy::MethodsWish;
use wire::link::Stream;
use wire::mcp;
use wire::rpc::{self, Frame, Id, Malformed, Message};

use super::progress::OF_NOTHING;
use super::resources::told_of;
use super::revision::BATCH_REVISION;
use super::telling::word;
use super::{At, Context, Effect, Judged, State};
use crate::session::reply::{self, About, Why, Word};

impl State {
    /// Judges a frame from the client.
    pub fn client_frame(&mut self, ctx: &Context<'_>, number: u64, bytes: &[u8]) -> Judged {
        let at = At::only(number);
        match rpc::read(bytes) {
            Err(malformed) => {
                let judged = self.refuse_malformed(ctx, at, &malformed, bytes.len());
                self.traced(ctx, judged)
            }
            Ok(read) => match read.frame {
                Frame::Single(message) => self.client_message(ctx, at, message, read.plain),
                Frame::Batch(messages) => self.client_batch(ctx, at, messages, bytes.len()),
            },
        }
    }

    /// A line too long to be read: answered where its id is known, else the session ends.
    /// Says whether it must.
    pub fn client_oversize(
        &mut self,
        ctx: &Context<'_>,
        number: u64,
        length: u64,
        head: &[u8],
        tail: &[u8],
    ) -> (Judged, bool) {
        let id = rpc::find_id(head, tail);
        let unanswerable = id.is_none();
        let reason = format!("a message of {length} bytes is over the limit of 10 MiB");
        let question = id.as_ref().filter(|_| !rpc::head_has_method(head));
        if let Some(judged) = question.and_then(|id| self.unread_in_client(ctx, number, id)) {
            return (judged, false);
        }
        let answers = id
            .as_ref()
            .filter(|id| !rpc::head_has_method(head) && self.server.forwarded(id).is_some());
        if let Some(id) = answers.cloned() {
            let at = At::only(number);
            return (self.unreadable_to_server(ctx, at, &id, &reason), false);
        }
        let malformed = Malformed::invalid(reason, id);
        let at = At::only(number);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        (
            self.refuse_malformed(ctx, at, &malformed, length),
            unanswerable,
        )
    }

    /// The client's answer is too long, or can be read in two ways: the server, which waits for
    /// it, gets an error.
    fn unreadable_to_server(&mut self, ctx: &Context<'_>, at: At, id: &Id, reason: &str) -> Judged {
        let error = Effect::forward(rpc::error_line(Some(id), -32603, reason, None));
        let record = self.dropped(ctx, at, "upstream", reason);
        self.server.answer(id, at.number);
        Judged::new(error.clone()).record(record).otherwise(error)
    }

    /// Each message of a batch is judged by itself; what passes goes on one by one.
    fn client_batch(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        messages: Vec<Result<Message<'_>, Malformed>>,
        length: usize,
    ) -> Judged {
        if !self.batches() {
            let reason = format!("batches exist in revision {BATCH_REVISION} only");
            let malformed = Malformed::invalid(reason, None);
            let mut refused = self.refuse_malformed(ctx, at, &malformed, length);
            // An earlier daemon may have let its messages through.
            for id in self.client.of_frame(at.number) {
                self.ends_refused(&mut refused, Stream::Client, &id, at);
            }
            if let Some(waited) = self.waited.remove(&at.number) {
                refused.end_ask(&waited.id, "withdrawn");
            }
            return refused;
        }
        let mut whole = Judged::new(Effect::Drop);
        for (part, message) in (0..).zip(messages) {
            let at = At {
                part,
                batched: true,
                ..at
            };
            let one = match message {
                Err(malformed) => self.refuse_malformed(ctx, at, &malformed, length),
                Ok(message) => self.client_message(ctx, at, message, false),
            };
            whole.take_in(one);
        }
        whole
    }

    fn client_message(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        message: Message<'_>,
        plain: bool,
    ) -> Judged {
        let judged = match message {
            Message::Request { .. } => self.client_request(ctx, at, message, plain),
            Message::Notification { .. } => {
                let recorded = self.decided_before(Stream::Client, at);
                if recorded.as_ref().is_some_and(|it| !it.allowed) {
                    return Judged::new(Effect::Drop);
                }
                let judged = self.client_notification(ctx, at, message, plain);
                judged.superseding(recorded.as_ref())
            }
            Message::Response { .. } | Message::Error { .. } => {
                self.client_answer(ctx, at, message, plain)
            }
        };
        self.traced(ctx, judged)
    }

    fn client_notification(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        mut message: Message<'_>,
        plain: bool,
    ) -> Judged {
        let sent = message.method().unwrap_or_default().to_owned();
        let normal = normal_form(&sent).into_owned();
        let named = told_of(ctx, &normal, message.params());
        let record = |state: &Self, word_: &'static str| {
            state
                .decision(ctx, "upstream", word_)
                .set("method", word(&sent, ctx.policy().dlp()))
                .naming(named.as_ref())
                .set("frame", at.number)
                .set("part", at.part)
        };
        if let Some(params) = message.params()
            && let Err(reason) = mcp::check_params(&normal, params)
        {
            let record = record(self, "BLOCK");
            let why = malformed(&reason);
            return self.refuse_plainly(ctx, record, None, About::Method(&sent), why);
        }
        if normal == "tools/call" {
            // A lenient server might run it, and nobody could be told what came of it.
            let record = record(self, "BLOCK");
            let why = malformed("a call must be a request");
            return self.refuse_plainly(ctx, record, None, About::Method(&sent), why);
        }
        let (decision, trace) = self.decide_method(ctx, (&sent, &normal), message.params());
        let decision =
            decision.and_then(
                |violation| match self.protected_params(ctx, message.params()) {
                    Some(refusal) => Err(Box::new(refusal)),
                    None => Ok(violation),
                },
            );
        let violation = match decision {
            Ok(violation) => violation,
            Err(refusal) => {
                let record = record(self, "BLOCK");
                let about = About::Method(&sent);
                let mut judged = self.refuse(ctx, record, None, about, &refusal);
                judged.trace = trace;
                return judged;
            }
        };
        if normal == "notifications/progress"
            && !self.may_progress(Stream::Client, message.params())
        {
            let record = self.dropped(ctx, at, "upstream", OF_NOTHING);
            return Judged::new(Effect::Drop).record(record);
        }
        let stripped = message
            .params_mut()
            .is_some_and(|params| Self::strip_client(ctx, params));
        let mut judged = if ["notifications/cancelled", "cancelled"].contains(&normal.as_str()) {
            match self.client_cancels(ctx, at, message.params()) {
                Err(judged) => return *judged,
                Ok(before) => {
                    let mut judged = Judged::new(Effect::AsIs);
                    if let Some(before) = before {
                        self.learns(&mut judged, before);
                    }
                    judged
                }
            }
        } else {
            Judged::new(Effect::AsIs)
        };
        if let Some(refusal) = violation {
            let record = record(self, "ALLOW_MONITOR").violation(ctx, Some(&refusal));
            judged = judged.record(record);
        } else if keeps_all(ctx) {
            judged = judged.record(record(self, "ALLOW").set("violation", false));
        }
        match self.redact_upstream(ctx, &mut message, None) {
            Ok((batch, changed)) => {
                judged.batch.append(batch);
                judged.effect = respelled(&mut message, &sent, plain && !stripped && !changed);
                judged
            }
            Err((batch, code, reason)) => {
                let why = Why {
                    code,
                    reason: &reason,
                    word: Word::Dlp,
                };
                let record = record(self, "BLOCK");
                let about = About::Method(&sent);
                let mut refused = self.refuse_plainly(ctx, record, None, about, why);
                refused.batch.append(batch);
                refused
            }
        }
    }

    /// The client's answer to a request of the server's.
    fn client_answer(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        mut message: Message<'_>,
        plain: bool,
    ) -> Judged {
        if let Some(judged) = self.answered_in_client(ctx, at, &message) {
            return judged;
        }
        let id = message.id().cloned();
        let Some((id, entry)) =
            id.and_then(|id| self.server.forwarded(&id).cloned().map(|entry| (id, entry)))
        else {
            let record = self.dropped(ctx, at, "upstream", "an answer to nothing under way");
            return Judged::new(Effect::Drop).record(record);
        };
        if let Message::Response { result, .. } = &message
            && let Err(reason) = mcp::check_result(&normal_form(&entry.method), result)
        {
            return self.unreadable_to_server(ctx, at, &id, &reason);
        }
        let mut judged = Judged::new(Effect::AsIs);
        if entry.method == "roots/list"
            && let Message::Response { result, .. } = &message
        {
            let before = self.learnt.clone();
            if self.learnt.roots_listed([result]) {
                self.learns(&mut judged, before);
            }
        }
        if let Message::Response { result, .. } = &message {
            self.learn_client_task(&mut judged, &entry, result);
        }
        match self.redact_upstream(ctx, &mut message, None) {
            Ok((batch, changed)) => {
                judged.batch.append(batch);
                if changed || !plain {
                    judged.effect = Effect::forward(message.to_bytes());
                }
            }
            Err((batch, code, reason)) => {
                judged.batch.append(batch);
                let why = Why {
                    code,
                    reason: &reason,
                    word: Word::Dlp,
                };
                judged.effect = Effect::forward(reply::error(&id, About::Message, why));
            }
        }
        self.server.answer(&id, at.number);
        let instead = rpc::error_line(Some(&id), -32603, "Internal error", None);
        judged.otherwise = Effect::forward(instead);
        judged
    }
}

fn malformed(reason: &str) -> Why<'_> {
    Why {
        code: Code::Forbidden,
        reason,
        word: Word::Malformed,
    }
}

/// Whether the policy wants every method recorded.
pub(super) fn keeps_all(ctx: &Context<'_>) -> bool {
    ctx.policy().audit().methods == MethodsWish::All
}

/// The effect of passing a message on under the method's own spelling.
pub(super) fn respelled(message: &mut Message<'_>, sent: &str, plain: bool) -> Effect {
    let spelled = method_spelling(sent).unwrap_or_else(|| sent.to_owned().into());
    if plain && spelled == sent {
        return Effect::AsIs;
    }
    set_method(message, &spelled);
    Effect::forward(message.to_bytes())
}

pub(super) fn set_method(message: &mut Message<'_>, spelled: &str) {
    match message {
        Message::Request { method, .. } | Message::Notification { method, .. } => {
            *method = spelled.to_owned().into();
        }
        Message::Response { .. } | Message::Error { .. } => {}
    }
}

pub(super) fn id_json(id: &Id) -> String {
    id.to_value().to_json()
}

impl Judged {
    /// Takes in what one more message of the same frame comes to. A message of a batch that
    /// would wait for a person has been refused before it gets here.
    pub(super) fn take_in(&mut self, other: Self) {
        self.effect = both(
            std::mem::replace(&mut self.effect, Effect::Drop),
            other.effect,
        );
        self.otherwise = both(
            std::mem::replace(&mut self.otherwise, Effect::Drop),
            other.otherwise,
        );
        self.batch.append(other.batch);
        self.later.append(other.later);
        self.undo.extend(other.undo);
        self.refused |= other.refused;
        self.released.extend(other.released);
        self.trace.extend(other.trace);
        self.signals.extend(other.signals);
    }
}

fn both(first: Effect, second: Effect) -> Effect {
    match (first, second) {
        (Effect::Drop, other) | (other, Effect::Drop) => other,
        (
            Effect::Bytes {
                mut forward,
                mut reply,
            },
            Effect::Bytes {
                forward: more_forward,
                reply: more_reply,
            },
        ) => {
            forward.extend(more_forward);
            reply.extend(more_reply);
            Effect::Bytes { forward, reply }
        }
        // A batch's messages are never passed as they are, and never wait.
        (Effect::AsIs | Effect::Hold, _) | (_, Effect::AsIs | Effect::Hold) => Effect::Drop,
    }
}
