//! What `--fix` does.

use std::fs::{DirBuilder, Permissions, set_permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
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

/// Never what a link leads to.
fn close(path: &Path) -> std::io::Result<()> {
    let about = path.symlink_metadata()?;
    if about.is_symlink() {
        return Err(std::io::Error::other("it is a link now"));
    }
    set_permissions(path, Permissions::from_mode(about.mode() & 0o700))
}
