//! An entry of `tool_rules` as written.

use super::{
    arg_block,
    fields::{entries, fields, flag, is_number_node, text, wrong},
    rule::Action,
    source::Source,
    walk::{field, word},
    words,
    written::{Text, WrittenArg, WrittenRule},
    yaml::Tree,
};

pub(super) const RULE: &[&str] = &[
    "tool",
    "action",
    "allow_args",
    "strict_args",
    "rate_limit",
    "match",
    "schema_hash",
];

/// Reads the entry.
pub(super) fn read(tree: &Tree, source: &mut Source<'_>) -> Option<WrittenRule> {
    let found = fields(tree, "an item of `tool_rules`", RULE, source)?;
    if found.get("tool").is_none() {
        source.error(found.at, "a rule needs a `tool`");
    }
    let tool = field(&found, "tool", source, text);
    let rule = WrittenRule {
        action: word(&found, "action", &words::ACTIONS, source).unwrap_or(Action::Allow),
        args: found
            .get("allow_args")
            .map(|it| args(it, source))
            .unwrap_or_default(),
        strict_args: field(&found, "strict_args", source, flag),
        rate_limit: field(&found, "rate_limit", source, rate),
        schema_hash: field(&found, "schema_hash", source, text),
        matching: word(&found, "match", &words::MATCHING, source),
        tool: tool?,
    };
    Some(rule)
}

/// A bare number is a likely slip here, and wants more than quotes.
fn rate(tree: &Tree, what: &str, source: &mut Source<'_>) -> Option<Text> {
    let wanted = "text such as `10/minute`";
    match is_number_node(tree) {
        true => wrong(tree, what, wanted, source),
        false => return text(tree, what, source),
    }
    None
}

fn args(tree: &Tree, source: &mut Source<'_>) -> Vec<WrittenArg> {
    let entries = entries(tree, "`allow_args`", source).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| arg_block::read(entry, source))
        .collect()
}
