//! The policies that a policy extends: found by their paths, read, and put in force each by the rule
//! that holds for every file.

use std::path::Path;
use std::sync::Arc;

use engine::diagnostic::Diagnostics;
use engine::policy::{Base, Layer, Loaded, MOST_BASES, Policy, Role, base_path, bases, extends};

use super::{Door, Opened, Policies, PolicyError, Slot, base_name, file, headed, slot};
use crate::session::state::InForce;

impl Policies {
    /// Every file a policy's text extends, the nearest first.
    fn bases(&self, path: &str, text: &str) -> Result<Vec<Base>, Diagnostics> {
        bases(Path::new(path), text, |base| self.base(base))
    }

    fn base(&self, path: &Path) -> Result<String, String> {
        if path.to_str().is_none() {
            return Err("its path is not UTF-8".to_owned());
        }
        if self.places.role(path) == Role::Layer {
            return Err("it is a layer, which stands beside every policy by itself".to_owned());
        }
        let real = path.canonicalize();
        let real = real.map_err(|error| format!("can't read `{}`: {error}", path.display()))?;
        if real != path {
            let real = real.display();
            return Err(format!(
                "it leads through a link; write where it leads: `{real}`"
            ));
        }
        file::read(path).map_err(|error| error.to_string())
    }

    /// A policy's file and those it extends come in by one door each; a person has spoken of the first
    /// alone.
    pub(super) async fn admit(
        &self,
        path: &str,
        text: &str,
        door: Door,
    ) -> Result<Opened, PolicyError> {
        let name = base_name(path);
        let bases = self.bases(path, text);
        let bases = bases.map_err(|errors| PolicyError::Invalid(headed(&errors, &name)))?;
        if !bases.is_empty() {
            self.compile(path, text)?;
        }
        let (mut base, mut notices) = (None, Vec::new());
        for file in bases.iter().rev() {
            let name = file.path.to_str().unwrap_or_default();
            let admitted = self.admit_alone(name, &file.text, Door::Rule, base).await;
            let opened = admitted.map_err(|error| error.of_base(name, path))?;
            notices.extend(opened.notices);
            base = Some(opened.slot);
        }
        let opened = self.admit_alone(path, text, door, base).await?;
        notices.extend(opened.notices);
        Ok(Opened {
            slot: opened.slot,
            notices,
        })
    }

    /// Reads a text with all that it extends, as a session under this path would without layers, and
    /// puts it nowhere.
    ///
    /// # Errors
    /// Everything that is wrong with it, or where it names a base what is wrong with that.
    pub fn read_whole(&self, path: &str, text: &str) -> Result<Loaded, Diagnostics> {
        let loaded = self.read(path, text)?;
        let Some(named) = extends(text) else {
            return Ok(loaded);
        };
        let mut layers = Vec::new();
        for base in self.bases(path, text)? {
            let name = base.path.to_str().unwrap_or_default();
            let read = self.read(name, &base.text).map_err(|errors| {
                let first = errors.0.first();
                let what = first.map_or_else(String::new, |it| {
                    format!(": line {}: {}", it.line, it.message)
                });
                let message = format!("the base `{name}` has errors{what}");
                named.error(text, message, "correct the base first")
            })?;
            let policy = self.as_if_in_force(name, read.policy).policy;
            layers.push(Layer {
                path: name.into(),
                base: true,
                policy: Arc::new(policy),
            });
        }
        let own = self.as_if_in_force(path, loaded.policy).policy;
        Ok(Loaded {
            policy: own.under(layers),
            warnings: loaded.warnings,
        })
    }

    /// The same, as it would be in force.
    ///
    /// # Errors
    /// As [`read_whole`](Self::read_whole).
    pub fn whole(&self, path: &str, text: &str) -> Result<InForce, Diagnostics> {
        let policy = self.read_whole(path, text)?.policy;
        Ok(self.would_be(path, policy))
    }

    /// A policy that was read whole, as it would be in force.
    #[must_use]
    pub fn would_be(&self, path: &str, policy: Policy) -> InForce {
        if policy.layers().is_empty() {
            return self.as_if_in_force(path, policy);
        }
        InForce {
            policy,
            file: base_name(path),
            path: path.to_owned(),
            buckets: Arc::default(),
        }
    }

    /// The path of the base that a stored text names.
    pub(super) fn base_path(path: &str, text: &str) -> Option<String> {
        let base = base_path(Path::new(path), &extends(text)?);
        base.to_str().map(str::to_owned)
    }

    /// A policy as it would be in force, with a rate of its own to spend.
    fn as_if_in_force(&self, path: &str, policy: Policy) -> InForce {
        slot::in_force(path.to_owned(), policy, &self.place, &Arc::default())
    }
}

impl Slot {
    /// The slots of the policies it extends, the nearest first.
    pub(super) fn bases(&self) -> Vec<Arc<Slot>> {
        let mut found: Vec<Arc<Slot>> = Vec::new();
        let mut next = self.base();
        while let Some(base) = next.filter(|_| found.len() < MOST_BASES) {
            next = base.base();
            found.push(base);
        }
        found
    }
}
