//! A call that comes back with a yes is judged as it stands then.

use super::*;

/// What goes on is what was shown, under the policy of now.
#[test]
fn what_was_redacted_goes_on_redacted() {
    let spec = format!(
        "{ASK}\ndlp:\n  scan_requests: true\n  on_request_match: redact\n  patterns:\n    - {{name: word, regex: sesame}}"
    );
    let mut world = World::new(&spec);
    let secret = json!({"k": "open sesame"});
    let state = state_of(&world.client(&pays(1, &secret, &json!({}))));
    let disk = String::from_utf8_lossy(&world.disk()).into_owned();
    assert!(!disk.contains("sesame"), "nor does the store have it");
    let out = world.client(&pays(2, &secret, &with(&state, &allow())));
    assert_eq!(
        out.json()["params"]["arguments"]["k"],
        "open [REDACTED:word]"
    );
    let state = state_of(&world.client(&pays(3, &json!({"k": "sesame"}), &json!({}))));
    world.policy(&spec.replace("redact\n", "block\n"));
    let out = world.client(&pays(4, &json!({"k": "sesame"}), &with(&state, &allow())));
    assert_eq!((out.code(), &out.forward), (Some(-32001), &None), "{out:?}");
    assert_eq!(out.replies[0]["error"]["data"]["aip"], "dlp");
}

#[test]
fn after_a_yes_the_call_is_judged_as_it_stands_then() {
    let mut asked = Asked::new(ASK);
    asked
        .world
        .policy("ask_in_client: true\ndenied_tools: [pay]");
    let out = asked.tries(2, &allow());
    assert_eq!((out.code(), &out.forward), (Some(-32001), &None), "{out:?}");
    assert_eq!(out.replies[0]["error"]["data"]["aip"], "changed");
    assert_eq!(
        (out.decisions(), ended(&out)),
        (vec!["BLOCK"], Some("denied"))
    );

    let mut asked = Asked::new(ASK);
    asked.world.client(&request("9", "tools/list", "{}"));
    asked.world.server(&answer(
        "9",
        r#"{"tools":[{"name":"pay","description":"other"}]}"#,
    ));
    let out = asked.tries(2, &allow());
    assert_eq!((out.code(), &out.forward), (Some(-32013), &None), "{out:?}");

    let mut asked = Asked::new(ASK);
    asked
        .world
        .policy("allowed_tools: [pay]\nask_in_client: true");
    assert_eq!(asked.tries(2, &deny()).code(), Some(-32004), "a no is a no");
    let mut asked = Asked::new(ASK);
    asked
        .world
        .policy("allowed_tools: [pay]\nask_in_client: true");
    let out = asked.tries(2, &cancel());
    assert_eq!(
        (out.decisions(), ended(&out)),
        (vec!["ALLOW"], Some("withdrawn"))
    );
}

#[test]
fn where_the_policy_no_longer_wants_it_the_clients_word_does_not_count() {
    let mut asked = Asked::new(ASK);
    asked
        .world
        .policy("tool_rules:\n  - {tool: pay, action: ask}");
    assert!(asked.tries(2, &allow()).held);
    let mut asked = Asked::new(ASK);
    asked.world.clients_may_answer = false;
    assert!(asked.tries(2, &allow()).held);
    assert_eq!(
        asked.world.allow(&asked.approval).unwrap().decisions(),
        ["ALLOW"]
    );
}

/// What is spent is spent once, and what is counted is counted once.
#[test]
fn coming_back_spends_nothing_and_is_no_prompt() {
    let spec = "ask_in_client: true\ntool_rules:\n  - {tool: pay, action: ask, rate_limit: 1/hour}";
    let mut asked = Asked::new(spec);
    assert_eq!(asked.tries(2, &allow()).decisions(), ["ALLOW"]);
    assert_eq!(asked.world.state.calls, 1);
    let spent = asked.world.client(&pays(3, &args(), &json!({})));
    assert_eq!(spent.code(), Some(-32002));
}

#[test]
fn an_answer_that_can_not_be_recorded_forwards_nothing_and_is_used_up() {
    let mut asked = Asked::new(ASK);
    let line = pays(2, &args(), &with(&asked.state, &allow()));
    let judged = asked.world.judge_client(2, &line);
    asked.world.state.undo(&asked.world.in_force, judged.undo);
    let (forward, replies, _) = crate::out::shown(judged.otherwise, "");
    assert_eq!((forward, replies.len()), (None, 1));
    stale(&asked.tries(3, &allow()));
    assert_eq!(asked.world.state.sizes().asks, 0);
    // What waits on without an answer is as it was.
    let mut asked = Asked::new(ASK);
    let line = pays(2, &args(), &with(&asked.state, &cancel()));
    let judged = asked.world.judge_client(2, &line);
    asked.world.state.undo(&asked.world.in_force, judged.undo);
    assert_eq!(asked.world.state.sizes().asks, 1);
    let out = asked.tries(3, &allow());
    assert_eq!(out.decisions(), ["ALLOW"], "{out:?}");
}

/// Its client gave up when it had gone out, and tries again.
#[test]
fn a_call_that_went_out_never_runs_again() {
    let mut asked = Asked::new(ASK);
    asked.tries(2, &allow());
    asked
        .world
        .client(&tell("notifications/cancelled", r#"{"requestId":2}"#));
    let again = asked.world.client(&pays(3, &args(), &json!({})));
    assert_eq!(again.replies[0]["error"]["data"]["aip"], "already_ran");
    stale(&asked.tries(4, &allow()));
    asked.world.written(Stream::Client);
}
