//! The configurations there are on this machine.

use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clients::{Broken, Entry, Finds, MAX_CONFIG, Os, Place};

use crate::context::{Context, read_text};
use crate::failure::Failure;

/// Names looked at in one folder.
const NAMES: usize = 1024;

/// A configuration that is there.
#[derive(Debug)]
pub struct Found {
    /// Whose it is, and how it is read.
    pub place: Place,
    /// The file itself: what the place may be a link to.
    pub target: PathBuf,
    /// What it says.
    pub read: Result<Read, Unread>,
}

/// A configuration that was read.
pub struct Read {
    /// All of it. It may hold secrets.
    pub text: String,
    /// Its servers.
    pub entries: Vec<Entry>,
}

impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Read").finish_non_exhaustive()
    }
}

/// Why one was not.
#[derive(Debug)]
pub enum Unread {
    /// The system says so.
    Io(std::io::Error),
    /// It has not the form its client reads.
    Broken(Broken),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "it can't be read: {error}"),
            Self::Broken(broken) => broken.fmt(f),
        }
    }
}

/// Every configuration there is: of the user, and of the project this is run in.
///
/// # Errors
/// When the home folder isn't known.
pub fn find(context: &Context<'_>) -> Result<Vec<Found>, Failure> {
    let home = context.home.as_deref().ok_or(wire::folders::NoHome)?;
    let variable = |name: &str| context.variables.get(name).cloned();
    let finds = Finds {
        os: Os::HERE,
        home,
        variable: &variable,
        names: &names,
    };
    let mut places = clients::places(&finds);
    if let Some(folder) = context.folder.as_deref().filter(|it| *it != home) {
        places.extend(clients::project_places(&finds, folder));
    }
    let mut found: Vec<Found> = Vec::new();
    for place in places {
        let Ok(target) = place.path.canonicalize() else {
            continue;
        };
        if !target.is_file() || found.iter().any(|it| it.target == target) {
            continue;
        }
        let read = read(&place, &target);
        found.push(Found {
            place,
            target,
            read,
        });
    }
    Ok(found)
}

/// The place of a file that was edited before.
#[must_use]
pub fn place_of(client: &str, path: &Path) -> Option<Place> {
    let finds = Finds {
        os: Os::HERE,
        home: Path::new("/"),
        variable: &|_| None,
        names: &|_| Vec::new(),
    };
    clients::place_of(&finds, client, path)
}

fn names(folder: &Path) -> Vec<OsString> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.take(NAMES).map(|it| it.file_name()).collect()
}

fn read(place: &Place, target: &Path) -> Result<Read, Unread> {
    let text = read_text(target, MAX_CONFIG).map_err(Unread::Io)?;
    let entries = clients::entries(&text, place.shape).map_err(Unread::Broken)?;
    Ok(Read { text, entries })
}

/// Why this file can't be put in the place of itself, by a rename; `None` where it can.
#[must_use]
pub fn hindrance(target: &Path) -> Option<String> {
    let about: Metadata = match std::fs::metadata(target) {
        Ok(about) => about,
        Err(error) => return Some(format!("it can't be read: {error}")),
    };
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Some("it belongs to another user".to_owned());
    }
    if about.nlink() > 1 {
        return Some("it has a second name (a hard link), which would stay as it is".to_owned());
    }
    None
}
