//! Runs a case through the built programs: one daemon for the run, one shim and one recording
//! server for the case. What reached the server decides what was allowed; what the daemon
//! recorded must agree.

use std::time::{Duration, Instant};

use engine::name::normal_form;
use serde_json::Value;
use wire::control;

use super::expected::{Observed, Word};
use super::tree::Tree;
use super::{Case, Input, Request, UserResponse};

pub mod bench;
mod frames;
mod seen;
mod shim;

use bench::Bench;
use seen::Trail;
use shim::Shim;

/// How long the answer to one message may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether a person is asked.
const STEP: Duration = Duration::from_millis(20);

/// Runs it.
///
/// # Errors
/// When it could not be brought to an end, which says nothing about the verdict.
pub fn run(bench: &mut Bench, case: &Case) -> Result<Observed, String> {
    match &case.input {
        Input::Request(request) => request_case(bench, case.policy.as_deref(), request),
        Input::Response { content } => response_case(bench, case.policy.as_deref(), content),
    }
}

/// How a message ended.
#[derive(Debug, Default)]
struct Ending {
    /// The answer the client got.
    response: Option<Value>,
    /// A person was asked, and the case ends there.
    asked: bool,
}

fn request_case(
    bench: &mut Bench,
    policy: Option<&str>,
    request: &Request,
) -> Result<Observed, String> {
    let mut shim = Shim::start(bench, policy, None)?;
    let result = exchange_all(bench, &mut shim, request);
    let trail = shim.end(bench);
    // What the shim said is worth more than "no answer came".
    let ending = result.map_err(|reason| format!("{reason}{}", shim.said()))?;
    Ok(seen::of_request(request, ending, &trail?))
}

fn exchange_all(bench: &Bench, shim: &mut Shim, request: &Request) -> Result<Ending, String> {
    let method = normal_form(&request.method);
    if method != "initialize" {
        shim.send(&frames::initialize("\"aip-init\""))?;
        exchange(bench, shim, "\"aip-init\"", None)?;
        if method != "notifications/initialized" {
            shim.send(frames::INITIALIZED)?;
        }
    }
    for number in 0..request.previous_calls {
        let id = format!("\"aip-before-{number}\"");
        shim.send(&frames::of(request, Some(&id)))?;
        exchange(bench, shim, &id, Some(UserResponse::Allow))?;
    }
    if frames::is_notification(&method) {
        // No answer comes to a notification; the one to a ping after it shows it was judged.
        shim.send(&frames::of(request, None))?;
        shim.send(frames::PING)?;
        exchange(bench, shim, frames::PING_ID, None)?;
        return Ok(Ending::default());
    }
    let id = frames::id_of(request);
    shim.send(&frames::of(request, Some(&id)))?;
    let ending = exchange(bench, shim, &id, request.user_response)?;
    Ok(ending)
}

/// Waits for the answer to one message, answering for the person where one is asked.
fn exchange(
    bench: &Bench,
    shim: &mut Shim,
    id: &str,
    person: Option<UserResponse>,
) -> Result<Ending, String> {
    let id: Value = serde_json::from_str(id).map_err(|error| error.to_string())?;
    let until = Instant::now() + PATIENCE;
    let mut asked = false;
    while Instant::now() < until {
        if let Some(response) = shim.answer_to(&id, STEP)? {
            return Ok(Ending {
                response: Some(response),
                asked,
            });
        }
        if !shim.may_ask() || (asked && person.is_some()) {
            continue;
        }
        let Some(approval) = bench.waiting(shim.label())? else {
            continue;
        };
        asked = true;
        let allow = match person {
            Some(UserResponse::Timeout) => continue,
            Some(UserResponse::Allow) => true,
            Some(UserResponse::Deny) | None => false,
        };
        bench.ask(&control::Request::Answer {
            id: approval.id,
            allow,
            channel: control::Channel::Control,
            grant: None,
        })?;
        if person.is_none() {
            return Ok(Ending {
                response: None,
                asked: true,
            });
        }
    }
    Err(format!("no answer to {id} within {} s", PATIENCE.as_secs()))
}

fn response_case(
    bench: &mut Bench,
    policy: Option<&str>,
    content: &str,
) -> Result<Observed, String> {
    let tool = policy
        .and_then(allowed_tool)
        .ok_or("the policy allows no tool to answer")?;
    let request = Request {
        method: "tools/call".to_owned(),
        tool: Some(tool),
        args: Some(Tree::Object(Vec::new())),
        id: None,
        previous_calls: 0,
        user_response: None,
    };
    let mut shim = Shim::start(bench, policy, Some(content))?;
    let result = exchange_all(bench, &mut shim, &request);
    let trail = shim.end(bench);
    let ending = result.map_err(|reason| format!("{reason}{}", shim.said()))?;
    Ok(seen::of_response(content, ending, &trail?))
}

/// A tool the policy lets through, so that a server can be made to answer.
fn allowed_tool(policy: &str) -> Option<String> {
    let tree = Tree::parse(policy).ok()?;
    let spec = tree.get("spec")?;
    let exact = |tree: &Tree| {
        tree.text()
            .filter(|name| !name.contains('*'))
            .map(str::to_owned)
    };
    let listed = spec
        .get("allowed_tools")
        .and_then(|it| it.items().iter().find_map(exact));
    let allows = |rule: &&Tree| {
        rule.get("action")
            .is_none_or(|it| it.text() == Some("allow"))
    };
    let ruled = || {
        let rules = spec.get("tool_rules")?.items();
        rules
            .iter()
            .filter(allows)
            .find_map(|rule| rule.get("tool").and_then(exact))
    };
    listed.or_else(ruled)
}

/// The decision a word of a record stands for.
fn recorded(word: &str) -> Option<Word> {
    match Word::named(word).ok()? {
        Word::AllowMonitor => Some(Word::Allow),
        word @ (Word::Allow | Word::Block | Word::Ask | Word::RateLimited) => Some(word),
    }
}
