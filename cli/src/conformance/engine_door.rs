//! Runs a case at the engine: a fixed moment, a fixed home, nothing listed, no daemon.

use std::path::{Path, PathBuf};

use engine::decide::{Call, Code, Decision, Facts, Listing, Override, Refusal, Verdict, decide};
use engine::name::normal_form;
use engine::node::Node;
use engine::paths::{Found, Ground, candidates};
use engine::policy::{Place, Policy};
use engine::rate::Buckets;
use serde_json::{Value, json};

use super::expected::{Observed, Word};
use super::{Case, Input, Request, UserResponse};

mod dlp;

/// The moment every case happens at, in milliseconds since 1970.
const NOW: i64 = 1_800_000_000_000;
/// The home folder every case is judged in.
const HOME: &str = "/home/conformance";

/// Runs it.
///
/// # Errors
/// When its policy does not load.
pub fn run(case: &Case) -> Result<Observed, String> {
    let policy = load(case.policy.as_deref())?;
    Ok(match &case.input {
        Input::Request(request) => judged(&policy, request),
        Input::Response { content } => dlp::response(policy.dlp(), content),
    })
}

fn load(text: Option<&str>) -> Result<Policy, String> {
    let Some(text) = text else {
        return Ok(Policy::none());
    };
    let place = Place {
        home: Some(PathBuf::from(HOME)),
        protected: vec![Path::new(HOME).join("policy.yaml")],
        case_insensitive: false,
        ..Place::default()
    };
    Policy::load(text, &place)
        .map(|loaded| loaded.policy)
        .map_err(|errors| format!("the policy does not load:\n{}", errors.render("policy")))
}

fn judged(policy: &Policy, request: &Request) -> Observed {
    let args = request.args.as_ref().map_or(Node::Null, |args| args.node());
    let home = Path::new(HOME);
    let bases = [home.to_path_buf()];
    let ground = Ground {
        home: Some(home),
        bases: &bases,
        user_homes: &|_| None,
    };
    let candidates = candidates(&args, &ground);
    let call = Call {
        method: &request.method,
        tool: request.tool.as_deref(),
        args: &args,
        named: &[],
    };
    let mut buckets = Buckets::default();
    let mut judge = || {
        let facts = Facts {
            now_ms: NOW,
            listing: Listing::Unknown,
            held: None,
            override_: Override::None,
            paths: Found {
                candidates: &candidates,
                resolved: &[],
            },
            task_known: false,
        };
        decide(policy, &call, &facts, &mut buckets)
    };
    for _ in 0..request.previous_calls {
        let _ = judge();
    }
    let mut seen = observed(judge(), request);
    dlp::request(policy.dlp(), &args, request, &mut seen);
    seen.normalized_method = Some(normal_form(&request.method).into_owned());
    seen.normalized_tool = request
        .tool
        .as_deref()
        .map(|tool| normal_form(tool).into_owned());
    seen
}

fn observed(decision: Decision, request: &Request) -> Observed {
    match decision {
        Decision::Allow(allow) => passed(Word::Allow, allow.violation),
        Decision::Ask(ask) => match request.user_response {
            None => passed(Word::Ask, ask.violation),
            Some(UserResponse::Allow) => passed(Word::Allow, ask.violation),
            Some(UserResponse::Deny) => unanswered(Code::UserDenied, request),
            Some(UserResponse::Timeout) => unanswered(Code::ApprovalTimeout, request),
        },
        Decision::Refuse(refusal) => refused(refusal, request),
    }
}

fn passed(decision: Word, violation: Option<Refusal>) -> Observed {
    let mut seen = Observed {
        decision: Some(decision),
        violation: Some(violation.is_some()),
        ..Observed::default()
    };
    if let Some(violation) = violation {
        seen.reasons = vec![violation.reason, violation.detail];
        seen.failed_arg = violation.failed_arg;
        seen.failed_rule = violation.failed_rule;
    }
    seen
}

fn refused(refusal: Refusal, request: &Request) -> Observed {
    let decision = match refusal.verdict {
        Verdict::Block => Word::Block,
        Verdict::RateLimited => Word::RateLimited,
    };
    Observed {
        decision: Some(decision),
        violation: Some(true),
        response: Some(refusal_line(refusal.code, Some(&refusal.reason), request)),
        reasons: vec![refusal.reason, refusal.detail],
        failed_arg: refusal.failed_arg,
        failed_rule: refusal.failed_rule,
        ..Observed::default()
    }
}

fn unanswered(code: Code, request: &Request) -> Observed {
    Observed {
        decision: Some(Word::Block),
        response: Some(refusal_line(code, None, request)),
        ..Observed::default()
    }
}

/// The answer to the client, as the specification has it.
fn refusal_line(code: Code, reason: Option<&str>, request: &Request) -> Value {
    let mut data = json!({ "aip": code.word() });
    if let (Some(data), Some(reason)) = (data.as_object_mut(), reason) {
        data.insert("reason".to_owned(), reason.into());
    }
    if let Some(data) = data.as_object_mut() {
        let (key, value) = match &request.tool {
            Some(tool) => ("tool", tool),
            None => ("method", &request.method),
        };
        data.insert(key.to_owned(), value.as_str().into());
    }
    let id: Value = request
        .id
        .as_ref()
        .and_then(|id| serde_json::from_str(&id.to_string()).ok())
        .unwrap_or_else(|| 1.into());
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": { "code": code.number(), "message": code.message(), "data": data }
    })
}
