//! Streams and cancelled requests: what is under way without ever being answered.

use serde_json::json;
use wire::link::Stream;

use crate::revisions::stated;
use crate::world::{World, answer, call, request, tell};

fn listen(id: &str) -> String {
    let wanted = json!({"notifications": {"toolsListChanged": true}});
    request(id, "subscriptions/listen", &stated(&wanted))
}

fn listening(spec: &str) -> World {
    let mut world = World::new(spec);
    assert!(world.client(&listen("\"l\"")).as_is);
    world.written(Stream::Client);
    world
}

fn cancel(id: &str) -> String {
    tell(
        "notifications/cancelled",
        &format!(r#"{{"requestId":{id}}}"#),
    )
}

#[test]
fn what_comes_of_a_stream_passes_as_it_is() {
    let spec = "allowed_tools: [t]\ndlp:\n  patterns:\n    - {name: A, regex: 'l'}";
    let mut world = World::new("allowed_tools: [t]");
    world.client(&listen("\"l\""));
    let meta = r#""_meta":{"io.modelcontextprotocol/subscriptionId":"l"}"#;
    for (method, more) in [
        (
            "notifications/subscriptions/acknowledged",
            r#","notifications":{}"#,
        ),
        ("notifications/tools/list_changed", ""),
        ("notifications/resources/updated", r#","uri":"x:y""#),
    ] {
        let line = tell(method, &format!("{{{meta}{more}}}"));
        assert!(world.server(&line).as_is, "{method}");
    }
    let line = tell("notifications/tools/list_changed", &format!("{{{meta}}}"));
    let out = World::new(spec).server(&line);
    let kept = out.json()["params"]["_meta"]
        .to_string()
        .contains(r#":"l""#);
    assert!(kept, "its id is never redacted");
}

/// Over a channel that all share the server ends a stream by a cancel that names it.
#[test]
fn a_server_may_end_a_stream_by_a_cancel_and_nothing_else_of_the_clients() {
    let mut world = listening("allowed_tools: [t]");
    world.client(&call("1", "t", "{}"));
    assert!(
        world.server(&cancel("1")).nothing(),
        "a call is not the server's to cancel"
    );
    assert!(world.server(&cancel("\"l\"")).as_is);
    assert_eq!(
        world.written(Stream::Server),
        1,
        "it is over once that was written"
    );
    let again = world.server(&cancel("\"l\""));
    assert!(again.nothing() && again.event("MESSAGE_DROPPED").is_some());
    assert!(world.client(&listen("\"l\"")).as_is, "the id is free again");
}

#[test]
fn a_stream_survives_the_daemons_death_and_its_end_is_told_once() {
    let mut world = listening("allowed_tools: [t]");
    world.killed_and_resumed();
    let again = world.client(&listen("\"l\""));
    assert_eq!(again.code(), Some(-32600), "the id is still in use");
    assert!(world.server(&cancel("\"l\"")).as_is);
    world.killed_and_resumed();
    assert!(
        world.server(&cancel("\"l\"")).as_is,
        "the shim had not written it: it is sent again"
    );
}

#[test]
fn a_result_ends_a_stream_too() {
    let mut world = listening("allowed_tools: [t]");
    let result =
        r#"{"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":"l"}}"#;
    assert!(world.server(&answer("\"l\"", result)).as_is);
    assert!(world.server(&cancel("\"l\"")).nothing());
}

/// A server need not answer a cancelled request, and many do not.
#[test]
fn cancelled_requests_do_not_fill_the_table() {
    let mut world = World::new("allowed_tools: [t]");
    for n in 0..1100 {
        let id = n.to_string();
        let out = world.client(&call(&id, "t", "{}"));
        assert!(out.as_is, "{n}: {out:?}");
        assert!(world.client(&cancel(&id)).as_is, "{n}");
    }
    assert!(
        world.server(&answer("1099", "{}")).as_is,
        "a late answer is the client's to ignore"
    );
    assert!(
        world.server(&answer("0", "{}")).nothing(),
        "what was forgotten is over"
    );
    assert!(
        world.client(&call("1098", "t", "{}")).replies[0]["error"].is_object(),
        "not free"
    );
}

#[test]
fn a_cancelled_stream_may_be_answered_late() {
    let mut world = listening("allowed_tools: [t]");
    assert!(world.client(&cancel("\"l\"")).as_is);
    assert!(
        world
            .server(&answer("\"l\"", r#"{"resultType":"complete"}"#))
            .as_is
    );
}

#[test]
fn a_servers_end_is_no_answer_to_what_was_cancelled() {
    let mut world = listening("allowed_tools: [t]");
    world.client(&call("1", "t", "{}"));
    world.client(&call("2", "t", "{}"));
    world.client(&cancel("\"l\""));
    world.client(&cancel("1"));
    let (errors, _) = world.server_ends();
    let ids: Vec<_> = errors.iter().map(|it| it["id"].to_string()).collect();
    assert_eq!(ids, ["2"]);
    let outcomes = world.records();
    let told = outcomes.iter().filter(|it| it.text("outcome").is_some());
    assert_eq!(told.count(), 2, "what became of both calls is on record");
}

/// A subscription to a resource is a request for it by another name.
#[test]
fn a_stream_about_a_protected_path_is_refused() {
    let spec = "allowed_tools: [t]\nprotected_paths: [~/.ssh]";
    for (uri, passes) in [
        ("file:///home/u/%2essh/id", false),
        ("file:///home/u/a", true),
    ] {
        let wanted = json!({"notifications": {"resourceSubscriptions": ["x:y", uri]}});
        let out = World::new(spec).client(&request("1", "subscriptions/listen", &stated(&wanted)));
        assert_eq!(out.code(), (!passes).then_some(-32007), "{uri}");
        assert_eq!(out.forward.is_some(), passes, "{uri}");
    }
}
