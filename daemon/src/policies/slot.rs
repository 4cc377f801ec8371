//! One policy file: the version in force, and the one that waits.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use engine::policy::{Place, Policy};
use engine::rate::Buckets;
use tokio::sync::watch;
use wire::control::{PendingPolicy, PolicyState};

use super::base_name;
use crate::audit::batch::PolicyRow;
use crate::session::state::InForce;

/// One policy file.
#[derive(Debug)]
pub struct Slot {
    pub(super) path: String,
    pub(super) buckets: Arc<Mutex<Buckets>>,
    state: RwLock<SlotState>,
    changes: watch::Sender<()>,
}

#[derive(Debug)]
pub(super) struct SlotState {
    pub(super) in_force: Arc<InForce>,
    pub(super) text: String,
    pub(super) since: String,
    pub(super) pending: Option<PendingPolicy>,
}

impl Slot {
    /// What decides now.
    #[must_use]
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.read().in_force)
    }

    /// Hears whenever another version has come into force, or waits.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Puts another version in force, and says so to the sessions under it.
    pub(super) fn put(&self, state: SlotState) {
        *self.write() = state;
        self.changes.send_replace(());
    }

    /// What the file holds is not in force.
    pub(super) fn wait(&self, pending: PendingPolicy) {
        self.write().pending = Some(pending);
        self.changes.send_replace(());
    }

    /// Why what the file holds is not in force, where it is not, for a person.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        let state = self.read();
        let PendingPolicy { hash, why, .. } = state.pending.as_ref()?;
        let path = &self.path;
        Some(if hash.is_empty() {
            format!("the version of `{path}` that is in force stays: {why}")
        } else {
            format!(
                "a newer version of `{path}` waits ({why}); see it and accept it with: \
                 aipctl policy trust {path}"
            )
        })
    }

    /// The policy as the control socket shows it.
    #[must_use]
    pub fn shown(&self) -> PolicyState {
        let state = self.read();
        PolicyState {
            path: self.path.clone(),
            name: state.in_force.policy.name().to_owned(),
            hash: state.in_force.policy.hash().to_owned(),
            since: state.since.clone(),
            text: state.text.clone(),
            pending: state.pending.clone(),
        }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, SlotState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, SlotState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    pub(super) fn row(&self, pending: Option<&PendingPolicy>) -> PolicyRow {
        let state = self.read();
        PolicyRow {
            path: self.path.clone(),
            text: state.text.clone(),
            since: state.since.clone(),
            pending: pending.map(|pending| pending.text.clone()),
            why: pending.map(|pending| pending.why.clone()),
        }
    }
}

pub(super) fn slot(
    path: String,
    policy: Policy,
    place: &Place,
    buckets: Arc<Mutex<Buckets>>,
) -> Slot {
    let in_force = Arc::new(in_force(path.clone(), policy, place, &buckets));
    let state = SlotState {
        in_force,
        text: String::new(),
        since: String::new(),
        pending: None,
    };
    Slot {
        path,
        buckets,
        state: RwLock::new(state),
        changes: watch::Sender::default(),
    }
}

/// The real places of what is protected are protected too.
pub(super) fn in_force(
    path: String,
    mut policy: Policy,
    place: &Place,
    buckets: &Arc<Mutex<Buckets>>,
) -> InForce {
    let always = place.protected.iter().cloned();
    policy.add_protected(always.collect::<Vec<_>>());
    policy.resolve_folders(&crate::links::resolve);
    let real: Vec<PathBuf> = policy
        .protected()
        .iter()
        .map(|path| crate::links::resolve(path))
        .collect();
    policy.add_protected(real);
    InForce {
        policy,
        file: base_name(&path),
        path,
        buckets: Arc::clone(buckets),
    }
}
