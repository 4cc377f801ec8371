//! Where a policy stands in the file system, and which paths it protects.

use std::path::{Component, Path, PathBuf};

use super::{
    source::{At, Source},
    written::Text,
};
use crate::paths::{self, Candidate, Found};

/// What the caller knows of the machine.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// Paths protected whatever the policy says, absolute: the policy file first, then the
    /// daemon's own folders.
    pub protected: Vec<PathBuf>,
    /// Paths differing only by case are one.
    pub case_insensitive: bool,
    /// What the policy is for.
    pub role: Role,
    /// Whoever reads it also reads the base it extends, and puts it [under](super::Policy::under) it.
    pub follows_extends: bool,
}

/// What a policy is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// A session names it, or another policy extends it.
    #[default]
    Own,
    /// It stands beside whatever policy a session names, and can only tighten.
    Layer,
}

/// The protected paths of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProtectedPaths {
    all: Vec<PathBuf>,
    own: Vec<PathBuf>,
    relative: Vec<PathBuf>,
    shown: Vec<String>,
    case_insensitive: bool,
}

impl ProtectedPaths {
    /// Compiles `protected_paths`. A relative entry stands below the policy file's folder.
    pub(super) fn compile(entries: &[Text], place: &Place, source: &mut Source<'_>) -> Self {
        let policy_file = place.protected.first();
        let mut it = ProtectedPaths {
            all: place
                .protected
                .iter()
                .map(|path| paths::lexical(path))
                .collect(),
            shown: policy_file
                .and_then(|path| path.file_name())
                .map(shown_name)
                .into_iter()
                .collect(),
            case_insensitive: place.case_insensitive,
            ..ProtectedPaths::default()
        };
        for entry in entries {
            let Some(path) = read(entry, "protected path", place, source) else {
                continue;
            };
            it.shown.push(entry.text.clone());
            if path.is_absolute() {
                it.own.push(path);
            } else {
                let folder = policy_file.and_then(|file| file.parent());
                it.own
                    .extend(folder.map(|folder| paths::lexical(&folder.join(&path))));
                it.relative.push(path);
            }
        }
        it.all.extend(it.own.iter().cloned());
        it
    }

    /// The first candidate that names a protected path.
    pub(crate) fn hit<'a>(&self, found: &Found<'a>) -> Option<&'a Candidate> {
        let absolute = paths::hit(&self.all, found, self.case_insensitive);
        absolute.or_else(|| {
            found
                .candidates
                .iter()
                .find(|it| self.names_relative(&it.text))
        })
    }

    pub(super) fn all(&self) -> &[PathBuf] {
        &self.all
    }

    pub(super) fn add(&mut self, more: impl IntoIterator<Item = PathBuf>) {
        for path in more {
            if !self.all.contains(&path) {
                self.all.push(path);
            }
        }
    }

    pub(super) fn add_relative(&mut self, more: impl IntoIterator<Item = PathBuf>) {
        for path in more {
            if !self.relative.contains(&path) {
                self.relative.push(path);
            }
        }
    }

    pub(super) fn show(&mut self, more: Vec<String>) {
        for entry in more {
            if !self.shown.contains(&entry) {
                self.shown.push(entry);
            }
        }
    }

    pub(crate) fn relative(&self) -> &[PathBuf] {
        &self.relative
    }

    /// The policy's own entries, absolute.
    pub(crate) fn own(&self) -> &[PathBuf] {
        &self.own
    }

    pub(super) fn shown(&self) -> Vec<String> {
        self.shown.clone()
    }

    /// A relative text names a relative entry, whatever folder both are taken from.
    fn names_relative(&self, text: &str) -> bool {
        let fold = |it: &str| {
            if self.case_insensitive {
                it.to_lowercase()
            } else {
                it.to_owned()
            }
        };
        let path = relative(Path::new(&fold(text)));
        let entry = |it: &PathBuf| PathBuf::from(fold(&it.to_string_lossy()));
        path.is_some_and(|path| self.relative.iter().any(|it| path.starts_with(entry(it))))
    }
}

/// A folder that an argument may name paths below: absolute, or below the home folder.
pub(super) fn folder(entry: &Text, place: &Place, source: &mut Source<'_>) -> Option<PathBuf> {
    let path = read(entry, "folder", place, source)?;
    if path.is_absolute() {
        return Some(path);
    }
    let message = format!("folder `{}`: it is not absolute", entry.text);
    source.error_with_help(
        entry.at,
        message,
        "write the whole path, or begin with `~/`",
    );
    None
}

fn shown_name(name: &std::ffi::OsStr) -> String {
    name.to_string_lossy().into_owned()
}

fn read(entry: &Text, what: &str, place: &Place, source: &mut Source<'_>) -> Option<PathBuf> {
    let text = entry.text.as_str();
    if let Some(problem) = problem(text) {
        source.error_with_help(
            entry.at,
            format!("{what} `{text}`: {}", problem.0),
            problem.1,
        );
        return None;
    }
    let below_home = ["~", "$HOME", "${HOME}"].iter().find_map(|home| {
        let rest = text.strip_prefix(home)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
    });
    match below_home {
        Some(rest) => from_home(rest, entry.at, place, source),
        None if text.starts_with('/') => Some(paths::lexical(Path::new(text))),
        None => relative(Path::new(text)),
    }
}

fn from_home(rest: &str, at: At, place: &Place, source: &mut Source<'_>) -> Option<PathBuf> {
    let Some(home) = &place.home else {
        source.error(at, "`~` can't be resolved: the home folder is not known");
        return None;
    };
    Some(paths::lexical(&home.join(rest)))
}

/// What would make an entry protect something else than its author thinks, and the way out.
fn problem(text: &str) -> Option<(&'static str, &'static str)> {
    let below_home = |home: &str| {
        text.strip_prefix(home)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if text.trim().is_empty() {
        Some(("it is empty", "name a file or a folder"))
    } else if text.contains(['*', '?', '[']) {
        Some((
            "patterns are not read here",
            "name the folder: all below it is protected too",
        ))
    } else if text.contains('\\') || text.contains("://") {
        Some(("it is not a plain path", "write a path with `/`"))
    } else if text.starts_with('~') && !below_home("~") {
        Some((
            "another user's home is not resolved",
            "write the whole path",
        ))
    } else if text.contains('$') && !below_home("$HOME") && !below_home("${HOME}") {
        Some((
            "variables are not read here",
            "write the whole path, or begin with `~/`",
        ))
    } else {
        None
    }
}

/// A relative path with `.` and `..` resolved; none for any other.
fn relative(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir if out.components().next_back().is_none_or(is_parent) => {
                out.push("..");
            }
            Component::ParentDir => {
                out.pop();
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}

fn is_parent(component: Component<'_>) -> bool {
    component == Component::ParentDir
}
