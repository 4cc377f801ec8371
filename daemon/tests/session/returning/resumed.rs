//! The daemon dies between question and answer, or before what it said was written.

use serde_json::json;

use super::*;

#[test]
fn a_question_outlives_the_daemon_and_is_answered_to_the_next() {
    for (response, code) in [(allow(), None), (deny(), Some(-32004))] {
        let mut asked = Asked::new(ASK);
        asked.world.killed_and_resumed();
        let out = asked.tries(2, &response);
        assert_eq!(out.code(), code, "{out:?}");
        assert_eq!(out.forward.is_some(), code.is_none());
        assert_eq!(out.decisions().len(), 1);
        assert_eq!(out.lines[0]["approval"]["id"], asked.approval.as_str());
        stale(&asked.tries(3, &allow()));
        asked.world.killed_and_resumed();
        stale(&asked.tries(4, &allow()));
    }
    let mut asked = Asked::new(ASK);
    asked.world.killed_and_resumed();
    assert!(asked.tries(2, &cancel()).held, "it waits on");
    assert_eq!(
        asked.world.allow(&asked.approval).unwrap().decisions(),
        ["ALLOW"]
    );
}

#[test]
fn it_is_in_the_queue_again_as_it_was_shown() {
    let mut asked = Asked::new(ASK);
    asked.world.killed_and_resumed();
    let shown = asked.world.state.asked_before();
    assert_eq!(shown.len(), 1);
    assert_eq!(
        (&*shown[0].id, &*shown[0].args),
        (&*asked.approval, r#"{"sum":5}"#)
    );
    let out = asked.world.allow(&asked.approval).unwrap();
    assert_eq!(ended(&out), Some("allowed"));
    asked.world.killed_and_resumed();
    assert!(asked.world.state.asked_before().is_empty());
    let out = asked.tries(2, &cancel());
    assert_eq!(out.decisions(), ["ALLOW"], "what was said is kept");

    let mut asked = Asked::new(ASK);
    asked.world.killed_and_resumed();
    let out = asked.world.deny(&asked.approval).unwrap();
    assert_eq!(out.decisions(), ["BLOCK"]);
    assert_eq!(out.lines[0]["tool"], "pay");
    assert_eq!(asked.frame_of_last(), Some(1));
    assert_eq!(asked.tries(2, &allow()).code(), Some(-32004));

    // Not where the store has not what a person would have to see.
    let hashed = format!("{ASK}\naudit: {{args: hash}}");
    let mut asked = Asked::new(&hashed);
    asked.world.killed_and_resumed();
    assert!(asked.world.state.asked_before().is_empty());
    assert_eq!(asked.tries(2, &allow()).decisions(), ["ALLOW"]);
    let mut asked = Asked::new(&hashed);
    asked.world.killed_and_resumed();
    let again = asked.world.client(&pays(5, &args(), &json!({})));
    assert_eq!(
        again.asked(),
        Some(asked.approval.clone()),
        "an identical call shows it"
    );
}

#[test]
fn it_runs_out_under_the_next_daemon_too() {
    let mut asked = Asked::new(ASK);
    let until = asked.world.state.next_deadline();
    asked.world.killed_and_resumed();
    assert_eq!(asked.world.state.next_deadline(), until);
    asked.world.now_ms += MINUTE;
    let out = asked
        .world
        .answer(&asked.approval, &Answer::Expired)
        .unwrap();
    assert_eq!(out.decisions(), ["BLOCK"]);
    assert_eq!(asked.tries(2, &allow()).code(), Some(-32005));
    let cancelled = tell("notifications/cancelled", r#"{"requestId":1}"#);
    let mut asked = Asked::new(ASK);
    asked.world.killed_and_resumed();
    assert_eq!(ended(&asked.world.client(&cancelled)), Some("withdrawn"));
}

/// Killed before the question was written: the shim sends the call again.
#[test]
fn a_call_sent_again_is_asked_anew_under_the_same_approval() {
    let mut asked = Asked::new(ASK);
    asked.world.killed_and_resumed();
    let out = asked.world.client_again(1, &pays(1, &args(), &json!({})));
    assert_eq!(out.asked(), Some(asked.approval.clone()));
    assert!(out.event("APPROVAL_ASKED").is_none(), "once");
    let new = state_of(&out);
    assert_ne!(new, asked.state);
    stale(&asked.tries(2, &allow()));
    asked.state = new;
    assert_eq!(asked.tries(3, &allow()).decisions(), ["ALLOW"]);
    assert_eq!(asked.world.state.sizes().asks, 0);
}

/// Killed between the commit and the verdict.
#[test]
fn a_try_sent_again_gets_the_recorded_decision() {
    for (response, elsewhere) in [(allow(), false), (cancel(), true)] {
        let mut asked = Asked::new(ASK);
        if elsewhere {
            asked.world.allow(&asked.approval).unwrap();
        }
        let line = pays(2, &args(), &with(&asked.state, &response));
        let first = asked.world.client(&line);
        asked.world.killed_and_resumed();
        let again = asked.world.client_again(2, &line);
        assert_eq!(again.json(), first.json(), "as it went out");
        assert!(again.lines.is_empty(), "{again:?}");
    }
    let mut asked = Asked::new(ASK);
    let line = pays(2, &args(), &with(&asked.state, &deny()));
    assert_eq!(asked.world.client(&line).code(), Some(-32004));
    asked.world.killed_and_resumed();
    let again = asked.world.client_again(2, &line);
    assert_eq!((again.code(), again.lines.len()), (Some(-32004), 0));
    // One that waits on without an answer waits on.
    let mut asked = Asked::new(ASK);
    let line = pays(2, &args(), &with(&asked.state, &cancel()));
    assert!(asked.world.client(&line).held);
    asked.world.killed_and_resumed();
    assert!(
        asked.world.state.asked_before().is_empty(),
        "its frame comes again"
    );
    let again = asked.world.client_again(2, &line);
    assert!(again.held, "{again:?}");
    assert_eq!(again.asked(), Some(asked.approval.clone()));
    let out = asked.world.allow(&asked.approval).unwrap();
    assert!(!out.released[0].1.as_ref().unwrap().contains("aip-ask-"));
}

#[test]
fn a_try_sent_again_that_would_lose_what_was_for_the_server_is_refused() {
    let mut world = World::new(ASK);
    let servers = json!({"requestState": "s", "inputResponses": {"name": {"action": "decline"}}});
    let state = state_of(&world.client(&pays(1, &args(), &servers)));
    let line = pays(2, &args(), &with(&state, &allow()));
    let first = world.client(&line);
    assert_eq!(first.decisions(), ["ALLOW"]);
    world.killed_and_resumed();
    let again = world.client_again(2, &line);
    stale(&again);
    assert_eq!(again.lines[0]["supersedes"], first.lines[0]["seq"]);
    assert!(
        world.server(&answer("2", "{}")).nothing(),
        "it is not under way"
    );
}

#[test]
fn a_state_refused_before_is_refused_again_without_a_record() {
    let mut world = World::new(ASK);
    let line = pays(1, &args(), &with("aip-ask-1", &allow()));
    stale(&world.client(&line));
    world.killed_and_resumed();
    let again = world.client_again(1, &line);
    assert_eq!((again.code(), again.lines.len()), (Some(-32001), 0));
}
