//! The queue of calls that wait for a person, over all sessions: the one place an answer comes
//! in by, whichever channel it took.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};
use wire::control::{Approval, Failure, GrantWish};

use crate::session::learnt::REMEMBERED;
use crate::session::state::{Answer, Planned};

pub mod before;
pub mod channels;
mod desktop;
pub mod dialog;
pub mod notification;
pub mod opening;
pub mod shown;

/// The most remembered that ended unanswered.
const MISSED: usize = 256;

/// What the queue tells a session.
#[derive(Debug)]
pub struct Answered {
    /// The approval's id.
    pub id: String,
    /// What the person says.
    pub said: Said,
    /// Hears how the approval ended, once that is recorded.
    pub done: oneshot::Sender<Result<Settled, Failure>>,
}

/// What a person says to a call that waits.
#[derive(Debug)]
pub enum Said {
    /// An answer, and what is allowed beyond the call.
    Answer(Answer, Option<GrantWish>),
    /// Nothing yet: what would this grant be?
    Plan(GrantWish),
}

/// What came of it.
#[derive(Debug)]
pub struct Settled {
    /// The approval as it is now.
    pub approval: Approval,
    /// The grant that was made, or would be.
    pub grant: Option<Planned>,
}

#[derive(Debug)]
struct Waiting {
    approval: Approval,
    session: mpsc::Sender<Answered>,
}

/// The queue.
#[derive(Debug, Default)]
pub struct Approvals {
    waiting: Mutex<BTreeMap<String, Waiting>>,
    /// Those that ended unanswered of late, the oldest first: a late answer may still count.
    missed: Mutex<VecDeque<(i64, Waiting)>>,
    changes: watch::Sender<()>,
}

impl Approvals {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins to wait.
    pub fn asked(&self, approval: Approval, session: mpsc::Sender<Answered>) {
        self.lock()
            .insert(approval.id.clone(), Waiting { approval, session });
        self.changes.send_replace(());
    }

    /// It no longer waits; the approval as it was shown, with how it ended.
    pub fn ended(&self, id: &str, state: &str) -> Option<Approval> {
        let Waiting {
            mut approval,
            session,
        } = self.lock().remove(id)?;
        self.changes.send_replace(());
        state.clone_into(&mut approval.state);
        if ["expired", "withdrawn"].contains(&state) {
            let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
            if missed.len() >= MISSED {
                missed.pop_front();
            }
            let waiting = Waiting {
                approval: approval.clone(),
                session,
            };
            missed.push_back((crate::time::now_ms(), waiting));
        }
        Some(approval)
    }

    /// One that ended unanswered of late, as it was shown: a late yes to it was banked.
    pub fn banked(&self, id: &str) -> Option<Approval> {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = missed.iter().position(|(_, it)| it.approval.id == id)?;
        let (_, Waiting { mut approval, .. }) = missed.remove(at)?;
        "banked".clone_into(&mut approval.state);
        Some(approval)
    }

    /// The session is gone from this daemon; what waited there may be taken up on resume.
    pub fn forget(&self, session: &str) {
        self.lock()
            .retain(|_, waiting| waiting.approval.session != session);
        self.changes.send_replace(());
    }

    /// Hears whenever a call begins to wait, or no longer does.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// One that waits.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Approval> {
        self.lock().get(id).map(|it| it.approval.clone())
    }

    /// The one that an id, or the start of it, names: one that waits, or ended unanswered of late.
    ///
    /// # Errors
    /// When it names none or several.
    pub fn look(&self, id: &str) -> Result<Approval, Failure> {
        let (id, _session) = self.find(id)?;
        let over = || failure("conflict", format!("approval `{id}` no longer waits"));
        self.get(&id)
            .or_else(|| {
                let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
                let mut missed = missed.iter().map(|(_, it)| &it.approval);
                missed.find(|it| it.id == id).cloned()
            })
            .ok_or_else(over)
    }

    /// Whether this one still waits.
    #[must_use]
    pub fn waits(&self, id: &str) -> bool {
        self.lock().contains_key(id)
    }

    /// What waits, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Approval> {
        let mut list: Vec<_> = self.lock().values().map(|it| it.approval.clone()).collect();
        list.sort_by(|a, b| (&a.asked, &a.id).cmp(&(&b.asked, &b.id)));
        list
    }

    /// How many wait.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// The oldest of those that wait and are wanted, at most `limit`, the oldest first.
    #[must_use]
    pub fn oldest(&self, limit: usize, wanted: impl Fn(&str) -> bool) -> Vec<Approval> {
        if limit == 0 {
            return Vec::new();
        }
        let waiting = self.lock();
        let mut found: Vec<_> = waiting
            .values()
            .map(|it| &it.approval)
            .filter(|it| wanted(&it.id))
            .collect();
        found.sort_by_key(|it| (&it.asked, &it.id));
        found.into_iter().take(limit).cloned().collect()
    }

    /// A person's answer, by the id or the start of it that names one only.
    ///
    /// # Errors
    /// When it names none or several, or no longer waits.
    pub async fn answer(&self, id: &str, answer: Answer) -> Result<Approval, Failure> {
        self.say(id, Said::Answer(answer, None))
            .await
            .map(|it| it.approval)
    }

    /// The same, or a question about a grant.
    ///
    /// # Errors
    /// As [`Self::answer`], and where there can be no such grant: then the call waits on.
    pub async fn say(&self, id: &str, said: Said) -> Result<Settled, Failure> {
        let (id, session) = self.find(id)?;
        let (done, outcome) = oneshot::channel();
        let over = || failure("conflict", format!("approval `{id}` no longer waits"));
        session
            .send(Answered {
                id: id.clone(),
                said,
                done,
            })
            .await
            .map_err(|_| over())?;
        outcome.await.map_err(|_| over())?
    }

    fn find(&self, id: &str) -> Result<(String, mpsc::Sender<Answered>), Failure> {
        let waiting = self.lock();
        let mut found = waiting
            .iter()
            .filter(|(key, _)| !id.is_empty() && key.starts_with(id));
        match (found.next(), found.next()) {
            (Some((key, it)), None) => Ok((key.clone(), it.session.clone())),
            (Some(_), Some(_)) => Err(failure(
                "ambiguous",
                format!("several approvals begin with `{id}`"),
            )),
            (None, _) => self.find_missed(id).ok_or_else(|| {
                failure(
                    "not_found",
                    format!("no approval `{id}` waits; `aipctl approvals` lists those that do"),
                )
            }),
        }
    }

    /// By its whole id, which is short enough.
    fn find_missed(&self, id: &str) -> Option<(String, mpsc::Sender<Answered>)> {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = crate::time::now_ms();
        missed.retain(|(then, _)| (0..REMEMBERED).contains(&(now_ms - then)));
        let found = missed.iter().find(|(_, it)| it.approval.id == id);
        found.map(|(_, it)| (it.approval.id.clone(), it.session.clone()))
    }
}

/// A failure of an operation, by its stable word.
#[must_use]
pub fn failure(code: &str, message: String) -> Failure {
    Failure {
        code: code.to_owned(),
        message,
    }
}
