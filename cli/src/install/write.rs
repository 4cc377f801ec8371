//! Files put in the place of others, whole at every moment.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use clients::MAX_CONFIG;

use crate::context::read_text;

/// Puts a new text in a file's place, unless it does not say `old` any more. Mode and group stay.
///
/// # Errors
/// When it can't be done: the file is as it was then.
pub fn replace(target: &Path, old: &str, new: &str) -> io::Result<()> {
    let about = fs::symlink_metadata(target)?;
    if about.is_symlink() {
        let why = "it is a link now, which a rename would replace; run this again";
        return Err(io::Error::other(why));
    }
    let mode = about.mode() & 0o7777;
    let beside = beside(target)?;
    write_new(&beside, new.as_bytes(), mode, Some(about.gid()))?;
    let still = read_text(target, MAX_CONFIG);
    let moved = match still {
        Ok(still) if still == old => fs::rename(&beside, target),
        Ok(_) => Err(io::Error::other(
            "it was changed by another program meanwhile; nothing was written, run this again",
        )),
        Err(error) => Err(error),
    };
    if moved.is_err() {
        let _gone = fs::remove_file(&beside);
        return moved;
    }
    sync_folder(target)
}

/// Writes a file of our own, mode 0600, in the place of what was there.
///
/// # Errors
/// When it can't be done: what was there is as it was then.
pub fn write_own(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path)?;
    write_new(&beside, bytes, 0o600, None)?;
    fs::rename(&beside, path)?;
    sync_folder(path)
}

/// Makes a folder of our own, mode 0700.
///
/// # Errors
/// When it can't be made.
pub fn own_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Where the new file is written. One name only, so that what a killed run has left is cleared away by
/// the next.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".aip-new");
    Ok(path.with_file_name(hidden))
}

fn write_new(path: &Path, bytes: &[u8], mode: u32, group: Option<u32>) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let written = file.write_all(bytes).and_then(|()| {
        let mode = match group {
            Some(group) if !give(&file, group)? => mode & !0o7077,
            Some(_) | None => mode,
        };
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()
    });
    if written.is_err() {
        let _gone = fs::remove_file(path);
    }
    written
}

/// Gives the file to this group; false where this user may not: it stays with a group of theirs,
/// whom the mode was not meant for.
fn give(file: &File, group: u32) -> io::Result<bool> {
    if file.metadata()?.gid() != group {
        let _own = std::os::unix::fs::fchown(file, None, Some(group));
    }
    Ok(file.metadata()?.gid() == group)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_with_its_mode_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp.json");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        fs::write(
            folder.path().join(".mcp.json.aip-new"),
            "left by a killed run",
        )
        .unwrap();
        assert!(replace(&path, "other", "new").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        replace(&path, "old", "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let own = folder.path().join("record");
        write_own(&own, b"x").unwrap();
        assert_eq!(fs::metadata(&own).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn another_group_than_the_files_gets_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp.json");
        // To the system this number means none: it can be given to nobody, by root neither.
        write_new(&path, b"x", 0o2664, Some(u32::MAX)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    }

    #[test]
    fn a_link_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let error = replace(&link, "old", "new").unwrap_err();
        assert!(error.to_string().contains("is a link now"), "{error}");
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "old");
    }
}
