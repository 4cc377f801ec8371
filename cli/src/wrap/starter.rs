//! The policy a wrapped server begins with: a file of the user's own, written once.

use std::io::{self, Write};
use std::path::Path;

use crate::install::write::own_folder;

/// Writes a file for this user alone, whole or not at all, unless there is one; says whether it did.
///
/// # Errors
/// When it can't be written.
pub fn write_once(path: &Path, text: &str) -> io::Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    own_folder(folder)?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_file_is_written_once_for_its_user_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("aip/policies/git.yaml");
        assert!(write_once(&path, "first").unwrap());
        assert!(!write_once(&path, "second").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_not_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("git.yaml");
        symlink("nowhere", &path).unwrap();
        assert!(!write_once(&path, "text").unwrap());
        assert!(!home.path().join("nowhere").exists());
    }
}
