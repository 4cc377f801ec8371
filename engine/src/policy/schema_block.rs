//! `json_schema` of an argument: read once, into what judges.

use std::borrow::Cow;

use super::{
    compile::hash::json,
    fields::{choice, entries, items, nearest, text, texts, wrong},
    pattern::{Matching, Pattern},
    source::Source,
    yaml::{Entry, Tree, Value},
};
use crate::{
    constraint::json_schema::{Keyword, Number, Schema, TYPES, Type},
    node::Node,
};

/// The keywords that judge.
const JUDGING: [&str; 22] = [
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "items",
    "required",
    "minProperties",
    "maxProperties",
    "properties",
    "additionalProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
];

/// Those of them that are read together.
const TOGETHER: [&str; 2] = ["properties", "additionalProperties"];

/// Those that only tell.
const TELLING: [&str; 6] = [
    "title",
    "description",
    "default",
    "examples",
    "$comment",
    "$schema",
];

/// Reads a schema. How deep it can be, the reader of YAML has bounded.
pub(super) fn schema(tree: &Tree, source: &mut Source<'_>) -> Option<Schema> {
    if let Node::Bool(all) = json(tree) {
        return Some(Schema::All(all));
    }
    let all = entries(tree, "a schema", source)?;
    let mut keywords = Vec::new();
    let mut whole = true;
    for entry in all {
        let key = entry.key.as_str();
        if TELLING.contains(&key) || TOGETHER.contains(&key) {
            continue;
        }
        if !JUDGING.contains(&key) {
            let known: Vec<&str> = JUDGING.into_iter().collect();
            let help = match nearest(key, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "docs/policy.md lists those that are".to_owned(),
            };
            let message = format!("`{key}` is not supported in `json_schema`");
            source.error_with_help(entry.at, message, help);
            whole = false;
            continue;
        }
        match keyword(entry, source) {
            Some(keyword) => keywords.push(keyword),
            None => whole = false,
        }
    }
    let find = |key: &str| all.iter().find(|it| it.key == key);
    let (named, others) = (find("properties"), find("additionalProperties"));
    if named.is_some() || others.is_some() {
        keywords.push(properties(named, others, source)?);
    }
    whole.then_some(Schema::Keywords(keywords))
}

fn keyword(entry: &Entry, source: &mut Source<'_>) -> Option<Keyword> {
    let tree = &entry.value;
    let key = entry.key.as_str();
    let what = format!("`{key}`");
    Some(match key {
        "type" => Keyword::Type(types(tree, source)?),
        "enum" => {
            let all = items(tree, &what, source)?;
            if all.is_empty() {
                source.error(tree.at, "`enum` names no value, so nothing would pass");
                return None;
            }
            Keyword::Enum(all.iter().map(|it| owned(json(it))).collect())
        }
        "const" => Keyword::Enum(vec![owned(json(tree))]),
        "minimum" => Keyword::Minimum(number(tree, &what, source)?),
        "maximum" => Keyword::Maximum(number(tree, &what, source)?),
        "exclusiveMinimum" => Keyword::ExclusiveMinimum(number(tree, &what, source)?),
        "exclusiveMaximum" => Keyword::ExclusiveMaximum(number(tree, &what, source)?),
        "minLength" => Keyword::MinLength(count(tree, &what, source)?),
        "maxLength" => Keyword::MaxLength(count(tree, &what, source)?),
        "minItems" => Keyword::MinItems(count(tree, &what, source)?),
        "maxItems" => Keyword::MaxItems(count(tree, &what, source)?),
        "minProperties" => Keyword::MinProperties(count(tree, &what, source)?),
        "maxProperties" => Keyword::MaxProperties(count(tree, &what, source)?),
        "pattern" => {
            let written = text(tree, &what, source)?;
            let pattern = Pattern::new(&written.text, Matching::Search);
            let report = |error| source.error(written.at, format!("bad regex: {error}"));
            Keyword::Pattern(Box::new(pattern.map_err(report).ok()?))
        }
        "required" => {
            let names = texts(tree, &what, source).into_iter().map(|it| it.text);
            Keyword::Required(names.collect())
        }
        "items" => Keyword::Items(Box::new(schema(tree, source)?)),
        "not" => Keyword::Not(Box::new(schema(tree, source)?)),
        "allOf" => Keyword::AllOf(several(tree, &what, source)?),
        "anyOf" => Keyword::AnyOf(several(tree, &what, source)?),
        "oneOf" => Keyword::OneOf(several(tree, &what, source)?),
        _ => return None,
    })
}

fn types(tree: &Tree, source: &mut Source<'_>) -> Option<Vec<Type>> {
    match &tree.value {
        Value::List(all) if !all.is_empty() => all.iter().map(|it| one_type(it, source)).collect(),
        Value::Plain(_) | Value::Quoted(_) | Value::List(_) | Value::Map(_) => {
            Some(vec![one_type(tree, source)?])
        }
    }
}

/// In YAML `null` without quotes is no text.
fn one_type(tree: &Tree, source: &mut Source<'_>) -> Option<Type> {
    match &tree.value {
        Value::Plain(word) if word == "null" => Some(Type::Null),
        Value::Plain(_) | Value::Quoted(_) | Value::List(_) | Value::Map(_) => {
            choice(tree, "`type`", &TYPES, source)
        }
    }
}

fn several(tree: &Tree, what: &str, source: &mut Source<'_>) -> Option<Vec<Schema>> {
    let all = items(tree, what, source)?;
    if all.is_empty() {
        source.error(tree.at, format!("{what} names no schema"));
        return None;
    }
    all.iter().map(|it| schema(it, source)).collect()
}

fn properties(
    named: Option<&Entry>,
    others: Option<&Entry>,
    source: &mut Source<'_>,
) -> Option<Keyword> {
    let mut all = Vec::new();
    if let Some(entry) = named {
        for member in entries(&entry.value, "`properties`", source)? {
            all.push((member.key.clone(), schema(&member.value, source)?));
        }
    }
    let others = match others {
        Some(entry) => schema(&entry.value, source)?,
        None => Schema::All(true),
    };
    Some(Keyword::Properties(all, Box::new(others)))
}

fn number(tree: &Tree, what: &str, source: &mut Source<'_>) -> Option<Number> {
    let read = match json(tree) {
        Node::Number(lexeme) => Number::read(&lexeme),
        Node::Null | Node::Bool(_) | Node::String(_) | Node::Array(_) | Node::Object(_) => None,
    };
    if read.is_none() {
        wrong(tree, what, "a number, as `10` or `0.5`", source);
    }
    read
}

fn count(tree: &Tree, what: &str, source: &mut Source<'_>) -> Option<usize> {
    let read = match &tree.value {
        Value::Plain(text) => text.parse::<usize>().ok(),
        Value::Quoted(_) | Value::List(_) | Value::Map(_) => None,
    };
    if read.is_none() {
        wrong(tree, what, "a whole number from 0", source);
    }
    read
}

fn owned(node: Node<'_>) -> Node<'static> {
    match node {
        Node::Null => Node::Null,
        Node::Bool(it) => Node::Bool(it),
        Node::Number(it) => Node::Number(it.into_owned().into()),
        Node::String(it) => Node::String(it.into_owned().into()),
        Node::Array(all) => Node::Array(all.into_iter().map(owned).collect()),
        Node::Object(all) => {
            let member = |(key, value): (Cow<'_, str>, _)| (key.into_owned().into(), owned(value));
            Node::Object(all.into_iter().map(member).collect())
        }
    }
}

/// A JSON value out of its text.
#[cfg(test)]
pub(crate) fn json_of(text: &str) -> Node<'static> {
    let mut source = Source::new(text);
    let tree = super::yaml::read(&mut source).unwrap_or_else(|| panic!("{text}"));
    owned(json(&tree))
}
