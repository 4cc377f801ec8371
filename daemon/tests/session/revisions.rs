//! The session learns its revision from the traffic, and what it answers by itself is valid in it.

use serde_json::{Value, json};

use crate::world::{World, answer, call, request, tell};

/// What a client of revision 2026-07-28 states with every request.
pub(crate) fn stated(more: &Value) -> String {
    let mut params = json!({"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }});
    let members = more.as_object().unwrap().clone();
    params.as_object_mut().unwrap().extend(members);
    params.to_string()
}

fn discover(world: &mut World, id: &str) {
    assert!(
        world
            .client(&request(id, "server/discover", &stated(&json!({}))))
            .as_is
    );
}

fn discovered(world: &mut World, id: &str) {
    let result = json!({"resultType": "complete", "supportedVersions": ["2026-07-28"],
        "capabilities": {"tools": {}}, "ttlMs": 0, "cacheScope": "private"});
    assert!(world.server(&answer(id, &result.to_string())).as_is);
}

fn initialized(world: &mut World, id: &str, revision: &str) {
    let params = json!({"protocolVersion": revision, "capabilities": {}});
    world.client(&request(id, "initialize", &params.to_string()));
    let result = json!({"protocolVersion": revision, "capabilities": {}});
    world.server(&answer(id, &result.to_string()));
}

fn revision(world: &World) -> Option<&str> {
    world.state.learnt.revision.as_deref()
}

/// Whether a batch of two pings is read.
fn batches(world: &mut World) -> bool {
    let batch = format!(
        "[{},{}]",
        request("91", "ping", "{}"),
        request("92", "ping", "{}")
    );
    let passed = world.client(&batch).forward.is_some();
    for id in ["91", "92"] {
        world.server(&answer(id, "{}"));
    }
    passed
}

#[test]
fn an_answered_discovery_settles_the_revision() {
    let mut world = World::new("allowed_tools: [t]");
    discover(&mut world, "0");
    assert_eq!(
        revision(&world),
        None,
        "a client's wish is not the server's word"
    );
    discovered(&mut world, "0");
    assert_eq!(revision(&world), Some("2026-07-28"));
    assert!(!batches(&mut world));
    world.killed_and_resumed();
    assert_eq!(
        revision(&world),
        Some("2026-07-28"),
        "over a daemon's death"
    );
}

#[test]
fn a_discovery_that_fails_leaves_the_handshake_to_settle_it() {
    for error in [
        r#"{"code":-32601,"message":"Method not found"}"#,
        r#"{"code":-32022,"message":"Unsupported protocol version","data":{"supported":["2025-03-26"],"requested":"2026-07-28"}}"#,
    ] {
        let mut world = World::new("allowed_tools: [t]");
        discover(&mut world, "0");
        let line = format!(r#"{{"jsonrpc":"2.0","id":0,"error":{error}}}"#);
        assert!(
            world.server(&line).as_is,
            "the server's own error is not touched"
        );
        initialized(&mut world, "1", "2025-03-26");
        assert_eq!(revision(&world), Some("2025-03-26"));
        assert!(batches(&mut world), "{error}");
    }
}

#[test]
fn after_a_handshake_a_discovery_that_is_answered_ends_the_batches() {
    let mut world = World::new("allowed_tools: [t]");
    initialized(&mut world, "0", "2025-03-26");
    assert!(batches(&mut world));
    discover(&mut world, "1");
    discovered(&mut world, "1");
    assert!(!batches(&mut world));
}

/// A client need not discover anything: any request states the revision.
#[test]
fn an_answered_call_settles_the_revision_too() {
    let mut world = World::new("allowed_tools: [t]");
    world.client(&request("1", "tools/call", &stated(&json!({"name": "t"}))));
    world.server(&answer("1", r#"{"resultType":"complete","content":[]}"#));
    assert_eq!(revision(&world), Some("2026-07-28"));
}

/// An older server may answer without minding what the request states.
#[test]
fn an_answer_in_the_old_form_teaches_nothing() {
    let mut world = World::new("allowed_tools: [t]");
    initialized(&mut world, "0", "2025-03-26");
    world.client(&request("1", "tools/call", &stated(&json!({"name": "t"}))));
    world.server(&answer("1", r#"{"content":[]}"#));
    assert_eq!(revision(&world), Some("2025-03-26"));
}

#[test]
fn a_list_answered_here_is_valid_in_the_clients_revision() {
    for (method, key) in [
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ] {
        let mut world = World::new("allowed_tools: [t]");
        let old = world.client(&request("1", method, "{}"));
        assert_eq!(old.replies[0]["result"], json!({ key: [] }), "{method}");
        let new = world.client(&request("2", method, &stated(&json!({}))));
        let wanted =
            json!({"resultType": "complete", key: [], "ttlMs": 0, "cacheScope": "private"});
        assert_eq!(new.replies[0]["result"], wanted, "{method}");
    }
}

#[test]
fn a_refusal_given_as_a_tool_result_states_its_type_where_results_must() {
    let spec = "on_block: tool_result\nallowed_tools: []\ntool_rules:\n  - {tool: a, action: ask}";
    let mut world = World::new(spec);
    let old = world.client(&call("1", "t", "{}"));
    assert_eq!(old.replies[0]["result"].get("resultType"), None);
    let new = world.client(&request("2", "tools/call", &stated(&json!({"name": "t"}))));
    assert_eq!(new.replies[0]["result"]["resultType"], "complete");
    let asked = world.client(&request("3", "tools/call", &stated(&json!({"name": "a"}))));
    let denied = world.deny(&asked.asked().unwrap()).unwrap();
    assert_eq!(denied.released[0].2[0]["result"]["resultType"], "complete");
}

/// The forwarded message is otherwise as it was sent, member by member.
#[test]
fn capabilities_are_stripped_from_every_message_and_nothing_else_changes() {
    let capabilities = r#""io.modelcontextprotocol/clientCapabilities":"#;
    let line = |method: &str, capability: &str, more: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{{"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28",{capabilities}{{"roots":{{}}{capability},"extensions":{{"x/y":{{"z":1.50}}}}}},"k":"v"}},"n":1e2{more}}}}}"#
        )
    };
    for (method, more) in [
        ("tools/list", ""),
        ("tools/call", r#","name":"t","arguments":{"a":1.0}"#),
        ("server/discover", ""),
        ("subscriptions/listen", r#","notifications":{}"#),
    ] {
        let mut world = World::new("allowed_tools: [t]");
        let out = world.client(&line(method, r#","sampling":{"tools":{}}"#, more));
        assert_eq!(out.forward, Some(line(method, "", more)), "{method}");
    }
    let mut world = World::new("allowed_tools: [t]");
    let told = line("notifications/initialized", r#","sampling":{}"#, "").replace(r#""id":7,"#, "");
    let out = world.client(&told);
    assert!(!out.forward.unwrap().contains("sampling"));
}

#[test]
fn the_codes_of_a_servers_errors_are_its_own() {
    for code in [
        -32001, -32002, -32004, -32006, -32020, -32021, -32022, -32602,
    ] {
        let mut world = World::new("allowed_tools: [t]");
        world.client(&call("1", "t", "{}"));
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code},"message":"m"}}}}"#);
        assert!(world.server(&line).as_is, "{code}");
    }
}

/// The roots come with the call tried again, and count before it is judged.
#[test]
fn roots_given_with_a_call_are_bases_for_its_paths() {
    let spec = "allowed_tools: [t]\nprotected_paths: [/srv/project/secret]";
    let arguments = json!({"path": "secret/key"});
    let again = |responses: &Value| {
        stated(&json!({"name": "t", "arguments": arguments, "inputResponses": responses}))
    };
    let mut world = World::new(spec);
    let without = world.client(&request("1", "tools/call", &again(&json!({}))));
    assert!(without.forward.is_some(), "{without:?}");
    let roots = json!({"r": {"roots": [{"uri": "file:///srv/project"}]}});
    let with = world.client(&request("2", "tools/call", &again(&roots)));
    assert_eq!(with.code(), Some(-32007), "{with:?}");
    world.killed_and_resumed();
    let again = world.client(&request("3", "tools/call", &again(&json!({}))));
    assert_eq!(again.code(), Some(-32007), "kept with the decision");
}

/// Which of them the server takes is not known.
#[test]
fn roots_given_in_several_answers_are_all_bases() {
    let mut world = World::new("allowed_tools: [t]\nprotected_paths: [/srv/project/secret]");
    let out = world.client(&request(
        "1",
        "tools/call",
        &stated(
            &json!({"name": "t", "arguments": {"path": "secret/key"}, "inputResponses":
            {"a": {"roots": []}, "b": {"roots": [{"uri": "file:///srv/project"}]}}}),
        ),
    ));
    assert_eq!(out.code(), Some(-32007), "{out:?}");
}

#[test]
fn the_strict_profile_is_the_bare_list() {
    let strict = "method_profile: strict\nallowed_tools: [t]";
    for (method, passes) in [
        ("initialize", true),
        ("ping", true),
        ("tools/list", true),
        ("completion/complete", true),
        ("server/discover", false),
        ("subscriptions/listen", false),
        ("logging/setLevel", false),
    ] {
        let out = World::new(strict).client(&request("1", method, "{}"));
        assert_eq!(out.forward.is_some(), passes, "{method}");
        assert_eq!(out.code(), (!passes).then_some(-32006), "{method}");
    }
}

#[test]
fn progress_pings_and_completions_pass_both_ways_as_they_are() {
    let progress = tell(
        "notifications/progress",
        r#"{"progressToken":"p","progress":0.50}"#,
    );
    let ping = request("9", "ping", "{}");
    let wants = request("5", "ping", r#"{"_meta":{"progressToken":"p"}}"#);
    let asked = |spec: &str| {
        let mut world = World::new(spec);
        assert!(world.client(&wants).as_is && world.server(&wants).as_is);
        world
    };
    for spec in [
        "allowed_tools: [t]",
        "method_profile: strict\nallowed_tools: [t]",
    ] {
        for line in [&progress, &ping, &tell("notifications/initialized", "{}")] {
            assert!(asked(spec).client(line).as_is, "{line} under {spec}");
        }
        for line in [&progress, &ping] {
            assert!(asked(spec).server(line).as_is, "{line} under {spec}");
        }
        let complete = json!({"ref": {"type": "ref/prompt", "name": "p"},
            "argument": {"name": "a", "value": "v"}});
        let line = request("1", "completion/complete", &complete.to_string());
        assert!(World::new(spec).client(&line).as_is, "{spec}");
    }
    let roots = tell("notifications/roots/list_changed", "{}");
    assert!(World::new("allowed_tools: [t]").client(&roots).as_is);
    assert!(
        World::new("method_profile: strict")
            .client(&roots)
            .nothing()
    );
}
