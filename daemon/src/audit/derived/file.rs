//! The file of what is derived. One that can't be used is thrown away: nothing is lost with it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::audit::store::{BUSY, create_private};

/// Counted up with every change of the schema, of the words and of what is counted: a file with
/// another number is made anew.
const VERSION: i64 = 1;
const SCHEMA: &str = include_str!("schema.sql");

/// Its name, beside the store.
pub const NAME: &str = "derived.sqlite";

/// Opens the file, making it where there is none; one of another version is made anew.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    match prepared(path) {
        Ok(Some(connection)) => return Ok(connection),
        Ok(None) => {}
        Err(error) if is_broken(&error) => {
            tracing::warn!(%error, "what is derived from the audit store can't be read and is made anew");
        }
        Err(error) => return Err(error),
    }
    discard(path)?;
    prepared(path)?.ok_or_else(|| rusqlite::Error::InvalidPath(path.to_owned()))
}

/// Removes the file and what SQLite keeps beside it.
pub(super) fn discard(path: &Path) -> rusqlite::Result<()> {
    for file in files(path) {
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::error!(%error, path = %file.display(), "can't be removed");
                return Err(rusqlite::Error::InvalidPath(file));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The log goes first: without its file it would be taken for that of the next.
fn files(path: &Path) -> [PathBuf; 4] {
    ["-wal", "-shm", "-journal", ""].map(|end| {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        PathBuf::from(file)
    })
}

/// Whether an error says that the file itself is no good.
pub(super) fn is_broken(error: &rusqlite::Error) -> bool {
    if let rusqlite::Error::SqliteFailure(failure, _) = error {
        return matches!(
            failure.code,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::CannotOpen
        );
    }
    // A link or another thing that stands in its place, or a table that is not as we make it.
    matches!(
        error,
        rusqlite::Error::InvalidPath(_)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::SqlInputError { .. }
    )
}

/// `None` where the file is of another version.
fn prepared(path: &Path) -> rusqlite::Result<Option<Connection>> {
    create_private(path).map_err(|_| rusqlite::Error::InvalidPath(path.to_owned()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "cache_size", -4096)?;
    connection.pragma_update(None, "journal_size_limit", 8 * 1024 * 1024)?;
    // What is dropped is written over, not only forgotten.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let version = |of: &Connection| of.query_row("PRAGMA user_version", [], |row| row.get(0));
    let found: i64 = version(&connection)?;
    if found == 0 {
        let step = connection.transaction()?;
        step.execute_batch(SCHEMA)?;
        step.pragma_update(None, "user_version", VERSION)?;
        step.commit()?;
    }
    Ok((found == 0 || found == VERSION).then_some(connection))
}
