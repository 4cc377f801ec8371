//! Policy files in use are watched, and a change goes through the same door as a reload. Their folders
//! are what is watched, since editors put a new file in an old one's place. Where a file system
//! tells of no changes (some network ones), a new session and `policy reload` still look.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::daemon::Daemon;

/// How long after a change the files are looked at: editors write in steps.
const REST: Duration = Duration::from_millis(100);
/// Between two looks at least: every change can be a record.
const BETWEEN: Duration = Duration::from_secs(1);
/// How long until it is tried again where the system had no watch left.
const AGAIN: Duration = Duration::from_secs(60);
/// The most folders that are watched.
const FOLDERS: usize = 512;

/// Looks at every policy file that changes, until the daemon ends.
pub async fn watch(daemon: Arc<Daemon>) {
    let touched = Arc::new(Touched::default());
    let unwatched = &daemon.policies.unwatched;
    let mut watching = begun(|| Watching::start(Arc::clone(&touched)), unwatched, AGAIN).await;
    let mut known = daemon.policies.known();
    loop {
        known.mark_unchanged();
        // What changed before its folder was watched is seen by a look of its own.
        touched.add(watching.follow(daemon.policies.paths().await));
        let files = touched.take();
        if !files.is_empty() {
            daemon.policies.look_at(&files).await;
            tokio::time::sleep(BETWEEN).await;
        }
        tokio::select! {
            changed = known.changed() => if changed.is_err() { return },
            () = touched.bell.notified() => tokio::time::sleep(REST).await,
        }
    }
}

/// What `start` makes, as soon as the system lets it; until then it is told of where people look.
async fn begun<W>(
    mut start: impl FnMut() -> notify::Result<W>,
    unwatched: &Mutex<Option<String>>,
    again: Duration,
) -> W {
    let say = |what| *unwatched.lock().unwrap_or_else(PoisonError::into_inner) = what;
    let mut said = false;
    loop {
        match start() {
            Ok(watching) => {
                say(None);
                return watching;
            }
            Err(error) => {
                let told = format!(
                    "policy files can't be watched ({error}); after a change: aipctl policy reload"
                );
                if !said {
                    tracing::warn!("{told}");
                }
                said = true;
                say(Some(told));
            }
        }
        tokio::time::sleep(again).await;
    }
}

/// The files that may have changed. No more than are wanted, however much happens.
#[derive(Debug, Default)]
struct Touched {
    state: Mutex<State>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct State {
    wanted: HashSet<PathBuf>,
    touched: BTreeSet<PathBuf>,
}

impl Touched {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something has happened in one of the folders.
    fn hear(&self, heard: notify::Result<Event>) {
        let mut state = self.lock();
        let State { wanted, touched } = &mut *state;
        let before = touched.len();
        match heard {
            // Reading them is one too, and is done here.
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
            Ok(event) if !event.need_rescan() => {
                for path in &event.paths {
                    // Of a folder: it has gone, or is another.
                    let here = |it: &&PathBuf| *it == path || it.parent() == Some(path);
                    touched.extend(wanted.iter().filter(here).cloned());
                }
            }
            Ok(_) | Err(_) => touched.extend(wanted.iter().cloned()),
        }
        if touched.len() > before {
            self.bell.notify_one();
        }
    }

    fn add(&self, files: Vec<PathBuf>) {
        self.lock().touched.extend(files);
    }

    fn take(&self) -> Vec<PathBuf> {
        std::mem::take(&mut self.lock().touched)
            .into_iter()
            .collect()
    }
}

/// What names a folder, whatever happens to its path.
type Id = (u64, u64);

struct Watching {
    watcher: RecommendedWatcher,
    touched: Arc<Touched>,
    /// What can't be watched has none, so that it is said once.
    folders: BTreeMap<PathBuf, Option<Id>>,
}

impl Watching {
    fn start(touched: Arc<Touched>) -> notify::Result<Self> {
        let heard = Arc::clone(&touched);
        let watcher = notify::recommended_watcher(move |it| heard.hear(it))?;
        Ok(Self {
            watcher,
            touched,
            folders: BTreeMap::new(),
        })
    }

    /// From now on these files are watched and no others; those that were not before.
    fn follow(&mut self, files: Vec<PathBuf>) -> Vec<PathBuf> {
        let folders: BTreeSet<PathBuf> = files.iter().filter_map(|it| folder(it)).collect();
        if folders.len() > FOLDERS {
            tracing::warn!("policies are in over {FOLDERS} folders; not all of them are watched");
        }
        self.touched.lock().wanted = files.iter().cloned().collect();
        let gone: Vec<_> = self
            .folders
            .keys()
            .filter(|it| !folders.contains(*it))
            .cloned()
            .collect();
        for folder in gone {
            self.leave(&folder);
        }
        let fresh: HashSet<PathBuf> = folders
            .into_iter()
            .take(FOLDERS)
            .filter(|it| self.enter(it))
            .collect();
        let is_fresh = |it: &PathBuf| folder(it).is_some_and(|it| fresh.contains(&it));
        files.into_iter().filter(is_fresh).collect()
    }

    /// Whether the folder was not watched before, or was another, so that its files are to be looked at.
    fn enter(&mut self, folder: &Path) -> bool {
        let now = std::fs::metadata(folder)
            .ok()
            .map(|it| (it.dev(), it.ino()));
        let before = self.folders.get(folder);
        if before == Some(&now) {
            return false;
        }
        if before.is_some() {
            self.leave(folder);
        }
        let watched = match now {
            None => Err("it is not there".to_owned()),
            Some(_) => {
                let watched = self.watcher.watch(folder, RecursiveMode::NonRecursive);
                watched.map_err(|error| error.to_string())
            }
        };
        if let Err(why) = watched {
            tracing::warn!(
                folder = %folder.display(), why,
                "policies in this folder can't be watched; after a change: aipctl policy reload"
            );
        }
        self.folders.insert(folder.to_owned(), now);
        true
    }

    fn leave(&mut self, folder: &Path) {
        self.folders.remove(folder);
        // A folder that has gone took its watch along.
        let _gone = self.watcher.unwatch(folder);
    }
}

fn folder(file: &Path) -> Option<PathBuf> {
    file.parent().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn watches_the_system_has_none_left_of_are_told_of_and_tried_for_again() {
        let unwatched: Mutex<Option<String>> = Mutex::default();
        let told = || unwatched.lock().unwrap().clone();
        let mut tries = 0;
        let start = || {
            tries += 1;
            assert_eq!(told().is_some(), tries > 1, "{tries}");
            if tries < 3 {
                return Err(notify::Error::generic("too many"));
            }
            Ok(tries)
        };
        assert_eq!(begun(start, &unwatched, Duration::ZERO).await, 3);
        assert_eq!(told(), None);
    }
}
