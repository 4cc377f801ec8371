//! What a session is judged by: the policy it names, those that one extends, and its layers, each in
//! force by itself and composed whenever one of them is another.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use engine::policy::{Layer, MOST_BASES, Policy};
use tokio::sync::watch;

use super::layers::Met;
use super::slot::Slot;
use super::{Opened, Policies, PolicyError, base_name, file, headed};
use crate::session::state::InForce;
use wire::link::PolicyFile;

/// The policies of sessions that have the same ones.
#[derive(Debug)]
pub struct Stack {
    own: Arc<Slot>,
    layers: Vec<Arc<Slot>>,
    composed: Mutex<Composed>,
}

/// What was composed last, and of what.
#[derive(Debug, Default)]
struct Composed {
    generation: Option<u64>,
    parts: Vec<Arc<InForce>>,
    whole: Option<Arc<InForce>>,
}

/// One policy beside the own one.
struct Part {
    in_force: Arc<InForce>,
    base: bool,
}

impl Stack {
    fn new(own: Arc<Slot>, layers: Vec<Arc<Slot>>) -> Self {
        Self {
            own,
            layers,
            composed: Mutex::default(),
        }
    }

    /// What decides now.
    #[must_use]
    pub fn in_force(&self) -> Arc<InForce> {
        if self.layers.is_empty()
            && let (alone, None) = self.own.with_base()
        {
            return alone;
        }
        // Read first: what is put in force meanwhile is composed the next time.
        let generation = self.own.generation();
        let mut composed = self.composed.lock().unwrap_or_else(PoisonError::into_inner);
        match &composed.whole {
            Some(whole) if composed.generation == Some(generation) => return Arc::clone(whole),
            Some(_) | None => {}
        }
        let (own, beside) = self.members();
        let mut parts = vec![Arc::clone(&own)];
        parts.extend(beside.iter().map(|it| Arc::clone(&it.in_force)));
        let same = parts.len() == composed.parts.len()
            && parts
                .iter()
                .zip(&composed.parts)
                .all(|(now, then)| Arc::ptr_eq(now, then));
        composed.generation = Some(generation);
        if let Some(whole) = composed.whole.as_ref().filter(|_| same) {
            return Arc::clone(whole);
        }
        let whole = Arc::new(compose(&own, &beside));
        composed.parts = parts;
        composed.whole = Some(Arc::clone(&whole));
        whole
    }

    /// The own policy and those beside it. Each is read at once with the base it names, so that no
    /// version is asked together with the base of another.
    fn members(&self) -> (Arc<InForce>, Vec<Part>) {
        let (own, mut next) = self.own.with_base();
        let mut beside = Vec::new();
        while let Some(slot) = next.filter(|_| beside.len() < MOST_BASES) {
            let (in_force, base) = slot.with_base();
            beside.push(Part {
                in_force,
                base: true,
            });
            next = base;
        }
        let layers = self.layers.iter().filter(|it| !it.is_forgotten());
        beside.extend(layers.map(|it| Part {
            in_force: it.in_force(),
            base: false,
        }));
        (own, beside)
    }

    /// Hears whenever another version has come into force, or waits, of any policy.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.own.changes()
    }

    /// Why what files hold is not in force, where it is not, for a person.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        let bases = self.own.bases();
        let all = std::iter::once(&self.own).chain(&bases).chain(&self.layers);
        let notices: Vec<String> = all
            .filter(|it| !it.is_forgotten())
            .filter_map(|it| it.notice())
            .collect();
        (!notices.is_empty()).then(|| notices.join("\n"))
    }

    /// The files of its layers.
    #[must_use]
    pub fn layers(&self) -> Vec<String> {
        self.layers.iter().map(|it| it.path.clone()).collect()
    }

    /// Whether a session under a policy at `path` is judged by this file too.
    pub(super) fn has(&self, slot: &Slot) -> bool {
        let is = |it: &Arc<Slot>| std::ptr::eq(Arc::as_ptr(it), slot);
        is(&self.own) || self.layers.iter().any(is) || self.own.bases().iter().any(is)
    }

    pub(super) fn path(&self) -> &str {
        &self.own.path
    }

    fn is_of(&self, own: &Arc<Slot>, layers: &[Arc<Slot>]) -> bool {
        let same = |(a, b): (&Arc<Slot>, &Arc<Slot>)| Arc::ptr_eq(a, b);
        Arc::ptr_eq(&self.own, own)
            && self.layers.len() == layers.len()
            && self.layers.iter().zip(layers).all(same)
    }
}

fn compose(own: &InForce, beside: &[Part]) -> InForce {
    let layer = |it: &Part| Layer {
        path: it.in_force.path.as_str().into(),
        base: it.base,
        policy: Arc::new(Policy::clone(&it.in_force.policy)),
    };
    InForce {
        policy: own.policy.clone().under(beside.iter().map(layer).collect()),
        path: own.path.clone(),
        file: own.file.clone(),
        buckets: Arc::clone(&own.buckets),
    }
}

/// A session's policies, and what its person should be told.
pub struct Stacked {
    /// The policies.
    pub stack: Arc<Stack>,
    /// Warnings, and whether other versions wait.
    pub notices: Vec<String>,
}

impl Policies {
    /// The policy a shim names, and the layers of its working folder.
    ///
    /// # Errors
    /// See [`PolicyError`].
    pub async fn open_stack(
        &self,
        named: Option<&PolicyFile>,
        cwd: &Path,
    ) -> Result<Stacked, PolicyError> {
        let Opened { slot, mut notices } = self.open(named).await?;
        let mut layers = Vec::new();
        for Met {
            slot,
            notices: more,
        } in self.layers(cwd).await?
        {
            layers.push(slot);
            notices.extend(more);
        }
        Ok(Stacked {
            stack: self.stack(slot, layers),
            notices,
        })
    }

    /// The policies of a session that goes on: the versions in force, whatever the files hold now.
    ///
    /// # Errors
    /// When one was known once and is no longer.
    pub async fn open_stack_again(
        &self,
        path: Option<&str>,
        layers: &[String],
    ) -> Result<Arc<Stack>, PolicyError> {
        let own = self.open_again(path).await?;
        let mut found = Vec::new();
        for path in layers {
            match self.open_again(Some(path)).await {
                Ok(slot) => found.push(slot),
                Err(error) if self.is_unreadable(path) => return Err(error),
                // A person has accepted that it is gone.
                Err(_) => {}
            }
        }
        Ok(self.stack(own, found))
    }

    /// A policy known by its path with all that it extends, without layers.
    ///
    /// # Errors
    /// When it is not known.
    pub async fn with_bases(&self, path: &str) -> Result<Arc<InForce>, PolicyError> {
        let slot = self.open_again(Some(path)).await?;
        Ok(self.stack(slot, Vec::new()).in_force())
    }

    /// What a session begun now would be judged by: of files that are known the versions in force, of
    /// others what they hold. Nothing is put in force.
    ///
    /// # Errors
    /// When a file can't be used.
    pub async fn as_a_session_would(
        &self,
        path: &str,
        cwd: &Path,
    ) -> Result<Arc<InForce>, PolicyError> {
        if self.is_layer(path) {
            return Err(PolicyError::IsLayer(path.to_owned()));
        }
        let own = self.in_force_or_read(path).await?;
        let mut layers = own.policy.layers().to_vec();
        for path in self.layers_of(cwd).await? {
            let layer = self.in_force_or_read(&path).await?;
            layers.push(Layer {
                path: path.into(),
                base: false,
                policy: Arc::new(layer.policy.clone()),
            });
        }
        Ok(Arc::new(InForce {
            policy: own.policy.own().clone().under(layers),
            path: own.path.clone(),
            file: own.file.clone(),
            buckets: Arc::default(),
        }))
    }

    async fn in_force_or_read(&self, path: &str) -> Result<Arc<InForce>, PolicyError> {
        if let Ok(known) = self.with_bases(path).await {
            return Ok(known);
        }
        let text = file::read(Path::new(path)).map_err(PolicyError::File)?;
        self.whole(path, &text)
            .map(Arc::new)
            .map_err(|errors| PolicyError::Invalid(headed(&errors, &base_name(path))))
    }

    /// The policy in force that has this hash, where there is one.
    pub async fn with_hash(&self, hash: &str) -> Option<Arc<InForce>> {
        let slots: Vec<_> = self.slots.lock().await.values().map(Arc::clone).collect();
        let alone = slots.iter().map(|slot| slot.in_force());
        let extending = slots.iter().filter(|slot| slot.base().is_some());
        let based = extending.map(|slot| self.stack(Arc::clone(slot), Vec::new()).in_force());
        let stacks = self.stacks();
        let composed = stacks.iter().map(|it| it.in_force());
        let is = |it: &Arc<InForce>| it.policy.hash() == hash;
        alone.chain(based).chain(composed).find(is)
    }

    /// The hashes of all that the present version of a file decides as, with what stands beside it.
    pub async fn hashes_of(&self, path: &str) -> Vec<String> {
        let mut hashes = Vec::new();
        if let Ok(in_force) = self.with_bases(path).await {
            hashes.push(in_force.policy.hash().to_owned());
        }
        for stack in self.stacks().iter().filter(|it| it.path() == path) {
            let hash = stack.in_force().policy.hash().to_owned();
            if !hashes.contains(&hash) {
                hashes.push(hash);
            }
        }
        hashes
    }

    /// The paths of policies whose sessions go by this file too.
    pub(super) fn judged_by(&self, slot: &Slot) -> Vec<String> {
        let stacks = self.stacks();
        let having = stacks.iter().filter(|it| it.has(slot));
        having.map(|it| it.path().to_owned()).collect()
    }

    fn stack(&self, own: Arc<Slot>, layers: Vec<Arc<Slot>>) -> Arc<Stack> {
        let mut known = self.stacks.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|it| it.strong_count() > 0);
        let alike = known.iter().filter_map(Weak::upgrade);
        if let Some(stack) = alike.into_iter().find(|it| it.is_of(&own, &layers)) {
            return stack;
        }
        let stack = Arc::new(Stack::new(own, layers));
        known.push(Arc::downgrade(&stack));
        stack
    }

    /// Those of the sessions that run.
    fn stacks(&self) -> Vec<Arc<Stack>> {
        let known = self.stacks.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter_map(Weak::upgrade).collect()
    }
}
