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

/// Entries looked at for one pattern, and places it may turn out to name.
const MAX_LOOKED_AT: usize = 20_000;
const MAX_PLACES: usize = 64;

/// Where a path with globs leads through links that are there already: the literal start of each
/// component that holds one is held against the folder's entries. What is found may hold globs
/// itself; `None` where there is too much to look at.
#[must_use]
pub fn through_links(pattern: &Path) -> Option<Vec<PathBuf>> {
    let mut looked_at = 0;
    let mut found = Vec::new();
    let mut open = vec![(PathBuf::new(), pattern.to_owned())];
    while let Some((folder, rest)) = open.pop() {
        let mut parts = rest.components();
        let mut folder = folder;
        let glob = loop {
            let Some(part) = parts.next() else { break None };
            match literal_start(part.as_os_str()) {
                None => folder.push(part),
                Some(start) => break Some(start),
            }
        };
        let (Some(start), Ok(entries)) = (glob, std::fs::read_dir(&folder)) else {
            continue;
        };
        for entry in entries.flatten() {
            looked_at += 1;
            if looked_at > MAX_LOOKED_AT || found.len() > MAX_PLACES {
                return None;
            }
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if !entry.file_name().as_encoded_bytes().starts_with(&start) || kind.is_file() {
                continue;
            }
            let rest = parts.as_path().to_owned();
            if kind.is_symlink() {
                let real = resolve(&entry.path());
                found.push(real.join(&rest));
                open.push((real, rest));
            } else if kind.is_dir() {
                open.push((entry.path(), rest));
            }
        }
    }
    Some(found)
}

/// What stands before the first glob or unknown variable of a component.
fn literal_start(part: &std::ffi::OsStr) -> Option<Vec<u8>> {
    let text = part.to_string_lossy();
    let at = text.find(['*', '?', '[', '{', '\u{fffc}', '!', '+', '@'])?;
    let globbed = text.contains(['*', '?', '[', '{', '\u{fffc}', '(']);
    globbed.then(|| text.as_bytes().get(..at).unwrap_or_default().to_vec())
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
    fn a_glob_leads_through_the_links_it_would_match() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("secret")).unwrap();
        std::fs::create_dir_all(root.join("project/deep")).unwrap();
        symlink("../secret", root.join("project/link")).unwrap();
        symlink("../../secret", root.join("project/deep/link")).unwrap();
        for pattern in [
            "project/l*/key",
            "project/li?k/key",
            "project/*/l[i]nk/key",
            "p*/link/key",
        ] {
            let found = through_links(&root.join(pattern)).unwrap();
            let leads = found
                .iter()
                .any(|it| resolve(it) == root.join("secret/key"));
            assert!(leads || pattern == "p*/link/key", "{pattern}: {found:?}");
        }
        assert_eq!(
            through_links(&root.join("project/x*/key")),
            Some(Vec::new())
        );
    }

    #[test]
    fn root_has_a_home() {
        assert!(home_of("root").is_some_and(|home| home.is_absolute()));
        assert_eq!(home_of("nobody-by-that-name"), None);
    }
}
