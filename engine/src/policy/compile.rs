//! From the document as written to the policy as meant.

use std::{borrow::Cow, collections::HashMap};

use super::{
    MethodLists, Policy, Tool,
    fields::{Plain, plain},
    pattern::{Matching, Pattern},
    place::{Place, ProtectedPaths},
    rule::{Action, ArgRule, Rate, Rule, Rules, Schema},
    source::{At, Source},
    written::{AuditWishes, Document, Mode, OnBlock, Profile, Spec, Text, WrittenArg, WrittenRule},
    yaml::{Entry, Tree, Value},
};
use crate::{
    dlp::{self, Dlp, DlpSpec},
    name::Glob,
    node::{Node, Numbers, canonical, sha256_hex},
    rate::Limit,
};

/// Most patterns of `allow_args` in a policy.
const MAX_PATTERNS: usize = 1_000;

/// Compiles the document. What is wrong is reported; the policy is for use only where nothing is.
pub(super) fn policy(it: Document, place: &Place, source: &mut Source<'_>) -> Option<Policy> {
    let spec = it.spec;
    let rules = rules(&spec, source);
    let closed = is_closed(&spec).then_some(spec.at);
    let methods = MethodLists::of_client(
        spec.allowed_methods
            .map(|list| globs(&list, "`allowed_methods`", source)),
        globs(&spec.denied_methods, "`denied_methods`", source),
        spec.profile,
    );
    let server = spec.allowed_server_methods;
    let server = server.map(|list| globs(&list, "`allowed_server_methods`", source));
    let policy = Policy {
        name: it.name,
        version: it.version,
        hash: it.hash,
        none: false,
        mode: spec.mode,
        on_block: spec.on_block,
        audit: spec.audit,
        ask_timeout: spec.ask_timeout,
        methods,
        server_methods: MethodLists::of_server(server),
        allowed: tools(&spec.allowed_tools, "`allowed_tools`", source),
        denied: tools(&spec.denied_tools, "`denied_tools`", source),
        rules,
        dlp: compile_dlp(spec.dlp.as_ref(), source),
        paths: ProtectedPaths::compile(&spec.protected_paths, place, source),
    };
    if source.has_errors() {
        return None;
    }
    if let Some(at) = closed {
        let help = "list tools in `allowed_tools`, or give one a rule with `action: allow`";
        source.warning(
            At { length: 1, ..at },
            "no tool may be called under this policy",
            help,
        );
    }
    Some(policy)
}

/// No tool passes; methods as a policy that names none.
pub(super) fn no_policy() -> Policy {
    Policy {
        name: String::new(),
        version: None,
        hash: String::new(),
        none: true,
        mode: Mode::Enforce,
        on_block: OnBlock::Error,
        audit: AuditWishes::default(),
        ask_timeout: None,
        methods: MethodLists::of_client(None, Vec::new(), Profile::Compat),
        server_methods: MethodLists::of_server(None),
        allowed: Vec::new(),
        denied: Vec::new(),
        rules: Rules::default(),
        dlp: Dlp::disabled(),
        paths: ProtectedPaths::default(),
    }
}

/// SHA-256 of the document as canonical JSON, without its signature.
pub(super) fn hash(tree: &Tree) -> String {
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

fn json(tree: &Tree) -> Node<'_> {
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

fn is_closed(spec: &Spec) -> bool {
    let passes = |rule: &WrittenRule| rule.action != Action::Block;
    spec.allowed_tools.is_empty() && !spec.rules.iter().any(passes)
}

fn globs(list: &[Text], what: &str, source: &mut Source<'_>) -> Vec<Glob> {
    list.iter()
        .filter_map(|text| glob(text, what, source))
        .collect()
}

fn tools(list: &[Text], what: &str, source: &mut Source<'_>) -> Vec<Tool> {
    let mut tool = |text: &Text| {
        let glob = glob(text, what, source)?;
        Some(Tool {
            written: text.text.clone(),
            glob,
            line: text.at.line,
        })
    };
    list.iter().filter_map(&mut tool).collect()
}

fn glob(text: &Text, what: &str, source: &mut Source<'_>) -> Option<Glob> {
    let glob = Glob::new(&text.text);
    let report = |error| source.error(text.at, format!("`{}` in {what}: {error}", text.text));
    glob.map_err(report).ok()
}

fn rules(spec: &Spec, source: &mut Source<'_>) -> Rules {
    let patterns: usize = spec.rules.iter().map(|rule| rule.args.len()).sum();
    if patterns > MAX_PATTERNS {
        source.error(At::default(), format!("more than {MAX_PATTERNS} patterns in `allow_args`"));
        return Rules::default();
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut rules = Vec::new();
    for written in &spec.rules {
        let Some(rule) = rule(written, spec, source) else {
            continue;
        };
        match seen.get(rule.glob.normal()) {
            Some(line) => {
                let message = format!("two rules for `{}`, the first on line {line}", rule.written);
                source.error_with_help(written.tool.at, message, "join them, or delete one");
            }
            None => {
                seen.insert(rule.glob.normal().to_owned(), rule.line);
                rules.push(rule);
            }
        }
    }
    Rules::new(rules)
}

fn rule(written: &WrittenRule, spec: &Spec, source: &mut Source<'_>) -> Option<Rule> {
    let matching = written.matching.unwrap_or(spec.matching);
    let args = written
        .args
        .iter()
        .filter_map(|it| arg(it, matching, source))
        .collect();
    let rate = written.rate_limit.as_ref().and_then(|it| rate(it, source));
    let schema = written
        .schema_hash
        .as_ref()
        .and_then(|it| schema(it, source));
    let glob = glob(&written.tool, "`tool`", source)?;
    Some(Rule {
        written: written.tool.text.clone(),
        glob,
        line: written.tool.at.line,
        action: written.action,
        args,
        strict: written.strict_args.unwrap_or(spec.strict_args_default),
        rate,
        schema,
    })
}

fn arg(written: &WrittenArg, matching: Matching, source: &mut Source<'_>) -> Option<ArgRule> {
    let at = written.pattern.at;
    let report = |error| {
        let help = "patterns are RE2-like: no look-around, no back-references";
        let message = format!("bad regex for `{}`: {error}", written.name);
        source.error_with_help(at, message, help);
    };
    let pattern = Pattern::new(&written.pattern.text, matching)
        .map_err(report)
        .ok()?;
    Some(ArgRule {
        name: written.name.clone(),
        pattern,
        line: at.line,
    })
}

fn rate(written: &Text, source: &mut Source<'_>) -> Option<Rate> {
    let report = |error| source.error(written.at, format!("bad rate `{}`: {error}", written.text));
    let limit = Limit::parse(&written.text).map_err(report).ok()?;
    Some(Rate {
        written: written.text.clone(),
        limit,
    })
}

fn schema(written: &Text, source: &mut Source<'_>) -> Option<Schema> {
    let schema = Schema::parse(&written.text);
    if schema.is_none() {
        let help = "write `sha256:` and 64 hexadecimal digits";
        source.error_with_help(
            written.at,
            format!("bad schema hash `{}`", written.text),
            help,
        );
    }
    schema
}

fn compile_dlp(spec: Option<&DlpSpec>, source: &mut Source<'_>) -> Dlp {
    let Some(spec) = spec else {
        return Dlp::disabled();
    };
    match dlp::compile(spec) {
        Ok(dlp) => dlp,
        Err(wrong) => {
            for (index, error) in wrong {
                let pattern = spec.patterns.get(index);
                let at = pattern.map(|it| At {
                    line: it.line,
                    column: it.column,
                    length: 1,
                });
                source.error(at.unwrap_or_default(), error);
            }
            Dlp::disabled()
        }
    }
}
