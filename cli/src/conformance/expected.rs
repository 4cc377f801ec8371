//! What a vector asserts, what was seen, and where the two differ. An absent assertion asserts
//! nothing.

use serde_json::Value;

use super::tree::Tree;

/// What must come out. `Some(None)` is an explicit null: there must be none.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The decision.
    pub decision: Option<Word>,
    /// Whether the policy was violated.
    pub violation: Option<bool>,
    /// The JSON-RPC error's code.
    pub error_code: Option<Option<i64>>,
    /// Its message.
    pub error_message: Option<Option<String>>,
    /// Members its data must have.
    pub error_data: Option<Tree>,
    /// Members the whole response must have.
    pub response_format: Option<Tree>,
    /// The reason, as the client or the record has it.
    pub reason: Option<String>,
    /// The argument that failed.
    pub failed_arg: Option<Option<String>>,
    /// The pattern it failed.
    pub failed_rule: Option<Option<String>>,
    /// Whether anything was redacted.
    pub redacted: Option<bool>,
    /// What is left of a response.
    pub output: Option<String>,
    /// The DLP findings, all of them.
    pub dlp_events: Option<Vec<DlpEvent>>,
    /// The tool's normal form.
    pub normalized_tool: Option<String>,
    /// The method's normal form.
    pub normalized_method: Option<String>,
}

/// A DLP finding a vector asserts.
#[derive(Clone, Debug)]
pub struct DlpEvent {
    /// The pattern's name.
    pub rule: String,
    /// How often it matched.
    pub count: Option<u64>,
}

/// A decision as vectors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Let through.
    Allow,
    /// Let through in monitor mode, in violation of the policy.
    AllowMonitor,
    /// Refused.
    Block,
    /// A person is to be asked.
    Ask,
    /// Refused since its rate limit is spent.
    RateLimited,
}

impl Word {
    /// The decision of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "ALLOW" => Ok(Self::Allow),
            "ALLOW_MONITOR" => Ok(Self::AllowMonitor),
            "BLOCK" => Ok(Self::Block),
            "ASK" => Ok(Self::Ask),
            "RATE_LIMITED" => Ok(Self::RateLimited),
            other => Err(format!("`decision: {other}` is unknown to this runner")),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::AllowMonitor => "ALLOW_MONITOR",
            Self::Block => "BLOCK",
            Self::Ask => "ASK",
            Self::RateLimited => "RATE_LIMITED",
        }
    }
}

/// What came out. `None` where a door can't see it.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The decision.
    pub decision: Option<Word>,
    /// Whether the policy was violated.
    pub violation: Option<bool>,
    /// The answer to the client, where it is known.
    pub response: Option<Value>,
    /// The reasons given, to the client and in the record.
    pub reasons: Vec<String>,
    /// The argument that failed.
    pub failed_arg: Option<String>,
    /// The pattern it failed.
    pub failed_rule: Option<String>,
    /// Whether anything was redacted.
    pub redacted: Option<bool>,
    /// What was left of a response.
    pub output: Option<String>,
    /// The DLP findings.
    pub dlp_events: Option<Vec<(String, u64)>>,
    /// The tool's normal form.
    pub normalized_tool: Option<String>,
    /// The method's normal form.
    pub normalized_method: Option<String>,
    /// What is wrong whatever the vector says, as in "refused, yet the server saw it".
    pub faults: Vec<String>,
}

/// Every difference, in words.
#[must_use]
pub fn differences(expected: &Expected, seen: &Observed) -> Vec<String> {
    let mut found = seen.faults.clone();
    decision(expected, seen, &mut found);
    error(expected, seen, &mut found);
    let mut same = |what: &str, wanted: Option<String>, got: Option<String>| {
        if wanted.is_some() && wanted != got {
            found.push(differs(what, &show(wanted), &show(got)));
        }
    };
    same("violation", said(expected.violation), said(seen.violation));
    same("redacted", said(expected.redacted), said(seen.redacted));
    same("output", expected.output.clone(), seen.output.clone());
    same(
        "normalized_tool",
        expected.normalized_tool.clone(),
        seen.normalized_tool.clone(),
    );
    same(
        "normalized_method",
        expected.normalized_method.clone(),
        seen.normalized_method.clone(),
    );
    same(
        "failed_arg",
        expected.failed_arg.clone().map(show),
        Some(show(seen.failed_arg.clone())),
    );
    same(
        "failed_rule",
        expected.failed_rule.clone().map(show),
        Some(show(seen.failed_rule.clone())),
    );
    if let Some(wanted) = expected
        .reason
        .as_ref()
        .filter(|it| !seen.reasons.contains(it))
    {
        found.push(differs("reason", wanted, &seen.reasons.join("; ")));
    }
    if let Some(wanted) = &expected.dlp_events {
        dlp_events(wanted, seen.dlp_events.as_deref(), &mut found);
    }
    found
}

fn decision(expected: &Expected, seen: &Observed, found: &mut Vec<String>) {
    let Some(wanted) = expected.decision else {
        return;
    };
    let monitored = seen.decision == Some(Word::Allow) && seen.violation == Some(true);
    if seen.decision != Some(wanted) && !(wanted == Word::AllowMonitor && monitored) {
        let got = seen.decision.map_or("nothing", Word::name);
        found.push(differs("decision", wanted.name(), got));
    }
}

fn error(expected: &Expected, seen: &Observed, found: &mut Vec<String>) {
    let error = seen.response.as_ref().and_then(|it| it.get("error"));
    let member = |key: &str| error.and_then(|error| error.get(key));
    if let Some(wanted) = expected.error_code {
        let got = member("code").and_then(Value::as_i64);
        if wanted != got {
            found.push(differs("error_code", &show(said(wanted)), &show(said(got))));
        }
    }
    if let Some(wanted) = &expected.error_message {
        let got = member("message").and_then(Value::as_str);
        if wanted.as_deref() != got {
            let got = got.map(str::to_owned);
            found.push(differs("error_message", &show(wanted.clone()), &show(got)));
        }
    }
    if let Some(wanted) = &expected.error_data {
        within("error_data", wanted, member("data"), found);
    }
    if let Some(wanted) = &expected.response_format {
        within("response_format", wanted, seen.response.as_ref(), found);
    }
}

/// Every member given must be there and equal; others may be there too.
fn within(place: &str, wanted: &Tree, got: Option<&Value>, found: &mut Vec<String>) {
    match (wanted, got) {
        (Tree::Object(members), Some(Value::Object(got))) => {
            for (key, value) in members {
                within(&format!("{place}.{key}"), value, got.get(key), found);
            }
        }
        (Tree::Array(items), Some(Value::Array(got))) if items.len() == got.len() => {
            for (at, (item, got)) in items.iter().zip(got).enumerate() {
                within(&format!("{place}[{at}]"), item, Some(got), found);
            }
        }
        (wanted, got) => {
            let value = serde_json::from_str::<Value>(&wanted.to_string()).ok();
            if value.as_ref() != got && !(value == Some(Value::Null) && got.is_none()) {
                let got = got.map_or_else(|| "nothing".to_owned(), Value::to_string);
                found.push(differs(place, &wanted.to_string(), &got));
            }
        }
    }
}

fn dlp_events(wanted: &[DlpEvent], got: Option<&[(String, u64)]>, found: &mut Vec<String>) {
    let mut left = got.unwrap_or_default().to_vec();
    for event in wanted {
        let fits = |(rule, count): &(String, u64)| {
            *rule == event.rule && event.count.is_none_or(|wanted| wanted == *count)
        };
        match left.iter().position(fits) {
            Some(at) => drop(left.remove(at)),
            None => found.push(differs(
                "dlp_events",
                &format!("{} {}", event.rule, event.count.unwrap_or(1)),
                &format!("{left:?}"),
            )),
        }
    }
    if got.is_none() || !left.is_empty() {
        let got = if got.is_none() {
            "no scan".to_owned()
        } else {
            format!("also {left:?}")
        };
        found.push(differs("dlp_events", "exactly those given", &got));
    }
}

fn differs(what: &str, wanted: &str, got: &str) -> String {
    format!("{what}: expected {wanted}, got {got}")
}

fn show(value: Option<String>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("`{value}`"))
}

fn said(value: Option<impl ToString>) -> Option<String> {
    value.map(|it| it.to_string())
}

#[cfg(test)]
mod tests;
