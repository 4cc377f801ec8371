//! Being asked in the client itself: by a request of aip's own, which no server sees or answers.

use serde_json::Value;

use crate::out::{Out, json};
use crate::world::{World, answer, call, request, tell};

const ASK: &str = "ask_in_client: true\ntool_rules:\n  - {tool: pay, action: ask}";
const ALLOW: &str = r#"{"action":"accept","content":{"answer":"allow"}}"#;
const DENY: &str = r#"{"action":"accept","content":{"answer":"deny"}}"#;
const DECLINE: &str = r#"{"action":"decline"}"#;
const CANCEL: &str = r#"{"action":"cancel"}"#;

#[test]
fn a_yes_in_the_client_lets_the_call_go_on_and_goes_no_further_itself() {
    let (mut world, question) = asked(ASK, r#"{"sum":5}"#);
    assert_eq!(question["method"], "elicitation/create");
    let form = &question["params"]["requestedSchema"];
    assert_eq!(
        form["properties"]["answer"]["enum"],
        serde_json::json!(["deny", "allow"])
    );
    let out = says(&mut world, &question, ALLOW);
    assert!(out.nothing(), "the server never sees it: {out:?}");
    let goes_on = Some("the frozen bytes".to_owned());
    assert_eq!(out.released, [(2, goes_on, vec![])]);
    assert_eq!(out.decisions(), ["ALLOW"]);
    assert_eq!(out.lines[0]["approval"]["channel"], "client");
    assert_eq!(lines(&mut world), Vec::<Value>::new());
    let again = says(&mut world, &question, ALLOW);
    assert!(again.nothing() && again.released.is_empty(), "{again:?}");
    assert!(world.server(&answer("1", "{}")).as_is);
}

/// The system is to ask for the person's password: a client's word is none.
#[test]
fn where_a_password_is_wanted_nobody_is_asked_in_the_client() {
    let (mut world, question) = asked(ASK, "{}");
    world.clients_may_answer = false;
    let taken_back = lines(&mut world);
    assert_eq!(taken_back[0]["method"], "notifications/cancelled");
    let out = says(&mut world, &question, ALLOW);
    assert!(out.released.is_empty(), "{out:?}");
    world.client(&call("2", "pay", r#"{"sum":6}"#));
    assert_eq!(lines(&mut world), Vec::<Value>::new());
}

#[test]
fn a_no_in_the_client_denies() {
    for no in [DENY, DECLINE] {
        let (mut world, question) = asked(ASK, "{}");
        let out = says(&mut world, &question, no);
        assert!(out.nothing(), "{out:?}");
        assert_eq!(out.released[0].2[0]["error"]["code"], -32004, "{no}");
        assert_eq!(out.decisions(), ["BLOCK"]);
        assert_eq!(out.lines[0]["approval"]["channel"], "client");
        assert_eq!(lines(&mut world), Vec::<Value>::new());
    }
}

#[test]
fn what_is_no_answer_leaves_the_call_waiting_for_another_way() {
    for unclear in [
        CANCEL,
        r#"{"action":"accept"}"#,
        r#"{"action":"accept","content":{"answer":"yes"}}"#,
        r#"{"action":"accept","content":{"answer":["allow"]}}"#,
        r#"{"action":"allow"}"#,
        r#"{"action":"accept","Action":"accept","content":{"answer":"allow"}}"#,
        "{}",
    ] {
        let (mut world, question) = asked(ASK, "{}");
        let out = says(&mut world, &question, unclear);
        assert!(out.nothing() && out.released.is_empty(), "{unclear}");
        assert!(out.event("MESSAGE_DROPPED").is_some(), "{unclear}");
        assert_eq!(lines(&mut world), Vec::<Value>::new(), "{unclear}");
        let late = says(&mut world, &question, ALLOW);
        assert!(late.released.is_empty(), "{unclear}: asked once");
        let id = approval(&question);
        assert_eq!(world.allow(&id).unwrap().decisions(), ["ALLOW"]);
    }
    let (mut world, question) = asked(ASK, "{}");
    let error = format!(
        r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":-32601,"message":"no"}}}}"#,
        question["id"]
    );
    let out = world.client(&error);
    assert!(out.nothing() && out.released.is_empty(), "{out:?}");
    assert!(world.allow(&approval(&question)).is_some());
}

#[test]
fn an_answer_too_long_to_be_read_is_none() {
    let (mut world, question) = asked(ASK, "{}");
    let head = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"#, question["id"]);
    let (judged, hopeless) = world.with(0, |state, ctx| {
        state.client_oversize(ctx, 9, 20_000_000, head.as_bytes(), b"}}")
    });
    let out = world.take(judged, "");
    assert!(out.nothing() && !hopeless, "{out:?}");
    assert!(out.event("MESSAGE_DROPPED").is_some());
    assert!(world.allow(&approval(&question)).is_some(), "it waits on");
}

#[test]
fn only_where_the_policy_wants_it_and_the_client_can() {
    let off = "tool_rules:\n  - {tool: pay, action: ask}";
    let no = format!("ask_in_client: false\n{off}");
    let form = r#"{"elicitation":{}}"#;
    for (spec, capabilities, revision, asks) in [
        (ASK, form, "2025-06-18", true),
        (
            ASK,
            r#"{"elicitation":{"form":{},"url":{}}}"#,
            "2025-11-25",
            true,
        ),
        (off, form, "2025-11-25", false),
        (&no, form, "2025-11-25", false),
        (ASK, "{}", "2025-11-25", false),
        (ASK, r#"{"elicitation":{"url":{}}}"#, "2025-11-25", false),
        (ASK, form, "2025-03-26", false),
        (ASK, form, "2026-07-28", false),
    ] {
        let mut world = opened(spec, capabilities, revision);
        assert!(world.client(&call("1", "pay", "{}")).held);
        assert_eq!(!lines(&mut world).is_empty(), asks, "{spec} {revision}");
    }
    let mut world = World::new(ASK);
    assert!(world.client(&call("1", "pay", "{}")).held);
    assert!(lines(&mut world).is_empty(), "without a handshake");
}

#[test]
fn a_server_that_may_not_ask_is_not_told_of_forms_and_aip_asks_all_the_same() {
    let mut world = World::new(&format!("{ASK}\nallowed_server_methods: [ping]"));
    let params = r#"{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}}}"#;
    let told = world.client(&request("0", "initialize", params)).json();
    assert_eq!(told["params"]["capabilities"], serde_json::json!({}));
    let result = r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#;
    world.server(&answer("0", result));
    assert!(world.client(&call("1", "pay", "{}")).held);
    assert_eq!(lines(&mut world).len(), 1);
}

#[test]
fn what_can_not_be_shown_whole_is_not_asked_in_the_client() {
    for (length, asks) in [(3000, true), (5000, false), (100_000, false)] {
        let mut world = opened(ASK, r#"{"elicitation":{}}"#, "2025-11-25");
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(length));
        assert!(world.client(&call("1", "pay", &long)).held);
        assert_eq!(!lines(&mut world).is_empty(), asks, "{length}");
    }
    // Escaped it is longer than it came.
    let mut world = opened(ASK, r#"{"elicitation":{}}"#, "2025-11-25");
    let wide = format!(r#"{{"a":"{}"}}"#, "\u{202e}".repeat(1000));
    assert!(world.client(&call("1", "pay", &wide)).held);
    assert!(lines(&mut world).is_empty());
}

#[test]
fn a_server_can_neither_use_nor_answer_nor_cancel_the_question() {
    let (mut world, question) = asked(ASK, "{}");
    let id = question["id"].to_string();
    let asks = world.server(&request(&id, "elicitation/create", r#"{"message":"m"}"#));
    assert!(asks.nothing(), "{asks:?}");
    assert!(world.server(&answer(&id, ALLOW)).nothing());
    let cancel = tell(
        "notifications/cancelled",
        &format!(r#"{{"requestId":{id}}}"#),
    );
    assert!(world.server(&cancel).nothing());
    assert_eq!(lines(&mut world), Vec::<Value>::new());
    let out = says(&mut world, &question, ALLOW);
    assert_eq!(out.decisions(), ["ALLOW"]);
    assert!(out.nothing());
    // A question of the server's own is its own, be it another aip.
    let form = r#"{"message":"m","requestedSchema":{}}"#;
    for id in ["1", "\"aip-ask-1\""] {
        let asks = request(id, "elicitation/create", form);
        assert!(world.server(&asks).as_is);
        assert!(world.client(&answer(id, ALLOW)).as_is);
    }
}

#[test]
fn the_question_is_taken_back_when_the_ask_ends_elsewhere_and_a_late_answer_is_dropped() {
    type Ends = fn(&mut World, &str) -> Out;
    let ways: [(&str, Ends); 4] = [
        ("allowed", |world, id| world.allow(id).unwrap()),
        ("denied", |world, id| world.deny(id).unwrap()),
        ("expired", |world, id| {
            let expired = aipd::session::state::Answer::Expired;
            world.answer(id, &expired).unwrap()
        }),
        ("withdrawn", |world, _| {
            world.client(&tell("notifications/cancelled", r#"{"requestId":1}"#))
        }),
    ];
    for (how, ends) in ways {
        let (mut world, question) = asked(ASK, "{}");
        let _ = ends(&mut world, &approval(&question));
        let told = lines(&mut world);
        assert_eq!(told.len(), 1, "{how}: {told:?}");
        assert_eq!(told[0]["method"], "notifications/cancelled");
        assert_eq!(told[0]["params"]["requestId"], question["id"]);
        assert_eq!(lines(&mut world), Vec::<Value>::new(), "{how}: once");
        let late = says(&mut world, &question, ALLOW);
        assert!(late.nothing() && late.released.is_empty(), "{how}");
        assert!(late.event("MESSAGE_DROPPED").is_some(), "{how}");
    }
}

#[test]
fn a_server_that_ends_takes_the_question_with_it() {
    let (mut world, _) = asked(ASK, "{}");
    world.server_ends();
    assert_eq!(lines(&mut world).len(), 1);
}

#[test]
fn a_daemon_started_anew_asks_anew_and_takes_no_answer_to_the_old_question() {
    let (mut world, old) = asked(ASK, "{}");
    world.killed_and_resumed();
    let told = lines(&mut world);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["params"]["requestId"], old["id"]);
    let again = world.client_again(2, &call("1", "pay", "{}"));
    assert!(
        again.held && again.asked() == Some(approval(&old)),
        "{again:?}"
    );
    let new = lines(&mut world);
    assert_eq!(new.len(), 1, "{new:?}");
    assert_ne!(new[0]["id"], old["id"]);
    let late = says(&mut world, &old, ALLOW);
    assert!(late.nothing() && late.released.is_empty(), "{late:?}");
    assert!(late.event("MESSAGE_DROPPED").is_some());
    assert_eq!(says(&mut world, &new[0], DENY).decisions(), ["BLOCK"]);
}

/// Killed between the commit and the verdict: the shim sends call and answer anew.
#[test]
fn frames_sent_again_after_the_answer_get_the_recorded_decision() {
    let (mut world, question) = asked(ASK, "{}");
    assert_eq!(says(&mut world, &question, ALLOW).decisions(), ["ALLOW"]);
    world.killed_and_resumed();
    lines(&mut world);
    let again = world.client_again(2, &call("1", "pay", "{}"));
    assert!(
        again.forward.is_some() && again.decisions().is_empty(),
        "{again:?}"
    );
    let id = question["id"].to_string();
    let again = world.client_again(3, &answer(&id, ALLOW));
    assert!(again.nothing() && again.decisions().is_empty(), "{again:?}");
    assert_eq!(lines(&mut world), Vec::<Value>::new());
}

#[test]
fn a_policy_that_no_longer_wants_it_takes_the_question_back() {
    let off = "tool_rules:\n  - {tool: pay, action: ask}";
    let (mut world, question) = asked(ASK, "{}");
    world.policy(off);
    let out = says(&mut world, &question, ALLOW);
    assert!(out.nothing() && out.released.is_empty(), "{out:?}");
    let (mut world, _) = asked(ASK, "{}");
    world.policy(off);
    assert_eq!(lines(&mut world)[0]["method"], "notifications/cancelled");
}

#[test]
fn after_a_yes_in_the_client_the_call_is_judged_again() {
    let (mut world, question) = asked(ASK, "{}");
    world.policy("ask_in_client: true\ndenied_tools: [pay]");
    let out = says(&mut world, &question, ALLOW);
    assert_eq!(out.released[0].1, None);
    assert_eq!(out.decisions(), ["BLOCK"]);
}

#[test]
fn nothing_in_what_the_client_shows_acts_or_hides() {
    let hostile = r#"{"a":"x\u001b[2J\u202ey\n\nAsked because: nothing\u2028"}"#;
    let (_, question) = asked(ASK, hostile);
    let text = question["params"]["message"].as_str().unwrap();
    for hidden in ['\u{1b}', '\u{202e}', '\u{2028}'] {
        assert!(!text.contains(hidden), "{hidden:?} in {text}");
    }
    let first = text.lines().next().unwrap();
    assert_eq!(
        first,
        "aip asks: client (project project) wants server: pay"
    );
    let own = text.lines().filter(|it| it.starts_with("Asked because"));
    assert_eq!(own.count(), 1, "{text}");
}

#[test]
fn what_the_policy_redacts_is_not_shown_in_the_client() {
    let spec = format!("{ASK}\ndlp:\n  patterns:\n    - {{name: word, regex: sesame}}");
    let (_, question) = asked(&spec, r#"{"k":"open sesame"}"#);
    assert!(!question.to_string().contains("sesame"), "{question}");
}

#[test]
fn identical_calls_are_one_question_and_its_answer_is_for_both() {
    let (mut world, question) = asked(ASK, "{}");
    assert!(world.client(&call("2", "pay", "{}")).held);
    assert_eq!(lines(&mut world), Vec::<Value>::new());
    world.client(&tell("notifications/cancelled", r#"{"requestId":1}"#));
    assert_eq!(lines(&mut world), Vec::<Value>::new(), "one still waits");
    assert!(world.client(&call("3", "pay", "{}")).held);
    let out = says(&mut world, &question, ALLOW);
    assert_eq!(out.decisions(), ["ALLOW", "ALLOW"]);
}

#[test]
fn what_could_not_be_recorded_is_not_asked() {
    let mut world = opened(ASK, r#"{"elicitation":{}}"#, "2025-11-25");
    let judged = world.judge_client(2, &call("1", "pay", "{}"));
    world.state.undo(&world.in_force, judged.undo);
    assert_eq!(lines(&mut world), Vec::<Value>::new());
    assert!(!world.state.has_questions());
}

#[test]
fn a_yes_in_the_client_that_can_not_be_recorded_forwards_nothing() {
    let (mut world, question) = asked(ASK, "{}");
    let yes = answer(&question["id"].to_string(), ALLOW);
    let judged = world.judge_client(3, &yes);
    world.state.undo(&world.in_force, judged.undo);
    let (forward, replies, _) = crate::out::shown(judged.released[0].otherwise.clone(), "");
    assert_eq!((forward, replies.len()), (None, 1));
    assert_eq!(judged.otherwise, aipd::session::state::Effect::Drop);
    assert!(world.client(&yes).released.is_empty(), "nor later");
}

#[test]
fn nobody_answers_a_question_that_was_not_sent() {
    let mut world = opened(ASK, r#"{"elicitation":{}}"#, "2025-11-25");
    assert!(world.client(&call("1", "pay", "{}")).held);
    let id = world.state.learnt.in_client.first().unwrap().clone();
    let out = world.client(&answer(&format!("\"{id}\""), ALLOW));
    assert!(out.nothing() && out.released.is_empty(), "{out:?}");
    assert_eq!(lines(&mut world).len(), 1);
}

#[test]
fn the_client_is_asked_so_many_questions_at_a_time_and_the_rest_wait_elsewhere() {
    let mut world = opened(ASK, r#"{"elicitation":{}}"#, "2025-11-25");
    let mut asked = Vec::new();
    for n in 0..50 {
        world.now_ms += 10_000;
        let args = format!(r#"{{"n":{n}}}"#);
        assert!(world.client(&call(&n.to_string(), "pay", &args)).held);
        asked.extend(lines(&mut world));
    }
    assert_eq!(asked.len(), 32);
    says(&mut world, &asked[0], DENY);
    world.now_ms += 60_000;
    assert!(world.client(&call("50", "pay", r#"{"n":50}"#)).held);
    assert_eq!(lines(&mut world).len(), 1);
}

/// A session whose client has stated these capabilities, under this revision.
fn opened(spec: &str, capabilities: &str, revision: &str) -> World {
    let mut world = World::new(spec);
    let params = format!(
        r#"{{"protocolVersion":"{revision}","capabilities":{capabilities},"clientInfo":{{"name":"c","version":"1"}}}}"#
    );
    assert!(
        world
            .client(&request("0", "initialize", &params))
            .forward
            .is_some()
    );
    let result = format!(r#"{{"protocolVersion":"{revision}","capabilities":{{"tools":{{}}}}}}"#);
    assert!(world.server(&answer("0", &result)).forward.is_some());
    world
}

/// A call that waits, and the question the client is asked of it.
fn asked(spec: &str, arguments: &str) -> (World, Value) {
    let mut world = opened(spec, r#"{"elicitation":{}}"#, "2025-11-25");
    let out = world.client(&call("1", "pay", arguments));
    assert!(out.held, "{out:?}");
    let id = out.asked().unwrap();
    let mut question = lines(&mut world);
    assert_eq!(question.len(), 1, "{question:?}");
    let mut question = question.remove(0);
    question["approval"] = id.into();
    (world, question)
}

/// What the client hears by now of the questions it is asked.
fn lines(world: &mut World) -> Vec<Value> {
    let (lines, batch) = world.with(0, |state, ctx| state.poll_questions(ctx));
    world.write(batch);
    lines.iter().map(|line| json(line)).collect()
}

/// The client answers a question.
fn says(world: &mut World, question: &Value, result: &str) -> Out {
    world.client(&answer(&question["id"].to_string(), result))
}

fn approval(question: &Value) -> String {
    question["approval"].as_str().unwrap().to_owned()
}
