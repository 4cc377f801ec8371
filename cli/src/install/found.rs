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

/// A file that was edited before, as it is now; `None` where it is gone.
#[must_use]
pub fn at(client: &str, path: &Path) -> Option<Found> {
    let place = place_of(client, path)?;
    let target = path.canonicalize().ok()?;
    let read = read(&place, &target);
    Some(Found {
        place,
        target,
        read,
    })
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
    access_list(target)
}

/// Why a file with an access list can't: the new one would be without it, and its group's bits, which
/// are the list's mask, would count for the group itself.
#[cfg(target_os = "linux")]
fn access_list(target: &Path) -> Option<String> {
    use rustix::io::Errno;
    let mut value = [0_u8; 4096];
    match rustix::fs::getxattr(target, "system.posix_acl_access", &mut value) {
        Err(Errno::NODATA | Errno::OPNOTSUPP) => None,
        Ok(_) | Err(Errno::RANGE) => {
            Some("it has an access list (setfacl), which would be lost".to_owned())
        }
        Err(error) => Some(format!("its access list can't be read: {error}")),
    }
}

#[cfg(not(target_os = "linux"))]
fn access_list(_target: &Path) -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::fs::{XattrFlags, setxattr};

    #[test]
    fn a_file_with_an_access_list_is_left() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(hindrance(file.path()), None);
        // Version 2; owner, user 1, group, mask, others: tag, bits, id.
        let none = u32::MAX;
        let entries = [
            (1, 6, none),
            (2, 4, 1),
            (4, 0, none),
            (16, 4, none),
            (32, 0, none),
        ];
        let mut list = 2_u32.to_le_bytes().to_vec();
        for (tag, bits, id) in entries {
            list.extend(u16::to_le_bytes(tag));
            list.extend(u16::to_le_bytes(bits));
            list.extend(u32::to_le_bytes(id));
        }
        let name = "system.posix_acl_access";
        setxattr(file.path(), name, &list, XattrFlags::empty()).unwrap();
        let why = hindrance(file.path()).unwrap();
        assert!(why.contains("it has an access list"), "{why}");
    }
}
