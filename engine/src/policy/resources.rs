//! Lists of resources, by their URIs, and of prompts, by their names.

use super::{
    MethodLists,
    source::Source,
    written::{Spec, Text, TextList},
};
use crate::{
    method::{PROMPTS, PROMPTS_GET, RESOURCES, RESOURCES_READ},
    name::{is_unprintable, star_matches},
    uri::UriPattern,
};

/// The longest name of a prompt a policy may write, in bytes.
const MAX_PROMPT: usize = 1024;

/// What a policy says of resources and prompts.
#[derive(Debug, Clone, Default)]
pub(crate) struct NamedLists {
    pub(crate) allowed_resources: Option<List<UriEntry>>,
    pub(crate) denied_resources: Option<List<UriEntry>>,
    pub(crate) allowed_prompts: Option<List<PromptEntry>>,
}

/// A list as the policy has it, and the line of its key.
#[derive(Debug, Clone)]
pub(crate) struct List<T> {
    pub(crate) entries: Vec<T>,
    pub(crate) line: usize,
}

/// An entry of a list of resources.
#[derive(Debug, Clone)]
pub(crate) struct UriEntry {
    /// As the policy writes it.
    pub(crate) written: String,
    pub(crate) pattern: UriPattern,
    pub(crate) line: usize,
}

/// An entry of a list of prompts.
#[derive(Debug, Clone)]
pub(crate) struct PromptEntry {
    /// As the policy writes it, and as it is compared.
    pub(crate) written: String,
}

impl NamedLists {
    pub(super) fn compile(spec: &Spec, source: &mut Source<'_>) -> Self {
        let mut uris = |list: &Option<TextList>, what| {
            let list = list.as_ref()?;
            let entries = list.texts.iter().filter_map(|it| uri(it, what, source));
            Some(List {
                entries: entries.collect(),
                line: list.at.line,
            })
        };
        let allowed_resources = uris(&spec.allowed_resources, "`allowed_resources`");
        let denied_resources = uris(&spec.denied_resources, "`denied_resources`");
        let allowed_prompts = spec.allowed_prompts.as_ref().map(|list| List {
            entries: list
                .texts
                .iter()
                .filter_map(|it| prompt(it, source))
                .collect(),
            line: list.at.line,
        });
        NamedLists {
            allowed_resources,
            denied_resources,
            allowed_prompts,
        }
    }

    /// The methods that the lists are of no use without.
    pub(super) fn methods_brought(&self) -> Vec<&'static str> {
        let resources = self.allowed_resources.is_some().then_some(RESOURCES);
        let prompts = self.allowed_prompts.is_some().then_some(PROMPTS);
        let both = [resources, prompts].into_iter().flatten();
        both.flatten().copied().collect()
    }

    /// Whether the policy has any of the lists.
    pub(crate) fn any(&self) -> bool {
        self.judge_resources() || self.allowed_prompts.is_some()
    }

    pub(crate) fn judge_resources(&self) -> bool {
        self.allowed_resources.is_some() || self.denied_resources.is_some()
    }
}

impl PromptEntry {
    /// Whether it is a lone `*` (`**` means the same).
    pub(crate) fn is_everything(&self) -> bool {
        self.written.chars().all(|it| it == '*')
    }

    /// Names are compared as they are. One that doesn't show as what it is falls under a lone `*` only.
    pub(crate) fn allows(&self, name: &str) -> bool {
        self.is_everything()
            || (star_matches(&self.written, name) && !name.chars().any(is_unprintable))
    }

    /// Whether everything the other allows is surely allowed by this one.
    pub(crate) fn covers(&self, other: &PromptEntry) -> bool {
        self.is_everything()
            || (star_matches(&self.written, &other.written) && !other.is_everything())
    }
}

fn uri(text: &Text, what: &str, source: &mut Source<'_>) -> Option<UriEntry> {
    match UriPattern::new(&text.text) {
        Ok(pattern) => Some(UriEntry {
            written: text.text.clone(),
            pattern,
            line: text.at.line,
        }),
        Err(error) => {
            source.error(text.at, format!("`{}` in {what}: {error}", text.text));
            None
        }
    }
}

fn prompt(text: &Text, source: &mut Source<'_>) -> Option<PromptEntry> {
    let wrong = if text.text.is_empty() {
        "it is empty".to_owned()
    } else if text.text.len() > MAX_PROMPT {
        format!("it is longer than {MAX_PROMPT} bytes")
    } else if text.text.chars().any(is_unprintable) {
        "it holds a character that can't be seen".to_owned()
    } else {
        return Some(PromptEntry {
            written: text.text.clone(),
        });
    };
    source.error(
        text.at,
        format!("`{}` in `allowed_prompts`: {wrong}", text.text),
    );
    None
}

/// Warns of an allowed URI whose host is left open: `*` stands for what ends a host's name as well.
pub(super) fn warn_of_open_hosts(spec: &Spec, source: &mut Source<'_>) {
    let lists = spec.allowed_resources.iter();
    for text in lists.flat_map(|list| &list.texts) {
        if has_open_host(&text.text) {
            source.warning(
                text.at,
                "more hosts fall under this than it looks: `*` stands for `/`, `.` and `@` too",
                "write each host out",
            );
        }
    }
}

fn has_open_host(pattern: &str) -> bool {
    let Some((scheme, rest)) = pattern.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let of_web = ["http", "https", "ws", "wss", "ftp"];
    let scheme = scheme.to_ascii_lowercase();
    of_web.contains(&scheme.as_str()) && host.contains('*') && host.chars().any(|it| it != '*')
}

/// Warns of a list that nothing gets as far as.
pub(super) fn warn_of_idle(spec: &Spec, methods: &MethodLists, source: &mut Source<'_>) {
    let lists = [
        ("allowed_resources", &spec.allowed_resources, RESOURCES_READ),
        ("denied_resources", &spec.denied_resources, RESOURCES_READ),
        ("allowed_prompts", &spec.allowed_prompts, PROMPTS_GET),
    ];
    for (field, list, method) in lists {
        let Some(list) = list.as_ref().filter(|_| !methods.allows(method)) else {
            continue;
        };
        let message = format!("`{field}` has no effect on `{method}`, which can't pass");
        let help = if methods.denies(method) {
            format!("`denied_methods` wins: take `{method}` out of it")
        } else if spec.allowed_methods.is_some() {
            format!("add `{method}` to `allowed_methods`")
        } else {
            "`allowed_resources` brings the methods along; `[\"*\"]` is all resources".to_owned()
        };
        source.warning(list.at, message, help);
    }
}
