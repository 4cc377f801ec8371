//! Learns a policy from calls that passed: the tightest that can still be read and admits each of
//! them. Calls go in one by one and are not kept; of each argument a bounded summary is.
//!
//! Whoever holds the calls judges them by what came out ([`crate::decide()`]) and gives back what it
//! refuses ([`Learner::widen`]).

mod argument;
mod folders;
mod numbers;
mod shape;
mod text;
mod tool;
mod urls;
mod write;

use std::collections::BTreeMap;

use crate::{name::Glob, name::normal_form, node::Node, paths::Found};
use tool::Tool;

/// The most tools a policy is made of.
pub const MAX_TOOLS: usize = 256;
/// The longest name of a tool or an argument, in bytes: a record cuts longer ones.
const MAX_NAME: usize = 256;
/// The most methods, and tools that were refused, that are kept by name.
const MAX_NAMED: usize = 64;
/// What is kept of values, in bytes, over all arguments: past it, arguments are known by their form.
const MAX_KEPT: usize = 4 << 20;

/// Whether an argument of this name with this text is, or holds, a secret.
pub type IsSecret<'a> = dyn Fn(&str, &str) -> bool + 'a;

/// A call that passed.
pub struct Seen<'a> {
    /// The tool, as the client named it.
    pub tool: &'a str,
    /// Its arguments; `None` where they are not known.
    pub args: Option<&'a Node<'a>>,
    /// The paths they name.
    pub found: &'a Found<'a>,
    /// When it was, in milliseconds since 1970.
    pub at_ms: i64,
    /// A person was asked.
    pub asked: bool,
}

/// Why calls could not be learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// A policy would take the name for a pattern.
    Pattern,
    /// The name is empty, cut or redacted, or is a secret.
    Name,
    /// There are too many tools.
    TooMany,
}

/// What stands above the policy.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// Its `metadata.name`.
    pub name: String,
    /// What was learnt from, in words of ours; not traffic's.
    pub notes: Vec<String>,
}

/// What is known so far.
#[derive(Debug)]
pub struct Learner {
    tools: BTreeMap<String, Tool>,
    left_out: BTreeMap<LeftOut, u64>,
    methods: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    /// Bytes of values that may still be kept.
    room: usize,
}

impl Default for Learner {
    fn default() -> Self {
        Self {
            tools: BTreeMap::new(),
            left_out: BTreeMap::new(),
            methods: BTreeMap::new(),
            refused: BTreeMap::new(),
            room: MAX_KEPT,
        }
    }
}

impl Learner {
    /// Learns from one call.
    ///
    /// # Errors
    /// Why the policy will not admit it; that is counted.
    pub fn learn(&mut self, seen: &Seen<'_>, is_secret: &IsSecret<'_>) -> Result<(), LeftOut> {
        let learnt = self.place(seen.tool, is_secret);
        match learnt {
            Ok(key) => {
                let tool = self.tools.entry(key).or_default();
                tool.learn(seen, is_secret, &mut self.room);
                Ok(())
            }
            Err(why) => {
                *self.left_out.entry(why).or_default() += 1;
                Err(why)
            }
        }
    }

    /// The normal form a tool is known by.
    fn place(&self, tool: &str, is_secret: &IsSecret<'_>) -> Result<String, LeftOut> {
        let key = normal_form(tool).into_owned();
        if key.is_empty() || !is_named(tool) || is_secret("", tool) {
            return Err(LeftOut::Name);
        }
        if !Glob::new(tool).is_ok_and(|it| it.is_exact() && it.normal() == key) {
            return Err(LeftOut::Pattern);
        }
        if !self.tools.contains_key(&key) && self.tools.len() >= MAX_TOOLS {
            return Err(LeftOut::TooMany);
        }
        Ok(key)
    }

    /// Learns that a request other than a call passed.
    pub fn learn_method(&mut self, method: &str, is_secret: &IsSecret<'_>) {
        if is_named(method)
            && !is_secret("", method)
            && Glob::new(method).is_ok_and(|it| it.is_exact())
        {
            count(&mut self.methods, method);
        }
    }

    /// Hears of a call that was refused, and that nothing is learnt from.
    pub fn refused(&mut self, tool: &str, is_secret: &IsSecret<'_>) {
        if is_named(tool) && !is_secret("", tool) {
            count(&mut self.refused, &normal_form(tool));
        }
    }

    /// Makes room for a call that the policy made so far refuses: the argument that failed may be
    /// anything; where there is none, or it may be already, so may all arguments of the tool.
    /// Whether that changed anything.
    pub fn widen(&mut self, tool: &str, argument: Option<&str>) -> bool {
        let tool = self.tools.get_mut(normal_form(tool).as_ref());
        tool.is_some_and(|it| it.widen(argument))
    }

    /// Calls learnt from.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.tools.values().map(|it| it.calls).sum()
    }

    /// Tools learnt of.
    #[must_use]
    pub fn tools(&self) -> usize {
        self.tools.len()
    }

    /// Calls that the policy will not admit, since it can't name their tool.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out.values().sum()
    }

    /// The policy, as YAML.
    #[must_use]
    pub fn yaml(&self, head: &Head) -> String {
        write::policy(self, head)
    }
}

fn count(names: &mut BTreeMap<String, u64>, name: &str) {
    if names.len() < MAX_NAMED || names.contains_key(name) {
        *names.entry(name.to_owned()).or_default() += 1;
    }
}

/// Whether a name can be taken as it stands: neither cut nor redacted.
fn is_named(name: &str) -> bool {
    name.len() <= MAX_NAME && !is_redacted(name)
}

/// Whether DLP has put a marker into it.
fn is_redacted(text: &str) -> bool {
    text.contains("[REDACTED")
}

#[cfg(test)]
mod tests;
