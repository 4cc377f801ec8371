//! Two readers of one message: what goes on can be read one way, and what can't be is refused.

use crate::ids::batching;
use crate::world::{World, answer, call, request, tell};

const ALL: &str = "allowed_tools: ['*']\nallowed_methods: ['*']";

#[test]
fn plain_bytes_go_on_as_they_are() {
    let mut world = World::new(ALL);
    assert!(
        world
            .client(&call("1", "t", r#"{"a": 1.50, "b":"\u0041"}"#))
            .as_is
    );
    assert!(world.server(&answer("1", r#"{"content": []}"#)).as_is);
}

#[test]
fn bytes_two_readers_could_part_differently_are_written_anew() {
    for (name, line) in [
        ("a bare carriage return", call("1", "t", "{\"a\":\r1}")),
        ("a tab between members", call("1", "t", "{\"a\":\t1}")),
        (
            "U+2028 in a string",
            call("1", "t", "{\"a\":\"x\u{2028}y\"}"),
        ),
        ("U+0085 in a string", call("1", "t", "{\"a\":\"x\u{85}y\"}")),
    ] {
        let mut world = World::new(ALL);
        let out = world.client(&line);
        let text = out.forward.clone().unwrap_or_default();
        assert!(!out.as_is && !text.is_empty(), "{name}: {out:?}");
        let raw = ['\r', '\t', '\u{2028}', '\u{85}'];
        assert!(!text.contains(raw), "{name}: {text:?}");
        assert_eq!(out.decisions(), ["ALLOW"], "{name}");
    }
}

#[test]
fn numbers_and_key_order_survive_the_rewriting() {
    let mut world = World::new(ALL);
    let out = world.client(&call("1", "t", "{\"z\":\t1.50,\"a\":1E+2,\"m\":-0.0}"));
    let text = out.forward.unwrap_or_default();
    assert!(text.contains(r#"{"z":1.50,"a":1E+2,"m":-0.0}"#), "{text}");
}

#[test]
fn what_another_reader_could_read_differently_is_refused_and_recorded() {
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":1,"\u0061":2}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
        r#"{"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":9007199254740992,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":NaN}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"} {}"#,
        "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
        r#"{"jsonrpc":"2.0","id":1,"Method":"x","method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","Name":"u"}}"#,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\",\"argument\u{17f}\":{}}}",
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":[]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["t"]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\ud800"}}"#,
    ] {
        let mut world = World::new(ALL);
        let out = world.client(line);
        assert_eq!(out.forward, None, "{line}");
        assert!(
            matches!(out.code(), Some(-32700 | -32600)),
            "{line}: {out:?}"
        );
        assert_eq!(out.decisions(), ["BLOCK"], "{line}");
    }
}

#[test]
fn a_look_alike_key_inside_arguments_is_the_tools_own_affair() {
    let mut world = World::new(ALL);
    assert!(
        world
            .client(&call("1", "t", r#"{"Name":1,"METHOD":2}"#))
            .as_is
    );
}

#[test]
fn what_a_server_says_that_is_no_message_is_dropped_and_recorded_by_hash() {
    for line in [
        "hello",
        "{}",
        r#"{"jsonrpc":"2.0","id":1,"Result":{},"result":{}}"#,
    ] {
        let mut world = World::new(ALL);
        let out = world.server(line);
        assert!(out.nothing(), "{line}");
        let told = out.event("MESSAGE_DROPPED").expect(line);
        assert_eq!(told["length"], line.len());
        assert!(told["sha256"].is_string());
    }
}

/// The client decides by these members as the server does by those of a call.
#[test]
fn a_result_with_a_look_alike_of_a_protocol_key_is_not_passed_on() {
    let mut world = World::new(ALL);
    world.client(&request("1", "tools/list", "{}"));
    let out = world.server(&answer("1", r#"{"tools":[],"Tools":[{"name":"x"}]}"#));
    assert!(
        out.forward.is_none() || out.json()["error"].is_object(),
        "{out:?}"
    );
}

/// The server would take paths to be relative to other roots than we do.
#[test]
fn a_clients_answer_in_two_readings_becomes_an_error_to_the_server() {
    for result in [
        r#"{"roots":[],"Roots":[{"uri":"file:///b"}]}"#,
        r#"{"roots":[{"uri":"file:///a","Uri":"file:///b"}]}"#,
        r#"{"roots":[],"_Meta":{}}"#,
    ] {
        let mut world = World::new("allowed_tools: [t]");
        assert!(world.server(&request("7", "roots/list", "{}")).as_is);
        let out = world.client(&answer("7", result));
        assert_eq!(out.json()["error"]["code"], -32603, "{result}: {out:?}");
        assert!(out.event("MESSAGE_DROPPED").is_some(), "{result}");
        assert!(world.client(&answer("7", "{}")).nothing(), "it is answered");
    }
}

#[test]
fn a_batch_is_refused_outside_its_one_revision() {
    let mut world = World::new(ALL);
    let out = world.client(&format!("[{}]", call("1", "t", "{}")));
    assert_eq!((out.code(), out.forward), (Some(-32600), None));
    world.client(&call("2", "t", "{}"));
    let out = world.server(&format!("[{}]", answer("2", "{}")));
    assert_eq!(out.forward, None, "a server's batch too");
}

#[test]
fn each_message_of_a_batch_is_judged_and_goes_on_alone() {
    let mut world = batching();
    world.policy("allowed_tools: [good]");
    let parts = [
        call("1", "good", "{}"),
        call("2", "bad", "{}"),
        tell("notifications/initialized", "{}"),
        "1".to_owned(),
    ];
    let out = world.client(&format!("[{}]", parts.join(",")));
    let forwarded: Vec<_> = out.forward.as_deref().unwrap_or_default().lines().collect();
    assert_eq!(forwarded, [parts[0].as_str(), parts[2].as_str()]);
    let codes: Vec<_> = out
        .replies
        .iter()
        .map(|it| it["error"]["code"].clone())
        .collect();
    assert_eq!(codes, [-32001, -32600]);
    assert_eq!(out.decisions(), ["ALLOW", "BLOCK", "BLOCK"]);
}

#[test]
fn a_call_that_would_ask_is_refused_in_a_batch_and_costs_no_rate() {
    let mut world = batching();
    world.policy("tool_rules:\n  - tool: t\n    action: ask\n    rate_limit: 1/hour");
    let out = world.client(&format!("[{}]", call("1", "t", "{}")));
    assert_eq!(out.code(), Some(-32001));
    assert!(
        world.client(&call("2", "t", "{}")).held,
        "the token is left"
    );
}

#[test]
fn a_call_as_a_notification_is_refused_without_an_answer() {
    for method in ["tools/call", "Tools/Call", "tools\u{200b}/call"] {
        let mut world = World::new(ALL);
        let out = world.client(&tell(method, r#"{"name":"t","arguments":{}}"#));
        assert!(out.nothing(), "{method}: {out:?}");
        assert_eq!(out.decisions(), ["BLOCK"], "{method}");
    }
}

#[test]
fn an_over_long_frame_is_answered_where_its_id_is_known() {
    let mut world = World::new(ALL);
    let head = br#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"#;
    let (judged, ends) = world.with(0, |state, ctx| {
        state.client_oversize(ctx, 1, 1 << 24, head, b"")
    });
    let out = world.take(judged, "");
    assert_eq!((out.code(), ends), (Some(-32600), false));
    let (judged, ends) = world.with(0, |state, ctx| {
        state.client_oversize(ctx, 2, 1 << 24, b"{", b"")
    });
    assert!(ends, "nobody can be told");
    assert_eq!(world.take(judged, "").decisions(), ["BLOCK"]);
}
