//! Policies that stand beside whatever policy a session names: the machine's, the user's and the
//! project's. Which a file is, its path says.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::policy::Role;
use wire::control::PolicyState;
use wire::folders::Folders;

use super::slot::Slot;
use super::{Door, Policies, PolicyError, file};
use crate::audit::{Batch, NewRecord, StateOp, Sync};

/// Folders looked in for a project's layer; no working folder that a shim may tell is deeper.
const MOST_FOLDERS: usize = 2048;

/// Where layers are looked for.
#[derive(Clone, Debug)]
pub(super) struct Places {
    folders: Folders,
    home: Option<PathBuf>,
}

impl Places {
    pub(super) fn new(folders: &Folders, home: Option<PathBuf>) -> Self {
        Self {
            folders: folders.clone(),
            home,
        }
    }

    /// What a file is for.
    pub(super) fn role(&self, path: &Path) -> Role {
        if self.folders.is_layer(path) {
            Role::Layer
        } else {
            Role::Own
        }
    }

    /// The files that could be a session's layers, the machine's first; of a project's the nearest
    /// that is there, and those that `was` in force: a nearer one does not take their place.
    fn of(
        &self,
        cwd: &Path,
        was: &impl Fn(&Path) -> bool,
        is_there: impl Fn(&Path) -> Result<bool, PolicyError>,
    ) -> Result<Vec<PathBuf>, PolicyError> {
        if !cwd.is_absolute() {
            return Err(PolicyError::NoFolder);
        }
        let mut found = Vec::new();
        for path in [Folders::system_layer(), self.folders.user_layer()] {
            if was(&path) || is_there(&path)? {
                found.push(path);
            }
        }
        let mut nearest = false;
        for folder in cwd.ancestors().take(MOST_FOLDERS) {
            let path = Folders::project_layer(folder);
            if was(&path) || (!nearest && is_there(&path)?) {
                nearest = true;
                if !found.contains(&path) {
                    found.push(path);
                }
            }
            if Some(folder) == self.home.as_deref() {
                break;
            }
        }
        Ok(found)
    }
}

/// A layer as a session meets it.
pub(super) struct Met {
    pub(super) slot: Arc<Slot>,
    pub(super) notices: Vec<String>,
}

impl Policies {
    /// The layers of a session in this working folder. One that was in force and is gone, or can't be
    /// read any more, stays.
    pub(super) async fn layers(&self, cwd: &Path) -> Result<Vec<Met>, PolicyError> {
        let mut met = Vec::new();
        for path in self.layers_of(cwd).await? {
            met.push(self.layer(&path).await?);
        }
        Ok(met)
    }

    /// Their files: those that are there, and those that were.
    pub(super) async fn layers_of(&self, cwd: &Path) -> Result<Vec<String>, PolicyError> {
        let known = self.paths().await;
        let was = |path: &Path| {
            let unreadable = || path.to_str().is_some_and(|it| self.is_unreadable(it));
            known.iter().any(|it| it == path) || unreadable()
        };
        let paths = self.places.of(cwd, &was, is_there)?;
        let named = |path: PathBuf| {
            path.into_os_string().into_string().map_err(|path| {
                let path = path.to_string_lossy().into_owned();
                PolicyError::Layer(path, "its path is not UTF-8".to_owned())
            })
        };
        paths.into_iter().map(named).collect()
    }

    pub(super) fn is_layer(&self, path: &str) -> bool {
        self.places.role(Path::new(path)) == Role::Layer
    }

    async fn layer(&self, name: &str) -> Result<Met, PolicyError> {
        let admitted = match file::read(Path::new(name)) {
            Ok(text) => self.admit(name, &text, Door::Rule).await,
            Err(error) => Err(PolicyError::File(error)),
        };
        match admitted {
            Ok(opened) => Ok(Met {
                slot: opened.slot,
                notices: opened.notices,
            }),
            Err(error @ PolicyError::Audit(_)) => Err(error),
            Err(error) => {
                let Some(slot) = self.slots.lock().await.get(name).map(Arc::clone) else {
                    return Err(PolicyError::Layer(name.to_owned(), error.reason()));
                };
                self.keep(name, &error.to_string()).await;
                let notices = slot.notice().into_iter().collect();
                Ok(Met { slot, notices })
            }
        }
    }

    /// A person accepts that a layer is gone: it stands beside no session any more.
    pub(super) async fn forget(
        &self,
        path: &str,
        shown: Option<&str>,
    ) -> Result<PolicyState, PolicyError> {
        let mut slots = self.slots.lock().await;
        let unknown = || PolicyError::Unknown(path.to_owned());
        let slot = slots.get(path).map(Arc::clone).ok_or_else(unknown)?;
        let hash = slot.in_force().policy.hash().to_owned();
        if shown.is_some_and(|shown| shown != hash) {
            return Err(PolicyError::NotAsShown(path.to_owned()));
        }
        let record = NewRecord::event(crate::time::now_ms(), "POLICY_FORGOTTEN")
            .set("policy_path", path)
            .set("policy_hash", hash);
        self.audit
            .commit(Batch {
                records: vec![record],
                ops: vec![StateOp::PolicyForgotten(path.to_owned())],
                sync: Sync::Full,
            })
            .await?;
        slots.remove(path);
        slot.forget();
        self.known.send_replace(());
        Ok(slot.shown())
    }

    /// Whether this is a layer whose file is gone.
    pub(super) fn is_gone(&self, path: &str) -> bool {
        let gone = || is_there(Path::new(path)).is_ok_and(|there| !there);
        self.is_layer(path) && gone()
    }
}

/// Doubt counts as there: what can't be looked at is no file that is missing.
fn is_there(path: &Path) -> Result<bool, PolicyError> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(false)
        }
        Err(error) => Err(PolicyError::Layer(
            path.display().to_string(),
            format!("it can't be looked for: {error}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let folders = Folders {
            home_override: None,
            config: "/home/me/.config/aip".into(),
            state: "/home/me/.local/state/aip".into(),
            runtime: "/run/user/1/aip".into(),
        };
        Places::new(&folders, Some("/home/me".into()))
    }

    fn check(cwd: &str, there: &[&str], expected: &[&str]) {
        check_known(cwd, &[], there, expected);
    }

    fn check_known(cwd: &str, known: &[&str], there: &[&str], expected: &[&str]) {
        let was = |it: &Path| known.iter().any(|path| Path::new(path) == it);
        let is_there = |it: &Path| Ok(there.iter().any(|path| Path::new(path) == it));
        let found = places().of(Path::new(cwd), &was, is_there).unwrap();
        let expected: Vec<_> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(found, expected, "{cwd}");
    }

    #[test]
    fn layers_are_the_machines_the_users_and_the_nearest_project() {
        let user = "/home/me/.config/aip/policy.yaml";
        check("/home/me/a/b", &[], &[]);
        let system = Folders::system_layer();
        let system = system.to_str().unwrap();
        check("/home/me/a/b", &[user, system], &[system, user]);
        let (outer, inner) = (
            "/home/me/a/.aip/policy.yaml",
            "/home/me/a/b/.aip/policy.yaml",
        );
        check("/home/me/a/b", &[outer], &[outer]);
        check("/home/me/a/b", &[outer, inner, user], &[user, inner]);
        check("/home/me/a", &[inner], &[]);
    }

    #[test]
    fn nothing_above_the_home_folder_is_a_project() {
        check("/home/me/a", &["/home/.aip/policy.yaml"], &[]);
        let of_home = "/home/me/.aip/policy.yaml";
        check("/home/me/a", &[of_home], &[of_home]);
        check("/srv/a", &["/.aip/policy.yaml"], &["/.aip/policy.yaml"]);
    }

    #[test]
    fn a_nearer_layer_takes_no_place_of_one_that_was_in_force() {
        let (outer, inner) = (
            "/home/me/a/.aip/policy.yaml",
            "/home/me/a/b/.aip/policy.yaml",
        );
        let both = [inner, outer];
        check_known("/home/me/a/b", &[outer], &both, &both);
        check_known("/home/me/a/b", &[outer], &[inner], &both);
        check_known("/home/me/a/b", &[inner], &both, &[inner]);
        check_known("/home/me/a/b", &both, &[], &both);
        check_known("/home/me/a", &both, &both, &[outer]);
    }

    #[test]
    fn where_no_folder_is_told_nothing_is_taken_for_no_layer() {
        for cwd in ["", "srv/a"] {
            let found = places().of(Path::new(cwd), &|_| false, |_| Ok(false));
            assert!(matches!(found, Err(PolicyError::NoFolder)), "{cwd}");
        }
    }

    #[test]
    fn what_a_file_is_for_its_path_says() {
        let system = Folders::system_layer();
        for (path, layer) in [
            (system.to_str().unwrap(), true),
            ("/home/me/.config/aip/policy.yaml", true),
            ("/x/.aip/policy.yaml", true),
            ("/x/.aip/other.yaml", false),
            ("/x/policy.yaml", false),
            ("/x/y.aip/policy.yaml", false),
        ] {
            let role = places().role(Path::new(path));
            assert_eq!(role == Role::Layer, layer, "{path}");
        }
    }
}
