//! What goes back to the client: refusals, and errors where a server has gone.

use crate::world::{World, answer, call, request};

#[test]
fn a_refusal_has_the_form_of_the_specification() {
    let mut world = World::new("allowed_tools: [a, secret_tool]\nallowed_methods: [tools/call]");
    let out = world.client(&call("\"x\"", "nope", "{}"));
    let reply = &out.replies[0];
    assert_eq!(reply["id"], "x");
    assert_eq!(reply["error"]["message"], "Forbidden");
    assert_eq!(reply["error"]["data"]["tool"], "nope");
    assert_eq!(
        reply["error"]["data"]["reason"],
        "Tool not in allowed_tools list"
    );
    assert_eq!(reply["error"]["data"]["aip"], "forbidden");
    assert!(
        !reply.to_string().contains("secret_tool"),
        "no other tool's name"
    );
    let out = world.client(&request("2", "prompts/get", "{}"));
    assert_eq!(out.replies[0]["error"]["data"]["method"], "prompts/get");
}

#[test]
fn the_client_hears_the_argument_and_the_record_the_pattern() {
    let spec = "tool_rules:\n  - tool: q\n    allow_args: {sql: '^SELECT .*'}";
    let out = World::new(spec).client(&call("1", "q", r#"{"sql":"DROP"}"#));
    assert_eq!(out.replies[0]["error"]["data"]["failed_arg"], "sql");
    assert!(!out.replies[0].to_string().contains("SELECT"));
    assert!(
        out.lines[0].to_string().contains("SELECT"),
        "{:?}",
        out.lines
    );
}

#[test]
fn a_refusal_can_be_a_tool_result() {
    let mut world = World::new("on_block: tool_result\nallowed_tools: []");
    let out = world.client(&call("1", "t", "{}"));
    assert_eq!(out.replies[0]["result"]["isError"], true);
}

#[test]
fn every_refusal_of_a_call_can_be_a_tool_result() {
    let ask = "on_block: tool_result\ntool_rules:\n  - {tool: t, action: ask}";
    let mut world = World::new(ask);
    let id = world.client(&call("1", "t", "{}")).asked().unwrap();
    let out = world.deny(&id).unwrap();
    assert_eq!(
        out.released[0].2[0]["result"]["isError"], true,
        "denied by a person"
    );
    let dlp = "on_block: tool_result\nallowed_tools: [t]\ndlp:\n  scan_requests: true\n  \
               patterns:\n    - {name: A, regex: sesame}";
    let out = World::new(dlp).client(&call("1", "t", r#"{"a":"sesame"}"#));
    assert_eq!(out.replies[0]["result"]["isError"], true, "blocked by DLP");
}

#[test]
fn a_servers_end_gives_every_request_an_error() {
    let spec = "allowed_tools: [t]\ntool_rules:\n  - {tool: a, action: ask}";
    let mut world = World::new(spec);
    world.client(&call("1", "t", "{}"));
    world.client(&request("\"two\"", "tools/list", "{}"));
    world.client(&call("3", "t", "{}"));
    world.server(&answer("3", "{}"));
    let (errors, withdrawn) = world.server_ends();
    let ids: Vec<_> = errors.iter().map(|it| it["id"].to_string()).collect();
    assert_eq!(ids, ["1", "\"two\""], "an answered one has its answer");
    assert!(errors.iter().all(|it| it["error"]["code"] == -32603));
    assert!(withdrawn.is_empty());
    let (again, _) = world.server_ends();
    assert!(again.is_empty(), "once");
}

#[test]
fn a_servers_end_gives_a_call_that_waits_for_a_person_an_error() {
    let mut world = World::new("tool_rules:\n  - {tool: a, action: ask}");
    world.client(&call("1", "a", "{}"));
    let (errors, withdrawn) = world.server_ends();
    let released = withdrawn.iter().flat_map(|it| &it.released);
    let replies: usize = released.map(|(_, _, replies)| replies.len()).sum();
    assert_eq!(errors.len() + replies, 1, "exactly one answer");
}

#[test]
fn an_answer_that_cannot_be_read_becomes_an_error() {
    let mut world = World::new("allowed_tools: [t]");
    world.client(&call("1", "t", "{}"));
    let out = world.server(r#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}"#);
    assert_eq!(out.json()["error"]["code"], -32603);
    assert!(world.server(&answer("1", "{}")).nothing());
}

/// Its id is the server's own, whatever else has the same.
#[test]
fn a_servers_request_that_cannot_be_read_answers_nothing() {
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":7}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}}"#,
    ] {
        let mut world = World::new("allowed_tools: [t]");
        world.client(&call("1", "t", "{}"));
        let out = world.server(line);
        assert!(out.nothing(), "{line}");
        assert!(out.event("MESSAGE_DROPPED").is_some(), "{line}");
        assert!(world.server(&answer("1", "{}")).as_is, "{line}");
    }
}

/// It may be taken for an answer.
#[test]
fn what_is_both_a_request_and_an_answer_becomes_an_error() {
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","error":{"a":1,"a":2}}"#,
    ] {
        let mut world = World::new("allowed_tools: [t]");
        world.client(&call("1", "t", "{}"));
        assert_eq!(world.server(line).json()["error"]["code"], -32603, "{line}");
    }
}

#[test]
fn a_servers_over_long_answer_becomes_an_error_and_anything_else_ends_the_session() {
    let mut world = World::new("allowed_tools: [t]");
    world.client(&call("1", "t", "{}"));
    let (head, tail) = (br#"{"result":{"#, br#"}]},"jsonrpc":"2.0","id":1}"#);
    let (judged, ends) = world.with(0, |state, ctx| {
        state.server_oversize(ctx, 1, 1 << 24, head, tail)
    });
    let out = world.take(judged, "");
    assert_eq!(
        (out.json()["error"]["code"].as_i64(), ends),
        (Some(-32603), false)
    );
    let (judged, ends) = world.with(0, |state, ctx| {
        state.server_oversize(ctx, 2, 1 << 24, head, tail)
    });
    assert!(ends && world.take(judged, "").event("MESSAGE_DROPPED").is_some());
}
