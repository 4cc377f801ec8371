//! Calls that wait for a person.

use aipd::session::state::{Answer, NotExtended};
use engine::decide::Override;

use crate::world::{World, answer, call, request, tell};

const ASK: &str = "tool_rules:\n  - {tool: pay, action: ask, rate_limit: 100/hour}";

fn waiting(spec: &str) -> (World, String) {
    let mut world = World::new(spec);
    let out = world.client(&call("1", "pay", r#"{"sum":5}"#));
    assert!(out.held, "{out:?}");
    assert!(out.decisions().is_empty(), "the decision comes at the end");
    assert!(out.event("APPROVAL_ASKED").is_some());
    let id = out.asked().unwrap();
    (world, id)
}

#[test]
fn an_allowed_call_goes_on_and_is_decided_once() {
    let (mut world, id) = waiting(ASK);
    world.now_ms += 1500;
    let out = world.allow(&id).unwrap();
    assert_eq!(
        out.released,
        [(1, Some("the frozen bytes".to_owned()), vec![])]
    );
    assert_eq!(out.decisions(), ["ALLOW"]);
    assert_eq!(out.lines[0]["approval"]["after_ms"], 1500);
    assert_eq!(out.lines[0]["approval"]["channel"], "control");
    assert!(world.allow(&id).is_none(), "an answer is used once");
    assert!(world.server(&answer("1", "{}")).as_is);
}

#[test]
fn a_denied_or_expired_call_is_refused_with_its_own_code() {
    for (expired, code) in [(false, -32004), (true, -32005)] {
        let (mut world, id) = waiting(ASK);
        let out = if expired {
            world.now_ms += 60_000;
            assert_eq!(world.state.expired(world.now_ms), [id.clone()].into());
            world.answer(&id, &Answer::Expired).unwrap()
        } else {
            assert!(world.state.expired(world.now_ms).is_empty());
            world.deny(&id).unwrap()
        };
        assert_eq!(out.released[0].1, None);
        assert_eq!(out.released[0].2[0]["error"]["code"], code);
        assert_eq!(out.decisions(), ["BLOCK"]);
        assert!(world.allow(&id).is_none(), "a late allow forwards nothing");
        assert!(world.client(&call("1", "pay", "{}")).held, "the id is free");
    }
}

#[test]
fn a_client_with_a_progress_token_hears_that_its_call_waits() {
    let patient = |token: &str| {
        let params =
            format!(r#"{{"name":"pay","arguments":{{}},"_meta":{{"progressToken":{token}}}}}"#);
        let mut world = World::new(ASK);
        let id = world.client(&request("1", "tools/call", &params)).asked();
        (world, id.unwrap())
    };
    let (mut world, id) = patient("\"t\"");
    assert!(world.state.still_waiting(world.now_ms).is_empty());
    let mut last = 0.0;
    for turn in 0..3 {
        if turn == 1 {
            world.extend(&id).unwrap();
        }
        world.now_ms = world.state.next_progress().unwrap();
        let lines = world.state.still_waiting(world.now_ms);
        let line = crate::out::json(&lines[0]);
        assert_eq!(line["method"], "notifications/progress");
        assert_eq!(line["params"]["progressToken"], "t");
        let progress = line["params"]["progress"].as_f64().unwrap();
        assert!(
            progress > last && progress < 0.01,
            "{progress} after {last}"
        );
        last = progress;
        assert!(
            world.state.still_waiting(world.now_ms).is_empty(),
            "once each time"
        );
    }
    world.killed_and_resumed();
    assert_eq!(
        world.state.next_progress(),
        None,
        "until the call is sent again"
    );
    let params = r#"{"name":"pay","arguments":{},"_meta":{"progressToken":"t"}}"#;
    assert!(
        world
            .client_again(1, &request("1", "tools/call", params))
            .held
    );
    world.now_ms = world.state.next_progress().unwrap();
    let lines = world.state.still_waiting(world.now_ms);
    let progress = crate::out::json(&lines[0])["params"]["progress"].as_f64();
    assert!(progress.unwrap() > last, "it never falls");
    world.allow(&id).unwrap();
    assert_eq!(world.state.next_progress(), None);

    let (world, _) = patient("7");
    assert!(world.state.next_progress().is_some());
    let (world, _) = waiting(ASK);
    assert_eq!(world.state.next_progress(), None, "it gave no token");
}

#[test]
fn a_person_is_given_as_much_time_again_once() {
    let (mut world, id) = waiting(ASK);
    let asked = world.now_ms;
    world.now_ms += 50_000;
    let (deadline, lines) = world.extend(&id).unwrap();
    assert_eq!(deadline, asked + 120_000);
    assert_eq!(lines[0]["event"], "APPROVAL_EXTENDED");
    assert_eq!(lines[0]["approval_id"], id);
    assert_eq!(lines[0]["channel"], "control");
    world.now_ms = asked + 119_999;
    assert!(world.state.expired(world.now_ms).is_empty());
    assert_eq!(world.extend(&id).unwrap_err(), NotExtended::Before);
    world.now_ms += 1;
    assert_eq!(world.state.expired(world.now_ms), [id.clone()].into());
    assert_eq!(world.extend(&id).unwrap_err(), NotExtended::Over);
    world.answer(&id, &Answer::Expired).unwrap();
    assert_eq!(world.extend(&id).unwrap_err(), NotExtended::Over);
}

/// Time that is over does not come back in the moment before its end is recorded.
#[test]
fn an_ask_whose_time_is_over_is_not_extended() {
    let (mut world, id) = waiting(ASK);
    world.now_ms += 60_000;
    assert_eq!(world.extend(&id).unwrap_err(), NotExtended::Over);
}

#[test]
fn more_time_outlives_the_daemon_and_is_still_given_once() {
    let (mut world, id) = waiting(ASK);
    let (deadline, _) = world.extend(&id).unwrap();
    world.killed_and_resumed();
    let again = world.client_again(1, &call("1", "pay", r#"{"sum":5}"#));
    assert_eq!(again.asked(), Some(id.clone()));
    let shown = format!("{:?}", again.signals);
    assert!(shown.contains("extended: true"), "{shown}");
    assert!(shown.contains(&aipd::time::rfc3339(deadline)), "{shown}");
    assert_eq!(world.state.next_deadline(), Some(deadline));
    assert_eq!(world.extend(&id).unwrap_err(), NotExtended::Before);
}

#[test]
fn identical_asks_are_extended_together() {
    let (mut world, id) = waiting(ASK);
    world.client(&call("2", "pay", r#"{"sum":5}"#));
    let (deadline, _) = world.extend(&id).unwrap();
    world.client(&call("3", "pay", r#"{"sum":5}"#));
    assert_eq!(world.state.next_deadline(), Some(deadline));
    assert!(world.state.expired(deadline - 1).is_empty());
    assert_eq!(world.extend(&id).unwrap_err(), NotExtended::Before);
}

#[test]
fn a_cancel_withdraws_the_ask_and_the_server_never_hears_of_it() {
    let (mut world, id) = waiting(ASK);
    let out = world.client(&tell("notifications/cancelled", r#"{"requestId":1}"#));
    assert!(out.nothing(), "{out:?}");
    assert_eq!(out.released, [(1, None, vec![])]);
    assert_eq!(out.decisions(), ["BLOCK"]);
    assert_eq!(out.lines[0]["approval"]["answer"], "withdrawn");
    assert!(world.allow(&id).is_none(), "a late allow forwards nothing");
}

#[test]
fn a_server_can_not_answer_a_call_that_waits() {
    let (mut world, id) = waiting(ASK);
    assert!(world.server(&answer("1", "{}")).nothing());
    assert_eq!(world.allow(&id).unwrap().decisions(), ["ALLOW"]);
}

#[test]
fn a_waiting_call_holds_up_no_other() {
    let (mut world, _) = waiting("allowed_tools: [t]\ntool_rules:\n  - {tool: pay, action: ask}");
    assert!(world.client(&call("2", "t", "{}")).as_is);
    assert!(world.server(&answer("2", "{}")).as_is);
}

#[test]
fn the_call_is_judged_again_after_the_answer() {
    for (what, spec, overriding) in [
        ("the tool is denied", "denied_tools: [pay]", Override::None),
        (
            "an argument is ruled",
            "tool_rules:\n  - {tool: pay, action: ask, allow_args: {sum: '1'}}",
            Override::None,
        ),
        ("everything is stopped", ASK, Override::DenyAll),
    ] {
        let (mut world, id) = waiting(ASK);
        world.policy(spec);
        world.overriding = overriding;
        let out = world.allow(&id).unwrap();
        assert_eq!(out.released[0].1, None, "{what}");
        assert!(out.released[0].2[0]["error"].is_object(), "{what}");
        assert_eq!(out.decisions(), ["BLOCK"], "{what}");
    }
}

#[test]
fn a_policy_that_now_scans_requests_is_obeyed_after_the_answer() {
    let (mut world, id) = waiting(ASK);
    world.policy(&format!(
        "{ASK}\ndlp:\n  scan_requests: true\n  patterns:\n    - {{name: five, regex: '5'}}"
    ));
    let out = world.allow(&id).unwrap();
    assert_eq!(out.released[0].1, None, "{out:?}");
}

/// What the person allowed is the tool as it was then.
#[test]
fn a_definition_that_changed_while_the_person_thought_voids_the_answer() {
    let mut world = World::new(ASK);
    let list = |world: &mut World, id: &str, text: &str| {
        world.client(&request(id, "tools/list", "{}"));
        world.server(&answer(
            id,
            &format!(r#"{{"tools":[{{"name":"pay","description":"{text}"}}]}}"#),
        ));
    };
    list(&mut world, "0", "pays a bill");
    let id = world.client(&call("1", "pay", "{}")).asked().unwrap();
    list(&mut world, "2", "sends all money away");
    let out = world.allow(&id).unwrap();
    assert_eq!(out.released[0].1, None, "{out:?}");
}

#[test]
fn an_ask_counts_its_rate_once() {
    let spec = "tool_rules:\n  - {tool: pay, action: ask, rate_limit: 1/hour}";
    let (mut world, id) = waiting(spec);
    assert_eq!(world.allow(&id).unwrap().decisions(), ["ALLOW"]);
    assert_eq!(world.client(&call("2", "pay", "{}")).code(), Some(-32002));
}

#[test]
fn the_person_sees_the_arguments_whatever_the_audit_keeps() {
    for keep in ["full", "shape", "hash"] {
        let mut world = World::new(&format!("{ASK}\naudit: {{args: {keep}}}"));
        let out = world.client(&call("1", "pay", r#"{"to":"mallory"}"#));
        let shown = format!("{:?}", out.signals);
        assert!(shown.contains("mallory"), "audit.args: {keep}: {shown}");
    }
}

#[test]
fn what_the_person_sees_is_redacted() {
    let spec = format!("{ASK}\ndlp:\n  patterns:\n    - {{name: word, regex: sesame}}");
    let out = World::new(&spec).client(&call("1", "pay", r#"{"k":"open sesame"}"#));
    let shown = format!("{:?}", out.signals);
    assert!(!shown.contains("sesame"), "{shown}");
}

#[test]
fn prompts_of_a_session_are_capped() {
    let mut world = World::new("tool_rules:\n  - {tool: pay, action: ask}");
    let outs =
        (0..1000).map(|n| world.client(&call(&n.to_string(), "pay", &format!(r#"{{"n":{n}}}"#))));
    let refused = outs.filter(|out| out.code() == Some(-32002)).count();
    assert!(refused > 0, "a thousand prompts are too many");
}

#[test]
fn identical_asks_are_one() {
    let mut world = World::new("tool_rules:\n  - {tool: pay, action: ask}");
    let first = world.client(&call("1", "pay", "{}")).asked();
    let second = world.client(&call("2", "pay", "{}")).asked();
    assert!(
        first.is_some() && (second.is_none() || second == first),
        "{second:?}"
    );
}

#[test]
fn monitor_mode_asks_all_the_same_and_remembers_the_violation() {
    let spec = "mode: monitor\ndenied_tools: [pay]\ntool_rules:\n  - {tool: pay, action: ask}";
    let (mut world, id) = waiting(spec);
    let out = world.allow(&id).unwrap();
    assert_eq!(out.decisions(), ["ALLOW_MONITOR"]);
    assert_eq!(out.lines[0]["violation"], true);
}
