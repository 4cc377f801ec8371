//! The policy store: each file compiled once however many sessions name it, and put in force
//! only through one door (SPEC section 1, the trust rule).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

use engine::compare::only_tighter;
use engine::policy::{Place, Policy};
use engine::rate::Buckets;
use wire::control::{PendingPolicy, PolicyState};
use wire::folders::Folders;
use wire::link::PolicyFile;

use crate::audit::batch::PolicyRow;
use crate::audit::restore;
use crate::audit::{Audit, AuditError, Batch, NewRecord, StateOp, Sync};
use crate::config::PolicyTrust;
use crate::session::state::InForce;

pub mod file;

/// Why a policy can't be used.
#[derive(Debug)]
pub enum PolicyError {
    /// The file can't be read as the shim read it.
    File(file::FileError),
    /// It has errors; rendered for the person.
    Invalid(String),
    /// What came of it could not be recorded.
    Audit(AuditError),
    /// No such policy is known.
    Unknown(String),
}

impl std::fmt::Display for PolicyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(error) => write!(f, "failed to load policy: {error}"),
            Self::Invalid(rendered) => write!(f, "failed to load policy: {rendered}"),
            Self::Audit(error) => write!(f, "the policy can't be put in force: {error}"),
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

/// One policy file.
#[derive(Debug)]
pub struct Slot {
    path: String,
    buckets: Arc<Mutex<Buckets>>,
    state: RwLock<SlotState>,
}

#[derive(Debug)]
struct SlotState {
    in_force: Arc<InForce>,
    text: String,
    since: String,
    pending: Option<PendingPolicy>,
}

impl Slot {
    /// What decides now.
    #[must_use]
    pub fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.read().in_force)
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

    fn read(&self) -> std::sync::RwLockReadGuard<'_, SlotState> {
        self.state
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, SlotState> {
        self.state
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// All policy files in use.
pub struct Policies {
    audit: Audit,
    trust: PolicyTrust,
    place: Place,
    none: Arc<Slot>,
    slots: tokio::sync::Mutex<HashMap<String, Arc<Slot>>>,
}

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
            slots: tokio::sync::Mutex::default(),
        }
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

    /// A person puts the present version of a file in force.
    ///
    /// # Errors
    /// See [`PolicyError`].
    pub async fn trust(&self, path: &str) -> Result<PolicyState, PolicyError> {
        if !self.slots.lock().await.contains_key(path) {
            return Err(PolicyError::Unknown(path.to_owned()));
        }
        let text = file::read(Path::new(path)).map_err(PolicyError::File)?;
        Ok(self.admit(path, &text, Door::Person).await?.slot.shown())
    }

    /// Looks at every file again. A bad one keeps the version in force and says so.
    pub async fn reload(&self) -> Vec<PolicyState> {
        let paths: Vec<String> = self.slots.lock().await.keys().cloned().collect();
        for path in &paths {
            let outcome = match file::read(Path::new(path)) {
                Ok(text) => self.admit(path, &text, Door::Rule).await.map(drop),
                Err(error) => Err(PolicyError::File(error)),
            };
            if let Err(error) = outcome {
                self.keep(path, &error.to_string()).await;
            }
        }
        self.shown().await
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

    async fn admit(&self, path: &str, text: &str, door: Door) -> Result<Opened, PolicyError> {
        let mut slots = self.slots.lock().await;
        let known = slots.get(path).map(Arc::clone);
        if let Some(slot) = known.as_ref().filter(|slot| slot.read().text == text) {
            self.settle(slot).await?;
            return Ok(Opened {
                slot: Arc::clone(slot),
                notices: Vec::new(),
            });
        }
        let (policy, warnings) = self.compile(path, text)?;
        let Some(slot) = known else {
            let slot = Arc::new(slot(
                path.to_owned(),
                Policy::none(),
                &self.place,
                self.buckets(path).await?,
            ));
            slots.insert(path.to_owned(), Arc::clone(&slot));
            if self.trust == PolicyTrust::Ask && door == Door::Rule {
                let why = "it has not been trusted yet";
                return self.hold(slot, &policy, text, why, warnings).await;
            }
            let stored = self.put(&slot, policy, text, "POLICY_LOADED").await;
            if stored.is_err() {
                slots.remove(path);
            }
            return stored.map(|()| Opened {
                slot,
                notices: warnings,
            });
        };
        let tighter =
            !slot.read().text.is_empty() && only_tighter(&slot.in_force().policy, &policy);
        if door == Door::Person || self.trust == PolicyTrust::Off || tighter {
            let event = if door == Door::Person {
                "POLICY_TRUSTED"
            } else {
                "POLICY_CHANGED"
            };
            self.put(&slot, policy, text, event).await?;
            return Ok(Opened {
                slot,
                notices: warnings,
            });
        }
        let why = "the change is not provably tighter";
        self.hold(slot, &policy, text, why, warnings).await
    }

    /// The file is again what is in force: nothing waits any more.
    async fn settle(&self, slot: &Arc<Slot>) -> Result<(), PolicyError> {
        if slot.read().pending.is_some() {
            let row = slot.row(None);
            self.write(
                NewRecord::event(crate::time::now_ms(), "POLICY_REVERTED"),
                row,
            )
            .await?;
            slot.write().pending = None;
        }
        Ok(())
    }

    async fn put(
        &self,
        slot: &Arc<Slot>,
        policy: Policy,
        text: &str,
        event: &'static str,
    ) -> Result<(), PolicyError> {
        let now = crate::time::now_ms();
        let since = crate::time::rfc3339(now);
        let before = slot.in_force().policy.hash().to_owned();
        let record = NewRecord::event(now, event)
            .set("policy_path", slot.path.clone())
            .set("policy_name", policy.name())
            .set("policy_hash", policy.hash())
            .set_some(
                "policy_hash_before",
                (event != "POLICY_LOADED").then_some(before),
            );
        let row = PolicyRow {
            path: slot.path.clone(),
            text: text.to_owned(),
            since: since.clone(),
            pending: None,
            why: None,
        };
        self.write(record, row).await?;
        let in_force = Arc::new(in_force(
            slot.path.clone(),
            policy,
            &self.place,
            &slot.buckets,
        ));
        *slot.write() = SlotState {
            in_force,
            text: text.to_owned(),
            since,
            pending: None,
        };
        Ok(())
    }

    /// The version in force stays; this one waits for a person.
    async fn hold(
        &self,
        slot: Arc<Slot>,
        policy: &Policy,
        text: &str,
        why: &str,
        mut notices: Vec<String>,
    ) -> Result<Opened, PolicyError> {
        let news = slot
            .read()
            .pending
            .as_ref()
            .is_none_or(|pending| pending.text != text);
        if news {
            let pending = PendingPolicy {
                hash: policy.hash().to_owned(),
                text: text.to_owned(),
                why: why.to_owned(),
            };
            let record = NewRecord::event(crate::time::now_ms(), "POLICY_PENDING")
                .set("policy_path", slot.path.clone())
                .set("policy_hash", slot.in_force().policy.hash().to_owned())
                .set("policy_hash_pending", pending.hash.clone())
                .set("reason", why);
            self.write(record, slot.row(Some(&pending))).await?;
            slot.write().pending = Some(pending);
        }
        notices.push(format!(
            "a newer version of `{0}` waits ({why}); see it and accept it with: \
             aipctl policy trust {0}",
            slot.path
        ));
        Ok(Opened { slot, notices })
    }

    async fn keep(&self, path: &str, why: &str) {
        let Some(slot) = self.slots.lock().await.get(path).map(Arc::clone) else {
            return;
        };
        if slot
            .read()
            .pending
            .as_ref()
            .is_some_and(|pending| pending.why == why)
        {
            return;
        }
        let pending = PendingPolicy {
            hash: String::new(),
            text: String::new(),
            why: why.to_owned(),
        };
        let record = NewRecord::event(crate::time::now_ms(), "POLICY_REFUSED")
            .set("policy_path", path)
            .set("reason", why.lines().next().unwrap_or_default());
        if let Err(error) = self.write(record, slot.row(Some(&pending))).await {
            tracing::error!(%error, path, "a refused policy could not be recorded");
        }
        slot.write().pending = Some(pending);
    }

    async fn write(&self, record: NewRecord, row: PolicyRow) -> Result<(), PolicyError> {
        let record = record.set("policy_path", row.path.clone());
        let ops = vec![StateOp::Policy(row)];
        self.audit
            .commit(Batch {
                records: vec![record],
                ops,
                sync: Sync::Full,
            })
            .await?;
        Ok(())
    }

    fn compile(&self, path: &str, text: &str) -> Result<(Policy, Vec<String>), PolicyError> {
        let mut place = self.place.clone();
        place.protected.push(PathBuf::from(path));
        let name = base_name(path);
        match Policy::load(text, &place) {
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

impl Slot {
    fn row(&self, pending: Option<&PendingPolicy>) -> PolicyRow {
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

/// The first error in the guide's words, then all of them with their places.
fn headed(errors: &engine::diagnostic::Diagnostics, name: &str) -> String {
    let first = errors
        .0
        .iter()
        .find(|it| it.severity == engine::diagnostic::Severity::Error);
    let head = first.map_or("it has errors", |it| it.message.as_str());
    format!("{head}\n{}", errors.render(name))
}

fn slot(path: String, policy: Policy, place: &Place, buckets: Arc<Mutex<Buckets>>) -> Slot {
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
    }
}

/// The real places of what is protected are protected too.
fn in_force(
    path: String,
    mut policy: Policy,
    place: &Place,
    buckets: &Arc<Mutex<Buckets>>,
) -> InForce {
    let always = place.protected.iter().cloned();
    policy.add_protected(always.collect::<Vec<_>>());
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

fn base_name(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map_or_else(
        || path.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
