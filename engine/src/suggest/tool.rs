//! What is known of one tool's calls.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::argument::Argument;
use super::{IsSecret, Seen, is_named};
use crate::node::Node;
use crate::paths::Found;

/// The most arguments a rule names.
const MAX_ARGS: usize = 32;
const MINUTE_MS: i64 = 60_000;

/// A tool.
#[derive(Debug, Default)]
pub(super) struct Tool {
    /// As the first client that called it wrote it, one in ASCII before others.
    pub(super) written: String,
    pub(super) calls: u64,
    /// Calls whose arguments are not known.
    pub(super) unknown: u64,
    /// Calls a person was asked about.
    pub(super) asked: u64,
    /// The minute of the last call, and calls in it.
    minute: (i64, u64),
    /// Calls in the minute that had the most.
    pub(super) busiest: u64,
    pub(super) args: BTreeMap<String, Argument>,
    /// Why a rule does not name every argument.
    pub(super) unnamed: Option<&'static str>,
    /// Why the arguments are not looked at.
    pub(super) open: Option<&'static str>,
}

impl Tool {
    pub(super) fn learn(&mut self, seen: &Seen<'_>, is_secret: &IsSecret<'_>, room: &mut usize) {
        self.calls += 1;
        self.asked += u64::from(seen.asked);
        let minute = seen.at_ms.div_euclid(MINUTE_MS);
        let before = if self.minute.0 == minute {
            self.minute.1
        } else {
            0
        };
        self.minute = (minute, before + 1);
        self.busiest = self.busiest.max(before + 1);
        if self.written.is_empty() || (!self.written.is_ascii() && seen.tool.is_ascii()) {
            seen.tool.clone_into(&mut self.written);
        }
        match seen.args {
            None => self.unknown += 1,
            Some(Node::Object(members)) => self.learn_args(members, seen.found, is_secret, room),
            Some(
                Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Array(_),
            ) => {}
        }
    }

    fn learn_args(
        &mut self,
        members: &[(Cow<'_, str>, Node<'_>)],
        found: &Found<'_>,
        is_secret: &IsSecret<'_>,
        room: &mut usize,
    ) {
        if members.len() > MAX_ARGS {
            self.open = Some("they have too many arguments to name");
            return;
        }
        for (at, (name, value)) in members.iter().enumerate() {
            let again = members.iter().take(at).any(|(before, _)| before == name);
            if !is_named(name) || is_secret("", name) {
                self.unnamed = Some("an argument has a name that can't be written here");
                continue;
            }
            if !self.args.contains_key(name.as_ref()) && self.args.len() >= MAX_ARGS {
                self.open = Some("they have too many arguments to name");
                return;
            }
            let argument = self.args.entry(name.clone().into_owned()).or_default();
            argument.learn(name, value, (found, is_secret), room, !again);
        }
    }

    pub(super) fn widen(&mut self, argument: Option<&str>) -> bool {
        let argument = argument.and_then(|it| self.args.get_mut(it));
        if let Some(argument) = argument
            && !argument.refused_once
        {
            argument.refused_once = true;
            return true;
        }
        let changed = self.open.is_none();
        self.open = Some("what could be said of them refused a call that passed");
        changed
    }

    /// Calls whose arguments are known.
    pub(super) fn known(&self) -> u64 {
        self.calls.saturating_sub(self.unknown)
    }

    /// Arguments that every call had.
    pub(super) fn required(&self) -> impl Iterator<Item = (&str, &Argument)> {
        let all = self.args.iter().map(|(name, it)| (name.as_str(), it));
        all.filter(|(_, it)| it.seen == self.known())
    }

    /// Names of arguments that some calls did not have: a policy can't name them, since what it
    /// names has to be there.
    pub(super) fn optional(&self) -> impl Iterator<Item = &str> {
        let some = self.args.iter().filter(|(_, it)| it.seen != self.known());
        some.map(|(name, _)| name.as_str())
    }

    /// Whether the rule can refuse what it doesn't name.
    pub(super) fn is_strict(&self) -> bool {
        self.open.is_none()
            && self.unnamed.is_none()
            && self.known() > 0
            && self.optional().next().is_none()
    }
}
