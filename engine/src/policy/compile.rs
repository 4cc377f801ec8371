//! From the document as written to the policy as meant.

pub(super) mod hash;
mod rules;

use super::{
    MethodLists, NamedLists, Policy, Said, Tool, Tools, effective, extends,
    place::{Place, ProtectedPaths, Role},
    resources,
    rule::{Action, Rules},
    source::{At, Source},
    written::{
        AuditWishes, Document, ListFilter, Mode, OnBlock, Pinning, Profile, Spec, Text, WrittenRule,
    },
};
use crate::{
    dlp::{self, Dlp, DlpSpec},
    name::Glob,
};

/// Compiles the document. What is wrong is reported; the policy is for use only where nothing is.
pub(super) fn policy(it: Document, place: &Place, source: &mut Source<'_>) -> Option<Policy> {
    let spec = it.spec;
    let rules = rules::compile(&spec, place, source);
    let open = place.role == Role::Layer || spec.extends.is_some();
    if let Some(base) = spec.extends.as_ref().filter(|_| place.role == Role::Own) {
        extends::check(base, place.follows_extends, source);
    }
    let closed = is_closed(&spec, open).then_some(spec.at);
    let named = NamedLists::compile(&spec, source);
    let methods = client_methods(&spec, open, &named, source);
    resources::warn_of_idle(&spec, &methods, source);
    resources::warn_of_open_hosts(&spec, source);
    let listed = effective::listed(&spec);
    let server = spec.allowed_server_methods;
    let server = server
        .map(|list| globs(&list, "`allowed_server_methods`", source))
        .or_else(|| open.then(everything));
    let silent = if open {
        Pinning::Off
    } else {
        Pinning::default()
    };
    let policy = Policy {
        name: it.name,
        version: it.version,
        hash: it.hash,
        none: false,
        mode: spec.mode,
        on_block: spec.on_block.unwrap_or(OnBlock::Error),
        list_filter: spec.list_filter.unwrap_or(ListFilter::Hide),
        audit: spec.audit.unwrap_or_default(),
        ask_timeout: spec.ask_timeout,
        ask_in_client: spec.ask_in_client.unwrap_or(false),
        pinning: spec.pinning.unwrap_or(silent),
        methods,
        server_methods: MethodLists::of_server(server),
        named,
        allowed: match &spec.allowed_tools {
            Some(list) => tools(list, "`allowed_tools`", source),
            None if open => every_tool(),
            None => Tools::default(),
        },
        denied: tools(&spec.denied_tools, "`denied_tools`", source),
        rules,
        dlp: compile_dlp(spec.dlp.as_ref(), source),
        paths: ProtectedPaths::compile(&spec.protected_paths, place, source),
        listed,
        role: place.role,
        said: Said {
            on_block: spec.on_block.is_some(),
            list_filter: spec.list_filter.is_some(),
            audit: spec.audit.is_some(),
            ask_in_client: spec.ask_in_client.is_some(),
        },
        lacks_base: spec.extends.is_some(),
        extends: spec.extends.map(|it| it.text),
        stack: None,
    };
    if source.has_errors() {
        return None;
    }
    if let Some(at) = closed {
        let help = "list tools in `allowed_tools`, or give one a rule with `action: allow`";
        source.warning(
            At { length: 1, ..at },
            "`allowed_tools` is empty and no rule allows a tool",
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
        list_filter: ListFilter::Hide,
        audit: AuditWishes::default(),
        ask_timeout: None,
        ask_in_client: false,
        pinning: Pinning::default(),
        methods: MethodLists::of_client(None, Vec::new(), Profile::Compat, &[]),
        server_methods: MethodLists::of_server(None),
        named: NamedLists::default(),
        allowed: Tools::default(),
        denied: Tools::default(),
        rules: Rules::default(),
        dlp: Dlp::disabled(),
        paths: ProtectedPaths::default(),
        listed: Vec::new(),
        role: Role::Own,
        said: Said::default(),
        extends: None,
        lacks_base: false,
        stack: None,
    }
}

fn is_closed(spec: &Spec, open: bool) -> bool {
    let passes = |rule: &WrittenRule| rule.action == Action::Allow;
    let lists = spec
        .allowed_tools
        .as_ref()
        .map_or(open, |it| !it.is_empty());
    !lists && !spec.rules.iter().any(passes)
}

fn client_methods(
    spec: &Spec,
    open: bool,
    named: &NamedLists,
    source: &mut Source<'_>,
) -> MethodLists {
    let listed = spec.allowed_methods.as_ref();
    let silent = open && spec.profile.is_none();
    MethodLists::of_client(
        listed
            .map(|list| globs(list, "`allowed_methods`", source))
            .or_else(|| silent.then(everything)),
        globs(&spec.denied_methods, "`denied_methods`", source),
        spec.profile.unwrap_or(Profile::Compat),
        &named.methods_brought(),
    )
}

/// What a list that is absent lets pass where that is no opinion.
fn everything() -> Vec<Glob> {
    Glob::new("*").into_iter().collect()
}

/// The same of tools: an entry that stands in no line.
fn every_tool() -> Tools {
    let tool = |glob| Tool {
        written: "*".to_owned(),
        glob,
        line: 0,
    };
    Tools::new(everything().into_iter().map(tool).collect())
}

fn globs(list: &[Text], what: &str, source: &mut Source<'_>) -> Vec<Glob> {
    list.iter()
        .filter_map(|text| glob(text, what, source))
        .collect()
}

fn tools(list: &[Text], what: &str, source: &mut Source<'_>) -> Tools {
    let mut tool = |text: &Text| {
        let glob = glob(text, what, source)?;
        Some(Tool {
            written: text.text.clone(),
            glob,
            line: text.at.line,
        })
    };
    Tools::new(list.iter().filter_map(&mut tool).collect())
}

fn glob(text: &Text, what: &str, source: &mut Source<'_>) -> Option<Glob> {
    let glob = Glob::new(&text.text);
    let report = |error| source.error(text.at, format!("`{}` in {what}: {error}", text.text));
    glob.map_err(report).ok()
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
