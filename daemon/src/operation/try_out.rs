//! Policies looked at before anything goes by them: a text checked, and a call tried that nobody
//! made. Nothing is recorded, spent or put in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::decide::{Call, Decision, Facts, Listing, Named, Override, Refusal, Verdict, decide};
use engine::diagnostic::{Diagnostic, Diagnostics, Severity};
use engine::node::Node;
use engine::paths::Found;
use engine::rate::Buckets;
use wire::control::{ExplainQuery, Explained, OverrideMode, PolicyChecked, PolicyDiagnostic};

use super::{Daemon, Outcome, as_value};
use crate::approval::failure;
use crate::policies::Policies;
use crate::session::node::node;
use crate::session::state::InForce;
use crate::session::state::places::Reading;

/// What stands for the path of a text that is in no file.
const NO_FILE: &str = "";

pub(super) async fn validate(daemon: &Arc<Daemon>, text: String, path: Option<String>) -> Outcome {
    let it = Arc::clone(daemon);
    let path = path.unwrap_or_default();
    aside(move || as_value(&check(&it.policies, &path, &text))).await
}

fn check(policies: &Policies, path: &str, text: &str) -> PolicyChecked {
    match policies.read_whole(path, text) {
        Ok(loaded) => PolicyChecked {
            valid: true,
            name: Some(loaded.policy.name().to_owned()),
            hash: Some(loaded.policy.hash().to_owned()),
            diagnostics: listed(&loaded.warnings),
        },
        Err(errors) => PolicyChecked {
            diagnostics: listed(&errors),
            ..PolicyChecked::default()
        },
    }
}

fn listed(found: &Diagnostics) -> Vec<PolicyDiagnostic> {
    let place = |at: usize, it: &Diagnostic| (it.line > 0).then_some(at as u64);
    let one = |it: &Diagnostic| PolicyDiagnostic {
        severity: match it.severity {
            Severity::Error => "error".to_owned(),
            Severity::Warning => "warning".to_owned(),
        },
        line: place(it.line, it),
        column: place(it.column, it),
        message: it.message.clone(),
        help: it.help.clone(),
    };
    found.0.iter().map(one).collect()
}

pub(super) async fn explain(daemon: &Arc<Daemon>, query: ExplainQuery) -> Outcome {
    let in_force = match (&query.path, &query.text) {
        (path, Some(text)) => {
            let path = path.as_deref().unwrap_or(NO_FILE);
            match daemon.policies.whole(path, text) {
                Ok(in_force) => Arc::new(in_force),
                Err(errors) => {
                    return as_value(&Explained {
                        diagnostics: listed(&errors),
                        ..Explained::default()
                    });
                }
            }
        }
        (Some(path), None) => match daemon.policies.with_bases(path).await {
            Ok(in_force) => in_force,
            Err(error) => return Err(failure("not_found", error.to_string())),
        },
        (None, None) => {
            let message = "say which policy: `path` of one in force, or its `text`".to_owned();
            return Err(failure("invalid", message));
        }
    };
    let it = Arc::clone(daemon);
    aside(move || as_value(&tried(&it, &in_force, &query)?)).await
}

/// Patterns and links may take their time.
async fn aside(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| failure("unavailable", error.to_string()))?
}

fn tried(
    daemon: &Daemon,
    in_force: &InForce,
    query: &ExplainQuery,
) -> Result<Explained, super::Failure> {
    let invalid = |message: &str| failure("invalid", message.to_owned());
    let method = query.method.as_deref().unwrap_or("tools/call");
    if method == "tools/call" && query.tool.is_none() {
        return Err(invalid("say which tool is called"));
    }
    let cwd = query.cwd.as_deref().map(PathBuf::from);
    if cwd.as_ref().is_some_and(|it| !it.is_absolute()) {
        return Err(invalid("the working folder has to be an absolute path"));
    }
    let text = query.arguments.as_ref().map(ToString::to_string);
    let parsed = wire::json::parse(text.as_deref().unwrap_or("null").as_bytes());
    let parsed = parsed.map_err(|error| failure("invalid", error.to_string()))?;
    let arguments = node(&parsed.value);
    if !matches!(arguments, Node::Null | Node::Object(_)) {
        return Err(invalid("the arguments have to be an object"));
    }
    let named = named(method, &arguments);
    let call = Call {
        method,
        tool: query.tool.as_deref(),
        args: &arguments,
        named: &named,
    };
    let decision = decided(daemon, in_force, &call, cwd);
    Ok(Explained {
        trace: engine::trace::decision_lines(&in_force.policy, &call, &decision),
        notes: notes(daemon, query),
        ..told(in_force, query, decision)
    })
}

/// What other methods name, as far as it stands in their params by one name.
fn named<'n>(method: &str, params: &'n Node<'_>) -> Vec<Named<'n>> {
    let text = |name| match params.member(name) {
        Some(Node::String(text)) => Some(text.as_ref()),
        _ => None,
    };
    match method {
        "resources/read" | "resources/subscribe" => vec![Named::Resource(text("uri"))],
        "prompts/get" => vec![Named::Prompt(text("name"))],
        _ => Vec::new(),
    }
}

fn decided(daemon: &Daemon, in_force: &InForce, call: &Call<'_>, cwd: Option<PathBuf>) -> Decision {
    let bases: Vec<PathBuf> = cwd.into_iter().collect();
    let reading = Reading {
        bases: &bases,
        homes: [daemon.home.as_deref(), None],
        user_homes: &crate::links::home_of,
        through_links: &crate::links::through_links,
    };
    let found = reading.of(call.args);
    let resolved: Vec<PathBuf> = found
        .iter()
        .map(|it| crate::links::resolve(&it.path))
        .collect();
    let facts = Facts {
        now_ms: crate::time::now_ms(),
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths: Found {
            candidates: &found,
            resolved: &resolved,
        },
        task_known: false,
    };
    decide(&in_force.policy, call, &facts, &mut Buckets::default())
}

fn told(in_force: &InForce, query: &ExplainQuery, decision: Decision) -> Explained {
    let asks = match &decision {
        Decision::Ask(ask) => Some((ask.line as u64, ask.layer.clone())),
        Decision::Allow(_) | Decision::Refuse(_) => None,
    };
    let (refusal, refused) = match decision {
        Decision::Allow(it) => (it.violation, false),
        Decision::Ask(it) => (it.violation, false),
        Decision::Refuse(it) => (Some(it), true),
    };
    let by_name = || {
        let tool = query.tool.as_deref()?;
        in_force.policy.entry_for(tool).map(|it| it.line as u64)
    };
    let asked = asks.is_some();
    let (line, layer) = match (&refusal, asks) {
        (Some(it), _) => (it.line.map(|it| it as u64), it.layer.clone()),
        (None, Some((line, layer))) => (Some(line), layer),
        (None, None) => (by_name(), None),
    };
    Explained {
        decision: Some(word(refusal.as_ref(), refused, asked).to_owned()),
        error_code: refusal.as_ref().map(|it| i64::from(it.code.number())),
        reason: refusal.as_ref().map(|it| it.reason.clone()),
        detail: refusal.map(|it| it.detail),
        line,
        layer: layer.map(|it| it.to_string()),
        ..Explained::default()
    }
}

fn word(refusal: Option<&Refusal>, refused: bool, asks: bool) -> &'static str {
    match refusal {
        Some(it) if refused && it.verdict == Verdict::RateLimited => "RATE_LIMITED",
        Some(_) if refused => "BLOCK",
        _ if asks => "ASK",
        Some(_) => "ALLOW_MONITOR",
        None => "ALLOW",
    }
}

/// What a real call would be judged by besides.
fn notes(daemon: &Daemon, query: &ExplainQuery) -> Vec<String> {
    let mut notes = vec![
        "the server's own list of tools, pins, grants, rates already spent and DLP are not \
         looked at"
            .to_owned(),
    ];
    if query
        .cwd
        .as_deref()
        .is_none_or(|it| Path::new(it) == Path::new(""))
    {
        notes.push("relative paths are read against no folder: none was given".to_owned());
    }
    match daemon.overriding(crate::time::now_ms()).mode {
        OverrideMode::None => {}
        OverrideMode::Monitor => {
            notes.push("a pause is in force: now a real call would be let through".to_owned());
        }
        OverrideMode::DenyAll => {
            notes.push("everything is stopped: now a real call would be refused".to_owned());
        }
    }
    notes
}
