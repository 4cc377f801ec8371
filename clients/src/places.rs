//! Where the files of the table are for one user.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::table::{Client, Files, Os, Shape, client as client_of, clients};

/// A file a client may keep servers in.
#[derive(Clone, Debug)]
pub struct Place {
    /// Whose.
    pub client: &'static Client,
    /// The file.
    pub path: PathBuf,
    /// How it holds servers.
    pub shape: &'static Shape,
    /// It is an administrator's: read, and never written.
    pub managed: bool,
    /// It is a project's, which others may share.
    pub project: bool,
}

/// What has to be known of the user's machine.
pub struct Finds<'a> {
    /// The system.
    pub os: Os,
    /// The home folder.
    pub home: &'a Path,
    /// Variables of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The names in a folder; none where it can't be read.
    pub names: &'a dyn Fn(&Path) -> Vec<OsString>,
}

impl std::fmt::Debug for Finds<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finds").finish_non_exhaustive()
    }
}

/// What a variable of the table stands for where the environment has none, below the home folder.
const DEFAULTS: [(&str, &str); 6] = [
    ("XDG_CONFIG_HOME", ".config"),
    ("CLAUDE_CONFIG_DIR", ""),
    ("CODEX_HOME", ".codex"),
    ("APPDATA", "AppData/Roaming"),
    ("LOCALAPPDATA", "AppData/Local"),
    ("PROGRAMFILES", "../../Program Files"),
];
/// The variables of the environment that the table names.
pub const VARIABLES: [&str; 6] = [
    "XDG_CONFIG_HOME",
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMFILES",
];

/// The most files one `*` of the table may stand for.
const MATCHES: usize = 64;

/// Every file of the user's that a client may keep servers in, whether it is there or not.
#[must_use]
pub fn places(finds: &Finds<'_>) -> Vec<Place> {
    let mut found = Vec::new();
    for client in clients() {
        for files in &client.files {
            for path in files.paths.on(finds.os) {
                let roots = root(path, finds);
                found.extend(
                    roots
                        .into_iter()
                        .map(|path| place(client, files, path, false)),
                );
            }
        }
    }
    found
}

/// Every file of this project that a client may keep servers in.
#[must_use]
pub fn project_places(finds: &Finds<'_>, folder: &Path) -> Vec<Place> {
    let mut found = Vec::new();
    for client in clients() {
        for files in &client.project {
            for path in files.paths.on(finds.os) {
                let paths = matching(folder.to_path_buf(), path, finds);
                found.extend(
                    paths
                        .into_iter()
                        .map(|path| place(client, files, path, true)),
                );
            }
        }
    }
    found
}

/// A file of a client that is elsewhere than the table says: one that is named as one of its files.
#[must_use]
pub fn place_of(finds: &Finds<'_>, client: &str, path: &Path) -> Option<Place> {
    let client = client_of(client)?;
    let (files, project) =
        kinds(client).find(|(files, _)| files.paths.on(finds.os).any(|it| is_named(path, it)))?;
    Some(place(client, files, path.to_path_buf(), project))
}

/// Whether a file is named as one of this client's files is, on any system.
#[must_use]
pub fn is_named_as(client: &str, path: &Path) -> bool {
    let systems = [Os::Linux, Os::Macos, Os::Windows];
    client_of(client).is_some_and(|client| {
        kinds(client).any(|(files, _)| {
            let mut paths = systems.iter().flat_map(|os| files.paths.on(*os));
            paths.any(|it| is_named(path, it))
        })
    })
}

fn kinds(client: &'static Client) -> impl Iterator<Item = (&'static Files, bool)> {
    let own = client.files.iter().map(|it| (it, false));
    own.chain(client.project.iter().map(|it| (it, true)))
}

/// Whether the last names of both are alike.
fn is_named(path: &Path, row: &str) -> bool {
    let name = path.file_name().and_then(|it| it.to_str());
    let row = row.rsplit('/').next().unwrap_or(row);
    name.is_some_and(|name| match row.split_once('*') {
        Some((_, suffix)) => name.ends_with(suffix),
        None => name == row,
    })
}

fn place(client: &'static Client, files: &'static Files, path: PathBuf, project: bool) -> Place {
    Place {
        client,
        path,
        shape: &files.shape,
        managed: files.managed,
        project,
    }
}

fn root(path: &str, finds: &Finds<'_>) -> Vec<PathBuf> {
    if let Some(rest) = path.strip_prefix("~/") {
        return matching(finds.home.to_path_buf(), rest, finds);
    }
    let Some((name, rest)) = path.strip_prefix('$').and_then(|it| it.split_once('/')) else {
        return matching(PathBuf::new(), path, finds);
    };
    let set = (finds.variable)(name).map(PathBuf::from);
    let default = DEFAULTS.iter().find(|(it, _)| *it == name);
    let folder = set
        .filter(|it| it.is_absolute())
        .or_else(|| default.map(|(_, below)| finds.home.join(below)));
    folder.map_or_else(Vec::new, |folder| matching(folder, rest, finds))
}

/// The path below the folder, its one `*` filled in with what is there.
fn matching(folder: PathBuf, path: &str, finds: &Finds<'_>) -> Vec<PathBuf> {
    let Some((before, after)) = path.split_once('*') else {
        return vec![folder.join(path)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let (suffix, rest) = match after.split_once('/') {
        Some((suffix, rest)) => (suffix, Some(rest)),
        None => (after, None),
    };
    let parent = folder.join(parent);
    let mut names = (finds.names)(&parent);
    names.sort();
    names
        .iter()
        .filter_map(|name| name.to_str())
        .filter(|name| {
            let inner = name
                .strip_prefix(prefix)
                .and_then(|it| it.strip_suffix(suffix));
            inner.is_some() && !name.starts_with('.')
        })
        .take(MATCHES)
        .map(|name| match rest {
            Some(rest) => parent.join(name).join(rest),
            None => parent.join(name),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_of_the_table_has_a_default() {
        assert_eq!(DEFAULTS.map(|(name, _)| name), VARIABLES);
        let paths = clients().iter().flat_map(|it| &it.files);
        for path in paths.flat_map(|it| it.paths.on(Os::Windows)) {
            if let Some((name, _)) = path.strip_prefix('$').and_then(|it| it.split_once('/')) {
                assert!(VARIABLES.contains(&name), "{path}");
            }
        }
    }

    #[test]
    fn variables_and_stars_become_paths() {
        check(Os::Linux, "cursor", &["/home/u/.cursor/mcp.json"]);
        check(
            Os::Linux,
            "claude-desktop",
            &[
                "/conf/Claude/claude_desktop_config.json",
                "/conf/claude/claude_desktop_config.json",
            ],
        );
        check(
            Os::Macos,
            "claude-code",
            &[
                "/home/u/.claude.json",
                "/Library/Application Support/ClaudeCode/managed-mcp.json",
            ],
        );
        check(
            Os::Linux,
            "continue",
            &[
                "/home/u/.continue/config.yaml",
                "/home/u/.continue/mcpServers/a.yaml",
            ],
        );
        check(Os::Linux, "codex", &["/home/u/.codex/config.toml"]);
        fn check(os: Os, client: &str, expected: &[&str]) {
            let finds = Finds {
                os,
                home: Path::new("/home/u"),
                variable: &|name| match name {
                    "XDG_CONFIG_HOME" => Some("/conf".into()),
                    "CODEX_HOME" => Some("relative".into()),
                    _ => None,
                },
                names: &|folder| match folder.ends_with("mcpServers") {
                    true => ["b.txt", "a.yaml", ".c.yaml"].map(OsString::from).into(),
                    false => Vec::new(),
                },
            };
            let all = places(&finds);
            let paths: Vec<_> = all
                .iter()
                .filter(|it| it.client.id == client)
                .map(|it| it.path.to_str().unwrap())
                .collect();
            assert_eq!(paths, expected);
            let shared = project_places(&finds, Path::new("/p"));
            assert!(shared.iter().all(|it| it.project));
            assert!(shared.iter().any(|it| it.path == Path::new("/p/.mcp.json")));
            let elsewhere = place_of(&finds, "codex", Path::new("/x/config.toml")).unwrap();
            assert_eq!(elsewhere.client.id, "codex");
            assert!(place_of(&finds, "codex", Path::new("/etc/shadow")).is_none());
            assert!(!is_named_as("codex", Path::new("/x/.claude.json")));
            assert!(is_named_as("amazon-q", Path::new("/x/mine.json")));
        }
    }
}
