//! One table of requests under way a direction: nobody's answer, cancel or duplicate touches
//! another's request.

use wire::link::Stream;

use crate::world::{World, answer, call, request, tell};

const ALL: &str = "allowed_tools: ['*']\nallowed_methods: ['*']";

fn under_way(id: &str) -> World {
    let mut world = World::new(ALL);
    assert!(world.client(&call(id, "t", "{}")).as_is);
    world
}

#[test]
fn a_duplicate_in_flight_is_refused_without_touching_the_first() {
    for second in [call("1", "t", "{}"), request("1", "tools/list", "{}")] {
        let mut world = under_way("1");
        let out = world.client(&second);
        assert_eq!(out.code(), Some(-32600), "{second}");
        assert!(out.replies[0]["id"].is_null(), "it names no id: {out:?}");
        assert_eq!(out.forward, None);
        assert_eq!(out.decisions(), ["BLOCK"]);
        assert!(world.server(&answer("1", "{}")).as_is);
    }
}

/// An error under the id of a request under way would be taken for its answer.
#[test]
fn a_malformed_frame_under_an_id_in_flight_does_not_answer_the_first() {
    for second in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","Name":"u"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#,
    ] {
        let mut world = under_way("1");
        let out = world.client(second);
        assert_eq!(out.forward, None, "{second}");
        assert!(out.replies[0]["id"].is_null(), "{second}: {out:?}");
        assert!(world.server(&answer("1", "{}")).as_is);
    }
}

#[test]
fn an_over_long_frame_under_an_id_in_flight_does_not_answer_the_first() {
    let mut world = under_way("1");
    let head = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"#;
    let (judged, _) = world.with(0, |state, ctx| {
        state.client_oversize(ctx, 9, 11_000_000, head, b"")
    });
    let out = world.take(judged, "");
    assert!(out.replies[0]["id"].is_null(), "{out:?}");
}

#[test]
fn a_number_and_its_text_are_two_requests() {
    let mut world = under_way("1");
    assert!(world.client(&call("\"1\"", "t", "{}")).as_is);
    assert!(world.server(&answer("\"1\"", "{}")).as_is);
    assert!(world.server(&answer("1", "{}")).as_is);
}

#[test]
fn an_answer_to_nothing_is_dropped_and_recorded() {
    for line in [
        answer("2", "{}"),
        answer("\"1\"", "{}"),
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","error":{"code":1,"message":"m"}}"#.to_owned(),
    ] {
        let mut world = under_way("1");
        let out = world.server(&line);
        assert!(out.nothing(), "{line}: {out:?}");
        assert!(out.event("MESSAGE_DROPPED").is_some(), "{line}");
        let back = world.client(&line);
        assert!(back.nothing(), "the client's too: {line}: {back:?}");
        assert!(back.event("MESSAGE_DROPPED").is_some());
    }
}

#[test]
fn a_second_answer_is_dropped() {
    let mut world = under_way("1");
    assert!(world.server(&answer("1", "{}")).as_is);
    let late = world.server(&answer("1", "{}"));
    assert!(late.nothing() && late.event("MESSAGE_DROPPED").is_some());
}

#[test]
fn a_late_result_after_our_own_answer_is_dropped() {
    let mut world = World::new("allowed_tools: []");
    assert_eq!(world.client(&call("1", "t", "{}")).code(), Some(-32001));
    let late = world.server(&answer("1", r#"{"content":[]}"#));
    assert!(late.nothing() && late.event("MESSAGE_DROPPED").is_some());
}

#[test]
fn an_id_is_free_again_once_its_answer_has_been_judged() {
    let mut world = under_way("1");
    world.server(&answer("1", "{}"));
    assert!(world.client(&call("1", "t", "{}")).as_is);
    // The first answer's word comes late and must not end the second request.
    assert_eq!(world.written(Stream::Server), 0);
    assert!(world.server(&answer("1", "{}")).as_is);
    assert_eq!(world.written(Stream::Server), 1);
}

#[test]
fn a_cancel_names_only_the_senders_own_request() {
    let cancel = |id: &str| {
        tell(
            "notifications/cancelled",
            &format!(r#"{{"requestId":{id}}}"#),
        )
    };
    let mut world = under_way("1");
    let wrong = world.client(&cancel("2"));
    assert!(wrong.nothing() && wrong.event("MESSAGE_DROPPED").is_some());
    let servers = world.server(&cancel("1"));
    assert!(servers.nothing() && servers.event("MESSAGE_DROPPED").is_some());
    assert!(world.server(&request("7", "roots/list", "{}")).as_is);
    assert!(world.client(&cancel("7")).nothing(), "the server's request");
    assert!(world.server(&cancel("7")).as_is);
    assert!(world.client(&cancel("1")).as_is);
}

/// `cancelled` is AIP's short name for the same notification.
#[test]
fn a_cancel_by_its_short_name_obeys_the_same_rule() {
    for name in ["cancelled", "CANCELLED", "Notifications/Cancelled"] {
        let mut world = under_way("9");
        let cancel = |id: u8| tell(name, &format!(r#"{{"requestId":{id}}}"#));
        assert!(world.client(&cancel(8)).nothing(), "{name}");
        assert!(world.server(&cancel(9)).nothing(), "{name}");
        assert!(world.client(&cancel(9)).forward.is_some(), "{name}");
    }
}

/// Servers need not answer what was cancelled, and most don't.
#[test]
fn cancelled_requests_leave_room_for_others() {
    let mut world = World::new(ALL);
    for id in 0..1100 {
        assert!(
            world.client(&call(&id.to_string(), "t", "{}")).as_is,
            "{id}"
        );
        assert!(world.server(&request(&id.to_string(), "ping", "{}")).as_is);
        let cancel = tell(
            "notifications/cancelled",
            &format!(r#"{{"requestId":{id}}}"#),
        );
        assert!(world.client(&cancel).as_is && world.server(&cancel).as_is);
    }
    assert!(world.server(&answer("1099", "{}")).as_is, "a late answer");
    let out = world.server(&answer("0", "{}"));
    assert!(out.nothing() && out.event("MESSAGE_DROPPED").is_some());
}

#[test]
fn a_side_may_have_1024_requests_under_way() {
    let mut world = World::new(ALL);
    for id in 0..1024 {
        assert!(world.client(&call(&id.to_string(), "t", "{}")).as_is);
        assert!(world.server(&request(&id.to_string(), "ping", "{}")).as_is);
    }
    let more = world.client(&call("2000", "t", "{}"));
    assert_eq!(more.code(), Some(-32001));
    assert_eq!(
        more.replies[0]["error"]["data"]["aip"],
        "too_many_outstanding"
    );
    assert_eq!(more.decisions(), ["BLOCK"]);
    let more = world.server(&request("2000", "ping", "{}"));
    assert!(more.nothing() && more.event("MESSAGE_DROPPED").is_some());
    world.server(&answer("5", "{}"));
    world.written(Stream::Server);
    assert!(world.client(&call("2000", "t", "{}")).as_is, "room again");
}

#[test]
fn the_servers_duplicate_is_dropped_and_the_first_still_answerable() {
    let mut world = World::new(ALL);
    assert!(world.server(&request("1", "ping", "{}")).as_is);
    assert!(world.server(&request("1", "ping", "{}")).nothing());
    assert!(world.client(&answer("1", "{}")).as_is);
    assert!(world.client(&answer("1", "{}")).nothing());
}

#[test]
fn a_duplicate_within_one_batch_is_refused_too() {
    let mut world = batching();
    let twice = format!("[{},{}]", call("1", "t", "{}"), call("1", "u", "{}"));
    let out = world.client(&twice);
    assert_eq!(out.forward.as_deref(), Some(call("1", "t", "{}").as_str()));
    let out = world.server(&format!("[{0},{0}]", request("1", "ping", "{}")));
    assert_eq!(
        out.forward.as_deref(),
        Some(request("1", "ping", "{}").as_str())
    );
}

#[test]
fn every_request_a_batch_of_answers_ends_is_over() {
    let mut world = batching();
    world.client(&call("1", "t", "{}"));
    world.client(&call("2", "t", "{}"));
    let both = format!("[{},{}]", answer("1", "{}"), answer("2", "{}"));
    let out = world.server(&both);
    assert_eq!(out.forward.as_deref().map(|it| it.lines().count()), Some(2));
    assert_eq!(world.written(Stream::Server), 2, "both leave the store");
}

#[test]
fn batches_of_answers_do_not_fill_the_table() {
    let mut world = batching();
    for round in 0..600 {
        let ids = [3 * round, 3 * round + 1, 3 * round + 2];
        for id in ids {
            let out = world.client(&call(&id.to_string(), "t", "{}"));
            assert!(out.as_is, "request {id}: {out:?}");
        }
        let all = ids.map(|id| answer(&id.to_string(), "{}")).join(",");
        world.server(&format!("[{all}]"));
        world.written(Stream::Server);
    }
}

pub(crate) fn batching() -> World {
    let mut world = World::new(ALL);
    world.client(&request(
        "0",
        "initialize",
        r#"{"protocolVersion":"2025-03-26"}"#,
    ));
    world.server(&answer(
        "0",
        r#"{"protocolVersion":"2025-03-26","capabilities":{}}"#,
    ));
    world.written(Stream::Server);
    world
}

#[test]
fn an_over_long_answer_of_the_client_ends_the_servers_request_with_an_error() {
    let mut world = World::new("allowed_tools: [t]");
    world.server(&request("7", "roots/list", "{}"));
    let head = br#"{"jsonrpc":"2.0","id":7,"result":{"roots":["#;
    let (judged, hopeless) =
        world.with(0, |state, ctx| state.client_oversize(ctx, 1, 99, head, b""));
    let out = world.take(judged, "");
    let forward = out.forward.unwrap();
    assert!(
        !hopeless && forward.contains(r#""id":7,"error""#),
        "{forward}"
    );
    assert!(world.client(&answer("7", "{}")).nothing());
}
