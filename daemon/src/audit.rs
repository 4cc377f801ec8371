//! The audit store: one writer, any number of readers, and the rule that nothing takes effect
//! before its record is committed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{broadcast, oneshot};

mod apply;
pub mod batch;
pub mod by_rule;
pub mod chain;
pub mod derived;
mod desk;
pub(crate) mod escape;
pub mod grants;
pub mod holdings;
mod keeper;
mod live;
pub mod page;
pub mod pins;
pub mod query;
pub mod record;
pub mod restore;
pub mod retention;
pub mod store;
mod stored;
pub mod story;
pub mod verify;
pub mod words;
pub mod writer;

pub use batch::{Batch, StateOp, Sync};
use derived::{Derived, Index, Part};
use desk::Desk;
use keeper::Keeper;
pub use record::NewRecord;
use writer::Writer;
pub use writer::Written;

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

/// The way to the writer; cheap to clone. Once all clones are gone the writer ends, with
/// everything written.
#[derive(Clone)]
pub struct Audit {
    desk: Arc<Desk>,
    follow: broadcast::Sender<u64>,
    store: Arc<PathBuf>,
    derived: Arc<Derived>,
    failing: Failing,
    _open: Arc<Open>,
}

/// Why the last commit failed; `None` while commits succeed.
type Failing = Arc<std::sync::Mutex<Option<String>>>;

/// Closes the desk when the last handle goes.
struct Open(Arc<Desk>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

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
    /// Takes an open store over. Join the thread, which does what need not be waited for, to wait
    /// for the end.
    ///
    /// # Errors
    /// When the store can't be read, or no thread can be had.
    pub fn start(
        connection: Connection,
        store: &Path,
        live: PathBuf,
    ) -> Result<(Self, std::thread::JoinHandle<()>), AuditError> {
        let (follow, _) = broadcast::channel(FOLLOW);
        let failing = Failing::default();
        let derived = Arc::new(Derived::beside(store));
        let copies = (live, Arc::clone(&derived));
        let writer = Writer::new(connection, copies, follow.clone(), Arc::clone(&failing))?;
        let desk = Arc::new(Desk::new(writer));
        let mover = store::open_to_checkpoint(store)?;
        let keeper = Keeper::new(Arc::clone(&desk), mover, Arc::clone(&derived));
        let thread = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || keeper.run())
            .map_err(|error| AuditError {
                reason: error.to_string(),
            })?;
        let audit = Self {
            _open: Arc::new(Open(Arc::clone(&desk))),
            desk,
            follow,
            store: Arc::new(store.to_owned()),
            derived,
            failing,
        };
        Ok((audit, thread))
    }

    /// Writes a batch and returns once it is committed. Batches of sessions that are ready at the
    /// same time share a transaction.
    ///
    /// # Errors
    /// When it could not be written; then nothing of it was.
    pub async fn commit(&self, batch: Batch) -> Result<Vec<Written>, AuditError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let (ack, written) = oneshot::channel();
        self.desk.hand_in(batch, Some(ack));
        tokio::task::yield_now().await;
        self.desk.work();
        written.await.map_err(|_| gone())?
    }

    /// Hands a batch over without waiting: outcomes, and state whose loss does no harm. It goes
    /// with the next commit, or by itself soon after.
    pub fn later(&self, batch: Batch) {
        if !batch.is_empty() {
            self.desk.hand_in(batch, None);
        }
    }

    /// Returns once everything handed over before is written or refused, and copied to the live
    /// log as far as that can be had.
    ///
    /// # Errors
    /// When the writer has ended.
    pub async fn flush(&self) -> Result<(), AuditError> {
        let (ack, written) = oneshot::channel();
        self.desk.hand_in(Batch::default(), Some(ack));
        self.desk.work();
        // Whether other batches failed is for those who wait for them.
        written.await.map_err(|_| gone())?.map(drop)?;
        self.desk.with_writer(Writer::copy);
        Ok(())
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

    /// Runs a query on a connection of its own, off the async workers. It sees all that was handed
    /// over before.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, AuditError> {
        let (store, desk) = (Arc::clone(&self.store), Arc::clone(&self.desk));
        let reading = tokio::task::spawn_blocking(move || {
            desk.clear();
            query(&store::open_to_read(&store)?)
        });
        match reading.await {
            Ok(result) => result.map_err(AuditError::from),
            Err(error) => Err(AuditError {
                reason: error.to_string(),
            }),
        }
    }
}

impl Audit {
    /// Runs a query on the store and what is derived from it, as [`Audit::read`] does. `None` in
    /// place of what is derived where that can't be had; what it lacks is made good afterwards.
    ///
    /// # Errors
    /// SQLite's.
    pub async fn read_derived<T: Send + 'static>(
        &self,
        part: Part,
        query: impl Fn(&Connection, Option<&Index<'_>>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, AuditError> {
        let derived = Arc::clone(&self.derived);
        self.read(move |store| derived.ask(part, store, |index| query(store, index)))
            .await
    }

    /// Has what is derived carried on in the background. Where it was never asked for, nothing is
    /// derived.
    pub fn roll_on(&self) {
        self.derived.roll_on_what_is_there();
    }
}

fn gone() -> AuditError {
    AuditError {
        reason: "the audit writer has ended".to_owned(),
    }
}
