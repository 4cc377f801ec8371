//! Walks the tree into the document: every key known, every value of its type.

use super::{
    compile::hash::of_document,
    dlp_block,
    fields::{Fields, choice, fields, flag, items, scalar, text, texts},
    pattern::Matching,
    place::{Place, Role},
    refused, rule_block,
    source::{At, Source},
    values, words,
    written::{AuditWishes, Document, Mode, Spec, Text, TextList, WrittenRule},
    yaml::Tree,
};

pub(super) const VERSIONS: [&str; 3] = ["aip.io/v1alpha1", "aip.io/v1alpha2", "aip.io/v1alpha3"];
pub(super) const KIND: &str = "AgentPolicy";

pub(super) const TOP: &[&str] = &["apiVersion", "kind", "metadata", "spec"];
pub(super) const METADATA: &[&str] = &["name", "version", "owner", "signature"];
pub(super) const AUDIT: &[&str] = &["args", "methods", "sync"];
pub(super) const SPEC: &[&str] = &[
    "mode",
    "allowed_tools",
    "denied_tools",
    "tool_rules",
    "allowed_methods",
    "denied_methods",
    "method_profile",
    "allowed_server_methods",
    "allowed_resources",
    "denied_resources",
    "allowed_prompts",
    "protected_paths",
    "strict_args_default",
    "match",
    "on_block",
    "ask_timeout",
    "ask_in_client",
    "audit",
    "dlp",
    "unsafe_dlp",
    "pinning",
    "list_filter",
    "extends",
    "identity",
    "server",
    "registry",
    "aat",
];

/// Reads the document; what is wrong is reported, and left at its default.
pub(super) fn document(tree: &Tree, place: &Place, source: &mut Source<'_>) -> Option<Document> {
    let top = fields(tree, "the policy", TOP, source)?;
    version_and_kind(&top, source);
    let (name, version) = metadata(&top, source);
    let spec = match top.get("spec") {
        Some(tree) => spec(tree, place, source),
        None => {
            source.error(At::default(), "`spec` is missing");
            None
        }
    };
    Some(Document {
        name,
        version,
        hash: of_document(tree),
        spec: spec?,
    })
}

fn version_and_kind(top: &Fields<'_>, source: &mut Source<'_>) {
    let help = "write `apiVersion: aip.io/v1alpha1`";
    match top.get("apiVersion") {
        None => source.error_with_help(At::default(), "invalid apiVersion: it is missing", help),
        Some(tree) => {
            let given = scalar(tree, "invalid apiVersion: it", source);
            if let Some(given) = given.filter(|it| !VERSIONS.contains(&it.as_str())) {
                source.error_with_help(tree.at, format!("invalid apiVersion `{given}`"), help);
            }
        }
    }
    let help = "write `kind: AgentPolicy`";
    match top.get("kind") {
        None => source.error_with_help(At::default(), "invalid kind: it is missing", help),
        Some(tree) => {
            let given = scalar(tree, "invalid kind: it", source);
            if let Some(given) = given.filter(|it| it != KIND) {
                source.error_with_help(tree.at, format!("invalid kind `{given}`"), help);
            }
        }
    }
}

fn metadata(top: &Fields<'_>, source: &mut Source<'_>) -> (String, Option<String>) {
    let help = "write `metadata:` with a `name:` below it";
    let Some(tree) = top.get("metadata") else {
        source.error_with_help(At::default(), "`metadata.name` is missing", help);
        return Default::default();
    };
    let Some(found) = fields(tree, "`metadata`", METADATA, source) else {
        return Default::default();
    };
    if let Some(entry) = found.entry("signature") {
        source.error(entry.at, refused::unsupported("metadata.signature"));
    }
    let name = match found.get("name") {
        Some(tree) => text(tree, "`metadata.name`", source),
        None => {
            source.error_with_help(found.at, "`metadata.name` is missing", help);
            None
        }
    };
    if let Some(name) = name.as_ref().filter(|name| name.text.trim().is_empty()) {
        source.error(name.at, "`metadata.name` is empty");
    }
    let version = found
        .get("version")
        .and_then(|it| scalar(it, "`metadata.version`", source));
    let _ = found
        .get("owner")
        .and_then(|it| scalar(it, "`metadata.owner`", source));
    (name.map(|it| it.text).unwrap_or_default(), version)
}

fn spec(tree: &Tree, place: &Place, source: &mut Source<'_>) -> Option<Spec> {
    let found = fields(tree, "`spec`", SPEC, source)?;
    refused::check(&found, source);
    if place.role == Role::Layer {
        refused::check_layer(&found, source);
    }
    let unsafe_dlp = field(&found, "unsafe_dlp", source, flag).unwrap_or(false);
    let dlp = found
        .get("dlp")
        .and_then(|it| dlp_block::read(it, unsafe_dlp, source));
    Some(Spec {
        at: found.at,
        mode: word(&found, "mode", &words::MODES, source).unwrap_or(Mode::Enforce),
        matching: word(&found, "match", &words::MATCHING, source).unwrap_or(Matching::Full),
        on_block: word(&found, "on_block", &words::ANSWERS, source),
        list_filter: word(&found, "list_filter", &words::FILTERS, source),
        profile: word(&found, "method_profile", &words::PROFILES, source),
        strict_args_default: field(&found, "strict_args_default", source, flag).unwrap_or(false),
        allowed_tools: list(&found, "allowed_tools", source),
        denied_tools: list(&found, "denied_tools", source).unwrap_or_default(),
        allowed_methods: list(&found, "allowed_methods", source),
        denied_methods: list(&found, "denied_methods", source).unwrap_or_default(),
        allowed_server_methods: list(&found, "allowed_server_methods", source),
        allowed_resources: placed_list(&found, "allowed_resources", source),
        denied_resources: placed_list(&found, "denied_resources", source),
        allowed_prompts: placed_list(&found, "allowed_prompts", source),
        protected_paths: list(&found, "protected_paths", source).unwrap_or_default(),
        rules: rules(&found, source),
        dlp,
        audit: found.get("audit").map(|it| audit(it, source)),
        ask_timeout: field(&found, "ask_timeout", source, values::timeout),
        ask_in_client: field(&found, "ask_in_client", source, flag),
        pinning: word(&found, "pinning", &words::PINNING, source),
        extends: field(&found, "extends", source, text),
    })
}

/// Reads a field by a function for its type, where it is there.
pub(super) fn field<T>(
    found: &Fields<'_>,
    key: &str,
    source: &mut Source<'_>,
    read: impl Fn(&Tree, &str, &mut Source<'_>) -> Option<T>,
) -> Option<T> {
    read(found.get(key)?, &format!("`{key}`"), source)
}

/// Reads a field that is one of a few words.
pub(super) fn word<T: Copy>(
    found: &Fields<'_>,
    key: &str,
    words: &[(&str, T)],
    source: &mut Source<'_>,
) -> Option<T> {
    field(found, key, source, |tree, what, source| {
        choice(tree, what, words, source)
    })
}

fn list(found: &Fields<'_>, key: &str, source: &mut Source<'_>) -> Option<Vec<Text>> {
    found
        .get(key)
        .map(|tree| texts(tree, &format!("`{key}`"), source))
}

fn placed_list(found: &Fields<'_>, key: &str, source: &mut Source<'_>) -> Option<TextList> {
    let texts = list(found, key, source)?;
    let at = found.entry(key)?.at;
    Some(TextList { at, texts })
}

fn audit(tree: &Tree, source: &mut Source<'_>) -> AuditWishes {
    let default = AuditWishes::default();
    let Some(found) = fields(tree, "`audit`", AUDIT, source) else {
        return default;
    };
    AuditWishes {
        args: word(&found, "args", &words::AUDIT_ARGS, source).unwrap_or(default.args),
        methods: word(&found, "methods", &words::AUDIT_METHODS, source).unwrap_or(default.methods),
        sync: word(&found, "sync", &words::AUDIT_SYNC, source).unwrap_or(default.sync),
    }
}

fn rules(found: &Fields<'_>, source: &mut Source<'_>) -> Vec<WrittenRule> {
    let Some(tree) = found.get("tool_rules") else {
        return Vec::new();
    };
    let items = items(tree, "`tool_rules`", source).unwrap_or_default();
    items
        .iter()
        .filter_map(|tree| rule_block::read(tree, source))
        .collect()
}
