//! Policies made of what was recorded, and tried on it: the records are read page by page, each on a
//! connection of its own beside the writer, and none is kept.

use std::collections::HashMap;
use std::path::PathBuf;

use rusqlite::Connection;
use tokio::sync::Semaphore;
use wire::control::{Failure, LogQuery};

use super::{Daemon, unavailable};
use crate::approval::failure;
use crate::audit::query::{self, Stored};

mod judge;
mod record;
pub(super) mod replay;
mod secrets;
pub(super) mod suggest;

/// Records read in one go.
const PAGE: usize = 500;
/// Sessions kept in mind.
const MAX_SESSIONS: usize = 1024;

/// One walk through the store at a time: judging needs the processor more.
static WALK: Semaphore = Semaphore::const_new(1);

/// Which decisions are walked through.
#[derive(Clone, Debug)]
struct Span {
    wanted: LogQuery,
    /// Only of sessions under this policy file.
    policy: Option<String>,
    /// No record after this one: two walks see the same.
    last: u64,
}

/// What the beginning of a session says of it.
#[derive(Clone, Debug, Default)]
struct Session {
    cwd: Option<PathBuf>,
    policy: Option<String>,
}

/// The sessions met so far.
#[derive(Debug, Default)]
struct Sessions(HashMap<String, Session>);

impl Sessions {
    /// The session a record is of.
    fn of(&mut self, store: &Connection, stored: &Stored) -> rusqlite::Result<Session> {
        let Some(id) = stored.text("session_id") else {
            return Ok(Session::default());
        };
        if let Some(known) = self.0.get(id.as_ref()) {
            return Ok(known.clone());
        }
        let mut found = Session::default();
        let wanted = LogQuery {
            session: Some(id.clone().into_owned()),
            events: true,
            ..LogQuery::default()
        };
        query::select(store, &wanted, 0, |it| {
            let begins = it.text("event").as_deref() == Some("SESSION_STARTED");
            if begins {
                let text = |name| it.text(name).map(std::borrow::Cow::into_owned);
                found = Session {
                    cwd: text("cwd").map(PathBuf::from).filter(|it| it.is_absolute()),
                    policy: text("policy_path"),
                };
            }
            !begins
        })?;
        if self.0.len() >= MAX_SESSIONS {
            self.0.clear();
        }
        self.0.insert(id.into_owned(), found.clone());
        Ok(found)
    }
}

impl Span {
    /// Reads what was asked for.
    async fn read(
        daemon: &Daemon,
        (since, until): (Option<String>, Option<String>),
        server: Option<String>,
        policy: Option<String>,
    ) -> Result<Self, Failure> {
        let last = daemon.audit.read(query::last_seq).await;
        Ok(Self {
            wanted: LogQuery {
                since: since.map(time).transpose()?,
                until: until.map(time).transpose()?,
                server,
                ..LogQuery::default()
            },
            policy,
            last: last.map_err(|error| unavailable(&error))?,
        })
    }

    /// Hands each decision to `each`, oldest first, and gives back what came of them all.
    async fn walk<W: Send + 'static>(
        &self,
        daemon: &Daemon,
        mut work: W,
        each: impl Fn(&mut W, &Stored, &Session) + Clone + Send + 'static,
    ) -> Result<W, Failure> {
        let _only = WALK.acquire().await;
        let mut sessions = Sessions::default();
        let mut after = 0;
        loop {
            if *daemon.stop.borrow() {
                return Err(failure("unavailable", "aipd is about to end".to_owned()));
            }
            let (span, each) = (self.clone(), each.clone());
            let read = daemon.audit.read(move |store| {
                let page = span.page(store, after)?;
                let next = page.last().filter(|_| page.len() == PAGE).map(|it| it.seq);
                for stored in &page {
                    let session = sessions.of(store, stored)?;
                    if span.policy.is_none() || span.policy == session.policy {
                        each(&mut work, stored, &session);
                    }
                }
                Ok((work, sessions, next))
            });
            let next;
            (work, sessions, next) = read.await.map_err(|error| unavailable(&error))?;
            match next {
                Some(seq) => after = seq,
                None => return Ok(work),
            }
        }
    }

    fn page(&self, store: &Connection, after: u64) -> rusqlite::Result<Vec<Stored>> {
        let mut page = Vec::new();
        query::select(store, &self.wanted, after, |stored| {
            let within = stored.seq <= self.last;
            if within {
                page.push(stored);
            }
            within && page.len() < PAGE
        })?;
        Ok(page)
    }
}

/// One form, so that text compares as time does.
fn time(typed: String) -> Result<String, Failure> {
    crate::time::parse_ms(&typed)
        .map(crate::time::rfc3339)
        .ok_or_else(|| failure("invalid", format!("`{typed}` is no RFC 3339 time")))
}
