//! Fields that are known but not built: refused by name, never skipped.

use super::{
    fields::{Fields, Plain, plain},
    source::Source,
    yaml::{Entry, Value},
};

pub(super) const NOT_BUILT: [&str; 1] = ["extends"];

/// Blocks of AIP's higher levels that are off unless they say otherwise.
pub(super) const OFF_BY_DEFAULT: [&str; 2] = ["identity", "server"];

/// Blocks of AIP's higher levels that have to say that they are off.
pub(super) const OFF_IF_SAID: [&str; 2] = ["registry", "aat"];

/// The wording for a field that is not built.
pub(super) fn unsupported(field: &str) -> String {
    format!("`{field}` is not supported by this version")
}

/// Reports every field of `spec` that asks for something not built.
pub(super) fn check(spec: &Fields<'_>, source: &mut Source<'_>) {
    for name in NOT_BUILT {
        if let Some(entry) = spec.entry(name) {
            source.error(entry.at, unsupported(name));
        }
    }
    for name in OFF_BY_DEFAULT {
        if let Some(entry) = spec.entry(name).filter(|entry| !is_off(entry, true)) {
            refuse_block(entry, name, source);
        }
    }
    for name in OFF_IF_SAID {
        if let Some(entry) = spec.entry(name).filter(|entry| !is_off(entry, false)) {
            refuse_block(entry, name, source);
        }
    }
}

fn refuse_block(entry: &Entry, name: &str, source: &mut Source<'_>) {
    let help = "delete it, or write `enabled: false` in it";
    source.error_with_help(entry.at, unsupported(name), help);
}

/// A mapping whose `enabled` is false, or absent where that means the same, and in which
/// nothing else is switched on.
fn is_off(block: &Entry, by_default: bool) -> bool {
    let Value::Map(entries) = &block.value.value else {
        return false;
    };
    let truth = |entry: &Entry| match &entry.value.value {
        Value::Plain(text) => plain(text),
        Value::Quoted(_) | Value::List(_) | Value::Map(_) => Plain::Text,
    };
    let enabled = entries
        .iter()
        .find(|entry| entry.key == "enabled")
        .map(truth);
    let off = enabled == Some(Plain::Bool(false)) || (enabled.is_none() && by_default);
    off && entries
        .iter()
        .all(|entry| truth(entry) != Plain::Bool(true))
}
