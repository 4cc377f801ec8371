//! The policy store: each file compiled once however many sessions name it, and put in force
//! only through one door (SPEC section 1, the trust rule).

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use engine::diagnostic::Diagnostics;
use engine::policy::{Loaded, MOST_BASES, Place, Policy};
use engine::rate::Buckets;
use tokio::sync::{broadcast, watch};
use wire::control::{PendingPolicy, PolicyState};
use wire::folders::Folders;
use wire::link::PolicyFile;

use crate::audit::batch::PolicyRow;
use crate::audit::restore;
use crate::audit::{Audit, AuditError};
use crate::config::PolicyTrust;
use crate::grants::Grants;

mod admit;
mod bases;
mod error;
pub mod file;
mod layers;
mod slot;
mod stack;
pub mod watching;

pub use error::PolicyError;
use error::headed;
pub use slot::Slot;
use slot::{Pulse, slot};
pub use stack::{Stack, Stacked};

/// All policy files in use.
pub struct Policies {
    audit: Audit,
    trust: PolicyTrust,
    place: Place,
    places: layers::Places,
    pulse: Arc<Pulse>,
    stacks: Mutex<Vec<Weak<Stack>>>,
    /// Files whose stored version this build can't put in force.
    unreadable: Mutex<HashSet<String>>,
    none: Arc<Slot>,
    grants: Arc<Grants>,
    slots: tokio::sync::Mutex<HashMap<String, Arc<Slot>>>,
    known: watch::Sender<()>,
    news: broadcast::Sender<News>,
    unwatched: Mutex<Option<String>>,
}

/// What a person is to be told of a policy, without having asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The file.
    pub path: String,
    /// Why what the file holds is not in force.
    pub why: String,
    /// Whether it could be, once a person says so.
    pub waits: bool,
}

/// News a reader may be behind.
const NEWS: usize = 64;

impl std::fmt::Debug for Policies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policies")
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// A policy as a session uses it, and what its person should be told.
pub struct Opened {
    /// The policy.
    pub slot: Arc<Slot>,
    /// Warnings, and whether another version waits.
    pub notices: Vec<String>,
}

/// How a version comes in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// A session names it, or the file is looked at again: the trust rule holds.
    Rule,
    /// A person has said so.
    Person,
}

impl Policies {
    /// An empty store; `home` is what `~` means in policies.
    #[must_use]
    pub fn new(audit: Audit, trust: PolicyTrust, folders: &Folders, home: Option<PathBuf>) -> Self {
        let protected = [&folders.config, &folders.state, &folders.runtime];
        let places = layers::Places::new(folders, home.clone());
        let pulse = Arc::default();
        let place = Place {
            home,
            protected: protected.map(Clone::clone).to_vec(),
            case_insensitive: cfg!(any(target_os = "macos", windows)),
            ..Place::default()
        };
        let none = slot(
            String::new(),
            Policy::none(),
            &place,
            Arc::default(),
            &pulse,
        );
        Self {
            audit,
            trust,
            place,
            places,
            pulse,
            stacks: Mutex::default(),
            unreadable: Mutex::default(),
            none: Arc::new(none),
            grants: Arc::default(),
            slots: tokio::sync::Mutex::default(),
            known: watch::Sender::default(),
            news: broadcast::Sender::new(NEWS),
            unwatched: Mutex::default(),
        }
    }

    /// Hears whenever another file is known.
    #[must_use]
    pub fn known(&self) -> watch::Receiver<()> {
        self.known.subscribe()
    }

    /// Hears of files whose present version is not in force.
    #[must_use]
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// Why changes of the files are not seen by themselves, where they are not.
    #[must_use]
    pub fn unwatched(&self) -> Option<String> {
        let why = self.unwatched.lock();
        why.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every file that is known.
    pub async fn paths(&self) -> Vec<PathBuf> {
        self.slots.lock().await.keys().map(PathBuf::from).collect()
    }

    /// The grants that end when a rule changes.
    #[must_use]
    pub fn grants(&self) -> Arc<Grants> {
        Arc::clone(&self.grants)
    }

    /// Brings back what was in force when the daemon ended. A version that this build can't read
    /// is left out: its next session meets it as if for the first time.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn restore(&self) -> Result<(), AuditError> {
        let mut rows = self.audit.read(restore::policies).await?;
        // A base comes before those that extend it.
        for _ in 0..=MOST_BASES {
            let mut later = Vec::new();
            for row in std::mem::take(&mut rows) {
                let base = Self::base_path(&row.path, &row.text);
                let slots = self.slots.lock().await;
                let found = base.as_ref().and_then(|it| slots.get(it).map(Arc::clone));
                drop(slots);
                if base.is_some() && found.is_none() {
                    later.push(row);
                } else {
                    self.restored(row, found).await?;
                }
            }
            rows = later;
        }
        // Known all the same, so that another version of its file is a change and no first sight:
        // until its base is there, it refuses everything.
        for row in rows {
            tracing::warn!(row.path, "a stored policy extends one that is not there");
            self.restored(row, None).await?;
        }
        Ok(())
    }

    async fn restored(&self, row: PolicyRow, base: Option<Arc<Slot>>) -> Result<(), AuditError> {
        let policy = if row.text.is_empty() {
            // Nobody has trusted any version of it yet.
            Policy::none()
        } else if let Ok((policy, _)) = self.compile(&row.path, &row.text) {
            policy
        } else {
            self.leave_out(row.path);
            return Ok(());
        };
        let buckets = self.buckets(&row.path).await?;
        let slot = slot(row.path.clone(), policy, &self.place, buckets, &self.pulse);
        {
            let mut state = slot.write();
            state.text = row.text;
            state.since = row.since;
            state.base = base;
            let why = row.why.unwrap_or_default();
            state.pending = row.pending.map(|text| PendingPolicy {
                hash: self.hash_of(&row.path, &text),
                text,
                why,
            });
        }
        self.slots.lock().await.insert(row.path, Arc::new(slot));
        Ok(())
    }

    fn leave_out(&self, path: String) {
        tracing::warn!(path, "a stored policy can't be read by this version");
        let unreadable = self.unreadable.lock();
        let mut unreadable = unreadable.unwrap_or_else(PoisonError::into_inner);
        unreadable.insert(path);
    }

    fn is_unreadable(&self, path: &str) -> bool {
        let unreadable = self.unreadable.lock();
        unreadable
            .unwrap_or_else(PoisonError::into_inner)
            .contains(path)
    }

    /// The policy a shim names, or none at all: then every tool call is refused.
    ///
    /// # Errors
    /// See [`PolicyError`]; the message is made from the peer's own bytes only.
    pub async fn open(&self, named: Option<&PolicyFile>) -> Result<Opened, PolicyError> {
        let Some(named) = named else {
            return Ok(Opened {
                slot: Arc::clone(&self.none),
                notices: Vec::new(),
            });
        };
        if self.is_layer(&named.path) {
            return Err(PolicyError::IsLayer(named.path.clone()));
        }
        file::read_same(named).map_err(PolicyError::File)?;
        self.admit(&named.path, &named.text, Door::Rule).await
    }

    /// The policy of a session that goes on: the version in force, whatever the file holds now.
    ///
    /// # Errors
    /// When the file was known once and is no longer.
    pub async fn open_again(&self, path: Option<&str>) -> Result<Arc<Slot>, PolicyError> {
        let Some(path) = path else {
            return Ok(Arc::clone(&self.none));
        };
        let slots = self.slots.lock().await;
        slots
            .get(path)
            .map(Arc::clone)
            .ok_or_else(|| PolicyError::Unknown(path.to_owned()))
    }

    /// A person puts the present version of a file in force: the one with this hash, where one
    /// was shown.
    ///
    /// # Errors
    /// See [`PolicyError`].
    pub async fn trust(&self, path: &str, shown: Option<&str>) -> Result<PolicyState, PolicyError> {
        if !self.slots.lock().await.contains_key(path) {
            return Err(PolicyError::Unknown(path.to_owned()));
        }
        if self.is_gone(path) {
            return self.forget(path, shown).await;
        }
        let text = file::read(Path::new(path)).map_err(PolicyError::File)?;
        let (present, _) = self.compile(path, &text)?;
        if shown.is_some_and(|shown| shown != present.hash()) {
            return Err(PolicyError::NotAsShown(path.to_owned()));
        }
        Ok(self.admit(path, &text, Door::Person).await?.slot.shown())
    }

    /// Looks at every file again. A bad one keeps the version in force and says so.
    pub async fn reload(&self) -> Vec<PolicyState> {
        self.look_at(&self.paths().await).await;
        self.shown().await
    }

    /// Looks at these files again, by the same rule.
    pub async fn look_at(&self, paths: &[PathBuf]) {
        for path in paths {
            let Some(name) = path.to_str() else { continue };
            let outcome = match file::read(path) {
                Ok(text) => self.admit(name, &text, Door::Rule).await.map(drop),
                Err(error) => Err(PolicyError::File(error)),
            };
            if let Err(error) = outcome {
                self.keep(name, &error.to_string()).await;
            }
        }
    }

    /// Every policy known, by path.
    pub async fn shown(&self) -> Vec<PolicyState> {
        let mut shown: Vec<_> = self
            .slots
            .lock()
            .await
            .values()
            .map(|slot| slot.shown())
            .collect();
        shown.sort_by(|a, b| a.path.cmp(&b.path));
        shown
    }

    /// Every version in force, each file for itself.
    pub async fn all_in_force(&self) -> Vec<Arc<crate::session::state::InForce>> {
        let slots = self.slots.lock().await;
        slots.values().map(|slot| slot.in_force()).collect()
    }

    /// Reads a text as a session under this path would, and puts it nowhere.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&self, path: &str, text: &str) -> Result<Loaded, Diagnostics> {
        let mut place = self.place.clone();
        // The policy's own file comes first: relative entries stand beside it.
        place.protected.insert(0, PathBuf::from(path));
        place.role = self.places.role(Path::new(path));
        place.follows_extends = !path.is_empty();
        Policy::load(text, &place)
    }

    fn compile(&self, path: &str, text: &str) -> Result<(Policy, Vec<String>), PolicyError> {
        let name = base_name(path);
        match self.read(path, text) {
            Ok(loaded) => {
                let warnings = loaded.warnings.render(&name);
                let warnings = if loaded.warnings.0.is_empty() {
                    Vec::new()
                } else {
                    vec![warnings]
                };
                Ok((loaded.policy, warnings))
            }
            Err(errors) => Err(PolicyError::Invalid(headed(&errors, &name))),
        }
    }

    fn hash_of(&self, path: &str, text: &str) -> String {
        self.compile(path, text)
            .map_or_else(|_| String::new(), |(it, _)| it.hash().to_owned())
    }

    async fn buckets(&self, path: &str) -> Result<Arc<Mutex<Buckets>>, AuditError> {
        let named = path.to_owned();
        let rows = self
            .audit
            .read(move |it| restore::buckets(it, &named))
            .await?;
        let mut buckets = Buckets::default();
        for (tool, tat_ms) in rows {
            buckets.restore(&tool, tat_ms);
        }
        Ok(Arc::new(Mutex::new(buckets)))
    }
}

fn base_name(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map_or_else(
        || path.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
