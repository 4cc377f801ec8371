//! What was put where, kept so that it can be taken back: `record.json`, and beside it each file as it
//! was. Both may hold secrets, so only the user may read them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clients::{MAX_CONFIG, Wrapped};
use engine::sha256_hex;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::write::{own_folder, write_own};
use crate::context::read_text;
use crate::failure::Failure;

/// The longest record that is read, in bytes.
const MOST: u64 = 64 * 1024 * 1024;

/// Everything that was installed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Installed {
    /// By file.
    pub files: Vec<InstalledFile>,
}

/// One file.
#[derive(Debug, Serialize, Deserialize)]
pub struct InstalledFile {
    /// The client's id.
    pub client: String,
    /// Where the client looks for it.
    pub file: PathBuf,
    /// The file itself.
    pub target: PathBuf,
    /// SHA-256 of the file as it was, which the backup has too.
    pub before: String,
    /// SHA-256 of the file as it was written.
    pub after: String,
    /// The backup's name.
    pub backup: String,
    /// What was done.
    pub entries: Vec<Wrapped>,
}

impl InstalledFile {
    /// Notes a change of a file that was `base` without aip and will be `text`.
    #[must_use]
    pub fn new(found: &super::found::Found, base: &str, text: &str, entries: Vec<Wrapped>) -> Self {
        let before = hash(base);
        let file = hash(&found.target.to_string_lossy());
        let short = |hash: &str| hash.get(..16).unwrap_or_default().to_owned();
        Self {
            client: found.place.client.id.clone(),
            file: found.place.path.clone(),
            target: found.target.clone(),
            after: hash(text),
            backup: format!("{}-{}", short(&file), short(&before)),
            before,
            entries,
        }
    }
}

/// SHA-256 of a text, in hex.
#[must_use]
pub fn hash(text: &str) -> String {
    sha256_hex(text.as_bytes())
}

/// The folder, held against a second run.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    _lock: File,
}

impl Store {
    /// Opens it, making it where it is not there.
    ///
    /// # Errors
    /// When it can't be made or another run has it.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let failed = |source| Failure::File {
            doing: "use",
            path: folder.to_path_buf(),
            source,
        };
        own_folder(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(folder.join("lock")).map_err(failed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            Failure::Usage(
                "another `aipctl install` or `uninstall` is at work; wait for it".to_owned(),
            )
        })?;
        Ok(Self {
            folder: folder.to_path_buf(),
            _lock: lock,
        })
    }

    /// What was installed.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn load(&self) -> Result<Installed, Failure> {
        load(&self.folder)
    }

    /// Keeps a file as it was.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn back_up(&self, file: &InstalledFile, text: &str) -> Result<(), Failure> {
        let path = self.folder.join(&file.backup);
        write_own(&path, text.as_bytes()).map_err(|source| unwritten(&path, source))
    }

    /// A file as it was, where it is kept and is what it was.
    #[must_use]
    pub fn backup(&self, file: &InstalledFile) -> Option<String> {
        let text = read_text(&self.folder.join(&file.backup), MAX_CONFIG).ok()?;
        (hash(&text) == file.before).then_some(text)
    }

    /// Writes down what is installed, and clears away backups of what is not.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn save(&self, installed: &Installed) -> Result<(), Failure> {
        let path = self.folder.join("record.json");
        let text = serde_json::to_vec(installed).map_err(Failure::Answer)?;
        write_own(&path, &text).map_err(|source| unwritten(&path, source))?;
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let ours = ["record.json", "lock"].iter().any(|it| name == *it);
            let used = installed.files.iter().any(|it| name == *it.backup);
            if !ours && !used {
                let _kept = std::fs::remove_file(entry.path());
            }
        }
        Ok(())
    }
}

/// What was installed, without holding it.
///
/// # Errors
/// When it can't be read.
pub fn load(folder: &Path) -> Result<Installed, Failure> {
    let path = folder.join("record.json");
    let text = match read_text(&path, MOST) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Installed::default()),
        Err(source) => {
            let doing = "read";
            return Err(Failure::File {
                doing,
                path,
                source,
            });
        }
    };
    serde_json::from_str(&text).map_err(|error| Failure::File {
        doing: "understand",
        path,
        source: io::Error::new(io::ErrorKind::InvalidData, error),
    })
}

fn unwritten(path: &Path, source: io::Error) -> Failure {
    Failure::File {
        doing: "write",
        path: path.to_path_buf(),
        source,
    }
}
