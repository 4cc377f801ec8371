//! A query for records as it is worked with.

use wire::control::{MAX_PAGE, PAGE, RecordKind, RecordQuery};

use crate::audit::derived::{self, Part};
use crate::audit::query::Stored;
use crate::audit::words::Words;

/// The words of a decision.
const DECISIONS: [&str; 4] = ["ALLOW", "BLOCK", "ALLOW_MONITOR", "RATE_LIMITED"];

/// A query that can't be answered, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub String);

/// Which records.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Not before this time, in the records' own form.
    pub since: Option<String>,
    /// Not after.
    pub until: Option<String>,
    /// Of this tool.
    pub tool: Option<String>,
    /// Of this server.
    pub server: Option<String>,
    /// With this decision.
    pub decision: Option<String>,
    /// Of a session whose id begins so.
    pub session: Option<String>,
    /// Of this client.
    pub client: Option<String>,
    /// Of this event.
    pub event: Option<String>,
    /// Of these kinds.
    pub kinds: Vec<RecordKind>,
    /// With these words.
    pub words: Words,
    /// Below this number.
    pub before: u64,
    /// Above this one.
    pub after: u64,
    /// At most so many.
    pub limit: usize,
}

impl Wanted {
    /// Reads a query.
    ///
    /// # Errors
    /// Where a time, a decision or the limit is none.
    pub fn read(query: RecordQuery) -> Result<Self, Invalid> {
        let limit = query.limit.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            let most = format!("a page holds 1 to {MAX_PAGE} records, not {limit}");
            return Err(Invalid(most));
        }
        let kinds = if query.kinds.is_empty() {
            vec![RecordKind::Decision, RecordKind::Event]
        } else {
            query.kinds
        };
        Ok(Self {
            since: query.since.map(time).transpose()?,
            until: query.until.map(time).transpose()?,
            tool: query.tool,
            server: query.server,
            decision: query.decision.map(decision).transpose()?,
            session: query.session,
            client: query.client,
            event: query.event,
            kinds,
            words: Words::read(query.q.as_deref().unwrap_or_default()),
            before: query.before.unwrap_or(u64::MAX),
            after: query.after.unwrap_or(0),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        })
    }

    /// Whether a record is one of them.
    #[must_use]
    pub fn fits(&self, stored: &Stored) -> bool {
        if stored.is_unreadable() {
            // It is shown as such where nothing but its place is asked for.
            return !self.is_filtered() && self.session.is_none();
        }
        let is = |name: &str, wanted: &Option<String>| {
            let wanted = wanted.as_deref();
            wanted.is_none_or(|wanted| stored.text(name).as_deref() == Some(wanted))
        };
        kind(stored).is_some_and(|kind| self.kinds.contains(&kind))
            && is("tool", &self.tool)
            && is("server", &self.server)
            && is("decision", &self.decision)
            && is("client", &self.client)
            && is("event", &self.event)
            && self.is_in_session(stored)
            && self.is_in_time(stored)
            && self.words.stand_in(stored)
    }

    fn is_in_session(&self, stored: &Stored) -> bool {
        let wanted = self.session.as_deref();
        wanted.is_none_or(|start| {
            let id = stored.text("session_id");
            id.is_some_and(|id| id.starts_with(start))
        })
    }

    fn is_in_time(&self, stored: &Stored) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let Some(at) = stored.text("timestamp") else {
            return false;
        };
        self.since.as_ref().is_none_or(|since| *at >= **since)
            && self.until.as_ref().is_none_or(|until| *at <= **until)
    }

    /// Whether anything is asked for that outcomes don't have.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        [
            &self.tool,
            &self.server,
            &self.decision,
            &self.client,
            &self.event,
        ]
        .iter()
        .any(|it| it.is_some())
            || !self.words.is_empty()
    }

    /// What is derived that such records are found by; none where the store's own order will do.
    #[must_use]
    pub fn needs(&self) -> Option<Part> {
        if derived::query(self).is_some() {
            return Some(Part::Words);
        }
        self.until.as_ref().map(|_| Part::Figures)
    }

    /// Whether nothing can fit.
    #[must_use]
    pub fn is_in_vain(&self) -> bool {
        self.kinds == [RecordKind::Outcome] && self.is_filtered()
    }
}

/// What a record is.
#[must_use]
pub(in crate::audit) fn kind(stored: &Stored) -> Option<RecordKind> {
    match stored.text("kind").as_deref() {
        Some("decision") => Some(RecordKind::Decision),
        Some("event") => Some(RecordKind::Event),
        Some("outcome") => Some(RecordKind::Outcome),
        Some(_) | None => None,
    }
}

/// One form, so that text compares as time does.
fn time(typed: String) -> Result<String, Invalid> {
    crate::time::parse_ms(&typed)
        .map(crate::time::rfc3339)
        .ok_or_else(|| Invalid(format!("`{typed}` is no RFC 3339 time")))
}

fn decision(typed: String) -> Result<String, Invalid> {
    let word = typed.to_ascii_uppercase();
    if DECISIONS.contains(&word.as_str()) {
        return Ok(word);
    }
    let known = DECISIONS.join(", ");
    Err(Invalid(format!(
        "`{typed}` is no decision; there are {known}"
    )))
}
