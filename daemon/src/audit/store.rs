//! Opens the store: migrations forward only, after a backup; a newer schema is refused by name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Each migration, in order; `user_version` counts how many a store has had.
const MIGRATIONS: [&str; 4] = [
    include_str!("../../../migrations/0001_store.sql"),
    include_str!("../../../migrations/0002_lean.sql"),
    include_str!("../../../migrations/0003_pins.sql"),
    include_str!("../../../migrations/0004_grants.sql"),
];

/// How long a writer waits for another process's lock before the call is refused.
pub(super) const BUSY: Duration = Duration::from_secs(4);

/// Why the store can't be opened.
#[derive(Debug)]
pub enum OpenError {
    /// SQLite's own reason.
    Sqlite(PathBuf, rusqlite::Error),
    /// The file or its backup can't be made or its mode set.
    Io(PathBuf, std::io::Error),
    /// Written by a later version of aip.
    Newer {
        /// The store.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path, error) => {
                write!(
                    f,
                    "can't open the audit store `{}`: {error}",
                    path.display()
                )
            }
            Self::Io(path, error) => write!(f, "can't use `{}`: {error}", path.display()),
            Self::Newer { path, found } => write!(
                f,
                "the audit store `{}` has schema {found}, this aipd knows up to {}; \
                 install the newer aip again or move the store away",
                path.display(),
                MIGRATIONS.len()
            ),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sqlite(_, error) => Some(error),
            Self::Io(_, error) => Some(error),
            Self::Newer { .. } => None,
        }
    }
}

/// Opens the store for its one writer, making or migrating it where needed.
///
/// # Errors
/// See [`OpenError`].
pub fn open(path: &Path) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::Sqlite(path.to_owned(), error);
    create_private(path).map_err(|error| OpenError::Io(path.to_owned(), error))?;
    let mut connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(failed)?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(todo) = MIGRATIONS.get(done..) else {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found: version,
        });
    };
    settings(&connection).map_err(failed)?;
    if !todo.is_empty() && done > 0 {
        back_up(&connection, path, done)?;
    }
    for (index, migration) in todo.iter().enumerate() {
        let step = connection.transaction().map_err(failed)?;
        step.execute_batch(migration).map_err(failed)?;
        let version = i64::try_from(done + index + 1).unwrap_or(i64::MAX);
        step.pragma_update(None, "user_version", version)
            .map_err(failed)?;
        step.commit().map_err(failed)?;
    }
    Ok(connection)
}

/// Opens the store to read beside the writer.
///
/// # Errors
/// SQLite's.
pub fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "cache_size", -512)?;
    Ok(connection)
}

/// Opens the store to move its write-ahead log, beside the writer.
///
/// # Errors
/// SQLite's.
pub fn open_to_checkpoint(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    settings(&connection)?;
    Ok(connection)
}

/// What the migrations make: each table, index and trigger, with its definition.
///
/// # Errors
/// SQLite's.
pub fn schema() -> rusqlite::Result<Vec<(String, String)>> {
    let connection = Connection::open_in_memory()?;
    for migration in MIGRATIONS {
        connection.execute_batch(migration)?;
    }
    schema_of(&connection)
}

/// The same of a store as it is.
///
/// # Errors
/// SQLite's.
pub fn schema_of(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((
            row.get(0)?,
            row.get::<_, Option<String>>(1)?.unwrap_or_default(),
        ))
    })?;
    rows.collect()
}

fn settings(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -2048)?;
    connection.pragma_update(None, "journal_size_limit", 8 * 1024 * 1024)?;
    // What is erased is written over, not only forgotten.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}

/// Removes the copies made before migrations: they hold what has been erased since.
pub(super) fn remove_backups(path: &Path) {
    for version in 1..MIGRATIONS.len() {
        let copy = backup(path, version);
        match std::fs::remove_file(&copy) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::error!(
                    %error,
                    path = %copy.display(),
                    "erased arguments are still in a copy of the store"
                );
            }
            Ok(()) | Err(_) => {}
        }
    }
}

fn backup(path: &Path, version: usize) -> PathBuf {
    path.with_extension(format!("db.schema-{version}"))
}

fn back_up(connection: &Connection, path: &Path, version: usize) -> Result<(), OpenError> {
    let copy = backup(path, version);
    create_private(&copy).map_err(|error| OpenError::Io(copy.clone(), error))?;
    connection
        .backup("main", &copy, None::<fn(rusqlite::backup::Progress)>)
        .map_err(|error| OpenError::Sqlite(copy.clone(), error))
}

/// The file is made by us, mode 0600, before SQLite opens it; its WAL takes over the mode.
pub(super) fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    options.custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default());
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_schema_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains("schema 99"), "{error}");
    }

    #[test]
    fn a_store_of_the_first_schema_is_migrated_after_a_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(
            r#"INSERT INTO record (seq, text, hash) VALUES
                (1, '{"timestamp":"2026-03-03T10:30:45.123Z"}', x'00'),
                (2, '{"timestamp":"2026-03-03T10:39:45.123Z"}', x'01'),
                (3, '{"timestamp":"2026-03-03T10:40:00.000Z"}', x'02');
               INSERT INTO outstanding VALUES ('s', 'client', '1', 4, 'tools/call', 't', 'c', 5);
               PRAGMA user_version = 1;"#,
        )
        .unwrap();
        drop(old);
        let store = open(&path).unwrap();
        let slots: Vec<(String, u64)> = store
            .prepare("SELECT slot, first_seq FROM time_slot ORDER BY slot")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let wanted = [("2026-03-03T10:3", 1), ("2026-03-03T10:4", 3)];
        assert_eq!(slots, wanted.map(|(slot, seq)| (slot.to_owned(), seq)));
        let number = "SELECT number FROM outstanding WHERE session = 's'";
        let number: i64 = store.query_row(number, [], |row| row.get(0)).unwrap();
        assert_eq!(number, 4);
        assert_eq!(schema_of(&store).unwrap(), schema().unwrap());
        assert!(folder.path().join("audit.db.schema-1").is_file());
    }

    #[test]
    fn a_store_of_the_second_schema_is_migrated_after_a_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        let old = Connection::open(&path).unwrap();
        for migration in &MIGRATIONS[..2] {
            old.execute_batch(migration).unwrap();
        }
        old.execute_batch(
            "INSERT INTO outstanding VALUES ('s', 'client', '1', 4, 'tools/list', NULL, 'c', 5);
             INSERT INTO session VALUES ('s', '', '{\"session\":{\"id\":\"s\",\"argv\":[\"p\",\"--key=k\"]}}', '{}'),
                ('t', '', 'no JSON', '{}');
             PRAGMA user_version = 2;",
        )
        .unwrap();
        drop(old);
        let store = open(&path).unwrap();
        let rows = crate::audit::restore::outstanding(&store, "s").unwrap();
        let pages: Vec<_> = rows.iter().map(|row| row.page.as_str()).collect();
        assert_eq!(pages, [""], "which page was asked for is not known");
        let facts = crate::audit::restore::session(&store, "s")
            .unwrap()
            .unwrap();
        assert_eq!(facts.facts, r#"{"session":{"id":"s"}}"#);
        assert!(crate::audit::pins::book(&store).unwrap().is_empty());
        assert_eq!(schema_of(&store).unwrap(), schema().unwrap());
        assert!(folder.path().join("audit.db.schema-2").is_file());
    }

    #[test]
    fn a_store_of_the_third_schema_is_migrated_after_a_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        let old = Connection::open(&path).unwrap();
        for migration in &MIGRATIONS[..3] {
            old.execute_batch(migration).unwrap();
        }
        old.execute_batch(
            "INSERT INTO pinned_server VALUES ('c', 's', '{}'); PRAGMA user_version = 3;",
        )
        .unwrap();
        drop(old);
        let store = open(&path).unwrap();
        assert_eq!(crate::audit::pins::book(&store).unwrap().len(), 1);
        assert!(crate::audit::grants::all(&store).unwrap().is_empty());
        assert_eq!(crate::audit::grants::before(&store, "x").unwrap().times, 0);
        assert_eq!(schema_of(&store).unwrap(), schema().unwrap());
        assert!(folder.path().join("audit.db.schema-3").is_file());
    }

    #[test]
    fn the_store_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.db");
        open(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
