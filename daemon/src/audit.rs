//! The audit store: one writer, any number of readers, and the rule that nothing takes effect
//! before its record is committed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc, oneshot};

mod apply;
pub mod batch;
pub mod chain;
pub(crate) mod escape;
mod live;
pub mod query;
pub mod record;
pub mod restore;
pub mod retention;
pub mod store;
pub mod verify;
pub mod writer;

pub use batch::{Batch, StateOp, Sync};
pub use record::NewRecord;
pub use writer::Written;
use writer::{Job, QUEUE, Writer};

/// Records could not be written, so what they tell of must not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditError {
    /// For the person; the peer is told only that the audit can't be written.
    pub reason: String,
}

impl std::fmt::Display for AuditError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for AuditError {}

impl From<rusqlite::Error> for AuditError {
    fn from(error: rusqlite::Error) -> Self {
        Self {
            reason: error.to_string(),
        }
    }
}

/// The way to the writer; cheap to clone.
#[derive(Clone)]
pub struct Audit {
    jobs: mpsc::Sender<Job>,
    follow: broadcast::Sender<u64>,
    store: Arc<PathBuf>,
    failing: Failing,
}

/// Why the last commit failed; `None` while commits succeed.
type Failing = Arc<std::sync::Mutex<Option<String>>>;

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// How many commits a slow follower may lag behind before it reads the store again.
const FOLLOW: usize = 64;

impl Audit {
    /// Starts the writer on an open store. It ends, with everything written, once all clones of
    /// the handle are gone; join the thread to wait for that.
    ///
    /// # Errors
    /// When the store can't be read, or no thread can be had.
    pub fn start(
        connection: Connection,
        store: &Path,
        live: PathBuf,
    ) -> Result<(Self, std::thread::JoinHandle<()>), AuditError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (follow, _) = broadcast::channel(FOLLOW);
        let failing = Failing::default();
        let writer = Writer::new(connection, live, follow.clone(), Arc::clone(&failing))?;
        let thread = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(|error| AuditError {
                reason: error.to_string(),
            })?;
        Ok((
            Self {
                jobs,
                follow,
                store: Arc::new(store.to_owned()),
                failing,
            },
            thread,
        ))
    }

    /// Writes a batch and returns once it is committed.
    ///
    /// # Errors
    /// When it could not be written; then nothing of it was.
    pub async fn commit(&self, batch: Batch) -> Result<Vec<Written>, AuditError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let (ack, written) = oneshot::channel();
        let gone = || AuditError {
            reason: "the audit writer has ended".to_owned(),
        };
        self.jobs
            .send(Job {
                batch,
                ack: Some(ack),
            })
            .await
            .map_err(|_| gone())?;
        written.await.map_err(|_| gone())?
    }

    /// Hands a batch over without waiting: outcomes, and state whose loss does no harm.
    pub async fn later(&self, batch: Batch) {
        if !batch.is_empty() && self.jobs.send(Job { batch, ack: None }).await.is_err() {
            tracing::warn!("the audit writer has ended; an outcome is lost");
        }
    }

    /// Returns once everything handed over before is written or refused.
    ///
    /// # Errors
    /// When the writer has ended.
    pub async fn flush(&self) -> Result<(), AuditError> {
        let (ack, written) = oneshot::channel();
        let gone = || AuditError {
            reason: "the audit writer has ended".to_owned(),
        };
        let job = Job {
            batch: Batch::default(),
            ack: Some(ack),
        };
        self.jobs.send(job).await.map_err(|_| gone())?;
        // Whether other batches failed is for those who wait for them.
        written.await.map(drop).map_err(|_| gone())
    }

    /// Why records can't be written at present.
    #[must_use]
    pub fn failing(&self) -> Option<String> {
        self.failing
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Gets the last record's number after each commit.
    #[must_use]
    pub fn follow(&self) -> broadcast::Receiver<u64> {
        self.follow.subscribe()
    }

    /// Runs a query on a connection of its own, off the async workers.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, AuditError> {
        let store = Arc::clone(&self.store);
        let reading = tokio::task::spawn_blocking(move || query(&store::open_to_read(&store)?));
        match reading.await {
            Ok(result) => result.map_err(AuditError::from),
            Err(error) => Err(AuditError {
                reason: error.to_string(),
            }),
        }
    }
}
