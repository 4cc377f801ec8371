//! Lines for `--verbose`: what was judged and why, told after the fact. Argument values never
//! appear; names are shown with every control character escaped.

use std::borrow::Cow;

use crate::{
    decide::{Call, Code, Decision, Named, Refusal, Verdict},
    diagnostic::escaped,
    method::TOOLS_CALL,
    name::normal_form,
    policy::{Action, Mode, Policy, Rule},
};

/// Longest name shown, in characters.
const MAX_SHOWN: usize = 200;

/// What was loaded, when a session begins.
pub fn loaded_lines(policy: &Policy) -> Vec<String> {
    if policy.is_none() {
        return vec![warn("No policy loaded: every tool call is blocked")];
    }
    let version = policy
        .version()
        .map(|it| format!(" (v{})", shown(it)))
        .unwrap_or_default();
    let mut lines = vec![info(&format!(
        "Loaded policy: {}{version}",
        shown(policy.name())
    ))];
    if policy.mode() == Mode::Monitor {
        lines.push(warn("Policy mode: monitor, violations are let through"));
    }
    let protected: Vec<String> = policy
        .display_protected()
        .iter()
        .map(|path| shown(path).into_owned())
        .collect();
    lines.push(info(&format!(
        "Protected paths: [{}]",
        protected.join(", ")
    )));
    lines.extend(policy.layers().iter().map(|it| {
        let what = if it.base { "Base" } else { "Layer" };
        let name = shown(it.policy.name()).into_owned();
        info(&format!("{what}: {name} ({})", shown(&it.path)))
    }));
    lines
}

/// How one message was decided.
pub fn decision_lines(policy: &Policy, call: &Call<'_>, decision: &Decision) -> Vec<String> {
    let told = Told::of(decision);
    let method = normal_form(call.method);
    let mut lines = Vec::new();
    match call.tool {
        Some(tool) if method == TOOLS_CALL => {
            lines.push(debug(&format!(
                "Request: {} -> {}",
                shown(&method),
                shown(tool)
            )));
            let normal = normal_form(tool);
            lines.extend(by_layer(policy, &told, |policy, told| {
                tool_lines(policy, &normal, told)
            }));
        }
        _ => {
            let named: Vec<_> = call.named.iter().filter_map(name).collect();
            let arrow = if named.is_empty() { "" } else { " -> " };
            lines.push(debug(&format!(
                "Request: {}{arrow}{}",
                shown(&method),
                shown(&named.join(", "))
            )));
            lines.extend(by_layer(policy, &told, |policy, told| {
                named_lines(policy, call.named, told)
            }));
        }
    }
    lines.push(told.verdict());
    lines
}

/// What the session's own policy says, then the policy beside it that decided otherwise.
fn by_layer<'d>(
    policy: &Policy,
    told: &Told<'d>,
    lines: impl Fn(&Policy, &Told<'d>) -> Vec<String>,
) -> Vec<String> {
    let Some(path) = told.layer else {
        return lines(policy.own(), told);
    };
    let mut all = lines(policy.own(), &told.passing());
    for layer in policy.layers().iter().filter(|it| *it.path == *path) {
        all.push(debug(&format!("Layer: {}", shown(path))));
        all.extend(lines(&layer.policy, told));
    }
    all
}

/// What DLP found of one pattern in a `place`; `action` is the record's word for what was done.
pub fn finding_line(pattern: &str, count: u64, place: &str, action: &str) -> String {
    let matches = if count == 1 { "match" } else { "matches" };
    warn(&format!(
        "DLP: {count} {matches} of [{}] in {place}: {action}",
        shown(pattern)
    ))
}

/// How many tools of a list the client is not shown, or shown as blocked.
pub fn filtered_line(blocked: usize, listed: usize, hidden: bool) -> String {
    let what = if hidden { "left out" } else { "marked" };
    debug(&format!(
        "tools/list: {blocked} of {listed} tools {what}, no call of them can pass"
    ))
}

/// DLP could not finish with what is in a `place`.
pub fn unscanned_line(place: &str, reason: &str) -> String {
    warn(&format!(
        "DLP: could not finish with {place}: {}",
        shown(reason)
    ))
}

/// A tool that is not as it was pinned, and the command that shows it.
pub fn pin_line(server: &str, tool: &str, what: &str) -> String {
    let command = format!("aipctl tools diff {} {}", quoted(server), quoted(tool));
    warn(&format!(
        "Tool {what}: {} of {}; see: {command}",
        shown(tool),
        shown(server)
    ))
}

/// What else a person is to know of a server's tools, and the command that shows it.
pub fn tools_line(server: &str, what: &str) -> String {
    let command = format!("aipctl tools list {}", quoted(server));
    let (server, what) = (shown(server), shown(what));
    warn(&format!("Server {server}: {what}; see: {command}"))
}

/// A word of a command, safe to be pasted into a shell.
fn quoted(text: &str) -> String {
    let text = shown(text);
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(safe) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The end of a call that the policy let pass and something after it refused.
pub fn refused_lines(reason: &str, code: i64) -> [String; 2] {
    [
        debug(&format!("Refused: {}", shown(reason))),
        warn(&format!("Decision: BLOCK (error: {code})")),
    ]
}

/// The parts of a decision that are told.
struct Told<'d> {
    refusal: Option<&'d Refusal>,
    spent: bool,
    asks: bool,
    refused: bool,
    layer: Option<&'d str>,
}

impl<'d> Told<'d> {
    /// As one policy has it that nothing stopped at.
    fn passing(&self) -> Self {
        Told {
            refusal: None,
            asks: false,
            refused: false,
            layer: None,
            ..*self
        }
    }

    fn of(decision: &'d Decision) -> Self {
        match decision {
            Decision::Allow(it) => Told {
                refusal: it.violation.as_ref(),
                spent: it.spent.is_some(),
                asks: false,
                refused: false,
                layer: it.violation.as_ref().and_then(|it| it.layer.as_deref()),
            },
            Decision::Ask(it) => Told {
                refusal: it.violation.as_ref(),
                spent: it.spent.is_some(),
                asks: true,
                refused: false,
                layer: it.layer.as_deref(),
            },
            Decision::Refuse(it) => Told {
                refusal: Some(it),
                spent: false,
                asks: false,
                refused: true,
                layer: it.layer.as_deref(),
            },
        }
    }

    fn verdict(&self) -> String {
        let code = self.refusal.map(|it| it.code.number()).unwrap_or_default();
        match (self.refusal, self.refused, self.asks) {
            (Some(it), true, _) if it.verdict == Verdict::RateLimited => {
                warn(&format!("Decision: RATE_LIMITED (error: {code})"))
            }
            (Some(_), true, _) => warn(&format!("Decision: BLOCK (error: {code})")),
            (Some(_), false, true) => warn(&format!("Decision: ASK (violation: {code})")),
            (Some(_), false, false) => {
                warn(&format!("Decision: ALLOW_MONITOR (violation: {code})"))
            }
            (None, _, true) => info("Decision: ASK"),
            (None, _, false) => info("Decision: ALLOW"),
        }
    }
}

/// The steps in the order they were taken, up to the one that decided.
fn tool_lines(policy: &Policy, normal: &str, told: &Told<'_>) -> Vec<String> {
    if let Some(refusal) = told.refusal.filter(|it| is_before_the_lists(it)) {
        return vec![debug(&reason(refusal))];
    }
    let mut lines = Vec::new();
    if let Some(entry) = policy.denied_by(normal) {
        lines.push(debug(&format!(
            "Evaluating denied_tools: [{}] ✗",
            shown(&entry.written)
        )));
    }
    match policy.allowed_by(normal) {
        // A list that is absent, and has no opinion.
        Some(entry) if entry.line == 0 => {}
        Some(entry) => {
            let entry = shown(&entry.written);
            lines.push(debug(&format!("Evaluating allowed_tools: [{entry}] ✓")));
        }
        None => lines.push(debug("Tool not in allowed_tools")),
    }
    if let Some(rule) = policy.rules().speaking(normal) {
        lines.extend(rule_lines(rule, told));
    }
    let told_above = |it: &Refusal| is_told_by_list_or_rule(it);
    lines.extend(
        told.refusal
            .filter(|it| !told_above(it))
            .map(|it| debug(&reason(it))),
    );
    lines
}

fn name<'c>(named: &Named<'c>) -> Option<&'c str> {
    match *named {
        Named::Resource(name) | Named::Template(name) | Named::Prompt(name) => name,
    }
}

/// What the lists of resources and prompts say, where the method got as far as them.
fn named_lines(policy: &Policy, named: &[Named<'_>], told: &Told<'_>) -> Vec<String> {
    if let Some(refusal) = told.refusal {
        return vec![debug(&match refusal.failed_rule.as_deref() {
            Some("denied_resources") => {
                format!("Evaluating denied_resources: {} ✗", shown(&refusal.detail))
            }
            Some("allowed_resources" | "allowed_prompts") => refusal.reason.clone(),
            _ => format!("Method: {}", refusal.reason),
        })];
    }
    let lists = policy.named();
    let resources = named.iter().any(|it| !matches!(it, Named::Prompt(_)));
    let prompts = named.iter().any(|it| matches!(it, Named::Prompt(_)));
    [
        (
            resources && lists.denied_resources.is_some(),
            "denied_resources",
        ),
        (
            resources && lists.allowed_resources.is_some(),
            "allowed_resources",
        ),
        (
            prompts && lists.allowed_prompts.is_some(),
            "allowed_prompts",
        ),
    ]
    .into_iter()
    .filter(|(told, _)| *told)
    .map(|(_, list)| debug(&format!("Evaluating {list} ✓")))
    .collect()
}

fn rule_lines(rule: &Rule, told: &Told<'_>) -> Vec<String> {
    let mut lines = vec![debug(&format!("Tool rule: action={}", rule.action.word()))];
    let argument_failed = told.refusal.is_some_and(|it| it.failed_arg.is_some());
    if !rule.args.is_empty() && !argument_failed && rule.action != Action::Block {
        let names: Vec<_> = rule.args.iter().map(|arg| shown(&arg.name)).collect();
        lines.push(debug(&format!(
            "Evaluating allow_args: [{}] ✓",
            names.join(", ")
        )));
    }
    if let Some(rate) = rule.rate.as_ref().filter(|_| told.spent) {
        lines.push(debug(&format!("Rate limit: {} ✓", shown(&rate.written))));
    }
    lines
}

/// The refusal came before any list was looked at.
fn is_before_the_lists(refusal: &Refusal) -> bool {
    match refusal.code {
        Code::ProtectedPath
        | Code::MethodNotAllowed
        | Code::TokenRequired
        | Code::TokenInvalid
        | Code::SignatureInvalid
        | Code::TokenRevoked
        | Code::AudienceMismatch => true,
        Code::Forbidden
        | Code::RateLimited
        | Code::UserDenied
        | Code::ApprovalTimeout
        | Code::SchemaMismatch
        | Code::RedactionFailed => false,
    }
}

/// The lines about lists and rules say it already.
fn is_told_by_list_or_rule(refusal: &Refusal) -> bool {
    let told = ["denied_tools", "allowed_tools", "action: block"];
    refusal
        .failed_rule
        .as_deref()
        .is_some_and(|rule| told.contains(&rule))
        && refusal.failed_arg.is_none()
}

fn reason(refusal: &Refusal) -> String {
    let what = match refusal.code {
        Code::ProtectedPath => "Protected path",
        Code::MethodNotAllowed => "Method",
        Code::RateLimited => "Rate limit",
        Code::SchemaMismatch => "Schema",
        Code::Forbidden if refusal.failed_arg.is_some() => "Argument",
        Code::Forbidden
        | Code::UserDenied
        | Code::ApprovalTimeout
        | Code::TokenRequired
        | Code::TokenInvalid
        | Code::SignatureInvalid
        | Code::TokenRevoked
        | Code::AudienceMismatch
        | Code::RedactionFailed => "Refused",
    };
    format!("{what}: {}", shown(&refusal.detail))
}

fn shown(text: &str) -> Cow<'_, str> {
    let escaped = escaped(text);
    if escaped == text && text.len() <= MAX_SHOWN {
        return Cow::Borrowed(text);
    }
    match escaped.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}...", escaped.get(..end).unwrap_or_default())),
        None => Cow::Owned(escaped),
    }
}

fn debug(text: &str) -> String {
    format!("[DEBUG] {text}")
}

fn info(text: &str) -> String {
    format!("[INFO] {text}")
}

fn warn(text: &str) -> String {
    format!("[WARN] {text}")
}

#[cfg(test)]
mod tests;
