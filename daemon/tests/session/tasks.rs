//! Tasks: which a session may reach for, and what their results are judged by.

use serde_json::{Value, json};

use crate::world::{World, answer, call, request, tell};

const DLP: &str = "allowed_tools: [t]\ndlp:\n  patterns:\n    - {name: A, regex: 'sesame'}\n    - {name: N, regex: '4711'}";

/// A session in which a call of `t` was answered with the task `T`, as either revision does.
fn with_task(spec: &str, modern: bool) -> World {
    let mut world = World::new(spec);
    world.client(&call("1", "t", "{}"));
    let made = if modern {
        r#"{"resultType":"task","taskId":"T","status":"working","ttlMs":null}"#
    } else {
        r#"{"task":{"taskId":"T","status":"working"}}"#
    };
    assert!(world.server(&answer("1", made)).as_is);
    world
}

fn of_call(world: &World) -> String {
    let records = world.records();
    let call = records
        .iter()
        .find(|it| it.text("tool").as_deref() == Some("t"));
    call.unwrap().text("call_id").unwrap().into_owned()
}

fn about(id: &str, method: &str, task: &str) -> String {
    request(
        id,
        method,
        &json!({"taskId": task, "inputResponses": {}}).to_string(),
    )
}

#[test]
fn a_sessions_own_tasks_can_be_reached_in_either_form() {
    for modern in [true, false] {
        let mut world = with_task("allowed_tools: [t]", modern);
        world.killed_and_resumed();
        for (n, method) in ["tasks/get", "tasks/result", "tasks/update", "tasks/cancel"]
            .iter()
            .enumerate()
        {
            let own = world.client(&about(&format!("{}", 10 + n), method, "T"));
            assert!(own.as_is, "{method}: {own:?}");
            let other = world.client(&about(&format!("{}", 20 + n), method, "U"));
            assert_eq!(other.code(), Some(-32006), "{method}");
            assert_eq!(other.decisions(), ["BLOCK"], "{method}");
        }
    }
}

/// Only what answers a call is its task: a task's own answer names one too.
#[test]
fn an_answer_about_a_task_makes_none() {
    let mut world = with_task("allowed_tools: [t]", true);
    world.client(&about("2", "tasks/get", "T"));
    world.server(&answer(
        "2",
        r#"{"resultType":"task","taskId":"U","status":"working"}"#,
    ));
    assert_eq!(
        world.client(&about("3", "tasks/get", "U")).code(),
        Some(-32006)
    );
}

#[test]
fn the_list_holds_the_sessions_own_unless_the_policy_lists_the_method() {
    let all =
        json!({"tasks": [{"taskId": "T"}, {"taskId": "U"}, {"taskId": 7}, "x"], "nextCursor": "c"});
    for (spec, left) in [
        ("allowed_tools: [t]", json!([{"taskId": "T"}])),
        (
            "allowed_tools: [t]\nallowed_methods: ['*']",
            all["tasks"].clone(),
        ),
        ("mode: monitor\nallowed_tools: [t]", all["tasks"].clone()),
    ] {
        let mut world = with_task(spec, false);
        assert!(
            world
                .client(&request("2", "tasks/list", "{}"))
                .forward
                .is_some(),
            "{spec}"
        );
        let out = world.server(&answer("2", &all.to_string()));
        assert_eq!(out.json()["result"]["tasks"], left, "{spec}");
        assert_eq!(out.json()["result"]["nextCursor"], "c");
    }
    let mut world = World::new("method_profile: strict\nallowed_tools: [t]");
    let out = world.client(&request("1", "tasks/list", "{}"));
    assert_eq!(out.replies[0]["result"], json!({"tasks": []}));
}

#[test]
fn only_own_tasks_can_be_listened_to() {
    let listen = json!({"notifications": {"toolsListChanged": true, "taskIds": ["T", "U"]}});
    for (spec, heard) in [
        ("allowed_tools: [t]", json!(["T"])),
        (
            "allowed_tools: [t]\nallowed_methods: ['*']",
            json!(["T", "U"]),
        ),
    ] {
        let mut world = with_task(spec, true);
        let out = world.client(&request("2", "subscriptions/listen", &listen.to_string()));
        assert_eq!(
            out.json()["params"]["notifications"]["taskIds"],
            heard,
            "{spec}"
        );
    }
}

#[test]
fn what_is_no_list_of_tasks_names_none() {
    let mut world = with_task("allowed_tools: [t]", true);
    for ids in [json!("U"), json!({"0": "U"})] {
        let listen = json!({"notifications": {"taskIds": ids}}).to_string();
        let out = world.client(&request("2", "subscriptions/listen", &listen));
        assert_eq!(out.json()["params"]["notifications"]["taskIds"], json!([]));
        world.server(&answer("2", "{}"));
        world.client(&request("3", "tasks/list", "{}"));
        let out = world.server(&answer("3", &json!({"tasks": ids}).to_string()));
        assert_eq!(out.json()["result"]["tasks"], json!([]));
    }
}

/// Where a task could not be fetched, nobody is to make one.
#[test]
fn tasks_are_not_offered_where_the_policy_refuses_to_fetch_them() {
    let extension = json!({"extensions": {"io.modelcontextprotocol/tasks": {}, "x/y": {}}});
    let offers = json!({"tools": {}, "tasks": {"requests": {"tools": {"call": {}}}},
        "extensions": extension["extensions"]});
    let bare = json!({"tools": {}, "extensions": {"x/y": {}}});
    for (spec, server, client) in [
        ("allowed_tools: [t]", &offers, &extension),
        (
            "mode: monitor\nallowed_methods: [tools/call]",
            &offers,
            &extension,
        ),
        (
            "allowed_methods: [initialize, server/discover, tools/call]",
            &bare,
            &json!({"extensions": {"x/y": {}}}),
        ),
    ] {
        let mut world = World::new(spec);
        let meta = json!({"_meta": {"io.modelcontextprotocol/clientCapabilities": extension}});
        let out = world.client(&request("1", "server/discover", &meta.to_string()));
        let sent = &out.json()["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        assert_eq!(sent, client, "{spec}");
        let out = world.server(&answer("1", &json!({"capabilities": offers}).to_string()));
        assert_eq!(out.json()["result"]["capabilities"], *server, "{spec}");
    }
}

#[test]
fn a_capability_takes_the_tasks_of_its_kind_along() {
    let offers = json!({"sampling": {}, "tasks": {"list": {}, "requests":
        {"sampling": {"createMessage": {}}, "elicitation": {"create": {}}}}});
    let mut world = World::new("allowed_tools: [t]");
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": offers});
    let out = world.client(&request("0", "initialize", &params.to_string()));
    let left = json!({"tasks": {"list": {}, "requests": {"elicitation": {"create": {}}}}});
    assert_eq!(out.json()["params"]["capabilities"], left);
}

/// 2025-11-25 has the result as `tasks/result` answers it, 2026-07-28 inside the task.
#[test]
fn a_tasks_result_is_redacted_and_the_finding_names_the_call() {
    let content = json!({"content": [{"type": "text", "text": "open sesame"}]});
    let task =
        json!({"resultType": "complete", "taskId": "T", "status": "completed", "result": content});
    for (method, result) in [("tasks/result", &content), ("tasks/get", &task)] {
        let mut world = with_task(DLP, method == "tasks/get");
        world.client(&about("2", method, "T"));
        let out = world.server(&answer("2", &result.to_string()));
        let text = out.forward.clone().unwrap();
        assert!(
            text.contains("open [REDACTED:A]") && !text.contains("sesame"),
            "{text}"
        );
        let found = out.event("DLP_TRIGGERED").unwrap();
        assert_eq!(found["call_id"], of_call(&world), "{method}");
    }
}

#[test]
fn a_tasks_notice_is_redacted_and_the_finding_names_the_call() {
    let mut world = with_task(DLP, true);
    let notice = json!({"taskId": "T", "status": "completed",
        "result": {"content": [{"type": "text", "text": "sesame"}]}});
    let out = world.server(&tell("notifications/tasks", &notice.to_string()));
    assert_eq!(
        out.json()["params"]["result"]["content"][0]["text"],
        "[REDACTED:A]"
    );
    assert_eq!(
        out.event("DLP_TRIGGERED").unwrap()["call_id"],
        of_call(&world)
    );
    let status = json!({"taskId": "T", "status": "failed", "statusMessage": "sesame"});
    let out = world.server(&tell("notifications/tasks/status", &status.to_string()));
    assert_eq!(out.json()["params"]["statusMessage"], "[REDACTED:A]");
}

/// The tool promised a number; a marker in its place would make the client refuse the whole.
#[test]
fn a_tasks_result_must_still_fit_the_tools_output_schema() {
    let list = json!({"tools": [{"name": "t", "inputSchema": {"type": "object"},
        "outputSchema": {"type": "object"}}]});
    let held = json!({"content": [], "structuredContent": {"n": 4711}});
    let task =
        json!({"resultType": "complete", "taskId": "T", "status": "completed", "result": held});
    for (method, result) in [("tasks/result", &held), ("tasks/get", &task)] {
        let mut world = with_task(DLP, true);
        world.client(&request("2", "tools/list", "{}"));
        world.server(&answer("2", &list.to_string()));
        world.client(&about("3", method, "T"));
        let out = world.server(&answer("3", &result.to_string()));
        assert_eq!(out.json()["error"]["code"], -32001, "{method}: {out:?}");
        assert_eq!(out.json()["error"]["data"]["tool"], "t");
    }
}

#[test]
fn a_look_alike_inside_a_tasks_result_is_refused() {
    let mut world = with_task("allowed_tools: [t]", true);
    world.client(&about("2", "tasks/get", "T"));
    let result = json!({"taskId": "T", "status": "completed", "result": {"Content": []}});
    let out = world.server(&answer("2", &result.to_string()));
    assert_eq!(out.json()["error"]["code"], -32603);
    let out = world.server(&tell("notifications/tasks", &result.to_string()));
    assert!(out.nothing() && out.event("MESSAGE_DROPPED").is_some());
}

#[test]
fn records_about_a_task_name_the_call_it_stands_for() {
    let spec = "allowed_tools: [t]\naudit: {methods: all}\ndenied_methods: [tasks/cancel]";
    let mut world = with_task(spec, true);
    let call_id = of_call(&world);
    let got = world.client(&about("2", "tasks/get", "T"));
    let refused = world.client(&about("3", "tasks/cancel", "T"));
    for line in [&got.lines[0], &refused.lines[0]] {
        assert_eq!(line["task_call_id"], call_id, "{line}");
        assert_ne!(line["call_id"], call_id, "{line}");
    }
}

/// A client may answer a request with a task as well; the server then asks for it.
#[test]
fn a_server_may_fetch_the_task_its_own_request_was_answered_with() {
    let get = |id: &str, task: &str| request(id, "tasks/get", &json!({"taskId": task}).to_string());
    let mut world = World::new("allowed_tools: [t]");
    assert_eq!(world.server(&get("1", "C")).code(), Some(-32006));
    let params = json!({"message": "m", "requestedSchema": {}, "task": {"ttl": 1}});
    assert!(
        world
            .server(&request("2", "elicitation/create", &params.to_string()))
            .as_is
    );
    world.client(&answer(
        "2",
        r#"{"task":{"taskId":"C","status":"working"}}"#,
    ));
    world.killed_and_resumed();
    assert!(world.server(&get("3", "C")).as_is);
    assert_eq!(world.server(&get("4", "D")).code(), Some(-32006));
    assert_eq!(
        world.client(&about("5", "tasks/get", "C")).code(),
        Some(-32006),
        "not the client's"
    );
    let roots: Value = json!({"task": {"taskId": "R"}});
    world.server(&request("6", "roots/list", "{}"));
    world.client(&answer("6", &roots.to_string()));
    assert_eq!(
        world.server(&get("7", "R")).code(),
        Some(-32006),
        "roots make no task"
    );
}
