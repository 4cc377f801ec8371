//! What a client is shown of the server's tools agrees with what it may call.

use engine::policy::Mode;
use serde_json::{Value, json};
use wire::link::Stream;

use crate::world::{World, answer, call, request, tell};

const TOOLS: &str = r#"{"tools":[
    {"name":"read","description":"Reads","inputSchema":{}},
    {"name":"write","inputSchema":{}},
    {"name":"Delete","description":"Deletes","inputSchema":{}},
    {"name":"ask_me","inputSchema":{}}]}"#;
const RULES: &str = "allowed_tools: [read]\ndenied_tools: [del*]\n\
    tool_rules:\n- {tool: ask_me, action: ask}\n- {tool: write, action: block}";

#[test]
fn a_tool_that_no_call_of_could_pass_is_not_listed() {
    check(RULES, &["read", "ask_me"]);
    check(
        "allowed_tools: ['*']",
        &["read", "write", "Delete", "ask_me"],
    );
    check("allowed_tools: [DELETE]", &["Delete"]);
    check("allowed_tools: []", &[]);
    check(
        "tool_rules:\n- {tool: write, allow_args: {path: '/tmp/.*'}}",
        &["write"],
    );
    check(
        "allowed_tools: ['*']\ntool_rules:\n- {tool: read, schema_hash: \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"}",
        &["write", "Delete", "ask_me"],
    );
    check("allowed_tools: ['*']\nallowed_methods: [tools/list]", &[]);
    check(
        "mode: monitor\ndenied_tools: ['*']",
        &["read", "write", "Delete", "ask_me"],
    );
}

#[test]
fn what_is_listed_may_be_called_and_what_is_not_may_not() {
    let mut world = listed(RULES);
    for (number, (tool, passes)) in [("read", true), ("write", false), ("Delete", false)]
        .into_iter()
        .enumerate()
    {
        let out = world.client(&call(&number.to_string(), tool, "{}"));
        assert_eq!(out.forward.is_some(), passes, "{tool}");
    }
    assert!(world.client(&call("9", "ask_me", "{}")).held);
}

/// A server may list other tools, with names of any length, each time it is asked.
#[test]
fn what_is_remembered_of_tools_left_out_is_bounded() {
    let mut world = World::new("allowed_tools: [read]");
    for round in 0..20 {
        let name = format!("{round}{}", "x".repeat(10_000));
        let tools = json!({"tools": [{"name": name, "inputSchema": {}}]});
        world.client(&request("0", "tools/list", "{}"));
        let out = world.server(&answer("0", &tools.to_string()));
        assert!(out.event("TOOLS_HIDDEN").is_some());
    }
    world.client(&request("0", "tools/list", "{}"));
    world.server(&answer("0", r#"{"tools":[]}"#));
    let remembered = serde_json::to_string(&world.state.learnt).unwrap();
    assert!(remembered.len() < 10_000, "{} bytes", remembered.len());
}

#[test]
fn what_is_left_out_is_recorded_once_a_session() {
    let mut world = World::new(RULES);
    world.client(&request("0", "tools/list", "{}"));
    let out = world.server(&answer("0", &TOOLS.replace('\n', "")));
    let event = out.event("TOOLS_HIDDEN").unwrap();
    assert_eq!(event["count"], 2);
    assert_eq!(event["tools"], "write, Delete");
    world.client(&request("1", "tools/list", "{}"));
    let out = world.server(&answer("1", &TOOLS.replace('\n', "")));
    assert_eq!(out.event("TOOLS_HIDDEN"), None);
    world.client(&request("2", "tools/list", "{}"));
    let out = world.server(&answer(
        "2",
        r#"{"tools":[{"name":"write"},{"name":"new"}]}"#,
    ));
    assert_eq!(out.event("TOOLS_HIDDEN").unwrap()["tools"], "new");
}

#[test]
fn a_filter_can_mark_or_leave_what_is_blocked() {
    let shown = shown(&format!("{RULES}\nlist_filter: mark"), TOOLS);
    let told = |name: &str| {
        let tool = shown["tools"].as_array().unwrap().iter();
        let tool = tool.clone().find(|tool| tool["name"] == name).unwrap();
        tool["description"].as_str().map(str::to_owned)
    };
    assert_eq!(told("read").as_deref(), Some("Reads"));
    assert_eq!(
        told("Delete").as_deref(),
        Some("[blocked by policy] Deletes")
    );
    assert_eq!(told("write").as_deref(), Some("[blocked by policy]"));
    assert_eq!(told("ask_me"), None);

    let mut world = World::new(&format!("{RULES}\nlist_filter: none"));
    world.client(&request("0", "tools/list", "{}"));
    let line = answer("0", &TOOLS.replace('\n', ""));
    assert!(world.server(&line).as_is, "nothing is touched");
}

#[test]
fn every_page_is_filtered_and_its_cursor_kept() {
    let mut world = World::new(RULES);
    let pages = [
        (
            "{}",
            r#"{"tools":[{"name":"write"}],"nextCursor":"A b="}"#,
            json!([]),
            json!("A b="),
        ),
        (
            r#"{"cursor":"A b="}"#,
            r#"{"tools":[{"name":"write2"},{"name":"read"}]}"#,
            json!([{"name":"read"}]),
            Value::Null,
        ),
    ];
    for (number, (params, result, tools, cursor)) in pages.into_iter().enumerate() {
        let id = number.to_string();
        world.client(&request(&id, "tools/list", params));
        let shown = world.server(&answer(&id, result)).json()["result"].clone();
        assert_eq!(shown["tools"], tools, "{params}");
        assert_eq!(shown["nextCursor"], cursor, "{params}");
    }
}

#[test]
fn a_filtered_list_may_not_be_kept_or_shared() {
    let hints = |tools: &str| {
        format!(
            r#"{{"tools":[{tools}],"ttlMs":60000,"cacheScope":"public","resultType":"complete"}}"#
        )
    };
    let cut = shown(RULES, &hints(r#"{"name":"read"},{"name":"write"}"#));
    assert_eq!(cut["ttlMs"], 0);
    assert_eq!(cut["cacheScope"], "private");
    assert_eq!(cut["resultType"], "complete");
    let whole = shown(RULES, &hints(r#"{"name":"read"}"#));
    assert_eq!(whole["ttlMs"], 60000);
    assert_eq!(whole["cacheScope"], "public");
    let earlier = shown(RULES, r#"{"tools":[{"name":"write"}]}"#);
    assert_eq!(
        earlier,
        json!({"tools": []}),
        "a revision without hints gets none"
    );
}

#[test]
fn a_change_of_the_policy_is_told_where_it_changes_what_may_be_called() {
    let mut world = listed(RULES);
    let told = told(&mut world, "allowed_tools: [read, write]");
    assert_eq!(
        told,
        [json!({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})]
    );

    let mut world = listed(RULES);
    assert!(self::told(&mut world, &format!("{RULES}\nask_timeout: 5")).is_empty());
    let mut world = listed(RULES);
    assert_eq!(self::told(&mut world, "mode: monitor").len(), 1);
    let mut world = listed(RULES);
    assert_eq!(
        self::told(&mut world, &format!("{RULES}\nlist_filter: none")).len(),
        1
    );
    let mut world = World::new(RULES);
    assert!(
        self::told(&mut world, "allowed_tools: ['*']").is_empty(),
        "a client that never listed has nothing to list anew"
    );
}

#[test]
fn a_change_of_what_may_be_read_is_told_to_a_client_that_listed_it() {
    let listed = |method: &str, result: &str| {
        let mut world = listed("allowed_resources: ['a:*']\nallowed_prompts: [p]");
        world.client(&request("2", method, "{}"));
        world.server(&answer("2", result));
        world
    };
    let resources = || listed("resources/list", r#"{"resources":[]}"#);
    let prompts = || listed("prompts/list", r#"{"prompts":[]}"#);
    let changed = |mut world: World, spec: &str| -> Vec<String> {
        let told = told(&mut world, spec);
        let method = |it: &Value| it["method"].as_str().unwrap().to_owned();
        told.iter().map(method).collect()
    };
    let of = |list: &str| vec![format!("notifications/{list}/list_changed")];
    let more = "allowed_resources: ['a:*', 'b:*']\nallowed_prompts: [p]";
    assert_eq!(changed(resources(), more), of("resources"));
    assert!(changed(prompts(), more).is_empty());
    let fewer = "allowed_resources: ['a:*']\nallowed_prompts: []";
    assert_eq!(changed(prompts(), fewer), of("prompts"));
    assert!(changed(resources(), fewer).is_empty());
    let none = "allowed_prompts: [p]";
    assert_eq!(changed(resources(), none), of("resources"));
}

#[test]
fn a_client_of_the_stateless_revision_is_told_by_its_subscriptions() {
    let mut world = World::new(RULES);
    let listen = |id: &str, tools: bool| {
        let wants = json!({"notifications": {"toolsListChanged": tools}}).to_string();
        request(id, "subscriptions/listen", &wants)
    };
    for (id, wants) in [("\"s\"", true), ("7", true), ("8", false), ("9", true)] {
        assert!(world.client(&listen(id, wants)).forward.is_some(), "{id}");
    }
    world.server(&answer("9", "{}"));
    world.written(Stream::Server);
    world.client(&request("1", "tools/list", "{}"));
    world.server(&answer("1", &TOOLS.replace('\n', "")));
    world.killed_and_resumed();
    let told = told(&mut world, "allowed_tools: ['*']");
    let mut ids: Vec<Value> = told
        .iter()
        .map(|line| line["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].clone())
        .collect();
    ids.sort_by_key(Value::to_string);
    assert_eq!(ids, [json!("s"), json!(7)]);
    world.client(&tell("notifications/cancelled", r#"{"requestId":7}"#));
    assert_eq!(self::told(&mut world, RULES).len(), 1);
}

#[test]
fn a_session_taken_up_under_another_version_is_told_too() {
    let mut world = listed(RULES);
    world.killed_and_resumed();
    assert!(world.state.resumed_under(&world.in_force).is_empty());
    world.policy("allowed_tools: ['*']");
    assert_eq!(world.state.resumed_under(&world.in_force).len(), 1);
    assert_eq!(world.in_force.policy.mode(), Mode::Enforce);
}

#[test]
fn a_list_of_four_thousand_tools_is_filtered_in_bounded_time() {
    let tools: Vec<Value> = (0..4000)
        .map(|n| json!({"name": format!("t{n}")}))
        .collect();
    let shown = shown(RULES, &json!({"tools": tools}).to_string());
    assert_eq!(shown["tools"], json!([]));
}

fn check(spec: &str, names: &[&str]) {
    let shown = shown(spec, TOOLS);
    let tools = shown["tools"].as_array().unwrap().iter();
    let listed: Vec<&str> = tools.map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(listed, names, "{spec}");
}

/// What the client sees of a list.
fn shown(spec: &str, result: &str) -> Value {
    let mut world = World::new(spec);
    world.client(&request("0", "tools/list", "{}"));
    let out = world.server(&answer("0", &result.replace('\n', "")));
    out.json()["result"].clone()
}

/// A session of an earlier revision that has listed the tools.
fn listed(spec: &str) -> World {
    let mut world = World::new(spec);
    world.client(&request("0", "initialize", "{}"));
    world.server(&answer(
        "0",
        r#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{}}}"#,
    ));
    world.client(&request("1", "tools/list", "{}"));
    world.server(&answer("1", &TOOLS.replace('\n', "")));
    world
}

/// What the client is told once this policy is in force.
fn told(world: &mut World, spec: &str) -> Vec<Value> {
    let before = world.policy(spec);
    let lines = world.with(0, |state, ctx| state.policy_changed(ctx, &before));
    lines.iter().map(|line| crate::out::json(line)).collect()
}
