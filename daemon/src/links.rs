//! Follows symbolic links as far as a path exists: what the server would open.

use std::path::{Path, PathBuf};

/// The path with the links of its longest existing prefix resolved.
#[must_use]
pub fn resolve(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut prefix = path;
    loop {
        if let Ok(real) = prefix.canonicalize() {
            return rest.iter().rev().fold(real, |path, part| path.join(part));
        }
        // A link that leads nowhere yet still says where a new file would be made.
        if let Ok(target) = std::fs::read_link(prefix) {
            let base = prefix.parent().unwrap_or(Path::new("/"));
            let aim = engine::paths::lexical(&base.join(target));
            if rest.len() < MAX_DANGLING {
                let whole = rest.iter().rev().fold(aim, |path, part| path.join(part));
                return resolve_dangling(&whole);
            }
        }
        match (prefix.parent(), prefix.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name);
                prefix = parent;
            }
            _ => return path.to_owned(),
        }
    }
}

/// Components behind a dangling link that are still followed.
const MAX_DANGLING: usize = 64;

/// Once more for where a dangling link points; a second dangling link is taken as it is.
fn resolve_dangling(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|prefix| {
            let real = prefix.canonicalize().ok()?;
            let rest = path.strip_prefix(prefix).ok()?;
            Some(if rest.as_os_str().is_empty() {
                real
            } else {
                real.join(rest)
            })
        })
        .unwrap_or_else(|| path.to_owned())
}

/// The home folder of a user by name, out of the system's user table.
#[must_use]
pub fn home_of(user: &str) -> Option<PathBuf> {
    let table = std::fs::read_to_string("/etc/passwd").ok()?;
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(user))
            .then(|| fields.nth(4).map(PathBuf::from))
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_as_far_as_the_path_exists() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        symlink("real", root.join("link")).unwrap();
        symlink(root.join("real/later"), root.join("dangling")).unwrap();
        for (given, wanted) in [
            ("link", "real"),
            ("link/new/file", "real/new/file"),
            ("dangling", "real/later"),
            ("dangling/x", "real/later/x"),
            ("none/such", "none/such"),
        ] {
            assert_eq!(resolve(&root.join(given)), root.join(wanted), "{given}");
        }
    }

    #[test]
    fn root_has_a_home() {
        assert!(home_of("root").is_some_and(|home| home.is_absolute()));
        assert_eq!(home_of("nobody-by-that-name"), None);
    }
}
