//! Progress: told of a request under way that asked for it, and of nothing else.

use wire::link::Stream;

use crate::out::Out;
use crate::world::{World, answer, request, tell};

const SPEC: &str = "allowed_tools: [t, a]\ntool_rules: [{tool: a, action: ask}]";

/// A call of `t` that wants to hear of its progress under this token.
pub(crate) fn wants_progress(id: &str, token: &str) -> String {
    wants(id, "tools/call", "t", token)
}

fn wants(id: &str, method: &str, tool: &str, token: &str) -> String {
    let meta = format!(r#""_meta":{{"progressToken":{token}}}"#);
    request(id, method, &format!(r#"{{"name":"{tool}",{meta}}}"#))
}

fn progress(token: &str) -> String {
    let params = format!(r#"{{"progressToken":{token},"progress":1}}"#);
    tell("notifications/progress", &params)
}

fn dropped(out: &Out) {
    assert!(out.nothing(), "{out:?}");
    let event = out.event("MESSAGE_DROPPED").expect("it is recorded");
    assert_eq!(event["reason"], "progress of nothing under way");
}

#[test]
fn a_server_tells_of_progress_under_a_token_it_was_given_while_the_call_is_under_way() {
    let mut world = World::new(SPEC);
    dropped(&world.server(&progress("1")));
    world.client(&wants_progress("7", "1"));
    world.client(&wants_progress("8", "\"p\""));
    for token in ["1", "\"p\""] {
        assert!(world.server(&progress(token)).as_is, "{token}");
    }
    for token in ["\"1\"", "7", "8", "null", "1.0", "[1]"] {
        dropped(&world.server(&progress(token)));
    }
    dropped(&world.server(&tell("notifications/progress", r#"{"progress":1}"#)));
    // The token is the client's to use: the other side was given none.
    dropped(&world.client(&progress("1")));
    world.server(&answer("7", "{}"));
    world.written(Stream::Server);
    dropped(&world.server(&progress("1")));
    assert!(world.server(&progress("\"p\"")).as_is);
}

#[test]
fn a_client_tells_of_progress_under_a_token_the_server_gave() {
    let mut world = World::new(SPEC);
    dropped(&world.client(&progress("1")));
    world.server(&wants("7", "roots/list", "", "1"));
    assert!(world.client(&progress("1")).as_is);
    dropped(&world.server(&progress("1")));
    world.client(&answer("7", r#"{"roots":[]}"#));
    world.written(Stream::Client);
    dropped(&world.client(&progress("1")));
}

#[test]
fn of_a_call_that_waits_or_was_refused_there_is_no_progress() {
    let mut world = World::new(SPEC);
    world.client(&wants("1", "tools/call", "refused", "1"));
    dropped(&world.server(&progress("1")));
    let asked = world.client(&wants("2", "tools/call", "a", "2"));
    dropped(&world.server(&progress("2")));
    world.allow(&asked.asked().expect("it asks"));
    assert!(world.server(&progress("2")).as_is);
}

#[test]
fn a_task_may_be_told_of_for_as_long_as_it_lives() {
    let mut world = World::new(SPEC);
    world.client(&wants_progress("7", "1"));
    let task = r#"{"task":{"taskId":"T","status":"working"}}"#;
    world.server(&answer("7", task));
    world.written(Stream::Server);
    assert!(world.server(&progress("1")).as_is);
    world.killed_and_resumed();
    assert!(world.server(&progress("1")).as_is);
}

#[test]
fn a_token_an_earlier_daemon_knew_is_taken_for_given_while_its_request_is_under_way() {
    let mut world = World::new(SPEC);
    world.client(&wants_progress("7", "1"));
    world.killed_and_resumed();
    assert!(world.server(&progress("1")).as_is);
    world.server(&answer("7", "{}"));
    world.written(Stream::Server);
    dropped(&world.server(&progress("1")));
}
