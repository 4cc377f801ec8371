//! The folders that the paths of an argument lie in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The most paths kept; past it only folders are.
const MAX_PATHS: usize = 64;
/// The longest path kept, in bytes.
const MAX_PATH: usize = 1024;
/// The most folders an argument is held to.
const MAX_FOLDERS: usize = 6;
/// Folders are not made wider than so many steps below the root by putting two of them together.
const MIN_DEPTH: usize = 2;

/// The paths so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Folders {
    paths: BTreeSet<PathBuf>,
    /// What more paths than are kept were put together to.
    wide: BTreeSet<PathBuf>,
    /// The paths have no folder in common that says anything.
    scattered: bool,
}

impl Folders {
    /// Takes in a path, absolute and with its links resolved, as far as there is `room` in bytes.
    pub(super) fn add(&mut self, path: &Path, room: &mut usize) {
        if path.parent().is_none() {
            // The root: every path lies below it.
            self.scattered = true;
        }
        if self.scattered || self.wide.iter().any(|it| path.starts_with(it)) {
            return;
        }
        if self.paths.contains(path) {
            return;
        }
        let length = path.as_os_str().len();
        match room.checked_sub(length) {
            Some(left) if length <= MAX_PATH => *room = left,
            Some(_) | None => {
                self.scattered = true;
                return;
            }
        }
        self.paths.insert(path.to_owned());
        if self.paths.len() > MAX_PATHS {
            match self.folders() {
                Some(folders) => {
                    self.paths.clear();
                    self.wide = folders.into_iter().collect();
                }
                None => {
                    self.scattered = true;
                    self.paths.clear();
                }
            }
        }
    }

    /// Folders that hold them all, none below another; `None` where that would be too wide.
    pub(super) fn folders(&self) -> Option<Vec<PathBuf>> {
        if self.scattered {
            return None;
        }
        let held = self.paths.iter().map(|it| self.shared(it).unwrap_or(it));
        let mut all: Vec<PathBuf> = held.map(Path::to_owned).collect();
        all.extend(self.wide.iter().cloned());
        tidy(&mut all);
        while all.len() > MAX_FOLDERS {
            let (at, common) = nearest(&all)?;
            all.drain(at..=at + 1);
            all.push(common);
            tidy(&mut all);
        }
        (!all.is_empty()).then_some(all)
    }
}

impl Folders {
    /// The folder of a path, where it is another one's too.
    fn shared<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        let folder = path.parent().filter(|it| it.parent().is_some())?;
        let others = self.paths.iter().filter(|it| it.as_path() != path);
        let mut beside = others.filter(|it| it.parent() == Some(folder));
        beside.next().map(|_| folder)
    }
}

/// In order, each once, none below another.
fn tidy(all: &mut Vec<PathBuf>) {
    all.sort();
    all.dedup();
    let whole = all.clone();
    all.retain(|it| {
        !whole
            .iter()
            .any(|other| other != it && it.starts_with(other))
    });
}

/// The two neighbours that have the most steps in common, and what they have.
fn nearest(all: &[PathBuf]) -> Option<(usize, PathBuf)> {
    let pairs = all.iter().zip(all.iter().skip(1)).enumerate();
    let common = pairs.map(|(at, (one, other))| {
        let steps = one.components().zip(other.components());
        let same = steps.take_while(|(a, b)| a == b).map(|(a, _)| a);
        (at, same.collect::<PathBuf>())
    });
    let (at, best) = common.max_by_key(|(_, it)| it.components().count())?;
    // The root is a component too.
    (best.components().count() > MIN_DEPTH).then_some((at, best))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_held_to_the_folders_they_share() {
        check(&["/a/b/x"], Some(&["/a/b/x"]));
        check(&["/a/b/x", "/a/b/y"], Some(&["/a/b"]));
        check(&["/a/b", "/a/b/x"], Some(&["/a/b"]));
        check(&["/a/b/x", "/c/d/y"], Some(&["/a/b/x", "/c/d/y"]));
        check(&["/etc", "/tmp"], Some(&["/etc", "/tmp"]));
        check(&["/"], None);
        check(&["/a", "/"], None);
        check(&[], None);
    }

    #[test]
    fn many_folders_are_put_together_but_never_to_nearly_everything() {
        let near: Vec<String> = (0..100).map(|it| format!("/srv/data/d{it}/x")).collect();
        let near: Vec<&str> = near.iter().map(String::as_str).collect();
        check(&near, Some(&["/srv/data"]));
        let far: Vec<String> = (0..9).map(|it| format!("/d{it}/e/x")).collect();
        let far: Vec<&str> = far.iter().map(String::as_str).collect();
        check(&far, None);
    }

    #[test]
    fn paths_for_which_there_is_no_room_say_nothing() {
        let mut folders = Folders::default();
        let mut room = 8;
        folders.add(Path::new("/a/b"), &mut room);
        assert!(folders.folders().is_some() && room == 4);
        folders.add(Path::new("/a/b"), &mut room);
        assert!(folders.folders().is_some() && room == 4);
        folders.add(Path::new("/a/bcd"), &mut room);
        assert_eq!(folders.folders(), None);
        let mut long = Folders::default();
        let path = format!("/{}", "a".repeat(MAX_PATH));
        long.add(Path::new(&path), &mut usize::MAX.clone());
        assert_eq!(long.folders(), None);
    }

    fn check(paths: &[&str], expected: Option<&[&str]>) {
        let mut folders = Folders::default();
        let mut room = 10_000;
        for path in paths {
            folders.add(Path::new(path), &mut room);
        }
        let expected = expected.map(|all| all.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(folders.folders(), expected, "{paths:?}");
        for path in paths.iter().filter(|_| expected.is_some()) {
            let held = expected
                .iter()
                .flatten()
                .any(|it| Path::new(path).starts_with(it));
            assert!(held, "{path}");
        }
    }
}
