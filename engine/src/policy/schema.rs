//! The policy language as a JSON Schema, for editors: made of the tables the reader goes by, with
//! the words of the reference. What the reader refuses beyond a value's form (a bad pattern, a
//! folder that isn't absolute) only the reader refuses.

mod forms;

use std::borrow::Cow;

use super::{arg_block, dlp_block, rule_block, walk};
use crate::node::{Node, Numbers, canonical};
use forms::{any_of, array, constant, form_of, list, object, text};

/// The schema's dialect: the one editors know best.
const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The reference, whose tables say what each field means.
const REFERENCE: &str = include_str!("../../../docs/policy.md");

/// A mapping with known keys: its heading in the reference, its keys, and those it needs.
#[derive(Clone, Copy)]
struct Block {
    heading: &'static str,
    keys: &'static [&'static str],
    required: &'static [&'static str],
}

const TOP: Block = Block {
    heading: "The document",
    keys: walk::TOP,
    required: walk::TOP,
};
const METADATA: Block = Block {
    heading: "`metadata`",
    keys: walk::METADATA,
    required: &["name"],
};
const SPEC: Block = Block {
    heading: "`spec`",
    keys: walk::SPEC,
    required: &[],
};
const RULE: Block = Block {
    heading: "`tool_rules`",
    keys: rule_block::RULE,
    required: &["tool"],
};
const DEMANDS: Block = Block {
    heading: "`allow_args`",
    keys: arg_block::DEMANDS,
    required: &[],
};
const AUDIT: Block = Block {
    heading: "`audit`",
    keys: walk::AUDIT,
    required: &[],
};
const DLP: Block = Block {
    heading: "`dlp`",
    keys: dlp_block::DLP,
    required: &[],
};
const PATTERN: Block = Block {
    heading: "`dlp.patterns`",
    keys: dlp_block::PATTERN,
    required: &["name", "regex"],
};

/// The schema as canonical JSON.
#[must_use]
pub fn schema() -> String {
    let mut schema = block(TOP);
    if let Node::Object(members) = &mut schema {
        members.insert(0, ("$schema".into(), text(DIALECT)));
        members.insert(1, ("title".into(), text("AgentPolicy of aip")));
    }
    canonical(&schema, Numbers::AsWritten)
}

fn block(it: Block) -> Node<'static> {
    let property = |key: &&'static str| {
        let mut form = form_of(it.heading, key).unwrap_or_else(|| nested(it.heading, key));
        if let (Node::Object(members), Some(meaning)) = (&mut form, meaning(it.heading, key)) {
            members.push(("description".into(), Node::String(Cow::Owned(meaning))));
        }
        (Cow::Borrowed(*key), form)
    };
    let mut members = vec![
        ("type", text("object")),
        ("additionalProperties", Node::Bool(false)),
        (
            "properties",
            Node::Object(it.keys.iter().map(property).collect()),
        ),
    ];
    if !it.required.is_empty() {
        members.push(("required", list(it.required)));
    }
    if it.heading == DEMANDS.heading {
        members.push(("minProperties", Node::Number("1".into())));
        let needs_sql = [("dialect", list(&["sql"])), ("functions", list(&["sql"]))];
        members.push(("dependencies", object(needs_sql.to_vec())));
    }
    object(members)
}

/// The fields that hold other blocks. One that is nowhere is refused by the schema, and by a test.
fn nested(heading: &str, key: &str) -> Node<'static> {
    match (heading, key) {
        ("The document", "apiVersion") => object(vec![("enum", list(&walk::VERSIONS))]),
        ("The document", "kind") => constant(text(walk::KIND)),
        ("The document", "metadata") => block(METADATA),
        ("The document", "spec") => block(SPEC),
        ("`spec`", "tool_rules") => array(block(RULE)),
        ("`spec`", "audit") => block(AUDIT),
        ("`spec`", "dlp") => block(DLP),
        ("`dlp`", "patterns") => array(block(PATTERN)),
        ("`tool_rules`", "allow_args") => object(vec![
            ("type", text("object")),
            (
                "additionalProperties",
                any_of(vec![object(vec![("type", text("string"))]), block(DEMANDS)]),
            ),
        ]),
        _ => forms::refused(),
    }
}

/// What the reference says of a field: the second cell of its row.
fn meaning(heading: &str, key: &str) -> Option<String> {
    let part = REFERENCE.split(&format!("\n## {heading}\n")).nth(1)?;
    let mut lines = part.lines().take_while(|line| !line.starts_with("## "));
    let begins = format!("| `{key}` | ");
    let row = lines.find_map(|line| line.strip_prefix(&begins))?;
    Some(row.split(" | ").next()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_is_read_has_a_form_and_a_meaning() {
        let refused = ["signature", "rules"];
        for it in [TOP, METADATA, SPEC, RULE, DEMANDS, AUDIT, DLP, PATTERN] {
            for key in it.keys {
                assert!(meaning(it.heading, key).is_some(), "{} {key}", it.heading);
                let form = form_of(it.heading, key).unwrap_or_else(|| nested(it.heading, key));
                let none = form == forms::refused();
                assert_eq!(none, refused.contains(key), "{} {key}", it.heading);
            }
        }
    }
}
