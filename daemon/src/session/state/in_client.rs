//! Asking in the client itself, where the policy wants it and the client shows forms: a request of
//! aip's own, which no server sees or answers. In revision 2026-07-28, which has no requests to the
//! client, [`super::returning`] asks.

use std::collections::{BTreeMap, BTreeSet};

use wire::control::Approval;
use wire::json::Value;
use wire::mcp::{self, Elicited};
use wire::rpc::{Id, Message};

use super::{Answer, At, Batch, By, Context, Effect, Judged, State};
use crate::approval::shown::{Shown, WHOLE};

/// What the ids of these requests begin with, and the states of such results; what follows is random,
/// so that no server can use one.
pub(super) const PREFIX: &str = "aip-ask-";
/// The most the client is asked at a time; what is over waits for another way.
const MOST: usize = 32;
/// The form's choices, the first being the one a form begins with.
pub(super) const CHOICES: [&str; 2] = ["deny", "allow"];
/// Why a request is cancelled.
const OVER: &str = "the call no longer waits";

/// What the client is asked, by the request's id.
#[derive(Debug, Default)]
pub(super) struct Questions(BTreeMap<String, Question>);

#[derive(Debug)]
struct Question {
    /// The approval's id.
    approval: String,
    /// What it says, until it is sent.
    unsent: Option<String>,
}

/// What the form says, where it can say all of it.
pub(super) fn text_of(approval: &Approval) -> Option<String> {
    let shown = Shown::new(approval, 0);
    let text = format!("aip asks: {}", shown.text());
    (!shown.cut && text.len() <= WHOLE).then_some(text)
}

impl State {
    /// The client is to be asked about a call that begins to wait, once that is recorded.
    pub(super) fn asks_in_client(
        &mut self,
        ctx: &Context<'_>,
        judged: &mut Judged,
        approval: &Approval,
    ) {
        let revision = self.stated.as_deref().or(self.learnt.revision.as_deref());
        let can = self.learnt.shows_forms && revision.is_some_and(mcp::elicits);
        if !ctx.asks_in_client() || !can || self.questions.0.len() >= MOST {
            return;
        }
        let Some(text) = text_of(approval) else {
            return;
        };
        let id = format!("{PREFIX}{}", (ctx.fresh_id)());
        let question = Question {
            approval: approval.id.clone(),
            unsent: Some(text),
        };
        let before = self.learnt.clone();
        self.learnt.in_client.insert(id.clone());
        self.questions.0.insert(id, question);
        self.learns(judged, before);
    }

    /// Whether the client is asked anything, or was by an earlier daemon.
    #[must_use]
    pub fn has_questions(&self) -> bool {
        !self.learnt.in_client.is_empty() || !self.questions.0.is_empty()
    }

    /// The lines for the client by which it is asked, and told that it no longer is: of what an
    /// earlier daemon asked, of calls that no longer wait, and of all where the policy no longer
    /// wants it. Everything judged must be committed or taken back. What comes with them may be
    /// written later.
    pub fn poll_questions(&mut self, ctx: &Context<'_>) -> (Vec<Vec<u8>>, Batch) {
        let waiting: BTreeSet<&str> = self.asks.values().map(|ask| ask.id.as_str()).collect();
        let wanted = ctx.asks_in_client();
        let questions = &mut self.questions.0;
        // Of one that was taken back nothing is remembered.
        questions.retain(|id, _| self.learnt.in_client.contains(id));
        let mut over = Vec::new();
        self.learnt.in_client.retain(|id| {
            let question = questions.get(id);
            let stays = question.is_some_and(|it| wanted && waiting.contains(&*it.approval));
            if !stays {
                over.push(id.clone());
            }
            stays
        });
        let mut batch = Batch::default();
        let mut lines = Vec::new();
        for id in over {
            let question = self.questions.0.remove(&id);
            if question.is_none_or(|it| it.unsent.is_none()) {
                lines.push(mcp::cancelled(&Id::String(id), OVER));
            }
            if batch.ops.is_empty() {
                batch.ops.push(self.learnt_op());
            }
        }
        for (id, question) in &mut self.questions.0 {
            if let Some(text) = question.unsent.take() {
                let id = Id::String(id.clone());
                lines.push(mcp::elicit_choice(&id, text, &CHOICES));
            }
        }
        (lines, batch)
    }

    /// Whether the id is that of a request of aip's own, and so no server's.
    pub(super) fn is_of_question(&self, id: &Id) -> bool {
        matches!(id, Id::String(id) if self.learnt.in_client.contains(id))
    }

    /// The client's answer to a question of aip's own, which goes no further. `None` where it is to
    /// none that is open.
    pub(super) fn answered_in_client(
        &mut self,
        ctx: &Context<'_>,
        at: At,
        message: &Message<'_>,
    ) -> Option<Judged> {
        let approval = self.question_ends(message.id()?)?;
        let answer = match message {
            Message::Response { result, .. } => self.says(ctx, result),
            Message::Request { .. } | Message::Notification { .. } | Message::Error { .. } => {
                Err("the client could not ask")
            }
        };
        let judged = match answer {
            Ok(answer) => self.ask_ends(ctx, &approval, &answer).ok_or(OVER),
            Err(why) => Err(why),
        };
        let mut judged = judged.unwrap_or_else(|why| {
            let record = self.dropped(ctx, at, "upstream", why);
            Judged::new(Effect::Drop).record(record.set("approval_id", approval))
        });
        judged.batch.ops.push(self.learnt_op());
        Some(judged)
    }

    /// The same of an answer too long to be read.
    pub(super) fn unread_in_client(
        &mut self,
        ctx: &Context<'_>,
        number: u64,
        id: &Id,
    ) -> Option<Judged> {
        let approval = self.question_ends(id)?;
        let why = "an answer in the client is too long";
        let record = self.dropped(ctx, At::only(number), "upstream", why);
        Some(Judged::new(Effect::Drop).record(record.set("approval_id", approval)))
    }

    /// An open question has its answer, whatever it is: nothing more is taken under its id. Gives the
    /// approval's id.
    fn question_ends(&mut self, id: &Id) -> Option<String> {
        let Id::String(id) = id else { return None };
        let sent = |question: &Question| question.unsent.is_none();
        self.questions.0.get(id).filter(|it| sent(it))?;
        self.learnt.in_client.remove(id);
        self.questions.0.remove(id).map(|it| it.approval)
    }

    /// What the person said in the form, or why nothing was: then the call waits on for another way.
    pub(super) fn says(
        &self,
        ctx: &Context<'_>,
        result: &Value<'_>,
    ) -> Result<Answer, &'static str> {
        if !ctx.asks_in_client() {
            return Err("the policy no longer wants the client to be asked");
        }
        let observed = self.facts.client_source == "observed";
        let by = By {
            channel: "client",
            pid: None,
            program: observed.then(|| self.facts.client.clone()),
            auth: None,
        };
        match mcp::elicited(result) {
            Some(Elicited::Accept("allow")) => Ok(Answer::Allow(by)),
            Some(Elicited::Accept("deny") | Elicited::Decline) => Ok(Answer::Deny(by)),
            Some(Elicited::Cancel) => Err("closed in the client without an answer"),
            Some(Elicited::Accept(_)) | None => Err("no answer of a person's in the client"),
        }
    }
}
