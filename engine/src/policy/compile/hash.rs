//! The hash a policy is known by.

use std::borrow::Cow;

use crate::{
    node::{Node, Numbers, canonical, sha256_hex},
    policy::{
        fields::{Plain, plain},
        yaml::{Entry, Tree, Value},
    },
};

/// SHA-256 of the document as canonical JSON, without its signature.
pub(in crate::policy) fn of_document(tree: &Tree) -> String {
    let mut node = json(tree);
    if let Node::Object(members) = &mut node {
        for (key, value) in members {
            if let (true, Node::Object(metadata)) = (key == "metadata", value) {
                metadata.retain(|(key, _)| key != "signature");
            }
        }
    }
    sha256_hex(canonical(&node, Numbers::Es6).as_bytes())
}

/// A part of the document as canonical JSON: the same for any way to write it.
pub(in crate::policy) fn canonical_text(tree: &Tree) -> String {
    canonical(&json(tree), Numbers::Es6)
}

/// A part of the document as JSON.
pub(in crate::policy) fn json(tree: &Tree) -> Node<'_> {
    match &tree.value {
        Value::Quoted(text) => Node::String(Cow::Borrowed(text)),
        Value::Plain(text) => match plain(text) {
            Plain::Null => Node::Null,
            Plain::Bool(it) => Node::Bool(it),
            Plain::Number => number(text),
            Plain::Text => Node::String(Cow::Borrowed(text)),
        },
        Value::List(items) => Node::Array(items.iter().map(json).collect()),
        Value::Map(entries) => {
            let member = |entry: &'_ Entry| Cow::Owned(entry.key.clone());
            Node::Object(
                entries
                    .iter()
                    .map(|it| (member(it), json(&it.value)))
                    .collect(),
            )
        }
    }
}

/// JSON has no infinity: what is no finite double stays text.
fn number(text: &str) -> Node<'_> {
    let radix = |digits: Option<&str>, radix| u128::from_str_radix(digits?, radix).ok();
    let whole = radix(text.strip_prefix("0x"), 16).or(radix(text.strip_prefix("0o"), 8));
    match (whole, text.parse::<f64>().is_ok_and(f64::is_finite)) {
        (Some(whole), _) => Node::Number(Cow::Owned(whole.to_string())),
        (None, true) => Node::Number(Cow::Borrowed(text)),
        (None, false) => Node::String(Cow::Borrowed(text)),
    }
}
