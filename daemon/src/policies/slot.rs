//! One policy file: the version in force, and the one that waits.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
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
    pulse: Arc<Pulse>,
}

/// What all policies share: a count of all that came into force, and who hears of it.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    generation: AtomicU64,
    changes: watch::Sender<()>,
}

impl Pulse {
    fn beat(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.changes.send_replace(());
    }
}

#[derive(Debug)]
pub(super) struct SlotState {
    pub(super) in_force: Arc<InForce>,
    pub(super) text: String,
    pub(super) since: String,
    pub(super) pending: Option<PendingPolicy>,
    /// The policy it extends.
    pub(super) base: Option<Arc<Slot>>,
    /// It is a layer a person knows to be gone.
    pub(super) forgotten: bool,
}

impl Slot {
    /// What decides now.
    #[must_use]
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.read().in_force)
    }

    /// Hears whenever another version has come into force, or waits, of this policy or any other.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.pulse.changes.subscribe()
    }

    /// Grows with every version that comes into force anywhere.
    pub(super) fn generation(&self) -> u64 {
        self.pulse.generation.load(Ordering::Acquire)
    }

    pub(super) fn base(&self) -> Option<Arc<Slot>> {
        self.read().base.clone()
    }

    /// What decides now and the policy it extends, of one version.
    pub(super) fn with_base(&self) -> (Arc<InForce>, Option<Arc<Slot>>) {
        let state = self.read();
        (Arc::clone(&state.in_force), state.base.clone())
    }

    /// The base that the version in force names: one that was not there may be by now.
    pub(super) fn base_is(&self, base: Option<Arc<Slot>>) {
        let same = match (&self.read().base, &base) {
            (None, None) => true,
            (Some(then), Some(now)) => Arc::ptr_eq(then, now),
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !same {
            self.write().base = base;
            self.pulse.beat();
        }
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.read().forgotten
    }

    pub(super) fn forget(&self) {
        self.write().forgotten = true;
        self.pulse.beat();
    }

    /// Puts another version in force, and says so to the sessions under it.
    pub(super) fn put(&self, state: SlotState) {
        *self.write() = state;
        self.pulse.beat();
    }

    /// What the file holds is not in force.
    pub(super) fn wait(&self, pending: PendingPolicy) {
        self.write().pending = Some(pending);
        self.pulse.beat();
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
    pulse: &Arc<Pulse>,
) -> Slot {
    let in_force = Arc::new(in_force(path.clone(), policy, place, &buckets));
    let state = SlotState {
        in_force,
        text: String::new(),
        since: String::new(),
        pending: None,
        base: None,
        forgotten: false,
    };
    Slot {
        path,
        buckets,
        state: RwLock::new(state),
        pulse: Arc::clone(pulse),
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
