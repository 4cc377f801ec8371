//! What a person has allowed beyond one call. A grant turns a question into a yes and nothing else:
//! everything that refuses is asked before it. The store is the truth; this is the store as it
//! stands, to be asked at each question.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::node::sha256_hex;
use engine::policy::is_of_layers;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

mod end;
pub mod past;
mod scope;
mod shown;
pub mod task;

pub use end::{Why, ended};
pub use scope::{Paths, Scope};

/// The most grants there may be.
pub const MOST: usize = 512;
/// How far the clock may go back before grants that end by it are in doubt, in ms: less is what
/// setting it right does.
const SLACK: i64 = 5_000;

/// What a grant belongs to. Where one of these is another, it does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Executable of the client.
    pub client: String,
    /// Identity of the server.
    pub server: String,
    /// Normal form of the tool's name.
    pub tool: String,
    /// SHA-256 of the tool's definition.
    pub definition: String,
    /// Path of the policy.
    pub policy: String,
    /// See `engine::policy::Policy::rule_hash`.
    pub rule: String,
}

/// One grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Short, for a person to type.
    pub id: String,
    /// What it belongs to.
    pub bound: Bound,
    /// Which calls.
    pub scope: Scope,
    /// The server's label, for the person.
    pub label: String,
    /// The tool as it was called, redacted, for the person.
    pub tool: String,
    /// The session it ends with.
    pub session: Option<String>,
    /// When it ends, ms since 1970.
    pub until_ms: Option<i64>,
    /// When it was made, ms since 1970.
    pub made_ms: i64,
    /// The approval it was made with.
    pub approval: String,
    /// How many calls it has let through.
    #[serde(skip)]
    pub uses: u64,
    /// When it last did, ms since 1970.
    #[serde(skip)]
    pub used_ms: Option<i64>,
}

/// A call that is asked about, as far as a grant has to fit.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// Executable of the client.
    pub client: &'a str,
    /// Identity of the server.
    pub server: &'a str,
    /// Normal form of the tool's name.
    pub tool: &'a str,
    /// SHA-256 of the definition this session was shown; `None` where it was shown none.
    pub definition: Option<&'a str>,
    /// Path of the policy.
    pub policy: &'a str,
    /// The rule that asks.
    pub rule: &'a str,
    /// The session.
    pub session: &'a str,
    /// Ms since 1970.
    pub now_ms: i64,
}

/// SHA-256 over client, server and tool: what grants are found by, and answers are counted by.
#[must_use]
pub fn subject(client: &str, server: &str, tool: &str) -> String {
    let text = format!("{}\0{client}\0{server}\0{tool}", client.len());
    sha256_hex(text.as_bytes())
}

#[derive(Debug, Default)]
struct Book {
    by_subject: HashMap<String, Vec<Grant>>,
    /// The latest time seen: a clock that is far behind it went back.
    latest_ms: i64,
}

impl Book {
    fn all(&self) -> impl Iterator<Item = &Grant> {
        self.by_subject.values().flatten()
    }
}

/// All grants, shared by all sessions.
#[derive(Debug, Default)]
pub struct Grants {
    book: Mutex<Book>,
    changes: watch::Sender<()>,
}

impl Grants {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one whose record is committed, or that the store had.
    pub fn add(&self, grant: Grant) {
        let bound = &grant.bound;
        let subject = subject(&bound.client, &bound.server, &bound.tool);
        let mut book = self.book();
        book.latest_ms = book
            .latest_ms
            .max(grant.made_ms)
            .max(grant.used_ms.unwrap_or(0));
        book.by_subject.entry(subject).or_default().push(grant);
        drop(book);
        self.changes.send_replace(());
    }

    /// Whether there is no room for one more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.book().all().count() >= MOST
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Grant> {
        let mut list: Vec<Grant> = self.book().all().cloned().collect();
        list.sort_by(|a, b| (a.made_ms, &a.id).cmp(&(b.made_ms, &b.id)));
        list
    }

    /// When the next one ends by the clock, ms since 1970.
    #[must_use]
    pub fn next_end(&self) -> Option<i64> {
        self.book().all().filter_map(|it| it.until_ms).min()
    }

    /// Hears whenever there is another one.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Takes those out that `ends` names a reason for. Whoever gets one here records its end.
    pub fn take(&self, mut ends: impl FnMut(&Grant) -> Option<Why>) -> Vec<(Grant, Why)> {
        let mut taken = Vec::new();
        self.book().by_subject.retain(|_, grants| {
            grants.retain(|grant| match ends(grant) {
                None => true,
                Some(why) => {
                    taken.push((grant.clone(), why));
                    false
                }
            });
            !grants.is_empty()
        });
        taken
    }

    /// The grant a call falls under, counted as used, and those found to have ended.
    pub fn find(
        &self,
        sought: &Sought<'_>,
        covers: impl Fn(&Scope) -> bool,
    ) -> (Option<String>, Vec<(Grant, Why)>) {
        let subject = subject(sought.client, sought.server, sought.tool);
        let (known, went_back) = {
            let mut book = self.book();
            let went_back = sought.now_ms.saturating_add(SLACK) < book.latest_ms;
            book.latest_ms = book.latest_ms.max(sought.now_ms);
            let known = book.by_subject.get(&subject).cloned();
            (known.unwrap_or_default(), went_back)
        };
        if known.is_empty() {
            return (None, Vec::new());
        }
        let over: Vec<(String, Why)> = known
            .iter()
            .filter_map(|it| Some((it.id.clone(), it.ended_by(sought)?)))
            .collect();
        // Looking at paths takes time: nobody else waits for the lock meanwhile.
        let fits = known.iter().find(|it| {
            !over.iter().any(|(id, _)| *id == it.id)
                && it.counts(sought, went_back)
                && covers(&it.scope)
        });
        let used = fits.and_then(|it| self.used(&subject, &it.id, sought.now_ms));
        let why = |grant: &Grant| over.iter().find(|(id, _)| *id == grant.id);
        let ended = if over.is_empty() {
            Vec::new()
        } else {
            self.take(|grant| why(grant).map(|(_, why)| *why))
        };
        (used, ended)
    }

    /// Counts a use; `None` where the grant was revoked meanwhile.
    fn used(&self, subject: &str, id: &str, now_ms: i64) -> Option<String> {
        let mut book = self.book();
        let mut grants = book.by_subject.get_mut(subject)?.iter_mut();
        let grant = grants.find(|it| it.id == id)?;
        grant.uses += 1;
        grant.used_ms = Some(now_ms);
        Some(grant.id.clone())
    }
}

impl Grant {
    /// Why it is over, as far as this call shows.
    fn ended_by(&self, sought: &Sought<'_>) -> Option<Why> {
        let bound = &self.bound;
        if self.until_ms.is_some_and(|until| until <= sought.now_ms) {
            return Some(Why::Expired);
        }
        let changed = |now: &str| now != bound.definition;
        if sought.definition.is_some_and(changed) {
            return Some(Why::DefinitionChanged);
        }
        let told = |rule: &str| !is_of_layers(rule);
        let changed = bound.rule != sought.rule && told(&bound.rule) && told(sought.rule);
        (bound.policy == sought.policy && changed).then_some(Why::RuleChanged)
    }

    /// Whether it counts for this call's session, definition, policy and time.
    fn counts(&self, sought: &Sought<'_>, went_back: bool) -> bool {
        let bound = &self.bound;
        let of_session = self.session.as_ref().is_none_or(|it| it == sought.session);
        let in_time = self.until_ms.is_none()
            || (!went_back && self.made_ms <= sought.now_ms.saturating_add(SLACK));
        of_session
            && in_time
            && sought.definition == Some(bound.definition.as_str())
            && bound.policy == sought.policy
            && bound.rule == sought.rule
    }

    /// SHA-256 over what it allows and what it is bound to.
    #[must_use]
    pub fn print(&self) -> String {
        let what = (&self.bound, &self.scope, &self.session);
        sha256_hex(&serde_json::to_vec(&what).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
