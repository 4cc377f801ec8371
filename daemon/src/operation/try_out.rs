//! Policies looked at before anything goes by them: a text checked, and a call tried that nobody
//! made. Nothing is recorded, spent or put in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::decide::{Call, Decision, Facts, Listing, Override, decide};
use engine::diagnostic::{Diagnostic, Diagnostics, Severity};
use engine::explain::{explained, named};
use engine::node::Node;
use engine::paths::{Found, Reading};
use engine::rate::Buckets;
use wire::control::{ExplainQuery, Explained, OverrideMode, PolicyChecked, PolicyDiagnostic};

use super::{Daemon, Outcome, as_value};
use crate::approval::failure;
use crate::policies::Policies;
use crate::session::node::node;
use crate::session::state::InForce;

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

pub(super) fn listed(found: &Diagnostics) -> Vec<PolicyDiagnostic> {
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
    let told = explained(&in_force.policy, &call, decision);
    let refusal = told.refusal.as_ref();
    Ok(Explained {
        decision: Some(told.decision.to_owned()),
        error_code: refusal.map(|it| i64::from(it.code.number())),
        reason: refusal.map(|it| it.reason.clone()),
        detail: refusal.map(|it| it.detail.clone()),
        line: told.line.map(|it| it as u64),
        layer: told.layer.map(|it| it.to_string()),
        trace: told.trace,
        notes: notes(daemon, query),
        ..Explained::default()
    })
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
