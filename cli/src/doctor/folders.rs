//! aip's folders: there, the user's own, closed to others, and with room.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use wire::folders::Folders;

use super::{Finding, Fix, Health};

/// Less room than this in the state folder is told of, in bytes.
const LITTLE: u64 = 500 * 1024 * 1024;
/// With less than this, calls may soon be refused, since nothing can be recorded.
const TOO_LITTLE: u64 = 20 * 1024 * 1024;

pub(super) fn look(folders: &Folders) -> Vec<Finding> {
    let mut all = Vec::new();
    let mut seen: Vec<&Path> = Vec::new();
    for (what, folder) in [
        ("configuration", &folders.config),
        ("state", &folders.state),
        ("sockets", &folders.runtime),
    ] {
        if !seen.contains(&folder.as_path()) {
            seen.push(folder);
            all.push(place(what, folder));
        }
    }
    for file in [folders.config_file(), folders.store(), folders.live_audit()] {
        all.extend(file_is_ours(&file));
    }
    all.extend(room(&folders.state));
    all
}

fn place(what: &str, folder: &Path) -> Finding {
    let shown = folder.display();
    let about = match folder.symlink_metadata() {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let found = format!("the folder for {what}, {shown}, is not there yet");
            return Finding::new("folders", Health::Note, found)
                .next("the daemon makes it when it first starts")
                .fix(Fix::Folder(folder.to_owned()));
        }
        Err(error) => {
            let found = format!("the folder for {what}, {shown}, can't be looked at: {error}");
            return Finding::new("folders", Health::Problem, found)
                .next("see who owns what is above it");
        }
    };
    if !about.is_dir() {
        return Finding::new(
            "folders",
            Health::Problem,
            format!("{shown} is no folder, or a link"),
        )
        .next("move it away; aipd makes the folder anew");
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Finding::new(
            "folders",
            Health::Problem,
            format!("{shown} belongs to another user"),
        )
        .next(format!(
            "have its owner give it back: sudo chown -R \"$USER\" {shown}"
        ));
    }
    if about.mode() & 0o077 != 0 {
        let found = format!(
            "{shown} is open to other users (mode {:o})",
            about.mode() & 0o777
        );
        let health = match about.mode() & 0o022 {
            0 => Health::Warning,
            _ => Health::Problem,
        };
        return Finding::new("folders", health, found)
            .next(format!("aipctl doctor --fix, or: chmod 700 {shown}"))
            .fix(Fix::Private(folder.to_owned()));
    }
    Finding::good("folders", format!("{shown} for {what}"))
}

fn file_is_ours(file: &Path) -> Option<Finding> {
    let about = file.symlink_metadata().ok()?;
    let shown = file.display();
    if about.uid() != rustix::process::geteuid().as_raw() {
        let found = format!("{shown} belongs to another user");
        let next = format!("sudo chown \"$USER\" {shown}");
        return Some(Finding::new("folders", Health::Problem, found).next(next));
    }
    (about.is_file() && about.mode() & 0o022 != 0).then(|| {
        let found = format!("{shown} can be changed by other users");
        Finding::new("folders", Health::Problem, found)
            .next(format!("aipctl doctor --fix, or: chmod go-w {shown}"))
            .fix(Fix::Private(file.to_owned()))
    })
}

fn room(state: &Path) -> Option<Finding> {
    // A folder that is not there yet comes to be where the nearest one above it is.
    let there = state.ancestors().find(|it| it.is_dir())?;
    let about = rustix::fs::statvfs(there).ok()?;
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    let shown = format!("{} MB free for {}", free / 1_000_000, state.display());
    let next = "make room; without any, calls are refused, since they can't be recorded. `retention` in \
                config.yaml bounds the store";
    Some(match free {
        ..TOO_LITTLE => Finding::new("disk", Health::Problem, shown).next(next),
        TOO_LITTLE..LITTLE => Finding::new("disk", Health::Warning, shown).next(next),
        LITTLE.. => Finding::good("disk", shown),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_is_there_and_closed_or_it_says_what_to_do() {
        let all = tempfile::tempdir().unwrap();
        let folder = all.path().join("state");
        let check = |health: Health, fix: Option<Fix>| {
            let found = place("state", &folder);
            assert_eq!(
                (found.health, found.fix.clone()),
                (health, fix),
                "{found:?}"
            );
            assert_eq!(found.next.is_some(), health != Health::Good, "{found:?}");
        };
        check(Health::Note, Some(Fix::Folder(folder.clone())));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        check(Health::Warning, Some(Fix::Private(folder.clone())));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o770)).unwrap();
        check(Health::Problem, Some(Fix::Private(folder.clone())));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        check(Health::Good, None);
        fs::remove_dir(&folder).unwrap();
        fs::write(&folder, "").unwrap();
        check(Health::Problem, None);
    }
}
