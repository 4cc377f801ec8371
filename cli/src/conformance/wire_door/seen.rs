//! What a case's trail shows, and where its parts disagree.

use engine::method::method_spelling;
use engine::name::normal_form;
use serde_json::Value;

use super::super::Request;
use super::super::expected::{Observed, Word};
use super::{Ending, frames, recorded};

/// What a case leaves behind.
pub(super) struct Trail {
    /// The messages that reached the server, in order.
    pub(super) reached: Vec<Value>,
    /// The audit records of the session, oldest first.
    pub(super) records: Vec<Value>,
}

impl Trail {
    /// The last decision on a message of this method.
    fn decision_on(&self, method: &str) -> Option<&Value> {
        let method = normal_form(method);
        self.records.iter().rev().find(|record| {
            record.get("decision").is_some()
                && normal_form(text(record, "method").unwrap_or_default()) == method
        })
    }

    /// The case's own message as the server got it.
    fn arrival_of(&self, request: &Request) -> Option<&Value> {
        let method = normal_form(&request.method);
        let id: Option<Value> = serde_json::from_str(&frames::id_of(request)).ok();
        self.reached.iter().rev().find(|message| {
            normal_form(text(message, "method").unwrap_or_default()) == method
                && (frames::is_notification(&method) || message.get("id") == id.as_ref())
        })
    }

    fn findings(&self) -> Vec<(String, u64)> {
        self.records
            .iter()
            .filter(|record| text(record, "event") == Some("DLP_TRIGGERED"))
            .map(|record| {
                let count = record
                    .get("dlp_match_count")
                    .and_then(Value::as_u64)
                    .unwrap_or(0);
                (
                    text(record, "dlp_rule").unwrap_or_default().to_owned(),
                    count,
                )
            })
            .collect()
    }
}

/// What a message came to.
pub(super) fn of_request(request: &Request, ending: Ending, trail: &Trail) -> Observed {
    let record = trail.decision_on(&request.method);
    let arrival = trail.arrival_of(request);
    let refused = ending
        .response
        .as_ref()
        .is_some_and(|it| it.get("error").is_some());
    let noted = record
        .and_then(|it| text(it, "decision"))
        .and_then(recorded);
    let left_open = ending.asked && ending.response.is_none();
    let decision = match (left_open, arrival) {
        (true, _) => Word::Ask,
        (false, Some(_)) => Word::Allow,
        (false, None) if noted == Some(Word::RateLimited) => Word::RateLimited,
        (false, None) => Word::Block,
    };
    let mut seen = Observed {
        decision: Some(decision),
        violation: Some(violation(record, decision)),
        reasons: reasons(record, ending.response.as_ref()),
        failed_arg: record
            .and_then(|it| text(it, "failed_arg"))
            .map(str::to_owned),
        failed_rule: record
            .and_then(|it| text(it, "failed_rule"))
            .map(str::to_owned),
        dlp_events: Some(trail.findings()),
        normalized_method: Some(normal_form(&request.method).into_owned()),
        normalized_tool: request
            .tool
            .as_deref()
            .map(|tool| normal_form(tool).into_owned()),
        ..Observed::default()
    };
    if left_open && arrival.is_some() {
        seen.faults
            .push("it reached the server though nobody had allowed it".to_owned());
    }
    if refused && arrival.is_some() {
        seen.faults
            .push("it was refused, yet it reached the server".to_owned());
    }
    check_record(request, decision, noted, &mut seen.faults);
    check_spelling(request, arrival, &mut seen.faults);
    check_strays(request, arrival, trail, &mut seen.faults);
    seen.response = ending.response;
    seen
}

/// What a tool's answer came to.
pub(super) fn of_response(content: &str, ending: Ending, trail: &Trail) -> Observed {
    let output = ending.response.as_ref().and_then(|response| {
        let text = response
            .get("result")?
            .get("content")?
            .get(0)?
            .get("text")?;
        text.as_str().map(str::to_owned)
    });
    let refused = ending
        .response
        .as_ref()
        .is_some_and(|it| it.get("error").is_some());
    Observed {
        decision: Some(if refused { Word::Block } else { Word::Allow }),
        redacted: output.as_deref().map(|output| output != content),
        output,
        dlp_events: Some(trail.findings()),
        reasons: reasons(None, ending.response.as_ref()),
        response: ending.response,
        ..Observed::default()
    }
}

/// What is let through need not be recorded unless it is a call; what is refused must be.
fn violation(record: Option<&Value>, decision: Word) -> bool {
    match record
        .and_then(|it| it.get("violation"))
        .and_then(Value::as_bool)
    {
        // The record of an ask is made when it ends, and this one was ended by the runner.
        Some(noted) if decision != Word::Ask => noted,
        Some(_) | None => matches!(decision, Word::Block | Word::RateLimited),
    }
}

fn reasons(record: Option<&Value>, response: Option<&Value>) -> Vec<String> {
    let told = response.and_then(|it| it.get("error")?.get("data")?.get("reason"));
    let noted = record.and_then(|it| it.get("reason"));
    told.into_iter()
        .chain(noted)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn check_record(request: &Request, decision: Word, noted: Option<Word>, faults: &mut Vec<String>) {
    let is_call = normal_form(&request.method) == "tools/call";
    match noted {
        None if is_call || decision != Word::Allow => {
            faults.push("no record of the decision was made".to_owned());
        }
        Some(noted) if noted != decision && decision != Word::Ask => {
            let (noted, decision) = (noted.name(), decision.name());
            faults.push(format!(
                "the record says {noted}, what happened is {decision}"
            ));
        }
        None | Some(_) => {}
    }
}

fn check_spelling(request: &Request, arrival: Option<&Value>, faults: &mut Vec<String>) {
    let Some(got) = arrival.and_then(|it| text(it, "method")) else {
        return;
    };
    let wanted = method_spelling(&request.method);
    if wanted.as_deref() != Some(got) {
        faults.push(format!("the method reached the server as `{got}`"));
    }
    let tool = arrival.and_then(|it| it.get("params")?.get("name")?.as_str());
    if let (Some(got), Some(sent)) = (tool, &request.tool)
        && normal_form(got) != normal_form(sent)
    {
        faults.push(format!("the tool reached the server as `{got}`"));
    }
}

/// Nothing like the case's message may arrive but the message itself and those before it.
fn check_strays(
    request: &Request,
    arrival: Option<&Value>,
    trail: &Trail,
    faults: &mut Vec<String>,
) {
    let method = normal_form(&request.method);
    for message in &trail.reached {
        let alike = normal_form(text(message, "method").unwrap_or_default()) == method;
        let ours = text(message, "id").is_some_and(|id| id.starts_with("aip-"))
            || text(message, "method") == Some("notifications/initialized");
        if alike && !ours && arrival.is_none_or(|it| !std::ptr::eq(it, message)) {
            faults.push(format!("this reached the server too: {message}"));
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests;
