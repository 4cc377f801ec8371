//! What starts this `aipd` by the user's systemd, and would be left over without it.

use std::path::{Path, PathBuf};

use super::units::{NAMES, folder, names_program};
use super::{Context, Failure};
use crate::launch;

/// Where a socket that is enabled is linked from.
const WANTED: &str = "sockets.target.wants";

/// The user's own unit, and the link to a socket that is enabled.
pub(in crate::command) fn units_left(context: &Context<'_>) -> Result<Vec<PathBuf>, Failure> {
    let Ok(aipd) = launch::program("aipd", &context.running) else {
        return Ok(Vec::new());
    };
    let folder = folder(context)?;
    let [socket, service] = NAMES;
    let link = folder.join(WANTED).join(socket);
    let mut left = vec![folder.join(service), link.clone()];
    left.retain(|it| match it.canonicalize() {
        Ok(real) => names_program(&real.with_file_name(service), &aipd),
        Err(_) => leads_nowhere(it),
    });
    Ok(left)
}

fn leads_nowhere(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|it| it.is_symlink())
}
