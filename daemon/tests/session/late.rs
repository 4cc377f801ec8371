//! A person who answers when the client has given up, and a client that tries again.

use aipd::session::state::{Answer, By};

use crate::out::Out;
use crate::world::{World, answer, call, tell};

const ASK: &str = "tool_rules:\n  - {tool: pay, action: ask, rate_limit: 100/hour}";
const MINUTE: i64 = 60_000;
const ARGS: &str = r#"{"sum":5}"#;

fn waiting() -> (World, String) {
    let mut world = World::new(ASK);
    let id = world.client(&call("1", "pay", ARGS)).asked().unwrap();
    (world, id)
}

fn cancel(world: &mut World, id: &str) -> Out {
    let params = format!(r#"{{"requestId":{id}}}"#);
    world.client(&tell("notifications/cancelled", &params))
}

fn expired() -> (World, String) {
    let (mut world, id) = waiting();
    world.now_ms += MINUTE;
    world.answer(&id, &Answer::Expired).unwrap();
    (world, id)
}

fn late_yes(world: &mut World, id: &str) -> Option<Out> {
    let by = By {
        channel: "control",
        pid: Some(7),
        program: None,
        auth: None,
    };
    let judged = world.with(0, |state, ctx| state.banks(ctx, id, &by))?;
    Some(world.take(judged, ""))
}

#[test]
fn a_late_yes_forwards_nothing_and_lets_the_next_identical_call_through_once() {
    let cancelled = || {
        let (mut world, id) = waiting();
        cancel(&mut world, "1");
        (world, id)
    };
    for (mut world, id) in [expired(), cancelled()] {
        let out = late_yes(&mut world, &id).unwrap();
        assert_eq!((out.forward.as_ref(), out.released.len()), (None, 0));
        let event = out.event("APPROVAL_ANSWERED").unwrap();
        assert_eq!(
            (&event["answer"], &event["approval_id"]),
            (&"banked".into(), &id.as_str().into())
        );
        assert!(late_yes(&mut world, &id).is_none(), "once");
        world.now_ms += 4 * MINUTE;
        assert!(
            world.client(&call("2", "pay", r#"{"sum":6}"#)).held,
            "another call is asked about"
        );
        let out = world.client(&call("3", "pay", ARGS));
        assert!(out.as_is, "{out:?}");
        assert_eq!(out.decisions(), ["ALLOW"]);
        let approval = &out.lines[0]["approval"];
        assert_eq!(approval["id"], id.as_str());
        assert_eq!(
            (&approval["banked"], &approval["channel"]),
            (&true.into(), &"control".into())
        );
        world.server(&answer("3", "{}"));
        assert!(world.client(&call("4", "pay", ARGS)).held, "it is used up");
    }
}

#[test]
fn a_pass_ends_after_five_minutes_and_with_what_it_was_given_for() {
    let (mut world, id) = expired();
    late_yes(&mut world, &id).unwrap();
    world.now_ms += 5 * MINUTE;
    assert!(world.client(&call("2", "pay", ARGS)).held, "too late");

    let (mut world, id) = expired();
    world.now_ms += 5 * MINUTE;
    assert!(
        late_yes(&mut world, &id).is_none(),
        "the answer came too late"
    );

    let (mut world, id) = expired();
    late_yes(&mut world, &id).unwrap();
    world.policy("tool_rules:\n  - {tool: pay, action: ask, rate_limit: 99/hour}");
    assert!(world.client(&call("2", "pay", ARGS)).held, "another policy");

    let (mut world, id) = expired();
    late_yes(&mut world, &id).unwrap();
    world.client(&crate::world::request("9", "tools/list", "{}"));
    world.server(&answer(
        "9",
        r#"{"tools":[{"name":"pay","description":"other"}]}"#,
    ));
    assert!(
        world.client(&call("2", "pay", ARGS)).held,
        "another definition"
    );

    let (mut world, id) = expired();
    late_yes(&mut world, &id).unwrap();
    world.policy("denied_tools: [pay]");
    assert_eq!(world.client(&call("2", "pay", ARGS)).code(), Some(-32001));
}

#[test]
fn a_no_is_not_undone_by_a_late_yes() {
    let (mut world, id) = waiting();
    world.deny(&id).unwrap();
    assert!(late_yes(&mut world, &id).is_none());
    let (mut world, id) = waiting();
    world.allow(&id).unwrap();
    assert!(late_yes(&mut world, &id).is_none());
}

#[test]
fn a_pass_outlives_the_daemon_and_a_failed_record_gives_it_back() {
    let (mut world, id) = expired();
    late_yes(&mut world, &id).unwrap();
    world.killed_and_resumed();
    let line = call("2", "pay", ARGS);
    let judged = world.judge_client(2, &line);
    world.state.undo(&world.in_force, judged.undo);
    assert!(
        world.client(&call("3", "pay", ARGS)).as_is,
        "it was not used"
    );
    assert!(world.client(&call("4", "pay", ARGS)).held, "it is now");
}

/// The client gave up on a call that a person let through, and tries again.
#[test]
fn a_call_that_went_out_never_runs_again() {
    let (mut world, id) = waiting();
    world.allow(&id).unwrap();
    cancel(&mut world, "1");
    let again = world.client(&call("2", "pay", ARGS));
    assert_eq!((again.code(), again.forward), (Some(-32001), None));
    assert_eq!(again.replies[0]["error"]["data"]["aip"], "already_ran");
    assert_eq!(again.lines[0]["decision"], "BLOCK");
    world.server(&answer(
        "1",
        r#"{"content":[{"type":"text","text":"paid"}]}"#,
    ));
    let again = world.client(&call("\"x\"", "pay", ARGS));
    assert_eq!(again.forward, None);
    assert_eq!(again.replies[0]["id"], "x");
    assert_eq!(again.replies[0]["result"]["content"][0]["text"], "paid");
    assert!(again.lines[0]["ran_as"].is_string());
    assert!(
        world.client(&call("4", "pay", r#"{"sum":6}"#)).held,
        "another is another"
    );
    world.now_ms += 5 * MINUTE;
    assert!(
        world.client(&call("5", "pay", ARGS)).held,
        "five minutes later it is a call like any"
    );
}

#[test]
fn a_call_that_was_answered_may_be_asked_about_again() {
    let (mut world, id) = waiting();
    world.allow(&id).unwrap();
    world.server(&answer("1", "{}"));
    assert!(cancel(&mut world, "1").event("MESSAGE_DROPPED").is_some());
    assert!(world.client(&call("2", "pay", ARGS)).held);
}

#[test]
fn that_a_call_went_out_outlives_the_daemon() {
    let (mut world, id) = waiting();
    world.allow(&id).unwrap();
    cancel(&mut world, "1");
    world.server(&answer("1", "{}"));
    world.written(wire::link::Stream::Server);
    world.killed_and_resumed();
    let again = world.client(&call("2", "pay", ARGS));
    assert_eq!(again.replies[0]["error"]["data"]["aip"], "already_ran");
}

fn client_named(world: &mut World, name: &str) {
    let params = format!(
        r#"{{"protocolVersion":"2025-11-25","capabilities":{{}},"clientInfo":{{"name":"{name}","version":"1"}}}}"#
    );
    world.client(&crate::world::request("0", "initialize", &params));
    world.server(&answer(
        "0",
        r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#,
    ));
}

fn waits_ms(world: &World) -> i64 {
    world.state.next_deadline().unwrap() - world.now_ms
}

/// So that it sees our refusal and not an error of its own.
#[test]
fn the_ask_ends_before_the_client_gives_up() {
    for (name, waits) in [("Cursor-VSCode", 55_000), ("somebody", 60_000)] {
        let mut world = World::new(ASK);
        client_named(&mut world, name);
        world.client(&call("1", "pay", ARGS));
        assert_eq!(waits_ms(&world), waits, "{name}");
        world.killed_and_resumed();
        world.client(&call("2", "pay", r#"{"sum":6}"#));
        assert_eq!(waits_ms(&world), waits, "{name}, known to the next daemon");
    }
    let mut world = World::new(ASK);
    let stated = crate::revisions::stated(&serde_json::json!({"name": "pay", "arguments": {}}));
    let stated = stated.replace(r#""name":"c""#, r#""name":"claude-ai""#);
    world.client(&crate::world::request("1", "tools/call", &stated));
    assert_eq!(waits_ms(&world), 55_000, "told with the call");
}

#[test]
fn a_client_that_says_its_time_was_up_shows_how_long_it_waits() {
    let (mut world, _) = waiting();
    world.now_ms += 20_000;
    let reason = r#"{"requestId":1,"reason":"McpError: MCP error -32001: Request timed out"}"#;
    world.client(&tell("notifications/cancelled", reason));
    world.client(&call("2", "pay", ARGS));
    assert_eq!(waits_ms(&world), 15_000);
    let patient = r#"{"name":"pay","arguments":{"sum":7},"_meta":{"progressToken":1}}"#;
    let mut world = World::new(ASK);
    client_named(&mut world, "claude-ai");
    world.client(&crate::world::request("1", "tools/call", patient));
    assert_eq!(waits_ms(&world), 60_000, "it hears of progress");

    let (mut world, _) = waiting();
    world.now_ms += 20_000;
    cancel(&mut world, "1");
    world.client(&call("2", "pay", ARGS));
    assert_eq!(waits_ms(&world), 60_000, "the person stopped it");
}

#[test]
fn a_client_that_renames_itself_with_every_request_is_known_by_its_first_name() {
    let mut world = World::new(ASK);
    for name in ["somebody", "claude-ai", "cline"] {
        client_named(&mut world, name);
        world.written(wire::link::Stream::Server);
    }
    assert_eq!(world.state.learnt.client_name.as_deref(), Some("somebody"));
    world.client(&call("1", "pay", ARGS));
    assert_eq!(waits_ms(&world), 60_000);
}
