//! Lists of methods, allowed and denied.

use super::written::Profile;
use crate::{
    method::{COMPAT, SAFE, SERVER, TASKS},
    name::Glob,
};

/// What passes: listed, and not denied.
#[derive(Debug, Clone)]
pub(crate) struct MethodLists {
    pub(crate) allowed: Vec<Glob>,
    pub(crate) denied: Vec<Glob>,
    /// `tasks/*` pass for the tasks a session created itself.
    pub(crate) known_tasks: bool,
}

impl MethodLists {
    /// What a client may send; without a list of the policy's own the profile speaks, and what other
    /// fields bring along is added to it.
    pub(super) fn of_client(
        allowed: Option<Vec<Glob>>,
        denied: Vec<Glob>,
        profile: Profile,
        brought: &[&str],
    ) -> Self {
        let compat = allowed.is_none() && profile == Profile::Compat;
        let mut allowed = allowed.unwrap_or_else(|| {
            let mut silent = globs(SAFE);
            silent.extend(globs(brought));
            silent
        });
        if compat {
            allowed.extend(globs(COMPAT));
        }
        MethodLists {
            allowed,
            denied,
            known_tasks: compat,
        }
    }

    /// What a server may ask of the client.
    pub(super) fn of_server(allowed: Option<Vec<Glob>>) -> Self {
        let allowed = allowed.unwrap_or_else(|| globs(SERVER));
        MethodLists {
            allowed,
            denied: Vec::new(),
            known_tasks: false,
        }
    }

    pub(crate) fn denies(&self, normal: &str) -> bool {
        self.denied.iter().any(|glob| glob.matches(normal))
    }

    pub(crate) fn lists(&self, normal: &str) -> bool {
        self.allowed.iter().any(|glob| glob.matches(normal))
    }

    pub(crate) fn passes_known_tasks(&self) -> bool {
        self.known_tasks
    }

    /// Whether a method passes, tasks taken for the session's own.
    pub(crate) fn allows(&self, normal: &str) -> bool {
        let task = self.known_tasks && normal.starts_with(TASKS);
        !self.denies(normal) && (task || self.lists(normal))
    }
}

fn globs(names: &[&str]) -> Vec<Glob> {
    names
        .iter()
        .filter_map(|name| Glob::new(name).ok())
        .collect()
}
