//! The notes of one folder: what the `aip-notes` server does to its files, and nothing outside
//! of them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub mod protocol;
mod tools;

/// The longest note, in bytes.
pub const MAX_NOTE: usize = 1024 * 1024;
/// The longest name of a note, in characters.
pub const MAX_NAME: usize = 100;
/// The most lines one search returns.
pub const MAX_HITS: usize = 200;

/// A folder of notes, each a file `NAME.md`.
#[derive(Debug)]
pub struct Notes {
    folder: PathBuf,
}

/// Why something was not done to a note; worded for the model that asked.
#[derive(Debug)]
pub enum NoteError {
    /// The name could reach outside the folder or is not a plain name.
    BadName(String),
    /// There is no such note.
    Missing(String),
    /// The text is longer than [`MAX_NOTE`].
    TooLong(usize),
    /// The file system said no.
    Io(io::Error),
}

impl std::fmt::Display for NoteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadName(name) => write!(
                f,
                "`{}` can't name a note: use 1 to {MAX_NAME} letters, digits, spaces, `-`, `_` \
                 or `.`, not starting with a `.`",
                name.escape_debug()
            ),
            Self::Missing(name) => write!(f, "there is no note `{name}`; see list_notes"),
            Self::TooLong(length) => {
                write!(
                    f,
                    "{length} bytes are over the bound of {MAX_NOTE} for one note"
                )
            }
            Self::Io(error) => write!(f, "the note's file could not be used: {error}"),
        }
    }
}

impl std::error::Error for NoteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::BadName(_) | Self::Missing(_) | Self::TooLong(_) => None,
        }
    }
}

impl From<io::Error> for NoteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Notes {
    /// The notes of this folder.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The names of all notes, sorted.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn list(&self) -> Result<Vec<String>, NoteError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let file_name = entry.file_name();
            let name = file_name.to_str().and_then(|name| name.strip_suffix(".md"));
            if let Some(name) = name
                && is_plain(name)
                && entry.file_type()?.is_file()
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The text of one note.
    ///
    /// # Errors
    /// When the name is not a plain one, or no file is behind it.
    pub fn read(&self, name: &str) -> Result<String, NoteError> {
        let path = self.existing(name)?;
        Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
    }

    /// Writes a note whole, making or replacing it.
    ///
    /// # Errors
    /// When the name is not a plain one, the text is too long, or writing failed.
    pub fn write(&self, name: &str, text: &str) -> Result<(), NoteError> {
        let path = self.path(name)?;
        if text.len() > MAX_NOTE {
            return Err(NoteError::TooLong(text.len()));
        }
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes a note.
    ///
    /// # Errors
    /// When the name is not a plain one, or no file is behind it.
    pub fn delete(&self, name: &str) -> Result<(), NoteError> {
        Ok(fs::remove_file(self.existing(name)?)?)
    }

    /// The lines that hold `query`, whatever their case, as `NAME:LINE: TEXT`.
    ///
    /// # Errors
    /// When a file can't be read.
    pub fn search(&self, query: &str) -> Result<Vec<String>, NoteError> {
        let query = query.to_lowercase();
        let mut hits = Vec::new();
        for name in self.list()? {
            for (number, line) in self.read(&name)?.lines().enumerate() {
                if line.to_lowercase().contains(&query) {
                    hits.push(format!("{name}:{}: {line}", number + 1));
                }
                if hits.len() == MAX_HITS {
                    return Ok(hits);
                }
            }
        }
        Ok(hits)
    }

    fn path(&self, name: &str) -> Result<PathBuf, NoteError> {
        if is_plain(name) {
            Ok(self.folder.join(format!("{name}.md")))
        } else {
            Err(NoteError::BadName(name.to_owned()))
        }
    }

    /// The path of a note that is there; a link in its place is no note.
    fn existing(&self, name: &str) -> Result<PathBuf, NoteError> {
        let path = self.path(name)?;
        if is_file(&path) {
            Ok(path)
        } else {
            Err(NoteError::Missing(name.to_owned()))
        }
    }
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

fn is_plain(name: &str) -> bool {
    let length = name.chars().count();
    (1..=MAX_NAME).contains(&length)
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, plain: bool) {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::new(folder.path().to_owned());
        assert_eq!(notes.write(name, "text").is_ok(), plain, "writing {name:?}");
        assert_eq!(notes.read(name).is_ok(), plain, "reading {name:?}");
    }

    #[test]
    fn a_name_stays_in_the_folder() {
        check("plan", true);
        check("Plan 2026-11.v2", true);
        check("größe", true);
        check("", false);
        check("..", false);
        check("../plan", false);
        check("a/b", false);
        check("a\\b", false);
        check(".hidden", false);
        check("a\0b", false);
        check("a\nb", false);
        check(&"x".repeat(101), false);
    }

    #[test]
    fn a_link_is_no_note() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.md")).unwrap();
        let notes = Notes::new(folder.path().to_owned());
        assert!(notes.list().unwrap().is_empty());
        assert!(matches!(notes.read("link"), Err(NoteError::Missing(_))));
    }
}
