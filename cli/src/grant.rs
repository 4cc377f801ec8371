//! Grants as a person reads them: as YAML, and as a sentence.

use std::fmt::Write;

use engine::yaml_text::quoted;
use wire::control::{Grant, GrantPlan};

use crate::text::visible;

/// Grants as a YAML document. Every text is quoted, and what could hide in it is escaped.
#[must_use]
pub fn yaml(grants: &[Grant]) -> String {
    if grants.is_empty() {
        return "grants: []\n".to_owned();
    }
    let mut out = "grants:\n".to_owned();
    for grant in grants {
        let mut first = true;
        for (key, value) in members(grant) {
            let mark = if std::mem::take(&mut first) { "-" } else { " " };
            let _ = writeln!(out, "  {mark} {key}: {value}");
        }
    }
    out
}

fn members(grant: &Grant) -> Vec<(&'static str, String)> {
    let hash = |it: &str| quoted(&format!("sha256:{it}"));
    let mut all = Vec::new();
    if !grant.id.is_empty() {
        all.push(("id", quoted(&grant.id)));
    }
    all.push(("tool", quoted(&grant.tool)));
    all.push(("allows", quoted(&grant.what)));
    let (argument, is) = (grant.argument.as_deref(), grant.is.as_deref());
    all.extend(argument.map(|it| ("argument", quoted(it))));
    all.extend(is.map(|it| match grant.what.as_str() {
        "call" => ("arguments", hash(it)),
        "folder" => ("folder", quoted(it)),
        "host" => ("host", quoted(it)),
        "prefix" => ("prefix", quoted(it)),
        _ => ("value", quoted(it)),
    }));
    all.push(("lasts", quoted(&grant.lasts)));
    all.extend(grant.session.as_deref().map(|it| ("session", quoted(it))));
    all.extend(grant.until.as_deref().map(|it| ("until", quoted(it))));
    all.push(("server", quoted(&grant.server)));
    all.push(("server_identity", hash(&grant.identity)));
    all.push(("client", quoted(&grant.client)));
    all.push(("definition", hash(&grant.definition)));
    all.push(("policy", quoted(&grant.policy)));
    all.push(("rule", hash(&grant.rule)));
    all.push(("approval", quoted(&grant.approval)));
    all.push(("made", quoted(&grant.made)));
    if !grant.id.is_empty() {
        all.push(("uses", grant.uses.to_string()));
        all.extend(grant.used.as_deref().map(|it| ("last_used", quoted(it))));
    }
    all
}

/// Which calls a grant covers.
#[must_use]
pub fn which(grant: &Grant) -> String {
    let tool = format!("{}: {}", visible(&grant.server), visible(&grant.tool));
    let argument = visible(grant.argument.as_deref().unwrap_or_default());
    let is = visible(grant.is.as_deref().unwrap_or_default());
    match grant.what.as_str() {
        "call" => format!("{tool}, with the very same arguments"),
        "tool" => format!("{tool}, any call"),
        "folder" => format!("{tool}, where `{argument}` and all other paths are in {is}"),
        "host" => format!("{tool}, where `{argument}` is at {is}"),
        "prefix" => format!("{tool}, where `{argument}` begins with \"{is}\""),
        _ => format!("{tool}, where `{argument}` is {is}"),
    }
}

/// For how long, to follow other words.
#[must_use]
pub fn lasting(grant: &Grant) -> String {
    match (&grant.until, grant.lasts.as_str()) {
        (Some(until), _) => format!("until {}", visible(until)),
        (None, "session") => "in this session".to_owned(),
        (None, _) => "until it is revoked".to_owned(),
    }
}

/// What a grant would have allowed.
#[must_use]
pub fn past(plan: &GrantPlan) -> String {
    let mut out = String::new();
    let calls = |count: u64| match count {
        1 => "1 recorded call".to_owned(),
        count => format!("{count} recorded calls"),
    };
    let _ = writeln!(
        out,
        "It would have allowed {} that you or a grant decided{}",
        calls(plan.would_allow),
        if plan.examples.is_empty() {
            "."
        } else {
            ", the newest:"
        }
    );
    for call in &plan.examples {
        let _ = writeln!(
            out,
            "  {}  {}  {}",
            visible(&call.timestamp),
            visible(&call.decision),
            visible(&call.args)
        );
    }
    if plan.untold > 0 {
        let _ = writeln!(
            out,
            "Of {} it can't be told: their arguments were redacted, erased or not kept.",
            calls(plan.untold)
        );
    }
    if plan.more {
        let _ = writeln!(
            out,
            "Only the newest {} records of this tool were looked at.",
            plan.looked_at
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::control::PastCall;

    fn grant() -> Grant {
        Grant {
            id: "3f2a9c1b4d5e".to_owned(),
            tool: "write_file".to_owned(),
            server: "files".to_owned(),
            identity: "1d".repeat(32),
            client: "/opt/cursor".to_owned(),
            what: "folder".to_owned(),
            argument: Some("path".to_owned()),
            is: Some("/home/me/project".to_owned()),
            lasts: "always".to_owned(),
            policy: "/home/me/agent.yaml".to_owned(),
            rule: "2e".repeat(32),
            definition: "3f".repeat(32),
            approval: "0badcafe".to_owned(),
            made: "2026-11-22T10:00:00.000Z".to_owned(),
            uses: 2,
            used: Some("2026-11-22T11:00:00.000Z".to_owned()),
            ..Grant::default()
        }
    }

    #[test]
    fn a_grant_is_shown_as_yaml() {
        insta::assert_snapshot!(yaml(&[grant()]));
        assert_eq!(yaml(&[]), "grants: []\n");
    }

    #[test]
    fn nothing_in_the_yaml_acts_hides_or_breaks_out() {
        let hostile = "a\"\\\n  id: x\u{1b}[2J\u{202e}\u{e0041}\u{85}# ü";
        let grant = Grant {
            is: Some(hostile.to_owned()),
            ..grant()
        };
        let text = yaml(&[grant]);
        assert!(
            text.contains(r#"folder: "a\"\\\u000a  id: x\u001b[2J\u202e\U000e0041\u0085# ü""#),
            "{text}"
        );
    }

    #[test]
    fn what_a_grant_would_have_allowed_is_told_with_its_limits() {
        let call = PastCall {
            timestamp: "2026-11-22T10:00:00.000Z".to_owned(),
            decision: "ALLOW".to_owned(),
            args: "{\"path\":\"a\u{1b}\"}".to_owned(),
        };
        let plan = GrantPlan {
            would_allow: 12,
            examples: vec![call],
            untold: 1,
            looked_at: 10_000,
            more: true,
            ..GrantPlan::default()
        };
        insta::assert_snapshot!(past(&plan));
        insta::assert_snapshot!(past(&GrantPlan::default()));
    }
}
