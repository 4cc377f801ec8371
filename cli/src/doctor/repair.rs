//! What `--fix` does.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::Fix;
use crate::context::Context;
use crate::text::visible;

/// Does it; what was done, or why it could not be.
///
/// # Errors
/// What the system says, for a person.
pub fn repair(fix: &Fix, context: &Context<'_>) -> Result<String, String> {
    let shown = |path: &Path| visible(&path.to_string_lossy());
    match fix {
        Fix::Folder(folder) => {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| format!("{} can't be made: {error}", shown(folder)))?;
            Ok(format!("made {}", shown(folder)))
        }
        Fix::Private(path) => {
            close(path).map_err(|error| format!("{} can't be closed: {error}", shown(path)))?;
            Ok(format!("closed {} to other users", shown(path)))
        }
        Fix::Start => {
            let started = context.start_daemon();
            started.map_err(|failure| failure.to_string())?;
            Ok("started aipd".to_owned())
        }
    }
}

/// Never what a link leads to, nor what is another's: what was looked at may have been put away since
/// by whoever could write there.
fn close(path: &Path) -> std::io::Result<()> {
    use rustix::fs::OFlags;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
        .open(path)?;
    let about = opened.metadata()?;
    let ours = about.uid() == rustix::process::geteuid().as_raw();
    if !ours || !(about.is_file() || about.is_dir()) {
        let why = "it is no file or folder of yours now";
        return Err(std::io::Error::other(why));
    }
    opened.set_permissions(Permissions::from_mode(about.mode() & 0o700))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_the_file_or_folder_itself_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        fs::write(at("file"), "").unwrap();
        fs::set_permissions(at("file"), Permissions::from_mode(0o666)).unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        assert!(close(&at("link")).is_err());
        assert_eq!(mode(&at("file")), 0o666);
        close(&at("file")).unwrap();
        assert_eq!(mode(&at("file")), 0o600);
        let pipe = std::process::Command::new("mkfifo")
            .arg(at("pipe"))
            .status();
        assert!(pipe.unwrap().success());
        fs::set_permissions(at("pipe"), Permissions::from_mode(0o622)).unwrap();
        assert!(close(&at("pipe")).is_err());
        assert_eq!(mode(&at("pipe")), 0o622);
    }
}
