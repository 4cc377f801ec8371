//! What policies asked together come to, entry by entry and tool by tool, with the place of each.

use std::collections::BTreeSet;

use super::{Action, Entry, Policy, written::Spec};

/// What a policy says of a tool by its name, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToolWord {
    /// A call may pass.
    Allow,
    /// A person is asked.
    Ask,
    /// No call passes.
    Block,
}

impl ToolWord {
    /// As the policy writes it.
    pub fn word(self) -> &'static str {
        match self {
            ToolWord::Allow => "allow",
            ToolWord::Ask => "ask",
            ToolWord::Block => "block",
        }
    }
}

/// What one policy says of one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidOfTool {
    /// The file of a policy beside the own one.
    pub path: Option<String>,
    /// What it says, its arguments not looked at.
    pub word: ToolWord,
    /// The entry it goes by; none where no list or rule has the tool.
    pub entry: Option<Entry>,
}

impl Policy {
    /// Every entry of the policy's own file, by line: what [`outline`](Policy::outline) tells of, and
    /// methods, prompts, protected paths and DLP patterns.
    pub fn entries(&self) -> Vec<Entry> {
        let mut all = self.own().outline();
        all.extend(self.listed.iter().cloned());
        all.sort();
        all
    }

    /// Every tool or pattern that some policy names, in normal form.
    pub fn tools_named(&self) -> BTreeSet<String> {
        let mut all = self.tools_of_its_own();
        for layer in self.layers() {
            all.extend(layer.policy.tools_of_its_own());
        }
        all
    }

    /// What each policy that has an opinion says of a tool, or of all that fall under a pattern, given
    /// in normal form: the strictest first.
    pub fn said_of(&self, normal: &str) -> Vec<SaidOfTool> {
        let own = self.own().says(normal, None);
        let layers = self.layers().iter();
        let layers = layers.map(|it| it.policy.says(normal, Some(&it.path)));
        let mut said: Vec<SaidOfTool> = std::iter::once(own).chain(layers).flatten().collect();
        said.sort_by_key(|it| std::cmp::Reverse(it.word));
        said
    }

    fn tools_of_its_own(&self) -> BTreeSet<String> {
        let lists = self.allowed_tools().iter().chain(self.denied_tools());
        let listed = lists.filter(|it| it.line > 0).map(|it| it.glob.normal());
        let ruled = self.rules().all().map(|it| it.glob.normal());
        listed.chain(ruled).map(str::to_owned).collect()
    }

    /// `None` where the policy has no opinion.
    fn says(&self, normal: &str, path: Option<&str>) -> Option<SaidOfTool> {
        let entry = self.entry_for(normal);
        let rule = self.rules().speaking(normal);
        let word = match rule.map(|it| it.action) {
            _ if self.denied_by(normal).is_some() => ToolWord::Block,
            Some(Action::Block) => ToolWord::Block,
            Some(Action::Ask) => ToolWord::Ask,
            Some(Action::Allow) => ToolWord::Allow,
            None => match self.allowed_by(normal) {
                Some(it) if it.line == 0 => return None,
                Some(_) => ToolWord::Allow,
                None => ToolWord::Block,
            },
        };
        Some(SaidOfTool {
            path: path.map(str::to_owned),
            word,
            entry,
        })
    }
}

/// The entries of the lists that decide about other things than tools and resources.
pub(super) fn listed(spec: &Spec) -> Vec<Entry> {
    let mut all = Vec::new();
    let mut add = |list, line: usize, written: &str| {
        all.push(Entry {
            line,
            list,
            written: written.to_owned(),
            action: None,
        });
    };
    let lists = [
        ("allowed_methods", spec.allowed_methods.as_deref()),
        ("denied_methods", Some(spec.denied_methods.as_slice())),
        (
            "allowed_server_methods",
            spec.allowed_server_methods.as_deref(),
        ),
        (
            "allowed_prompts",
            spec.allowed_prompts.as_ref().map(|it| it.texts.as_slice()),
        ),
        ("protected_paths", Some(spec.protected_paths.as_slice())),
    ];
    for (list, texts) in lists {
        for text in texts.unwrap_or_default() {
            add(list, text.at.line, &text.text);
        }
    }
    for pattern in spec
        .dlp
        .iter()
        .filter(|it| it.enabled)
        .flat_map(|it| &it.patterns)
    {
        add("dlp.patterns", pattern.line, &pattern.name);
    }
    all
}
