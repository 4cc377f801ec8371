//! The daemon's store as another program sees it.

use std::path::Path;

use rusqlite::Connection;

/// Holds the store's only write lock, so that the daemon can commit nothing until it is dropped.
#[derive(Debug)]
pub struct WriteLock(Connection);

impl WriteLock {
    /// Takes the lock, waiting for what the daemon has begun.
    ///
    /// # Panics
    /// When it can't be had.
    #[must_use]
    pub fn take(aip_home: &Path) -> Self {
        let store = open(aip_home);
        store
            .execute_batch("BEGIN IMMEDIATE")
            .expect("the write lock can be had");
        Self(store)
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        let _ = self.0.execute_batch("ROLLBACK");
    }
}

/// The store of this home, opened as any SQLite program would.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn open(aip_home: &Path) -> Connection {
    let path = aip_home.join("audit.db");
    assert!(path.is_file(), "there is no store at `{}`", path.display());
    let store = Connection::open(path).expect("the store can be opened");
    store
        .busy_timeout(std::time::Duration::from_secs(5))
        .expect("a timeout can be set");
    store
}
