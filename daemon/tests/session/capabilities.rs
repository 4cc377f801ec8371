//! What a policy refuses is not advertised, to either side, and requests of the server pass by
//! `allowed_server_methods`.

use serde_json::{Value, json};

use crate::world::{World, answer, call, request};

fn initialize(spec: &str, capabilities: &Value) -> (World, Value) {
    let mut world = World::new(spec);
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": capabilities});
    let out = world.client(&request("0", "initialize", &params.to_string()));
    let sent = out.json()["params"]["capabilities"].clone();
    (world, sent)
}

fn advertised(spec: &str, method: &str, capabilities: &Value) -> Value {
    let mut world = World::new(spec);
    world.client(&request("0", method, "{}"));
    let result = json!({"protocolVersion": "2025-06-18", "capabilities": capabilities});
    let out = world.server(&answer("0", &result.to_string()));
    out.json()["result"]["capabilities"].clone()
}

#[test]
fn what_a_server_offers_and_the_policy_refuses_is_stripped() {
    let offers = json!({"tools": {}, "resources": {}, "prompts": {}, "logging": {}});
    for method in ["initialize", "server/discover"] {
        let bare = advertised("allowed_tools: [t]", method, &offers);
        assert_eq!(bare, json!({"tools": {}}), "{method}");
        let some = "allowed_methods: [initialize, server/discover, resources/read, tools/call]";
        let some = advertised(some, method, &offers);
        assert_eq!(some, json!({"tools": {}, "resources": {}}), "{method}");
        let all = advertised("allowed_methods: ['*']", method, &offers);
        assert_eq!(all, offers, "{method}");
        let monitor = advertised("mode: monitor", method, &offers);
        assert_eq!(monitor, offers, "{method}: never in monitor mode");
    }
}

#[test]
fn what_a_client_offers_and_the_policy_refuses_is_stripped() {
    let offers = json!({"sampling": {}, "elicitation": {}, "roots": {}});
    let (_, bare) = initialize("allowed_tools: [t]", &offers);
    assert_eq!(bare, json!({"elicitation": {}, "roots": {}}));
    let (_, none) = initialize("allowed_server_methods: []", &offers);
    assert_eq!(none, json!({}));
    let (_, all) = initialize("allowed_server_methods: ['*']", &offers);
    assert_eq!(all, offers);
    let (_, monitor) = initialize("mode: monitor", &offers);
    assert_eq!(monitor, offers);
}

/// Revision 2026-07-28 states them in the `_meta` of any request.
#[test]
fn a_clients_capabilities_in_meta_are_stripped_from_every_request() {
    let meta = r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{"sampling":{}}}"#;
    for line in [
        request("1", "tools/list", &format!("{meta}}}")),
        request("2", "tools/call", &format!(r#"{meta},"name":"t"}}"#)),
    ] {
        let mut world = World::new("allowed_tools: [t]");
        let out = world.client(&line);
        let text = out.forward.unwrap_or_default();
        assert!(!text.is_empty() && !text.contains("sampling"), "{text}");
    }
}

#[test]
fn the_lists_of_what_is_refused_are_empty() {
    for (method, key) in [
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ] {
        let mut world = World::new("allowed_tools: [t]");
        let out = world.client(&request("1", method, "{}"));
        assert_eq!(out.replies[0]["result"], json!({ key: [] }), "{method}");
        assert_eq!(out.decisions(), ["BLOCK"], "{method}");
        assert_eq!(out.forward, None, "{method}");
    }
    let mut world = World::new("allowed_tools: [t]");
    let out = world.client(&request("1", "resources/read", r#"{"uri":"x:y"}"#));
    assert_eq!(out.code(), Some(-32006));
}

#[test]
fn a_servers_requests_pass_by_the_policys_list() {
    for (spec, method, passes) in [
        ("allowed_tools: [t]", "ping", true),
        ("allowed_tools: [t]", "roots/list", true),
        ("allowed_tools: [t]", "elicitation/create", true),
        ("allowed_tools: [t]", "sampling/createMessage", false),
        ("allowed_tools: [t]", "Sampling/CreateMessage", false),
        ("allowed_server_methods: []", "ping", false),
        (
            "allowed_server_methods: [sampling/createMessage]",
            "sampling/createMessage",
            true,
        ),
        ("allowed_server_methods: ['*']", "vendor/thing", true),
        ("allowed_server_methods: ['*']", "Vendor/Thing", false),
        ("mode: monitor", "sampling/createMessage", true),
    ] {
        let mut world = World::new(spec);
        let out = world.server(&request("1", method, "{}"));
        assert_eq!(
            out.forward.is_some(),
            passes,
            "{method} under {spec}: {out:?}"
        );
        let code = (!passes).then_some(-32006);
        assert_eq!(out.code(), code, "{method} under {spec}");
    }
}

#[test]
fn a_servers_request_let_through_in_monitor_mode_is_a_violation_on_record() {
    let mut world = World::new("mode: monitor");
    let out = world.server(&request("1", "sampling/createMessage", "{}"));
    assert_eq!(out.decisions(), ["ALLOW_MONITOR"]);
    assert_eq!(out.lines[0]["violation"], true);
    assert_eq!(out.lines[0]["direction"], "downstream");
}

/// In revision 2026-07-28 the server asks inside a result.
#[test]
fn a_request_inside_a_result_obeys_the_same_list() {
    for method in [
        "sampling/createMessage",
        "SAMPLING/createMessage",
        "vendor/thing",
    ] {
        let mut world = World::new("allowed_tools: [t]");
        world.client(&call("1", "t", "{}"));
        let asks = json!({"resultType": "input_required",
            "inputRequests": {"a": {"method": method, "params": {}}}});
        let out = world.server(&answer("1", &asks.to_string()));
        let error = &out.json()["error"];
        assert_eq!(error["code"], -32006, "{method}: {error}");
    }
}
