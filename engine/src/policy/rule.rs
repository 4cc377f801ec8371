//! Rules for tools, and which of them speaks of a name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::pattern::Pattern;
use crate::{constraint::Constraint, name::Glob, node::HashKind, rate::Limit};

mod hash;

/// What a rule does with a call, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    /// It passes.
    Allow,
    /// The user is asked.
    Ask,
    /// It is refused.
    Block,
}

impl Action {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Action::Allow => "allow",
            Action::Ask => "ask",
            Action::Block => "block",
        }
    }
}

/// A compiled rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The tool, as the policy writes it.
    pub(crate) written: String,
    pub(crate) glob: Glob,
    pub(crate) line: usize,
    pub(crate) action: Action,
    pub(crate) args: Vec<ArgRule>,
    /// Other arguments are refused; the policy's default is applied already.
    pub(crate) strict: bool,
    pub(crate) rate: Option<Rate>,
    pub(crate) schema: Option<Schema>,
}

/// An argument that has to be there and to match.
#[derive(Debug, Clone)]
pub(crate) struct ArgRule {
    pub(crate) name: String,
    pub(crate) pattern: Option<Pattern>,
    /// What else it has to be, and how the policy says it.
    pub(crate) limits: Vec<(String, Constraint)>,
    pub(crate) line: usize,
}

impl ArgRule {
    /// Whether whatever passes the other passes this one.
    pub(crate) fn is_kept_by(&self, other: &ArgRule) -> bool {
        let pattern = self.pattern.as_ref().is_none_or(|own| {
            let other = other.pattern.as_ref();
            other.is_some_and(|other| other.is_same(own))
        });
        let kept = |own: &str| other.limits.iter().any(|(written, _)| written == own);
        pattern && self.name == other.name && self.limits.iter().all(|(own, _)| kept(own))
    }
}

/// A rate, as written and as meant.
#[derive(Debug, Clone)]
pub(crate) struct Rate {
    pub(crate) written: String,
    pub(crate) limit: Limit,
}

/// The definition a tool has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) kind: HashKind,
    /// With its algorithm, in lower case.
    pub(crate) hash: String,
}

impl Schema {
    /// Reads `sha256:` and 64 hexadecimal digits, or their like for SHA-384 and SHA-512.
    pub(super) fn parse(text: &str) -> Option<Schema> {
        let hash = text.to_ascii_lowercase();
        let (word, digits) = hash.split_once(':')?;
        let kinds = [HashKind::Sha256, HashKind::Sha384, HashKind::Sha512];
        let kind = kinds.into_iter().find(|kind| kind.word() == word)?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        (hex && digits.len() == kind.digits()).then(|| Schema {
            kind,
            hash: hash.clone(),
        })
    }
}

/// All rules, by how closely they speak.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    exact: HashMap<String, Rule>,
    /// The most specific first.
    globs: Vec<Rule>,
}

impl Rules {
    /// Patterns of one length are told apart by the harder action, then by their text: never by
    /// their order in the file.
    pub(super) fn new(rules: Vec<Rule>) -> Rules {
        let (exact, mut globs): (Vec<_>, Vec<_>) =
            rules.into_iter().partition(|rule| rule.glob.is_exact());
        globs.sort_by(|a, b| {
            let by_action = b.action.cmp(&a.action);
            let by_text = a.glob.normal().cmp(b.glob.normal());
            a.glob.specificity(&b.glob).then(by_action).then(by_text)
        });
        let key = |rule: Rule| (rule.glob.normal().to_owned(), rule);
        Rules {
            exact: exact.into_iter().map(key).collect(),
            globs,
        }
    }

    /// The one rule that speaks of a tool, given in normal form.
    pub(crate) fn speaking(&self, normal: &str) -> Option<&Rule> {
        self.exact
            .get(normal)
            .or_else(|| self.speaking_glob(normal))
    }

    fn speaking_glob(&self, normal: &str) -> Option<&Rule> {
        self.globs.iter().find(|rule| rule.glob.matches(normal))
    }

    /// Rules for patterns with a `*`.
    pub(crate) fn globs(&self) -> &[Rule] {
        &self.globs
    }

    /// Names that have a rule of their own, in normal form.
    pub(crate) fn exact_names(&self) -> impl Iterator<Item = &str> {
        self.exact.keys().map(String::as_str)
    }

    pub(super) fn resolve_folders(&mut self, resolve: &dyn Fn(&Path) -> PathBuf) {
        let rules = self.exact.values_mut().chain(&mut self.globs);
        for (_, limit) in rules
            .flat_map(|it| &mut it.args)
            .flat_map(|it| &mut it.limits)
        {
            if let Constraint::Path(under) = limit {
                under.resolve(resolve);
            }
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Rule> {
        self.exact.values().chain(&self.globs)
    }
}
