//! Reads mappings, lists and scalars out of the tree, and words what is wrong with them.

use super::{
    source::{At, Source},
    written::Text,
    yaml::{Entry, Tree, Value},
};

/// A name this close to a known one is taken for a slip.
const CLOSE: f64 = 0.75;

/// What the daemon's own configuration knows, and no policy.
const OF_THE_DAEMON: [&str; 8] = [
    "policy_trust",
    "prompts_per_minute",
    "channels",
    "notification_allow",
    "approval_auth",
    "retention",
    "idle_exit",
    "dashboard",
];

/// So many known names are told whole.
const FEW: usize = 8;

/// The entries of a mapping whose keys are all known.
pub(super) struct Fields<'t> {
    entries: &'t [Entry],
    /// Where the mapping begins.
    pub(super) at: At,
}

impl<'t> Fields<'t> {
    pub(super) fn entry(&self, key: &str) -> Option<&'t Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&'t Tree> {
        self.entry(key).map(|entry| &entry.value)
    }
}

/// What a scalar without quotes is in YAML's core schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Number,
    Text,
}

/// Reads a mapping and reports every key it may not have.
pub(super) fn fields<'t>(
    tree: &'t Tree,
    what: &str,
    known: &[&str],
    source: &mut Source<'_>,
) -> Option<Fields<'t>> {
    let entries = entries(tree, what, source)?;
    for entry in entries {
        if !known.contains(&entry.key.as_str()) {
            unknown_key(entry, what, known, source);
        }
    }
    Some(Fields {
        entries,
        at: tree.at,
    })
}

/// Reads a mapping whose keys are the user's own.
pub(super) fn entries<'t>(
    tree: &'t Tree,
    what: &str,
    source: &mut Source<'_>,
) -> Option<&'t [Entry]> {
    match &tree.value {
        Value::Map(entries) => Some(entries),
        Value::Plain(_) | Value::Quoted(_) | Value::List(_) => {
            wrong(tree, what, "a mapping of keys to values", source);
            None
        }
    }
}

/// Reads a list.
pub(super) fn items<'t>(tree: &'t Tree, what: &str, source: &mut Source<'_>) -> Option<&'t [Tree]> {
    match &tree.value {
        Value::List(items) => Some(items),
        Value::Plain(_) | Value::Quoted(_) | Value::Map(_) => {
            wrong(tree, what, "a list", source);
            None
        }
    }
}

/// Reads a list of texts.
pub(super) fn texts(tree: &Tree, what: &str, source: &mut Source<'_>) -> Vec<Text> {
    let items = items(tree, what, source).unwrap_or_default();
    let item = format!("an item of {what}");
    items
        .iter()
        .filter_map(|tree| text(tree, &item, source))
        .collect()
}

/// Reads a text; a plain number or boolean has to be quoted.
pub(super) fn text(tree: &Tree, what: &str, source: &mut Source<'_>) -> Option<Text> {
    match &tree.value {
        Value::Quoted(text) => Some(Text {
            text: text.clone(),
            at: tree.at,
        }),
        Value::Plain(text) if plain(text) == Plain::Text => Some(Text {
            text: text.clone(),
            at: tree.at,
        }),
        Value::Plain(text) if !text.is_empty() => {
            let message = format!("{what} must be text, not {}", describe(tree));
            source.error_with_help(tree.at, message, format!("quote it: `\"{text}\"`"));
            None
        }
        Value::Plain(_) | Value::List(_) | Value::Map(_) => {
            wrong(tree, what, "text", source);
            None
        }
    }
}

/// Reads any scalar as the text it is written with.
pub(super) fn scalar(tree: &Tree, what: &str, source: &mut Source<'_>) -> Option<String> {
    match &tree.value {
        Value::Quoted(text) => Some(text.clone()),
        Value::Plain(text) if plain(text) != Plain::Null => Some(text.clone()),
        Value::Plain(_) | Value::List(_) | Value::Map(_) => {
            wrong(tree, what, "text", source);
            None
        }
    }
}

/// Reads `true` or `false`.
pub(super) fn flag(tree: &Tree, what: &str, source: &mut Source<'_>) -> Option<bool> {
    if let Value::Plain(text) = &tree.value
        && let Plain::Bool(value) = plain(text)
    {
        return Some(value);
    }
    wrong(tree, what, "`true` or `false`", source);
    None
}

/// Reads one of a few words.
pub(super) fn choice<T: Copy>(
    tree: &Tree,
    what: &str,
    words: &[(&str, T)],
    source: &mut Source<'_>,
) -> Option<T> {
    let given = scalar(tree, what, source)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
        return Some(*value);
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let message = format!("{what} can't be `{given}`, it is one of {}", quoted(&names));
    match nearest(&given, &names) {
        Some(near) => source.error_with_help(tree.at, message, format!("did you mean `{near}`?")),
        None => source.error(tree.at, message),
    }
    None
}

/// Reports a value of the wrong type.
pub(super) fn wrong(tree: &Tree, what: &str, wanted: &str, source: &mut Source<'_>) {
    let message = format!("{what} must be {wanted}, not {}", describe(tree));
    if describe(tree) == "empty" {
        let help = "give it a value, `[]` for an empty list, or delete the key";
        source.error_with_help(tree.at, message, help);
    } else {
        source.error(tree.at, message);
    }
}

/// What a plain scalar means, by YAML's core schema.
pub(super) fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" => Plain::Bool(true),
        "false" | "False" | "FALSE" => Plain::Bool(false),
        other if is_number(other) => Plain::Number,
        _ => Plain::Text,
    }
}

fn is_number(text: &str) -> bool {
    let all = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    if let Some(hex) = text.strip_prefix("0x") {
        return all(hex, 16);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return all(octal, 8);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(text, ".nan" | ".NaN" | ".NAN") || matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.chars().any(|c| c.is_ascii_digit())
        && unsigned.parse::<f64>().is_ok()
}

fn describe(tree: &Tree) -> &'static str {
    match &tree.value {
        Value::Quoted(_) => "text",
        Value::Plain(text) => match plain(text) {
            Plain::Null if text.is_empty() => "empty",
            Plain::Null => "null",
            Plain::Bool(_) => "a boolean",
            Plain::Number => "a number",
            Plain::Text => "text",
        },
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}

fn unknown_key(entry: &Entry, what: &str, known: &[&str], source: &mut Source<'_>) {
    let message = format!("unknown key `{}` in {what}", entry.key);
    if OF_THE_DAEMON.contains(&entry.key.as_str()) {
        let help = "it belongs into the daemon's own `config.yaml`, see `aipctl path`";
        return source.error_with_help(entry.at, message, help);
    }
    match nearest(&entry.key, known) {
        Some(near) => source.error_with_help(entry.at, message, format!("did you mean `{near}`?")),
        None if known.len() <= FEW => {
            source.error_with_help(entry.at, message, format!("known are {}", quoted(known)));
        }
        None => source.error(entry.at, message),
    }
}

/// The known name that a given one is likely a slip of.
pub(crate) fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    let given = given.to_lowercase().replace('-', "_");
    let close = |name: &&'k str| (strsim::normalized_damerau_levenshtein(&given, name), *name);
    let best = known.iter().map(close).max_by(|a, b| a.0.total_cmp(&b.0))?;
    let camel = || {
        known
            .iter()
            .find(|name| name.replace('_', "") == given.replace('_', ""))
    };
    camel().copied().or((best.0 >= CLOSE).then_some(best.1))
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Whether a node is a number without quotes.
pub(super) fn is_number_node(tree: &Tree) -> bool {
    matches!(&tree.value, Value::Plain(text) if plain(text) == Plain::Number)
}
