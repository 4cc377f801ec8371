//! Policies asked together: a session's own, the bases it extends, and the layers it stands under.
//! Each is asked for itself and the strictest word counts, so that none can loosen another.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{Mode, Pinning, Policy, Role};
use crate::{dlp, node::sha256_hex};

/// Begins what rules of several policies, or of one beside the own one, are known by.
const TOGETHER: &str = "together:";

/// Whether a [`rule_hash`](Policy::rule_hash) is of more than the own policy's rule: another one is no
/// sign that a rule has changed, since under other layers the same policy has other rules beside it.
pub fn is_of_layers(rule_hash: &str) -> bool {
    rule_hash.starts_with(TOGETHER)
}

/// A policy that is asked beside a session's own.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its file.
    pub path: Arc<str>,
    /// A base of `extends`, in whose name calls are counted too.
    pub base: bool,
    /// What it says.
    pub policy: Arc<Policy>,
}

/// What is asked, the session's own policy first.
#[derive(Debug)]
pub(crate) struct Stack {
    own: Policy,
    layers: Vec<Layer>,
}

/// One of them; the session's own has no path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'s> {
    pub(crate) path: Option<&'s Arc<str>>,
    pub(crate) base: bool,
    pub(crate) policy: &'s Policy,
}

impl Stack {
    pub(crate) fn members(&self) -> impl Iterator<Item = Member<'_>> {
        let own = Member {
            path: None,
            base: false,
            policy: &self.own,
        };
        let layers = self.layers.iter().map(|it| Member {
            path: Some(&it.path),
            base: it.base,
            policy: &it.policy,
        });
        std::iter::once(own).chain(layers)
    }

    /// Those that refuse what they don't let pass: in monitor mode one only remarks on it.
    pub(crate) fn holding(&self) -> impl Iterator<Item = Member<'_>> {
        let mode = self.mode();
        self.members().filter(move |it| it.policy.mode == mode)
    }

    fn mode(&self) -> Mode {
        let enforces = |it: Member<'_>| it.policy.mode == Mode::Enforce;
        match self.members().any(enforces) {
            true => Mode::Enforce,
            false => Mode::Monitor,
        }
    }

    /// The same number of the same files, so that they can be compared one by one.
    pub(crate) fn pairs<'s>(
        &'s self,
        other: &'s Stack,
    ) -> Option<impl Iterator<Item = (&'s Policy, &'s Policy)>> {
        let paths = |it: &'s Stack| it.members().map(|it| it.path);
        let policies = |it: &'s Stack| it.members().map(|it| it.policy);
        paths(self)
            .eq(paths(other))
            .then(|| policies(self).zip(policies(other)))
    }
}

impl Policy {
    /// This policy with others asked beside it: its bases, the nearest first, then layers. Without
    /// any it is what it was.
    #[must_use]
    pub fn under(self, layers: Vec<Layer>) -> Policy {
        if layers.is_empty() {
            return self;
        }
        let mut merged = self.clone();
        let stack = Stack { own: self, layers };
        merged.mode = stack.mode();
        merged.hash = hash(&stack);
        merged.pinning = pinning(&stack);
        merged.ask_in_client = ask_in_client(&stack);
        merged.dlp = dlp::merged(stack.members().map(|it| (it.path, &it.policy.dlp)));
        let of_bases = || stack.members().filter(|it| it.path.is_none() || it.base);
        let said = of_bases().find(|it| it.policy.said.on_block);
        merged.on_block = said.map_or(merged.on_block, |it| it.policy.on_block);
        let said = of_bases().find(|it| it.policy.said.list_filter);
        merged.list_filter = said.map_or(merged.list_filter, |it| it.policy.list_filter);
        let said = of_bases().find(|it| it.policy.said.audit);
        merged.audit = said.map_or(merged.audit, |it| it.policy.audit);
        for member in stack.members().skip(1) {
            merged.paths.join(&member.policy.paths);
        }
        let children = of_bases().filter(|it| it.policy.extends.is_some()).count();
        merged.lacks_base = children != stack.layers.iter().filter(|it| it.base).count();
        merged.stack = Some(Arc::new(stack));
        merged
    }

    /// The policies asked beside this one, by their files.
    pub fn layers(&self) -> &[Layer] {
        self.stack.as_ref().map_or(&[], |it| it.layers.as_slice())
    }

    /// What the policy's own file says, without those asked beside it.
    pub fn own(&self) -> &Policy {
        self.stack.as_ref().map_or(self, |it| &it.own)
    }

    /// How long a call waits for a person, where the daemon's own time is `default`.
    pub fn ask_waits(&self, default: Duration) -> Duration {
        let alone = |it: &Policy| it.ask_timeout.or((!it.is_open()).then_some(default));
        match &self.stack {
            None => alone(self),
            Some(stack) => stack.members().filter_map(|it| alone(it.policy)).min(),
        }
        .unwrap_or(default)
    }

    /// What the policy is for.
    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// What its base can't say in its stead: all of it, where it has none.
    pub(crate) fn said_for_bases(&self) -> Option<super::Said> {
        self.extends.is_some().then_some(self.said)
    }

    /// Whether a list that is absent has no opinion.
    pub(crate) fn is_open(&self) -> bool {
        self.role == Role::Layer || self.extends.is_some()
    }

    pub(crate) fn stack(&self) -> Option<&Stack> {
        self.stack.as_deref()
    }

    /// Whether it extends a policy that is not asked beside it.
    pub(crate) fn lacks_base(&self) -> bool {
        self.lacks_base
    }

    /// Whether every policy that refuses says so.
    pub(super) fn all_hold(&self, says: impl Fn(&Policy) -> bool) -> bool {
        match &self.stack {
            None => says(self),
            Some(stack) => stack.holding().all(|it| says(it.policy)),
        }
    }

    /// Whether a policy that refuses says so.
    pub(super) fn any_holds(&self, says: impl Fn(&Policy) -> bool) -> bool {
        match &self.stack {
            None => says(self),
            Some(stack) => stack.holding().any(|it| says(it.policy)),
        }
    }

    /// The file of the first policy beside the own one that does not let a request of the server
    /// pass, given in normal form; none where the own one doesn't.
    pub fn layer_against_server_method(&self, normal: &str) -> Option<&str> {
        let against = |it: &Member<'_>| !it.policy.server_methods.allows(normal);
        let member = self.stack.as_ref()?.holding().find(against)?;
        member.path.map(|it| &**it)
    }

    /// What the rules that speak of a tool are known by together, in the order of the policies.
    pub(super) fn rule_hashes(&self, normal: &str) -> Option<String> {
        let Some(stack) = &self.stack else {
            return self.rules.speaking(normal).map(super::Rule::hash);
        };
        let spoken = stack.members().filter_map(|it| {
            let rule = it.policy.rules.speaking(normal)?;
            Some((it.path, rule.hash()))
        });
        let spoken: Vec<_> = spoken.collect();
        match spoken.as_slice() {
            [] => None,
            [(None, own)] => Some(own.clone()),
            all => {
                let line = |(path, hash): &(Option<&Arc<str>>, String)| {
                    format!("{}\n{hash}\n", path.map_or("", |it| it))
                };
                let all: String = all.iter().map(line).collect();
                Some(format!("{TOGETHER}{}", sha256_hex(all.as_bytes())))
            }
        }
    }
}

fn hash(stack: &Stack) -> String {
    let hashes = stack.members().map(|it| format!("{}\n", it.policy.hash));
    sha256_hex(hashes.collect::<String>().as_bytes())
}

/// The strictest; what only remarks holds nothing.
fn pinning(stack: &Stack) -> Pinning {
    let mode = stack.mode();
    let one = |it: Member<'_>| match it.policy.pinning {
        Pinning::Block if it.policy.mode != mode => Pinning::Warn,
        said @ (Pinning::Off | Pinning::Warn | Pinning::Block) => said,
    };
    stack.members().map(one).max().unwrap_or_default()
}

/// Only where nobody who may say so is against it.
fn ask_in_client(stack: &Stack) -> bool {
    let silent = |it: &Policy| it.is_open() && !it.said.ask_in_client;
    let said: BTreeSet<bool> = stack
        .members()
        .filter(|it| !silent(it.policy))
        .map(|it| it.policy.ask_in_client)
        .collect();
    said == BTreeSet::from([true])
}

impl super::place::ProtectedPaths {
    fn join(&mut self, other: &Self) {
        self.add(other.all().iter().cloned());
        self.add_relative(other.relative().to_vec());
        self.show(other.shown());
    }
}
