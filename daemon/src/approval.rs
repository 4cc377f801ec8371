//! The queue of calls that wait for a person, over all sessions: the one place an answer comes
//! in by, whichever channel it took.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use wire::control::{Approval, Failure, GrantWish};

use crate::session::learnt::REMEMBERED;
use crate::session::state::{Answer, By, Planned};

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
    /// Hears how the approval ended, or was changed, once that is recorded.
    pub done: oneshot::Sender<Result<Settled, Failure>>,
}

/// What a person says to a call that waits.
#[derive(Debug)]
pub enum Said {
    /// An answer, and what is allowed beyond the call.
    Answer(Answer, Option<GrantWish>),
    /// Nothing yet: what would this grant be?
    Plan(GrantWish),
    /// Nothing yet: more time is needed.
    Extend(By),
}

/// What came of it.
#[derive(Debug)]
pub struct Settled {
    /// The approval as it is now.
    pub approval: Approval,
    /// The grant that was made, or would be.
    pub grant: Option<Planned>,
}

/// Something has happened to one approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Its id.
    pub id: String,
    /// As in [`Approval`]; `waiting` also for one that was given more time.
    pub state: &'static str,
}

/// News a watcher may lag behind; past it, it compares with the queue.
const NEWS: usize = 1024;

#[derive(Debug)]
struct Waiting {
    approval: Arc<Approval>,
    session: mpsc::Sender<Answered>,
}

/// The queue.
#[derive(Debug)]
pub struct Approvals {
    waiting: Mutex<BTreeMap<String, Waiting>>,
    /// Those that ended unanswered of late, the oldest first: a late answer may still count.
    missed: Mutex<VecDeque<(i64, Waiting)>>,
    changes: watch::Sender<()>,
    news: broadcast::Sender<News>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            missed: Mutex::default(),
            changes: watch::Sender::default(),
            news: broadcast::Sender::new(NEWS),
        }
    }
}

impl Approvals {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins to wait.
    pub fn asked(&self, approval: Approval, session: mpsc::Sender<Answered>) {
        let id = approval.id.clone();
        let approval = Arc::new(approval);
        self.lock()
            .insert(id.clone(), Waiting { approval, session });
        self.tell(id, "waiting");
    }

    /// It waits longer; the approval as it is now.
    pub fn extended(&self, id: &str, deadline: String) -> Option<Approval> {
        let approval = {
            let mut waiting = self.lock();
            let waiting = waiting.get_mut(id)?;
            let mut approval = Approval::clone(&waiting.approval);
            approval.deadline = deadline;
            approval.extended = true;
            waiting.approval = Arc::new(approval.clone());
            approval
        };
        self.tell(id.to_owned(), "waiting");
        Some(approval)
    }

    /// It no longer waits; the approval as it was shown, with how it ended.
    pub fn ended(&self, id: &str, state: &'static str) -> Option<Approval> {
        let Waiting { approval, session } = self.lock().remove(id)?;
        self.tell(id.to_owned(), state);
        let mut approval = Arc::unwrap_or_clone(approval);
        state.clone_into(&mut approval.state);
        if ["expired", "withdrawn"].contains(&state) {
            let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
            if missed.len() >= MISSED {
                missed.pop_front();
            }
            // Arguments may be megabytes, and nobody is shown them any more.
            let kept = Approval {
                args: String::new(),
                ..approval.clone()
            };
            let waiting = Waiting {
                approval: Arc::new(kept),
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
        let (_, Waiting { approval, .. }) = missed.remove(at)?;
        let mut approval = Arc::unwrap_or_clone(approval);
        "banked".clone_into(&mut approval.state);
        Some(approval)
    }

    /// The session is gone from this daemon; what waited there may be taken up on resume.
    pub fn forget(&self, session: &str) {
        let of_it = |_: &String, it: &mut Waiting| it.approval.session == session;
        let gone: Vec<_> = self.lock().extract_if(.., of_it).collect();
        for (id, _) in gone {
            self.tell(id, "away");
        }
    }

    fn tell(&self, id: String, state: &'static str) {
        self.changes.send_replace(());
        let _nobody = self.news.send(News { id, state });
    }

    /// Hears what happens to each approval.
    #[must_use]
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// One that waits.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Approval>> {
        Some(Arc::clone(&self.lock().get(id)?.approval))
    }

    /// Hears whenever a call begins to wait, or no longer does.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// The one that an id, or the start of it, names: one that waits, or ended unanswered of late.
    ///
    /// # Errors
    /// When it names none or several.
    pub fn look(&self, id: &str) -> Result<Arc<Approval>, Failure> {
        let (id, _session) = self.find(id)?;
        let over = || failure("conflict", format!("approval `{id}` no longer waits"));
        self.get(&id)
            .or_else(|| {
                let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
                let mut missed = missed.iter().map(|(_, it)| &it.approval);
                missed.find(|it| it.id == id).map(Arc::clone)
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
    pub fn list(&self) -> Vec<Arc<Approval>> {
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
    pub fn oldest(&self, limit: usize, wanted: impl Fn(&str) -> bool) -> Vec<Arc<Approval>> {
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

    /// A person needs more time for it, named as above.
    ///
    /// # Errors
    /// As above, and when it was given more time before.
    pub async fn extend(&self, id: &str, by: By) -> Result<Approval, Failure> {
        self.say(id, Said::Extend(by)).await.map(|it| it.approval)
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
