//! The policy store: each file compiled once however many sessions name it, and put in force
//! only through one door (SPEC section 1, the trust rule).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use engine::diagnostic::{Diagnostics, Severity};
use engine::policy::{Loaded, Place, Policy};
use engine::rate::Buckets;
use tokio::sync::{broadcast, watch};
use wire::control::{PendingPolicy, PolicyState};
use wire::folders::Folders;
use wire::link::PolicyFile;

use crate::audit::restore;
use crate::audit::{Audit, AuditError};
use crate::config::PolicyTrust;
use crate::grants::Grants;
use crate::session::state::InForce;

mod admit;
pub mod file;
mod slot;
pub mod watching;

pub use slot::Slot;
use slot::slot;

/// Why a policy can't be used.
#[derive(Debug)]
pub enum PolicyError {
    /// The file can't be read as the shim read it.
    File(file::FileError),
    /// It has errors; rendered for the person.
    Invalid(String),
    /// What came of it could not be recorded.
    Audit(AuditError),
    /// The file holds another version than the person was shown.
    NotAsShown(String),
    /// No such policy is known.
    Unknown(String),
}

impl std::fmt::Display for PolicyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(error) => write!(f, "failed to load policy: {error}"),
            Self::Invalid(rendered) => write!(f, "failed to load policy: {rendered}"),
            Self::Audit(error) => write!(f, "the policy can't be put in force: {error}"),
            Self::NotAsShown(path) => write!(
                f,
                "`{path}` has changed since it was shown; look at it again: aipctl policy trust {path}"
            ),
            Self::Unknown(path) => write!(
                f,
                "no session has used the policy `{path}` yet; there is nothing to trust"
            ),
        }
    }
}

impl std::error::Error for PolicyError {}

impl From<AuditError> for PolicyError {
    fn from(error: AuditError) -> Self {
        Self::Audit(error)
    }
}

/// All policy files in use.
pub struct Policies {
    audit: Audit,
    trust: PolicyTrust,
    place: Place,
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
        let place = Place {
            home,
            protected: protected.map(Clone::clone).to_vec(),
            case_insensitive: cfg!(any(target_os = "macos", windows)),
        };
        let none = slot(String::new(), Policy::none(), &place, Arc::default());
        Self {
            audit,
            trust,
            place,
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
        why.unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
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
        let rows = self.audit.read(restore::policies).await?;
        let mut slots = self.slots.lock().await;
        for row in rows {
            let Ok((policy, _)) = self.compile(&row.path, &row.text) else {
                tracing::warn!(
                    path = row.path,
                    "a stored policy can't be read by this version"
                );
                continue;
            };
            let buckets = self.buckets(&row.path).await?;
            let slot = slot(row.path.clone(), policy, &self.place, buckets);
            {
                let mut state = slot.write();
                state.text = row.text;
                state.since = row.since;
                let why = row.why.unwrap_or_default();
                state.pending = row.pending.map(|text| PendingPolicy {
                    hash: self.hash_of(&row.path, &text),
                    text,
                    why,
                });
            }
            slots.insert(row.path, Arc::new(slot));
        }
        Ok(())
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

    /// The policy in force that has this hash, where there is one.
    pub async fn with_hash(&self, hash: &str) -> Option<Arc<InForce>> {
        let slots = self.slots.lock().await;
        let mut all = slots.values().map(|slot| slot.in_force());
        all.find(|it| it.policy.hash() == hash)
    }

    /// Every version in force.
    pub async fn all_in_force(&self) -> Vec<Arc<InForce>> {
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
        Policy::load(text, &place)
    }

    /// A policy as it would be in force, with a rate of its own to spend.
    #[must_use]
    pub fn as_if_in_force(&self, path: &str, policy: Policy) -> InForce {
        slot::in_force(path.to_owned(), policy, &self.place, &Arc::default())
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

/// The first error in the guide's words, then all of them with their places. A wrong version
/// comes first: it explains the others.
fn headed(errors: &Diagnostics, name: &str) -> String {
    let mut found = errors.0.iter().filter(|it| it.severity == Severity::Error);
    let version = found
        .clone()
        .find(|it| it.message.starts_with("invalid apiVersion"));
    let head = version.or_else(|| found.next());
    let head = head.map_or("it has errors", |it| it.message.as_str());
    format!("{head}\n{}", errors.render(name))
}

fn base_name(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map_or_else(
        || path.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
