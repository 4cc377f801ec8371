//! Being asked in the client in revision 2026-07-28: the call is answered with the question, and goes on
//! when the client tries it again with the answer.

use aipd::session::state::{Answer, Effect, Signal};
use serde_json::{Value, json};
use wire::link::Stream;

use crate::out::{Out, json as parsed};
use crate::world::{World, answer, call, request, tell};

mod asked;
mod elsewhere;
mod judged;
mod resumed;
mod servers;

const ASK: &str = "ask_in_client: true\ntool_rules:\n  - {tool: pay, action: ask}";
const MINUTE: i64 = 60_000;

/// What a client of the revision sends with each request, and says it can do.
fn meta(capabilities: &Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

/// A call of `pay`, with these members beside.
fn pays(id: u64, arguments: &Value, more: &Value) -> String {
    let mut params = json!({
        "name": "pay",
        "arguments": arguments,
        "_meta": meta(&json!({"elicitation": {"form": {}}})),
    });
    let members = more.as_object().unwrap().clone();
    params.as_object_mut().unwrap().extend(members);
    request(&id.to_string(), "tools/call", &params.to_string())
}

/// The members with which the client tries again.
fn with(state: &str, response: &Value) -> Value {
    json!({"requestState": state, "inputResponses": {"aip": response}})
}

fn allow() -> Value {
    json!({"action": "accept", "content": {"answer": "allow"}})
}

fn deny() -> Value {
    json!({"action": "accept", "content": {"answer": "deny"}})
}

fn cancel() -> Value {
    json!({"action": "cancel"})
}

fn args() -> Value {
    json!({"sum": 5})
}

/// A call that was answered with the question, what it is to be brought back with, and the approval.
struct Asked {
    world: World,
    state: String,
    approval: String,
}

impl Asked {
    fn new(spec: &str) -> Self {
        Self::of(World::new(spec))
    }

    fn of(mut world: World) -> Self {
        let out = world.client(&pays(1, &args(), &json!({})));
        Self {
            state: state_of(&out),
            approval: out.asked().expect("it is in the queue"),
            world,
        }
    }

    /// The frame that the last decision on record is about.
    fn frame_of_last(&self) -> Option<u64> {
        let records = self.world.records();
        let decisions = records.iter().filter(|it| it.text("decision").is_some());
        decisions.max_by_key(|it| it.seq)?.get("frame")?.as_u64()
    }

    /// The client tries again under this id.
    fn tries(&mut self, id: u64, response: &Value) -> Out {
        let line = pays(id, &args(), &with(&self.state, response));
        self.world.client(&line)
    }
}

/// The state of the question a call is answered with.
fn state_of(out: &Out) -> String {
    let [one] = out.replies.as_slice() else {
        panic!("no question: {out:?}");
    };
    assert_eq!(one["result"]["resultType"], "input_required", "{one}");
    one["result"]["requestState"].as_str().unwrap().to_owned()
}

fn ended(out: &Out) -> Option<&'static str> {
    out.signals.iter().find_map(|it| match it {
        Signal::AskEnded { state, .. } => Some(*state),
        Signal::Asked(_) | Signal::Granted(_) => None,
    })
}

#[track_caller]
fn stale(out: &Out) {
    assert_eq!((out.code(), &out.forward), (Some(-32001), &None), "{out:?}");
    assert_eq!(out.replies[0]["error"]["data"]["aip"], "stale_state");
    assert_eq!(out.decisions(), ["BLOCK"]);
}

#[test]
fn a_call_is_answered_with_the_question_and_goes_on_with_a_yes() {
    let mut world = World::new(ASK);
    let out = world.client(&pays(1, &args(), &json!({})));
    assert!(out.forward.is_none() && !out.held, "{out:?}");
    assert!(out.decisions().is_empty() && out.event("APPROVAL_ASKED").is_some());
    let approval = out.asked().unwrap();
    let result = &out.replies[0]["result"];
    let question = &result["inputRequests"]["aip"];
    assert_eq!(question["method"], "elicitation/create");
    let params = &question["params"];
    let message = params["message"].as_str().unwrap();
    assert!(
        message.starts_with("aip asks: client (project project) wants server: pay\n\n{\"sum\":5}")
    );
    let field = &params["requestedSchema"]["properties"]["answer"];
    assert_eq!(field["enum"], json!(["deny", "allow"]));
    assert!(
        result["requestState"]
            .as_str()
            .unwrap()
            .starts_with("aip-ask-")
    );

    let mut asked = Asked {
        state: state_of(&out),
        world,
        approval,
    };
    let out = asked.tries(2, &allow());
    assert!(out.replies.is_empty() && !out.as_is);
    let sent = out.json();
    assert_eq!(sent["id"], 2);
    let mut params = sent["params"].as_object().unwrap().clone();
    assert!(params.remove("_meta").is_some());
    assert_eq!(
        Value::Object(params),
        json!({"name": "pay", "arguments": args()})
    );
    assert_eq!(out.decisions(), ["ALLOW"]);
    let told = &out.lines[0]["approval"];
    assert_eq!(
        (&told["channel"], &told["answer"]),
        (&json!("client"), &json!("allow"))
    );
    assert_eq!(told["id"], asked.approval.as_str());
    let event = out.event("APPROVAL_ANSWERED").unwrap();
    assert_eq!(
        (&event["channel"], &event["answer"]),
        (&json!("client"), &json!("allow"))
    );
    assert_eq!(ended(&out), Some("allowed"), "the other ways close");
    assert!(asked.world.server(&answer("2", "{}")).as_is);
    assert!(asked.world.allow(&asked.approval).is_none());
}

#[test]
fn a_no_in_the_client_denies() {
    for no in [deny(), json!({"action": "decline"})] {
        let mut asked = Asked::new(ASK);
        let out = asked.tries(2, &no);
        assert_eq!((out.code(), &out.forward), (Some(-32004), &None), "{no}");
        assert_eq!(out.decisions(), ["BLOCK"], "one decision, one record");
        assert_eq!(out.lines[0]["approval"]["channel"], "client");
        assert_eq!(ended(&out), Some("denied"));
        assert!(asked.world.allow(&asked.approval).is_none());
        stale(&asked.tries(3, &allow()));
    }
}

#[test]
fn what_is_no_answer_leaves_the_call_waiting_for_another_way() {
    let plain = |responses: Value| json!({"inputResponses": responses});
    for more in [
        plain(json!({"aip": cancel()})),
        plain(json!({"aip": {"action": "accept"}})),
        plain(json!({"aip": {"action": "accept", "content": {"answer": "yes"}}})),
        plain(json!({"aip": {"action": "accept", "content": {"answer": ["allow"]}}})),
        plain(
            json!({"aip": {"action": "accept", "Action": "accept", "content": {"answer": "allow"}}}),
        ),
        plain(json!({"aip": {"method": "elicitation/create", "result": allow()}})),
        plain(json!({"other": allow()})),
        plain(json!({"aip": allow(), "other": allow()})),
        plain(json!({"aip": "allow"})),
        plain(json!([allow()])),
        plain(json!({})),
        json!({}),
    ] {
        let mut asked = Asked::new(ASK);
        let mut more = more;
        more["requestState"] = asked.state.clone().into();
        let out = asked.world.client(&pays(2, &args(), &more));
        assert!(out.held, "{more}: {out:?}");
        assert!(out.decisions().is_empty() && out.event("MESSAGE_DROPPED").is_some());
        assert!(out.event("APPROVAL_ASKED").is_none(), "asked once");
        let id = asked.approval.clone();
        let out = asked.world.allow(&id).unwrap();
        let forwarded = out.released[0].1.as_ref().unwrap();
        assert!(!forwarded.contains("aip-ask-") && !forwarded.contains("inputResponses"));
        assert_eq!((out.released[0].0, out.decisions()), (2, vec!["ALLOW"]));
        assert_eq!(out.lines[0]["approval"]["channel"], "control");
        stale(&asked.tries(3, &allow()));
    }
}

#[test]
fn one_that_waits_on_can_be_denied_cancelled_and_runs_out() {
    let mut asked = Asked::new(ASK);
    assert!(asked.tries(2, &cancel()).held);
    let out = asked.world.deny(&asked.approval).unwrap();
    assert_eq!(out.released[0].2[0]["error"]["code"], -32004);
    let mut asked = Asked::new(ASK);
    assert!(asked.tries(2, &cancel()).held);
    let out = asked
        .world
        .client(&tell("notifications/cancelled", r#"{"requestId":2}"#));
    assert_eq!(ended(&out), Some("withdrawn"));
    let mut asked = Asked::new(ASK);
    assert!(asked.tries(2, &cancel()).held);
    assert_eq!(
        asked.world.state.next_deadline(),
        Some(asked.world.now_ms + MINUTE)
    );
    let out = asked
        .world
        .answer(&asked.approval, &Answer::Expired)
        .unwrap();
    assert_eq!(out.released[0].2[0]["error"]["code"], -32005);
}

#[test]
fn a_state_that_is_none_of_aips_open_ones_is_refused_and_recorded() {
    let mut asked = Asked::new(ASK);
    let real = asked.state.clone();
    for state in [
        "aip-ask-".to_owned(),
        "aip-ask-1".to_owned(),
        Asked::new(ASK).state,
        format!("{real}x"),
        real.get(..real.len() - 1).unwrap().to_owned(),
    ] {
        let line = pays(2, &args(), &with(&state, &allow()));
        stale(&asked.world.client(&line));
    }
    for changed in [
        pays(2, &json!({"sum": 6}), &with(&real, &allow())),
        pays(2, &args(), &with(&real, &allow())).replace("\"pay\"", "\"Pay\""),
        pays(2, &args(), &with(&real, &allow()))
            .replace("\"name\"", "\"task\":{\"ttl\":1},\"name\""),
    ] {
        stale(&asked.world.client(&changed));
    }
    assert!(
        asked.tries(2, &allow()).forward.is_some(),
        "it is still open"
    );
    stale(&asked.tries(3, &allow()));
    asked.world.server(&answer("2", "{}"));
    stale(&asked.tries(4, &allow()));
}

/// Nothing but a call is asked about: no server is to see what only the client may.
#[test]
fn a_request_that_is_no_call_can_not_bring_it() {
    let mut asked = Asked::new(&format!("{ASK}\nallowed_methods: ['*']"));
    for state in [asked.state.clone(), "aip-ask-1".to_owned()] {
        let params = json!({"uri": "x:y", "requestState": state});
        let out = asked
            .world
            .client(&request("2", "resources/read", &params.to_string()));
        stale(&out);
        assert_eq!(out.lines[0]["method"], "resources/read");
    }
    assert!(asked.tries(3, &allow()).forward.is_some());
}
