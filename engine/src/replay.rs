//! What another policy would make of calls that were decided already: effects compared, and what
//! differs counted by kind. Calls are not kept, a few of their numbers are.

use std::collections::BTreeMap;

use crate::decide::{Decision, Refusal, Verdict};

/// The most kinds of change that are told apart; further changes are counted.
pub const MAX_KINDS: usize = 1000;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It passes, in monitor mode also against the policy.
    Allow,
    /// A person is asked.
    Ask,
    /// It is refused.
    Block,
    /// It is refused as one too many.
    RateLimit,
}

impl Effect {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Block => "block",
            Self::RateLimit => "rate_limit",
        }
    }
}

/// What the other policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What becomes of the call.
    pub effect: Effect,
    /// The entry that says so, where one does.
    pub rule: String,
    /// Why, where it is refused.
    pub reason: String,
    /// The argument that fails, where one does.
    pub argument: Option<String>,
    /// The policy's line.
    pub line: Option<usize>,
}

impl Said {
    /// By a decision of the engine.
    #[must_use]
    pub fn of(decision: Decision) -> Self {
        match decision {
            Decision::Allow(_) => Self {
                effect: Effect::Allow,
                rule: String::new(),
                reason: String::new(),
                argument: None,
                line: None,
            },
            Decision::Ask(ask) => Self {
                effect: Effect::Ask,
                rule: ask.rule,
                reason: String::new(),
                argument: None,
                line: Some(ask.line),
            },
            Decision::Refuse(refusal) => Self::refused(refusal),
        }
    }

    /// By a refusal.
    #[must_use]
    pub fn refused(refusal: Refusal) -> Self {
        Self {
            effect: match refusal.verdict {
                Verdict::Block => Effect::Block,
                Verdict::RateLimited => Effect::RateLimit,
            },
            rule: refusal.failed_rule.unwrap_or_default(),
            reason: refusal.reason,
            argument: refusal.failed_arg,
            line: refusal.line,
        }
    }
}

/// Changes of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The tool, or the method of another request.
    pub what: String,
    /// What became of the calls.
    pub old: Effect,
    /// What would.
    pub new: Effect,
    /// The entry that says so.
    pub rule: String,
    /// Why, where they would be refused.
    pub reason: String,
    /// The policy's line.
    pub line: Option<usize>,
}

/// How many there are of a kind, and the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// How many.
    pub count: u64,
    /// Numbers of records.
    pub examples: Vec<u64>,
}

/// What came of it so far.
#[derive(Debug)]
pub struct Changes {
    /// What differs, by kind.
    pub kinds: BTreeMap<Kind, Calls>,
    /// What differs and is of none of the kinds.
    pub more: u64,
    /// What stays as it was.
    pub unchanged: u64,
    /// What can't be told, by the reason.
    pub unknown: BTreeMap<&'static str, u64>,
    examples: usize,
}

impl Changes {
    /// Nothing yet; `examples` is how many numbers are kept of each kind.
    #[must_use]
    pub fn new(examples: usize) -> Self {
        Self {
            kinds: BTreeMap::new(),
            more: 0,
            unchanged: 0,
            unknown: BTreeMap::new(),
            examples,
        }
    }

    /// Takes in a call that was decided in the record of this number.
    pub fn compare(&mut self, what: &str, old: Effect, new: Said, record: u64) {
        if old == new.effect {
            self.unchanged += 1;
            return;
        }
        let kind = Kind {
            what: what.to_owned(),
            old,
            new: new.effect,
            rule: new.rule,
            reason: new.reason,
            line: new.line,
        };
        if self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(&kind) {
            self.more += 1;
            return;
        }
        let calls = self.kinds.entry(kind).or_default();
        calls.count += 1;
        if calls.examples.len() < self.examples {
            calls.examples.push(record);
        }
    }

    /// Takes in a call of which it can't be told.
    pub fn unknown(&mut self, why: &'static str) {
        *self.unknown.entry(why).or_default() += 1;
    }

    /// Calls whose effect differs.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.kinds.values().map(|it| it.count).sum::<u64>() + self.more
    }

    /// Calls taken in.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.unchanged + self.changed() + self.unknown.values().sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_what_changes_and_why() {
        let mut changes = Changes::new(2);
        for (record, old, new, reason) in [
            (1, Effect::Allow, Effect::Allow, ""),
            (2, Effect::Allow, Effect::Block, "a"),
            (3, Effect::Allow, Effect::Block, "a"),
            (4, Effect::Allow, Effect::Block, "a"),
            (5, Effect::Allow, Effect::Block, "b"),
            (6, Effect::Ask, Effect::Allow, ""),
            (7, Effect::Block, Effect::RateLimit, ""),
        ] {
            changes.compare("t", old, said(new, reason), record);
        }
        changes.unknown("erased");
        let told: Vec<_> = changes
            .kinds
            .iter()
            .map(|(kind, calls)| {
                (
                    kind.old.word(),
                    kind.new.word(),
                    kind.reason.as_str(),
                    calls,
                )
            })
            .map(|(old, new, why, it)| format!("{old} {new} {why} {} {:?}", it.count, it.examples))
            .collect();
        assert_eq!(
            told,
            [
                "allow block a 3 [2, 3]",
                "allow block b 1 [5]",
                "ask allow  1 [6]",
                "block rate_limit  1 [7]",
            ]
        );
        assert_eq!(
            (changes.unchanged, changes.changed(), changes.calls()),
            (1, 6, 8)
        );
    }

    #[test]
    fn more_kinds_than_are_kept_are_counted_as_changes() {
        let mut changes = Changes::new(1);
        for record in 0..MAX_KINDS as u64 + 5 {
            let reason = record.to_string();
            changes.compare("t", Effect::Allow, said(Effect::Block, &reason), record);
        }
        assert_eq!((changes.kinds.len(), changes.more), (MAX_KINDS, 5));
        assert_eq!(changes.changed(), MAX_KINDS as u64 + 5);
    }

    fn said(effect: Effect, reason: &str) -> Said {
        Said {
            effect,
            rule: String::new(),
            reason: reason.to_owned(),
            argument: None,
            line: None,
        }
    }
}
