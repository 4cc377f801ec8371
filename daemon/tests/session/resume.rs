//! A daemon was killed; one started anew gets the undecided frames again.

use std::collections::BTreeSet;

use wire::link::Stream;

use crate::world::{World, answer, call, request, tell};

const RATE: &str = "tool_rules:\n  - {tool: t, rate_limit: 1/hour}";
const ASK: &str = "tool_rules:\n  - {tool: pay, action: ask, rate_limit: 1/hour}";

fn decisions(world: &World) -> usize {
    let records = world.records();
    records
        .iter()
        .filter(|it| it.text("decision").is_some())
        .count()
}

#[test]
fn an_allowed_call_sent_again_goes_on_without_a_second_record_or_token() {
    let mut world = World::new(RATE);
    let line = call("1", "t", "{}");
    assert!(world.client(&line).as_is);
    world.killed_and_resumed();
    let out = world.client_again(1, &line);
    assert!(out.as_is && out.lines.is_empty(), "{out:?}");
    assert_eq!(decisions(&world), 1);
    assert!(
        world.server(&answer("1", "{}")).as_is,
        "its answer is known"
    );
}

/// Recorded arguments are compared with those sent again as the store has them: escaped.
#[test]
fn an_allowed_call_with_invisible_characters_is_known_again() {
    let mut world = World::new("allowed_tools: [t]");
    let line = call("1", "t", "{\"k\":\"a\u{200b}\u{202e}b\"}");
    assert!(world.client(&line).forward.is_some());
    world.killed_and_resumed();
    let out = world.client_again(1, &line);
    assert!(out.forward.is_some() && out.lines.is_empty(), "{out:?}");
}

#[test]
fn a_call_answered_before_is_not_forwarded_again() {
    let mut world = World::new(RATE);
    let line = call("1", "t", "{}");
    world.client(&line);
    world.server(&answer("1", "{}"));
    world.written(Stream::Server);
    world.killed_and_resumed();
    assert!(world.client_again(1, &line).nothing());
}

#[test]
fn an_answer_after_a_restart_finds_its_request() {
    let mut world = World::new("allowed_tools: [t]");
    world.client(&call("1", "t", "{}"));
    world.server(&request("\"s\"", "roots/list", "{}"));
    world.killed_and_resumed();
    assert!(world.server(&answer("1", "{}")).as_is);
    assert!(world.client(&answer("\"s\"", r#"{"roots":[]}"#)).as_is);
    assert!(world.server(&answer("2", "{}")).nothing());
}

#[test]
fn a_cancel_sent_again_names_no_request_that_came_after_it() {
    let cancel = tell("notifications/cancelled", r#"{"requestId":1}"#);
    let mut world = World::new("allowed_tools: [t]");
    let line = call("1", "t", "{}");
    assert!(world.client(&cancel).nothing());
    world.client(&line);
    world.killed_and_resumed();
    assert!(world.client_again(1, &cancel).nothing());
    assert!(world.client_again(2, &line).as_is);
    let (errors, _) = world.server_ends();
    assert_eq!(errors.len(), 1, "the client waits for it: {errors:?}");

    let mut world = World::new("allowed_tools: [t]");
    let line = request("1", "roots/list", "{}");
    assert!(world.server(&cancel).nothing());
    assert!(world.server(&line).as_is);
    world.killed_and_resumed();
    assert!(world.server_again(1, &cancel).nothing());
    assert!(world.server_again(2, &line).as_is);

    let mut world = World::new(ASK);
    let line = call("1", "pay", "{}");
    assert!(world.client(&cancel).nothing());
    assert!(world.client(&line).held);
    world.killed_and_resumed();
    assert!(world.client_again(1, &cancel).nothing());
    assert!(world.client_again(2, &line).held);
}

#[test]
fn a_second_request_under_one_id_in_a_batch_sent_again_is_refused_as_before() {
    let mut world = World::new("allowed_tools: [t]\nallowed_methods: ['*']");
    let revision = r#"{"protocolVersion":"2025-03-26","capabilities":{}}"#;
    world.client(&request("0", "initialize", revision));
    world.server(&answer("0", revision));
    let (call, other) = (call("1", "t", "{}"), request("1", "vendor/thing", "{}"));
    let batch = format!("[{call},{other}]");
    let first = world.client(&batch);
    let forward = first.forward.unwrap();
    assert!(!forward.contains("vendor/thing"), "{forward}");
    world.killed_and_resumed();
    let again = world.client_again(2, &batch);
    assert_eq!(again.forward, Some(forward));
    assert_eq!(again.replies, first.replies);
    assert_eq!(again.decisions(), [""; 0], "decided before");
}

/// The shim tells a daemon started anew which frames are over, and the requests in them are then.
#[test]
fn a_batch_is_told_as_over_with_its_last_answer_alone() {
    let mut world = World::new("allowed_tools: [t]");
    let revision = r#"{"protocolVersion":"2025-03-26","capabilities":{}}"#;
    world.client(&request("0", "initialize", revision));
    world.server(&answer("0", revision));
    let batch = format!("[{},{}]", call("1", "t", "{}"), call("2", "t", "{}"));
    assert!(world.client(&batch).forward.is_some());
    assert!(world.server(&answer("1", "{}")).as_is);
    let over = |world: &World, frame| world.state.over_with(Stream::Server, frame);
    assert_eq!(over(&world, 1), BTreeSet::from([1]));
    assert_eq!(over(&world, 2), BTreeSet::new(), "2 is under way");
    world.killed_and_resumed();
    assert!(world.server(&answer("2", "{}")).as_is);
    let mut world = World::new("allowed_tools: [t]");
    world.client(&request("0", "initialize", revision));
    world.server(&answer("0", revision));
    world.client(&batch);
    world.server(&answer("2", "{}"));
    world.server(&answer("1", "{}"));
    assert_eq!(over(&world, 2), BTreeSet::new(), "3 is not written yet");
    assert_eq!(over(&world, 3), BTreeSet::from([2]));
}

#[test]
fn a_refused_call_sent_again_is_refused_again_as_recorded() {
    let mut world = World::new("allowed_tools: []");
    let line = call("1", "t", "{}");
    let first = world.client(&line);
    world.policy("allowed_tools: [t]");
    world.killed_and_resumed();
    let out = world.client_again(1, &line);
    assert_eq!(out.forward, None, "though the policy would allow it now");
    assert_eq!(out.code(), first.code());
    assert!(out.lines.is_empty());
}

#[test]
fn a_refused_method_sent_again_is_refused_again_as_recorded() {
    for line in [
        request("1", "resources/read", r#"{"uri":"x:y"}"#),
        tell("vendor/thing", "{}"),
    ] {
        let mut world = World::new("allowed_tools: [t]");
        assert_eq!(world.client(&line).forward, None);
        world.policy("allowed_tools: [t]\nallowed_methods: ['*']");
        world.killed_and_resumed();
        let out = world.client_again(1, &line);
        assert_eq!(out.forward, None, "{line}: the record says BLOCK: {out:?}");
    }
}

#[test]
fn a_method_allowed_before_and_refused_now_is_on_record_as_refused() {
    let mut world = World::new("allowed_methods: ['*']\naudit: {methods: all}");
    let line = request("1", "resources/read", r#"{"uri":"x:y"}"#);
    assert_eq!(world.client(&line).decisions(), ["ALLOW"]);
    world.policy("denied_methods: [resources/read]");
    world.killed_and_resumed();
    let out = world.client_again(1, &line);
    assert_eq!((out.code(), out.forward.as_deref()), (Some(-32006), None));
    assert_eq!(
        out.decisions(),
        ["BLOCK"],
        "a superseding record comes first"
    );
    assert!(world.server(&answer("1", "{}")).nothing(), "it is over");
}

#[test]
fn a_tighter_policy_supersedes_the_recorded_allow() {
    let mut world = World::new("allowed_tools: [t]");
    let line = call("1", "t", "{}");
    world.client(&line);
    world.policy("denied_tools: [t]");
    world.killed_and_resumed();
    let out = world.client_again(1, &line);
    assert_eq!((out.code(), out.forward.as_deref()), (Some(-32001), None));
    assert_eq!(out.lines[0]["supersedes"], 1);
    assert!(world.server(&answer("1", "{}")).nothing(), "it is over");
    world.killed_and_resumed();
    assert_eq!(
        world.client_again(1, &line).code(),
        Some(-32001),
        "the later word stands"
    );
    assert_eq!(decisions(&world), 2);
}

#[test]
fn a_waiting_ask_is_taken_up_with_its_deadline_and_its_token() {
    let mut world = World::new(ASK);
    let line = call("1", "pay", "{}");
    let id = world.client(&line).asked().unwrap();
    let deadline = world.state.next_deadline();
    world.killed_and_resumed();
    world.now_ms += 30_000;
    let out = world.client_again(1, &line);
    assert!(out.held && out.lines.is_empty(), "{out:?}");
    assert_eq!(out.asked().as_deref(), Some(id.as_str()));
    assert_eq!(world.state.next_deadline(), deadline);
    let out = world.allow(&id).unwrap();
    assert_eq!(out.decisions(), ["ALLOW"]);
    assert_eq!(decisions(&world), 1);
}

#[test]
fn an_allowed_ask_sent_again_is_not_asked_again() {
    let mut world = World::new(ASK);
    let line = call("1", "pay", "{}");
    let id = world.client(&line).asked().unwrap();
    world.allow(&id);
    world.killed_and_resumed();
    let out = world.client_again(1, &line);
    assert!(out.as_is && out.asked().is_none(), "{out:?}");
}

#[test]
fn a_waiting_ask_is_refused_where_the_policy_has_tightened() {
    let mut world = World::new(ASK);
    let line = call("1", "pay", "{}");
    let id = world.client(&line).asked().unwrap();
    world.policy("denied_tools: [pay]");
    world.killed_and_resumed();
    assert_eq!(world.client_again(1, &line).code(), Some(-32001));
    assert!(world.allow(&id).is_none());
    assert!(world.state.next_deadline().is_none());
}

/// The shim may have lost its record of a person's yes: other bytes under the same number are
/// another call.
#[test]
fn an_allowed_ask_covers_only_the_call_that_was_allowed() {
    let mut world = World::new(ASK);
    let id = world
        .client(&call("1", "pay", r#"{"sum":1}"#))
        .asked()
        .unwrap();
    world.allow(&id);
    world.killed_and_resumed();
    let out = world.client_again(1, &call("1", "pay", r#"{"sum":1000000}"#));
    assert_eq!(out.forward, None, "{out:?}");
}

#[test]
fn a_malformed_frame_sent_again_is_recorded_once() {
    for line in [
        "nonsense",
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#,
    ] {
        let mut world = World::new("allowed_tools: [t]");
        world.client(line);
        world.killed_and_resumed();
        world.client_again(1, line);
        assert_eq!(decisions(&world), 1, "{line}");
    }
}

#[test]
fn tools_of_earlier_pages_are_still_known_after_a_restart_between_pages() {
    let mut world = World::new("allowed_tools: [pay]");
    world.client(&request("1", "tools/list", "{}"));
    world.server(&answer(
        "1",
        r#"{"tools":[{"name":"Pay"}],"nextCursor":"c"}"#,
    ));
    world.client(&request("2", "tools/list", r#"{"cursor":"c"}"#));
    world.killed_and_resumed();
    world.server(&answer("2", r#"{"tools":[{"name":"other"}]}"#));
    let out = world.client(&call("3", "pay", "{}"));
    assert_eq!(
        out.json()["params"]["name"],
        "Pay",
        "the name the server listed"
    );
}

#[test]
fn what_was_learnt_outlives_the_daemon() {
    let mut world = World::new("allowed_tools: ['*']");
    world.client(&request("1", "tools/list", "{}"));
    world.server(&answer("1", r#"{"tools":[{"name":"pay"},{"name":"PAY"}]}"#));
    world.killed_and_resumed();
    assert_eq!(world.client(&call("2", "pay", "{}")).code(), Some(-32001));
}

#[test]
fn a_servers_request_sent_again_is_decided_once() {
    for (spec, passes) in [
        ("audit: {methods: all}", true),
        ("allowed_server_methods: []", false),
    ] {
        let mut world = World::new(spec);
        let line = request("1", "roots/list", "{}");
        let first = world.server(&line);
        world.killed_and_resumed();
        let again = world.server_again(1, &line);
        assert_eq!((first.as_is, again.as_is), (passes, passes), "{again:?}");
        assert_eq!(again.replies, first.replies, "the same answer");
        assert_eq!(decisions(&world), 1, "{spec}");
    }
}

#[test]
fn a_servers_request_allowed_before_and_refused_now_supersedes() {
    let mut world = World::new("audit: {methods: all}");
    let line = request("1", "roots/list", "{}");
    world.server(&line);
    world.policy("allowed_server_methods: []");
    world.killed_and_resumed();
    let out = world.server_again(1, &line);
    assert_eq!((out.forward.as_deref(), out.replies.len()), (None, 1));
    assert_eq!(out.lines[0]["supersedes"], 1);
    assert!(world.client(&answer("1", r#"{"roots":[]}"#)).nothing());
}

/// It was counted when it began to wait; the bucket in the store must not be set back.
#[test]
fn a_waiting_ask_that_needs_no_person_any_more_spends_nothing_and_ends_its_approval() {
    let mut world = World::new(ASK);
    let line = call("1", "pay", "{}");
    world.client(&line);
    world.policy("tool_rules:\n  - {tool: pay, rate_limit: 1/hour}");
    world.killed_and_resumed();
    let out = world.client_again(1, &line);
    assert!(out.as_is, "{out:?}");
    assert_eq!(out.signals.len(), 1, "the approval ends: {out:?}");
    world.killed_and_resumed();
    assert!(world.server(&answer("1", "{}")).as_is, "it was forwarded");
}

#[test]
fn an_identical_ask_is_not_counted_again_after_a_restart() {
    let mut world = World::new("tool_rules:\n  - {tool: pay, action: ask, rate_limit: 2/hour}");
    let lines = ["1", "2"].map(|id| call(id, "pay", "{}"));
    for line in &lines {
        assert!(world.client(line).held);
    }
    world.killed_and_resumed();
    for (number, line) in (1..).zip(&lines) {
        let out = world.client_again(number, line);
        assert!(out.held && out.lines.is_empty(), "{out:?}");
    }
}

/// What an earlier daemon let through of it is no longer under way, and the record says so.
#[test]
fn a_batch_sent_again_where_there_are_none_any_more_ends_its_requests() {
    let mut world = World::new("allowed_tools: [t]");
    let revision = r#"{"protocolVersion":"2025-03-26","capabilities":{}}"#;
    world.client(&request("0", "initialize", revision));
    world.server(&answer("0", revision));
    world.written(Stream::Server);
    let batch = format!("[{},{}]", call("1", "t", "{}"), call("2", "t", "{}"));
    assert!(world.client(&batch).forward.is_some());
    world.killed_and_resumed();
    world.state.learnt.revision = None;
    let again = world.client_again(2, &batch);
    assert_eq!(again.forward, None);
    assert_eq!(again.decisions(), ["BLOCK"]);
    assert_eq!(again.code(), Some(-32600));
    let supersedes = world.records().last().unwrap().get("supersedes").is_some();
    assert!(supersedes, "an allowed call did not go on after all");
    assert!(world.server(&answer("2", "{}")).nothing(), "nobody asked");
    let (errors, _) = world.server_ends();
    assert_eq!(errors.len(), 0, "the client has its answer: {errors:?}");
}

/// A call that waited, and that the policy of now does not let out any more.
#[test]
fn a_call_that_waited_and_holds_a_secret_now_is_over() {
    let mut world = World::new("tool_rules:\n  - {tool: pay, action: ask}");
    let line = call("1", "pay", r#"{"n":"sesame"}"#);
    let id = world.client(&line).asked().unwrap();
    world.policy(
        "tool_rules:\n  - {tool: pay, action: ask}\ndlp:\n  scan_requests: true\n  \
         on_request_match: block\n  patterns:\n    - {name: s, regex: sesame}",
    );
    world.killed_and_resumed();
    let again = world.client_again(1, &line);
    assert_eq!(again.decisions(), ["BLOCK"]);
    assert!(world.allow(&id).is_none(), "nothing waits any more");
    let (errors, _) = world.server_ends();
    assert_eq!(errors.len(), 0, "the client has its answer: {errors:?}");
}

/// Its arguments can't be told to be those that were judged: the policy keeps them otherwise now.
#[test]
fn an_allowed_call_sent_again_that_may_be_another_is_refused_and_over() {
    let mut world = World::new("allowed_tools: [t]");
    let line = call("1", "t", r#"{"n":1}"#);
    assert!(world.client(&line).as_is);
    world.policy("allowed_tools: [t]\naudit: {args: hash}");
    world.killed_and_resumed();
    let again = world.client_again(1, &line);
    assert_eq!((again.code(), again.forward), (Some(-32600), None));
    let last = world.records();
    assert!(last.last().unwrap().get("supersedes").is_some());
    assert!(world.server(&answer("1", "{}")).nothing(), "nobody asked");
    let (errors, _) = world.server_ends();
    assert_eq!(errors.len(), 0, "the client has its answer: {errors:?}");
}

/// Its rate was spent when it began to wait; that it is refused now gives nothing back.
#[test]
fn a_call_sent_again_and_refused_gives_back_no_rate() {
    let dlp = "dlp:\n  scan_requests: true\n  on_request_match: block\n  patterns:\n    \
               - {name: s, regex: sesame}";
    let mut world = World::new("tool_rules:\n  - {tool: pay, action: ask, rate_limit: 1/hour}");
    let line = call("1", "pay", r#"{"n":"sesame"}"#);
    assert!(world.client(&line).held);
    world.policy(&format!(
        "tool_rules:\n  - {{tool: pay, rate_limit: 1/hour}}\n{dlp}"
    ));
    world.killed_and_resumed();
    assert_eq!(world.client_again(1, &line).decisions(), ["BLOCK"]);
    let next = world.client(&call("2", "pay", "{}"));
    assert_eq!(next.code(), Some(-32002), "the hour is spent");
}
