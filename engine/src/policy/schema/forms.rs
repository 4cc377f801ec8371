//! The forms of values, by block and field.

use std::borrow::Cow;

use super::super::{arg_block, refused as blocks, words};
use crate::{constraint::sql::DIALECTS, node::Node};

/// A span of time, as `90s`; `ask_timeout` takes seconds as a number too.
const SPAN: &str = r"^\s*[0-9.]+\s*(s|m|h)$";
/// A size, as `512KB`.
const SIZE: &str = r"^\s*[0-9.]+\s*(KiB|MiB|KB|MB|K|M|B)$";
/// A rate, as `10/minute`.
const RATE: &str = r"^\s*[0-9]+\s*/";
/// A definition's hash.
const HASH: &str = r"^[sS][hH][aA](256|384|512):[0-9a-fA-F]+$";
/// A name or `*` pattern.
const GLOB: &str = r"^[^?\[\]{}\\]+$";

/// The form of a field that holds no other block.
pub(super) fn form_of(heading: &str, key: &str) -> Option<Node<'static>> {
    match heading {
        "`metadata`" => metadata(key),
        "`spec`" => spec(key),
        "`tool_rules`" => rule(key),
        "`allow_args`" => demand(key),
        "`audit`" => audit(key),
        "`dlp`" => dlp(key),
        "`dlp.patterns`" => pattern(key),
        _ => None,
    }
}

fn metadata(key: &str) -> Option<Node<'static>> {
    match key {
        "name" => Some(matching(r"\S")),
        "version" | "owner" => Some(scalar()),
        _ => None,
    }
}

fn spec(key: &str) -> Option<Node<'static>> {
    Some(match key {
        "mode" => one_of(&words::MODES),
        "match" => one_of(&words::MATCHING),
        "on_block" => one_of(&words::ANSWERS),
        "list_filter" => one_of(&words::FILTERS),
        "method_profile" => one_of(&words::PROFILES),
        "pinning" => one_of(&words::PINNING),
        "strict_args_default" | "ask_in_client" | "unsafe_dlp" => flag(),
        "allowed_tools"
        | "denied_tools"
        | "allowed_methods"
        | "denied_methods"
        | "allowed_server_methods" => array(matching(GLOB)),
        "allowed_resources" | "denied_resources" | "allowed_prompts" | "protected_paths" => {
            array(matching(r"\S"))
        }
        // As the reader has it: a plain path, no `~`, `$`, backslash or address.
        "extends" => matching(r"^[^~$\\][^$\\]*$"),
        "ask_timeout" => any_of(vec![number(), matching(SPAN)]),
        _ if blocks::OFF_BY_DEFAULT.contains(&key) => off(&[]),
        _ if blocks::OFF_IF_SAID.contains(&key) => off(&["enabled"]),
        _ => return None,
    })
}

fn rule(key: &str) -> Option<Node<'static>> {
    Some(match key {
        "tool" => matching(GLOB),
        "action" => one_of(&words::ACTIONS),
        "strict_args" => flag(),
        "rate_limit" => matching(RATE),
        "match" => one_of(&words::MATCHING),
        "schema_hash" => matching(HASH),
        _ => return None,
    })
}

fn demand(key: &str) -> Option<Node<'static>> {
    Some(match key {
        "regex" => string(),
        "sql" => one_of(&words::READ_ONLY),
        "dialect" => one_of(&DIALECTS),
        "functions" => array(string()),
        "path" => closed(
            arg_block::PATH,
            vec![("under", filled(array(matching(r"\S"))))],
            &["under"],
        ),
        "url" => closed(
            arg_block::URL,
            vec![
                ("hosts", filled(array(string()))),
                ("schemes", array(one_of(&words::SCHEMES))),
                ("private", flag()),
            ],
            &[],
        ),
        "one_of" => filled(array(scalar())),
        "max_length" => object(vec![
            ("type", text("integer")),
            ("minimum", Node::Number("1".into())),
            (
                "maximum",
                Node::Number(Cow::Owned(arg_block::MAX_LENGTH.to_string())),
            ),
        ]),
        "json_schema" => object(vec![("type", list(&["object", "boolean"]))]),
        _ => return None,
    })
}

fn audit(key: &str) -> Option<Node<'static>> {
    Some(match key {
        "args" => one_of(&words::AUDIT_ARGS),
        "methods" => one_of(&words::AUDIT_METHODS),
        "sync" => one_of(&words::AUDIT_SYNC),
        _ => return None,
    })
}

fn dlp(key: &str) -> Option<Node<'static>> {
    Some(match key {
        "enabled"
        | "scan_responses"
        | "scan_requests"
        | "unsafe_dlp"
        | "log_original_on_failure"
        | "detect_encoding"
        | "filter_stderr" => flag(),
        "on_request_match" => one_of(&words::ON_MATCH),
        "on_redaction_failure" => one_of(&words::ON_FAILURE),
        "on_oversize" => one_of(&words::OVERSIZE),
        "max_scan_size" => any_of(vec![number(), matching(SIZE)]),
        _ => return None,
    })
}

fn pattern(key: &str) -> Option<Node<'static>> {
    Some(match key {
        "name" | "regex" => string(),
        "scope" => one_of(&words::SCOPES),
        _ => return None,
    })
}

/// The form of a field that this version refuses: nothing has it.
pub(super) fn refused() -> Node<'static> {
    object(vec![("not", object(Vec::new()))])
}

/// A block of a level that is not built, which may only say that it is off.
fn off(required: &[&'static str]) -> Node<'static> {
    object(vec![
        ("type", text("object")),
        (
            "properties",
            object(vec![("enabled", constant(Node::Bool(false)))]),
        ),
        (
            "additionalProperties",
            object(vec![("not", constant(Node::Bool(true)))]),
        ),
        ("required", list(required)),
    ])
}

/// A mapping with these keys and no other; a key of the reader's without a form is refused.
fn closed(
    keys: &[&'static str],
    forms: Vec<(&'static str, Node<'static>)>,
    required: &[&'static str],
) -> Node<'static> {
    let form = |key: &&'static str| {
        let known = forms.iter().find(|(name, _)| name == key);
        (*key, known.map_or_else(refused, |(_, form)| form.clone()))
    };
    object(vec![
        ("type", text("object")),
        ("additionalProperties", Node::Bool(false)),
        ("properties", object(keys.iter().map(form).collect())),
        ("required", list(required)),
    ])
}

fn one_of<T>(words: &[(&'static str, T)]) -> Node<'static> {
    let words: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
    object(vec![("enum", list(&words))])
}

fn string() -> Node<'static> {
    object(vec![("type", text("string"))])
}

fn matching(pattern: &'static str) -> Node<'static> {
    object(vec![("type", text("string")), ("pattern", text(pattern))])
}

fn flag() -> Node<'static> {
    object(vec![("type", text("boolean"))])
}

fn number() -> Node<'static> {
    object(vec![("type", text("number"))])
}

fn scalar() -> Node<'static> {
    object(vec![("type", list(&["string", "number", "boolean"]))])
}

fn filled(mut array: Node<'static>) -> Node<'static> {
    if let Node::Object(members) = &mut array {
        members.push(("minItems".into(), Node::Number("1".into())));
    }
    array
}

pub(super) fn array(of: Node<'static>) -> Node<'static> {
    object(vec![("type", text("array")), ("items", of)])
}

pub(super) fn any_of(forms: Vec<Node<'static>>) -> Node<'static> {
    object(vec![("anyOf", Node::Array(forms))])
}

pub(super) fn constant(value: Node<'static>) -> Node<'static> {
    object(vec![("const", value)])
}

pub(super) fn object(members: Vec<(&'static str, Node<'static>)>) -> Node<'static> {
    let member = |(key, value)| (Cow::Borrowed(key), value);
    Node::Object(members.into_iter().map(member).collect())
}

pub(super) fn list(words: &[&'static str]) -> Node<'static> {
    Node::Array(words.iter().copied().map(text).collect())
}

pub(super) fn text(text: &'static str) -> Node<'static> {
    Node::String(Cow::Borrowed(text))
}
