//! A policy: the document as written, checked and compiled into what decides.

mod arg_block;
mod cases;
mod comments;
mod compile;
mod dlp_block;
mod effective;
mod extends;
mod fields;
mod format;
mod layers;
mod methods;
mod outline;
mod pattern;
mod place;
mod reading;
#[cfg(test)]
mod reference;
mod refused;
mod resources;
mod rule;
mod rule_block;
mod schema;
mod schema_block;
mod source;
mod tools;
mod values;
mod walk;
mod words;
mod written;
mod yaml;

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{diagnostic::Diagnostics, dlp};

pub use cases::{Case, Expected, cases};
pub use effective::{SaidOfTool, ToolWord};
pub use extends::{Base, Extends, MOST_BASES, base_path, bases, extends};
pub use format::{FormatError, format};
pub use layers::{Layer, is_of_layers};
pub use outline::Entry;
pub use place::{Place, Role};
pub use schema::schema;
pub use written::{
    ArgsWish, AuditWishes, ListFilter, MethodsWish, Mode, OnBlock, Pinning, SyncWish,
};

pub(crate) use comments::{Comment, comments};
pub(crate) use fields::nearest;
pub(crate) use layers::{Member, Stack};
pub(crate) use methods::MethodLists;
pub(crate) use pattern::{Matching, Outcome, Pattern};
pub(crate) use reading::Reading;
pub(crate) use resources::{NamedLists, UriEntry};
pub(crate) use rule::{Action, ArgRule, Rule, Rules};
#[cfg(test)]
pub(crate) use schema_block::json_of;
pub(crate) use source::At;
pub(crate) use tools::{Tool, Tools};
pub(crate) use written::{Limit, Spec, Text, WrittenArg, WrittenRule};

/// A policy ready to decide.
#[derive(Clone, Debug)]
pub struct Policy {
    name: String,
    version: Option<String>,
    hash: String,
    none: bool,
    mode: Mode,
    on_block: OnBlock,
    list_filter: ListFilter,
    audit: AuditWishes,
    ask_timeout: Option<Duration>,
    ask_in_client: bool,
    pinning: Pinning,
    methods: MethodLists,
    server_methods: MethodLists,
    named: NamedLists,
    allowed: Tools,
    denied: Tools,
    rules: Rules,
    dlp: dlp::Dlp,
    paths: place::ProtectedPaths,
    /// What stands in the lists that [`Policy::outline`] doesn't tell of.
    listed: Vec<Entry>,
    role: Role,
    said: Said,
    extends: Option<String>,
    lacks_base: bool,
    stack: Option<Arc<Stack>>,
}

/// Which fields that a base can say in a child's stead were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    on_block: bool,
    list_filter: bool,
    audit: bool,
    ask_in_client: bool,
}

/// A policy that can be used, and what its author should still know.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// Warnings only.
    pub warnings: Diagnostics,
}

impl Policy {
    /// Reads a policy file. Either all of it is used or none: every error is reported at once.
    pub fn load(text: &str, place: &Place) -> Result<Loaded, Diagnostics> {
        let mut source = source::Source::new(text);
        let written =
            yaml::read(&mut source).and_then(|tree| walk::document(&tree, place, &mut source));
        let policy = written.and_then(|it| compile::policy(it, place, &mut source));
        let found = source.into_diagnostics();
        match policy {
            Some(policy) if !found.has_errors() => Ok(Loaded {
                policy,
                warnings: found,
            }),
            _ => Err(found),
        }
    }

    /// What holds where there is no policy: every tool call is refused.
    pub fn none() -> Policy {
        compile::no_policy()
    }

    /// `metadata.name`
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `metadata.version`
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// SHA-256, in hexadecimal, of the document as canonical JSON.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// `mode`
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The compiled `dlp` block; one that finds nothing where there is none.
    pub fn dlp(&self) -> &dlp::Dlp {
        &self.dlp
    }

    /// `audit`
    pub fn audit(&self) -> &AuditWishes {
        &self.audit
    }

    /// `ask_timeout`, where the policy's own file sets it.
    pub(crate) fn ask_timeout(&self) -> Option<Duration> {
        self.ask_timeout
    }

    /// `ask_in_client`
    pub fn ask_in_client(&self) -> bool {
        self.ask_in_client
    }

    /// `pinning`
    pub fn pinning(&self) -> Pinning {
        self.pinning
    }

    /// `on_block`
    pub fn on_block(&self) -> OnBlock {
        self.on_block
    }

    /// Whether another policy surely lets the same resources (or prompts) be read as this one.
    pub fn reads_the_same(&self, other: &Policy, prompts: bool) -> bool {
        let method = if prompts {
            "prompts/get"
        } else {
            "resources/read"
        };
        if self.stack.is_some() || other.stack.is_some() {
            return self.hash == other.hash;
        }
        self.mode == other.mode
            && self.allows_method(method) == other.allows_method(method)
            && self.named.written(prompts) == other.named.written(prompts)
    }

    /// `list_filter`
    pub fn list_filter(&self) -> ListFilter {
        self.list_filter
    }

    /// Whether the lists let a method of the client pass, given in normal form and whatever the
    /// mode. True for `tasks/*` where tasks of the session's own pass.
    pub fn allows_method(&self, normal: &str) -> bool {
        self.all_hold(|it| it.methods.allows(normal))
    }

    /// Whether the lists name a method, given in normal form: what passes for the session's own
    /// tasks alone is not named.
    pub fn lists_method(&self, normal: &str) -> bool {
        self.all_hold(|it| !it.methods.denies(normal) && it.methods.lists(normal))
    }

    /// Whether the lists let a request of the server pass, given in normal form.
    pub fn allows_server_method(&self, normal: &str) -> bool {
        self.all_hold(|it| it.server_methods.allows(normal))
    }

    /// Whether a list of resources, or of `prompts`, is set, so that what a server lists is judged by it.
    pub fn judges_list(&self, prompts: bool) -> bool {
        self.any_holds(|it| {
            if prompts {
                it.named.allowed_prompts.is_some()
            } else {
                it.named.judge_resources()
            }
        })
    }

    /// Every protected path: absolute and lexically normal.
    pub fn protected(&self) -> &[PathBuf] {
        self.paths.all()
    }

    /// Adds other forms of protected paths, such as where their links lead.
    pub fn add_protected(&mut self, more: impl IntoIterator<Item = PathBuf>) {
        self.paths.add(more);
    }

    /// Relative entries of `protected_paths`, lexically normal: the policy's own folder is
    /// taken for granted, the client's folders are for the session to join and add.
    pub fn relative_protected(&self) -> &[PathBuf] {
        self.paths.relative()
    }

    /// Whether a rule asks for the definition of this tool, whose name is given in normal form.
    pub fn pins_definition(&self, normal: &str) -> bool {
        let alone = |it: &Policy| {
            let rule = it.rules.speaking(normal);
            rule.is_some_and(|rule| rule.schema.is_some())
        };
        match &self.stack {
            None => alone(self),
            Some(stack) => stack.members().any(|it| alone(it.policy)),
        }
    }

    /// What the rule that speaks of this tool, whose name is given in normal form, is known by:
    /// SHA-256, in hexadecimal, over all it says as compiled, and over those of the policies asked
    /// beside this one. `None` where no rule speaks of it.
    pub fn rule_hash(&self, normal: &str) -> Option<String> {
        self.rule_hashes(normal)
    }

    /// The protected paths for a person: the policy file's name, then the policy's own entries.
    pub fn display_protected(&self) -> Vec<String> {
        self.paths.shown()
    }

    /// Says where the folders that arguments may name paths in really are: `resolve` follows the
    /// links of a path as far as it exists.
    pub fn resolve_folders(&mut self, resolve: &dyn Fn(&std::path::Path) -> PathBuf) {
        self.rules.resolve_folders(resolve);
    }

    /// Whether this stands for no policy at all.
    pub(crate) fn is_none(&self) -> bool {
        self.none
    }

    pub(crate) fn methods(&self) -> &MethodLists {
        &self.methods
    }

    pub(crate) fn server_methods(&self) -> &MethodLists {
        &self.server_methods
    }

    /// The lists of resources and prompts.
    pub(crate) fn named(&self) -> &NamedLists {
        &self.named
    }

    pub(crate) fn paths(&self) -> &place::ProtectedPaths {
        &self.paths
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(crate) fn allowed_tools(&self) -> &[Tool] {
        self.allowed.all()
    }

    pub(crate) fn denied_tools(&self) -> &[Tool] {
        self.denied.all()
    }

    /// The entry of `denied_tools` that a name in normal form falls under.
    pub(crate) fn denied_by(&self, normal: &str) -> Option<&Tool> {
        self.denied.first(normal)
    }

    /// The entry of `allowed_tools` that a name in normal form falls under, an exact one first.
    pub(crate) fn allowed_by(&self, normal: &str) -> Option<&Tool> {
        self.allowed.closest(normal)
    }

    /// How the policy itself spells a tool, where it names it exactly.
    pub(crate) fn spelling(&self, normal: &str) -> Option<&str> {
        match &self.stack {
            None => self.own_spelling(normal),
            Some(stack) => stack
                .members()
                .find_map(|it| it.policy.own_spelling(normal)),
        }
    }

    fn own_spelling(&self, normal: &str) -> Option<&str> {
        let allowed = self.allowed.exactly(normal);
        let rule = self
            .rules
            .speaking(normal)
            .filter(|rule| rule.glob.is_exact());
        rule.map(|rule| rule.written.trim())
            .or(allowed.map(|tool| tool.written.trim()))
    }
}
