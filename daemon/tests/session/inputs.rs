//! What a server asks inside a result, a notice or an error, and the call that is tried again.

use serde_json::{Value, json};

use crate::revisions::stated;
use crate::world::{World, answer, call, request, tell};

fn asks(method: &str) -> Value {
    json!({"resultType": "input_required", "requestState": "s",
        "inputRequests": {"name": {"method": method, "params": {}}}})
}

/// A call of `t` under this policy, answered so.
fn answered(spec: &str, result: &Value) -> (World, crate::out::Out) {
    let mut world = World::new(spec);
    world.client(&call("1", "t", "{}"));
    let out = world.server(&answer("1", &result.to_string()));
    (world, out)
}

#[test]
fn what_the_policy_lets_the_server_ask_passes_as_it_is() {
    for method in ["elicitation/create", "roots/list"] {
        let (_, out) = answered("allowed_tools: [t]", &asks(method));
        assert!(out.as_is, "{method}: {out:?}");
        assert!(out.decisions().is_empty());
    }
}

/// An error no client tries again on, and a record that says what was refused and to which call.
#[test]
fn what_it_refuses_becomes_an_error_and_a_record_of_the_call() {
    let mut more = asks("elicitation/create");
    more["inputRequests"]["more"] = json!({"method": "sampling/createMessage", "params": {}});
    for result in [asks("sampling/createMessage"), more] {
        let (mut world, out) = answered("allowed_tools: [t]", &result);
        let error = &out.json()["error"];
        assert_eq!(error["code"], -32006, "{error}");
        assert_eq!(error["data"]["method"], "sampling/createMessage");
        assert_eq!(error["data"]["aip"], "method_not_allowed");
        assert!(!out.forward.as_ref().unwrap().contains("requestState"));
        assert_eq!(out.decisions(), ["BLOCK"]);
        let (line, records) = (&out.lines[0], world.records());
        let made = records
            .iter()
            .find(|it| it.text("tool").as_deref() == Some("t"));
        assert_eq!(line["direction"], "downstream");
        assert_eq!(line["method"], "sampling/createMessage");
        assert_eq!(line["call_id"], *made.unwrap().text("call_id").unwrap());
        assert_eq!(out.later, 1, "the call was answered");
        assert!(world.server(&answer("1", "{}")).nothing(), "and is over");
    }
}

#[test]
fn a_refused_answer_or_notice_that_is_sent_again_is_recorded_once() {
    let (mut world, first) = answered("allowed_tools: [t]", &asks("sampling/createMessage"));
    world.killed_and_resumed();
    let line = answer("1", &asks("sampling/createMessage").to_string());
    let again = world.server_again(1, &line);
    assert_eq!(
        again.forward, first.forward,
        "the client gets the same error"
    );
    assert!(again.lines.is_empty(), "{again:?}");

    let mut world = World::new("allowed_tools: [t]");
    let mut params = asks("sampling/createMessage");
    params["taskId"] = json!("x");
    let notice = tell("notifications/tasks", &params.to_string());
    assert_eq!(world.server(&notice).decisions(), ["BLOCK"]);
    world.killed_and_resumed();
    let again = world.server_again(1, &notice);
    assert!(again.nothing() && again.lines.is_empty(), "{again:?}");
}

#[test]
fn the_error_holds_nothing_the_policy_redacts() {
    let spec = "allowed_tools: [t]\ndlp:\n  patterns:\n    - {name: A, regex: 'sesame'}";
    let (_, out) = answered(spec, &asks("vendor/sesame"));
    assert!(!out.forward.unwrap().contains("sesame"));
    assert!(!out.lines[0].to_string().contains("sesame"));
}

#[test]
fn monitor_mode_lets_it_through_as_a_violation_on_record() {
    let (_, out) = answered(
        "mode: monitor\nallowed_tools: [t]",
        &asks("sampling/createMessage"),
    );
    assert!(out.as_is);
    assert_eq!(out.decisions(), ["ALLOW_MONITOR"]);
    assert_eq!(out.lines[0]["violation"], true);
    let all = "allowed_tools: [t]\naudit: {methods: all}";
    let (_, out) = answered(all, &asks("elicitation/create"));
    assert_eq!(
        out.decisions(),
        ["ALLOW"],
        "and where every method is recorded"
    );
}

/// In a task it is the answer to `tasks/get`, the task's notice, or the task's own result.
#[test]
fn what_a_task_asks_obeys_the_same_list() {
    let inputs = asks("sampling/createMessage")["inputRequests"].clone();
    let waits = json!({"taskId": "T", "status": "input_required", "inputRequests": inputs});
    let inner = json!({"taskId": "T", "status": "completed", "result": {"inputRequests": inputs}});
    for result in [&waits, &inner] {
        let task = json!({"resultType": "task", "taskId": "T", "status": "working"});
        let (mut world, _) = answered("allowed_tools: [t]", &task);
        world.client(&request("2", "tasks/get", r#"{"taskId":"T"}"#));
        let out = world.server(&answer("2", &result.to_string()));
        assert_eq!(out.json()["error"]["code"], -32006, "{result}");
        let out = world.server(&tell("notifications/tasks", &result.to_string()));
        assert!(out.nothing(), "{result}");
        assert_eq!(out.decisions(), ["BLOCK"], "{result}");
    }
}

/// Opaque to everybody but the server: the value is the same whatever happens around it.
#[test]
fn the_state_is_the_same_both_ways() {
    let dlp = "allowed_tools: [t]\ndlp:\n  scan_requests: true\n  on_request_match: redact\n  \
               detect_encoding: true\n  patterns:\n    - {name: A, regex: 'sesame'}";
    let odd = "sesame \u{2028}\u{7f}\\u0041\"\\/ \u{1f600} ﬁ İ c2VzYW1l %73esame";
    for state in [odd.to_owned(), "sesame".repeat(100_000), String::new()] {
        for spec in ["allowed_tools: [t]", dlp] {
            let mut result = asks("elicitation/create");
            result["requestState"] = json!(state);
            result["inputRequests"]["name"]["params"] = json!({"message": "open sesame"});
            let (mut world, out) = answered(spec, &result);
            assert_eq!(out.json()["result"]["requestState"], json!(state), "{spec}");
            let again = json!({"name": "t", "arguments": {"a": "sesame"}, "requestState": state,
                "inputResponses": {"name": {"action": "accept", "content": {"b": "sesame"}}}});
            let out = world.client(&request("2", "tools/call", &stated(&again)));
            assert_eq!(out.json()["params"]["requestState"], json!(state), "{spec}");
            let redacted = out.json()["params"]["inputResponses"]
                .to_string()
                .contains("[REDACTED:A]");
            assert_eq!(
                redacted,
                spec == dlp,
                "an answer is scanned, the state is not"
            );
        }
    }
}

/// The escapes it was written in survive too, where nothing else makes the line be written anew.
#[test]
fn a_state_written_in_escapes_goes_on_byte_for_byte() {
    let mut world = World::new("allowed_tools: [t]");
    world.client(&call("1", "t", "{}"));
    let line = r#"{"jsonrpc":"2.0","id":1,"result":{"requestState":"\u0041\/\ud83d\ude00","resultType":"input_required"}}"#;
    let out = world.server(line);
    assert!(out.as_is && out.forward.as_deref() == Some(line));
}

#[test]
fn a_call_tried_again_is_a_call_of_its_own() {
    let spec = "tool_rules:\n  - {tool: t, rate_limit: 2/hour, allow_args: {a: 'x+'}}";
    let mut world = World::new(spec);
    assert!(world.client(&call("1", "t", r#"{"a":"x"}"#)).as_is);
    world.server(&answer("1", &asks("elicitation/create").to_string()));
    let again = |arguments: &Value| {
        let inputs = json!({"name": {"action": "accept", "content": {}}});
        stated(
            &json!({"name": "t", "arguments": arguments, "inputResponses": inputs, "requestState": "s"}),
        )
    };
    let changed = world.client(&request("2", "tools/call", &again(&json!({"a": "y"}))));
    assert_eq!(
        changed.code(),
        Some(-32001),
        "its arguments are judged anew"
    );
    let passed = world.client(&request("3", "tools/call", &again(&json!({"a": "x"}))));
    assert_eq!(passed.decisions(), ["ALLOW"], "with a record of its own");
    let spent = world.client(&request("4", "tools/call", &again(&json!({"a": "x"}))));
    assert_eq!(spent.code(), Some(-32002), "and spends the rate limit");
}

/// Revision 2025-11-25: the call fails until an address has been visited.
#[test]
fn an_error_that_wants_an_address_visited_is_an_elicitation() {
    let wants = [
        r#"{"code":-32042,"message":"m","data":{"elicitations":[{"mode":"url","elicitationId":"e","url":"https://x","message":"m"}]}}"#,
        r#"{"code":-32042,"message":"m"}"#,
        r#"{"code":-32000,"message":"m","data":{"elicitations":[]}}"#,
    ];
    for error in wants {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{error}}}"#);
        for (spec, passes, decisions) in [
            ("allowed_tools: [t]", true, &[][..]),
            (
                "mode: monitor\nallowed_tools: [t]\nallowed_server_methods: []",
                true,
                &["ALLOW_MONITOR"],
            ),
            (
                "allowed_tools: [t]\nallowed_server_methods: [ping]",
                false,
                &["BLOCK"],
            ),
        ] {
            let mut world = World::new(spec);
            world.client(&call("1", "t", "{}"));
            let out = world.server(&line);
            assert_eq!(out.as_is, passes, "{error} under {spec}");
            assert_eq!(out.decisions(), decisions, "{error} under {spec}");
            if !passes {
                assert_eq!(out.json()["error"]["code"], -32006, "{error}");
                assert!(!out.forward.unwrap().contains("https://x"));
            }
        }
    }
}

#[test]
fn the_notice_of_a_visit_passes_where_the_server_may_ask_for_one() {
    let notice = tell(
        "notifications/elicitation/complete",
        r#"{"elicitationId":"e"}"#,
    );
    assert!(World::new("allowed_tools: [t]").server(&notice).as_is);
    assert!(
        World::new("mode: monitor\nallowed_server_methods: []")
            .server(&notice)
            .as_is
    );
    let out = World::new("allowed_server_methods: [ping]").server(&notice);
    assert!(out.nothing() && out.event("MESSAGE_DROPPED").is_some());
}

#[test]
fn ids_of_elicitations_are_never_redacted() {
    let spec = "allowed_tools: [t]\ndlp:\n  patterns:\n    - {name: A, regex: 'sesame'}";
    let mut world = World::new(spec);
    let url =
        json!({"mode": "url", "elicitationId": "sesame", "url": "https://x", "message": "sesame"});
    let out = world.server(&request("1", "elicitation/create", &url.to_string()));
    assert_eq!(out.json()["params"]["elicitationId"], "sesame");
    assert_eq!(out.json()["params"]["message"], "[REDACTED:A]");
    let out = world.server(&tell(
        "notifications/elicitation/complete",
        r#"{"elicitationId":"sesame"}"#,
    ));
    assert!(out.as_is);
    world.client(&call("1", "t", "{}"));
    let error = json!({"code": -32042, "message": "m", "data": {"elicitations": [url]}});
    let line = json!({"jsonrpc": "2.0", "id": 1, "error": error}).to_string();
    let out = world.server(&line);
    assert_eq!(
        out.json()["error"]["data"]["elicitations"][0]["elicitationId"],
        "sesame"
    );
}

fn batched(world: &mut World) {
    let revision = r#"{"protocolVersion":"2025-03-26","capabilities":{}}"#;
    world.client(&request("0", "initialize", revision));
    world.server(&answer("0", revision));
}

#[test]
fn a_refused_notice_in_a_batch_is_known_again_in_its_place() {
    let mut world = World::new("allowed_tools: [t]");
    batched(&mut world);
    let changed = tell("notifications/tools/list_changed", "{}");
    let refused = tell(
        "notifications/tasks",
        &asks("sampling/createMessage").to_string(),
    );
    let batch = format!("[{changed},{refused}]");
    let first = world.server(&batch);
    assert_eq!(first.decisions(), ["BLOCK"]);
    world.killed_and_resumed();
    let again = world.server_again(2, &batch);
    assert_eq!(again.forward, first.forward, "the other notice goes on");
    assert!(again.lines.is_empty(), "{again:?}");
}

#[test]
fn what_a_server_was_let_ask_is_recorded_once() {
    let all = "allowed_tools: [t]\naudit: {methods: all}";
    let monitor = "mode: monitor\nallowed_tools: [t]";
    for (spec, method) in [
        (all, "elicitation/create"),
        (monitor, "sampling/createMessage"),
    ] {
        let (mut world, first) = answered(spec, &asks(method));
        assert_eq!(first.decisions().len(), 1, "{first:?}");
        world.killed_and_resumed();
        let again = world.server_again(1, &answer("1", &asks(method).to_string()));
        assert_eq!(again.forward, first.forward);
        assert!(again.lines.is_empty(), "{again:?}");
        let notice = tell("notifications/tasks", &asks(method).to_string());
        assert_eq!(world.server_again(2, &notice).decisions().len(), 1);
        world.killed_and_resumed();
        let again = world.server_again(2, &notice);
        assert!(again.as_is && again.lines.is_empty(), "{again:?}");
    }
}

#[test]
fn an_answer_on_record_as_refused_is_refused_though_the_policy_would_pass_it_now() {
    let (mut world, first) = answered("allowed_tools: [t]", &asks("sampling/createMessage"));
    world.policy("allowed_tools: [t]\nallowed_server_methods: ['*']");
    world.killed_and_resumed();
    let again = world.server_again(1, &answer("1", &asks("sampling/createMessage").to_string()));
    assert_eq!(again.forward, first.forward, "the record says BLOCK");
    assert!(again.lines.is_empty(), "{again:?}");
}

#[test]
fn an_answer_let_through_before_and_refused_now_is_superseded() {
    let spec = "allowed_tools: [t]\naudit: {methods: all}";
    let (mut world, first) = answered(spec, &asks("elicitation/create"));
    world.policy("allowed_tools: [t]\nallowed_server_methods: [ping]");
    world.killed_and_resumed();
    let again = world.server_again(1, &answer("1", &asks("elicitation/create").to_string()));
    assert_eq!(again.json()["error"]["code"], -32006);
    assert_eq!(again.decisions(), ["BLOCK"]);
    assert_eq!(again.lines[0]["supersedes"], first.lines[0]["seq"]);
}

/// A task that failed holds the error its call would have been answered with.
#[test]
fn the_error_of_a_task_that_wants_an_address_visited_is_an_elicitation() {
    let error = json!({"code": -32042, "message": "m", "data": {"elicitations":
        [{"mode": "url", "elicitationId": "e", "url": "https://x.example", "message": "m"}]}});
    let failed = json!({"taskId": "T", "status": "failed", "error": error});
    let inner = json!({"taskId": "T", "status": "failed", "result": {"error": error}});
    for (spec, passes) in [
        ("allowed_tools: [t]\nallowed_server_methods: [ping]", false),
        ("allowed_tools: [t]", true),
    ] {
        for result in [&failed, &inner] {
            let task = json!({"resultType": "task", "taskId": "T", "status": "working"});
            let (mut world, _) = answered(spec, &task);
            world.client(&request("2", "tasks/get", r#"{"taskId":"T"}"#));
            let out = world.server(&answer("2", &result.to_string()));
            assert_eq!(out.as_is, passes, "{spec} {result}: {out:?}");
            let out = world.server(&tell("notifications/tasks", &result.to_string()));
            assert_eq!(out.as_is, passes, "{spec} {result}: {out:?}");
        }
    }
}
