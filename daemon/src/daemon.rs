//! What all parts of the daemon share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::decide::Override;
use tokio::sync::{mpsc, watch};
use wire::control::{OverrideMode, Session, VerifiedAt};
use wire::folders::Folders;

use crate::approval::Approvals;
use crate::audit::restore;
use crate::audit::{Audit, AuditError, Batch, NewRecord, StateOp, Sync};
use crate::clients::{self, Clients};
use crate::config::Config;
use crate::grants::Grants;
use crate::http::Http;
use crate::person::{Door, Side, polkit};
use crate::pins::Pins;
use crate::policies::{Policies, Stack};

/// A running session, as the rest of the daemon sees it.
#[derive(Debug)]
pub struct Running {
    /// As the control socket shows it.
    pub shown: Session,
    /// Tells the session that another connection takes it over; it ends when this is dropped
    /// on its side.
    pub replace: mpsc::Sender<()>,
    /// Its processes: what they start is no person.
    pub side: Side,
    /// What it is judged by.
    pub stack: Arc<Stack>,
}

/// The override and when it ends, ms since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Overriding {
    /// Which.
    pub mode: OverrideMode,
    /// Until when.
    pub until_ms: Option<i64>,
}

/// How many may follow the log at once.
const FOLLOWERS: usize = 32;

/// The setting it is kept under.
const OVERRIDE: &str = "override";

/// Shared by every task.
#[derive(Debug)]
pub struct Daemon {
    /// Where its files are.
    pub folders: Folders,
    /// Its configuration.
    pub config: Config,
    /// The audit store.
    pub audit: Audit,
    /// The policy store.
    pub policies: Policies,
    /// What is pinned of every server's tools.
    pub pins: Arc<Pins>,
    /// What people have allowed beyond one call.
    pub grants: Arc<Grants>,
    /// Calls that wait for a person.
    pub approvals: Approvals,
    /// What clients' configurations say.
    pub clients: Clients,
    /// Who may do what is for a person to do.
    pub door: Door,
    /// The HTTP door.
    pub http: Http,
    /// When it started, ms since 1970.
    pub started_ms: i64,
    /// Its own home folder.
    pub home: Option<PathBuf>,
    /// Turns true when the daemon is to end.
    pub stop: watch::Sender<bool>,
    /// Those who may follow the log at once: the door must stay free for others.
    pub followers: Arc<tokio::sync::Semaphore>,
    /// Questions for the person's password that may be open at once.
    pub questions: Arc<tokio::sync::Semaphore>,
    /// What the last verification of the audit chain found since the start.
    pub verified: Mutex<Option<VerifiedAt>>,
    sessions: Mutex<BTreeMap<String, Running>>,
    overriding: Mutex<Overriding>,
    /// Held while the override is changed: one after the other, in the store as in memory.
    pub changing_override: tokio::sync::Mutex<()>,
}

impl Daemon {
    /// Puts the parts together.
    #[must_use]
    pub fn new(folders: Folders, config: Config, audit: Audit, home: Option<PathBuf>) -> Arc<Self> {
        let policies = Policies::new(audit.clone(), config.policy_trust, &folders, home.clone());
        let grants = policies.grants();
        Arc::new(Self {
            folders,
            config,
            audit,
            policies,
            pins: Arc::default(),
            grants,
            approvals: Approvals::default(),
            clients: Clients::default(),
            door: Door::default(),
            http: Http::default(),
            started_ms: crate::time::now_ms(),
            home,
            stop: watch::Sender::new(false),
            followers: Arc::new(tokio::sync::Semaphore::new(FOLLOWERS)),
            questions: Arc::new(tokio::sync::Semaphore::new(polkit::QUESTIONS)),
            verified: Mutex::default(),
            sessions: Mutex::default(),
            overriding: Mutex::default(),
            changing_override: tokio::sync::Mutex::default(),
        })
    }

    /// Brings back what outlives a daemon.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn restore(&self) -> Result<(), AuditError> {
        self.policies.restore().await?;
        *self.pins.open() = self.audit.read(crate::audit::pins::book).await?;
        for grant in self.audit.read(crate::audit::grants::all).await? {
            self.grants.add(grant);
        }
        let stored = self
            .audit
            .read(|it| restore::setting(it, clients::SETTING))
            .await?;
        self.clients.restore(stored.as_deref());
        let stored = self.audit.read(|it| restore::setting(it, OVERRIDE)).await?;
        if let Some(overriding) = stored.and_then(|text| serde_json::from_str(&text).ok()) {
            *self
                .overriding
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = overriding;
        }
        Ok(())
    }

    /// The sessions that run.
    pub fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The override in force at this time.
    #[must_use]
    pub fn overriding(&self, now_ms: i64) -> Overriding {
        let set = *self
            .overriding
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if set.until_ms.is_some_and(|until| until <= now_ms) {
            Overriding::default()
        } else {
            set
        }
    }

    /// Sets the override, recorded before it counts.
    ///
    /// # Errors
    /// When it can't be recorded.
    pub async fn set_override(&self, set: Overriding) -> Result<(), AuditError> {
        let word = serde_json::to_value(set.mode).unwrap_or_default();
        let record = NewRecord::event(crate::time::now_ms(), "OVERRIDE_CHANGED")
            .set("override", word)
            .set_some("until", set.until_ms.map(crate::time::rfc3339));
        let value = serde_json::to_string(&set).unwrap_or_default();
        let ops = vec![StateOp::Setting {
            name: OVERRIDE,
            value,
        }];
        self.audit
            .commit(Batch {
                records: vec![record],
                ops,
                sync: Sync::Full,
            })
            .await?;
        *self
            .overriding
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = set;
        Ok(())
    }
}

impl Overriding {
    /// As the engine reads it.
    #[must_use]
    pub fn for_engine(self) -> Override {
        match self.mode {
            OverrideMode::None => Override::None,
            OverrideMode::Monitor => Override::Monitor,
            OverrideMode::DenyAll => Override::DenyAll,
        }
    }
}
