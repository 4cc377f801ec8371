//! Resources and prompts by the policy's lists: what is read, subscribed to, completed and listed.

use engine::decide::Override;
use serde_json::{Value, json};

use crate::out::Out;
use crate::world::{World, answer, request, tell};

const SPEC: &str = "allowed_resources: ['file:///project/*', 'note://*']\n\
denied_resources: ['*.key']\nallowed_prompts: [review]\ndlp:\n  patterns:\n    - {name: AWS, regex: 'AKIA[A-Z0-9]{16}'}";
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

fn check(spec: &str, method: &str, params: &Value) -> Out {
    World::new(spec).client(&request("1", method, &params.to_string()))
}

fn refused(out: &Out, reason: &str) {
    assert_eq!(out.forward, None, "{out:?}");
    assert_eq!(out.code(), Some(-32001), "{out:?}");
    assert_eq!(out.replies[0]["error"]["data"]["reason"], reason);
    assert_eq!(out.decisions(), ["BLOCK"]);
}

const LISTED: &str = "Resource not in allowed_resources list";
const DENIED: &str = "resource is denied by the policy";
const PROMPT: &str = "Prompt not in allowed_prompts list";

#[test]
fn a_listed_resource_is_read_as_it_was_sent_and_no_other() {
    for method in [
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
    ] {
        let sent = json!({"uri": "file:///project/My%20Notes/a.md"});
        assert!(check(SPEC, method, &sent).as_is, "{method}");
        refused(
            &check(SPEC, method, &json!({"uri": "file:///etc/passwd"})),
            LISTED,
        );
        refused(
            &check(SPEC, method, &json!({"uri": "file:///project/../etc"})),
            LISTED,
        );
        refused(
            &check(SPEC, method, &json!({"uri": "note://server.key#a"})),
            DENIED,
        );
        refused(&check(SPEC, method, &json!({"uri": ["note://a"]})), DENIED);
        refused(&check(SPEC, method, &json!({})), DENIED);
    }
    let out = check(
        SPEC,
        "Resources/READ",
        &json!({"uri": "file:///etc/passwd"}),
    );
    refused(&out, LISTED);
}

#[test]
fn a_listed_prompt_is_got_and_no_other() {
    assert!(check(SPEC, "prompts/get", &json!({"name": "review"})).as_is);
    for params in [
        json!({"name": "Review"}),
        json!({"name": "other"}),
        json!({"name": 7}),
        json!({}),
    ] {
        refused(&check(SPEC, "prompts/get", &params), PROMPT);
    }
}

#[test]
fn the_record_says_what_was_refused_by_which_list_and_where() {
    let out = check(
        SPEC,
        "resources/read",
        &json!({"uri": format!("note://{KEY}.key")}),
    );
    let record = &out.lines[0];
    assert_eq!(record["resource"], "note://[REDACTED:AWS].key");
    assert_eq!(record["failed_rule"], "denied_resources");
    assert_eq!(record["detail"], "`*.key` in denied_resources");
    assert_eq!(record["policy_line"], 7);
    assert_eq!(record["method"], "resources/read");
    assert_eq!(out.replies[0]["error"]["data"]["method"], "resources/read");
    let out = check(SPEC, "prompts/get", &json!({"name": "p".repeat(5000)}));
    let record = &out.lines[0];
    let told = record["prompt"].as_str().unwrap();
    assert!(told.len() < 600 && told.starts_with("ppp"), "{told}");
    assert_eq!(record["failed_rule"], "allowed_prompts");
    assert_eq!(record["policy_line"], 8);
    let all = format!("{SPEC}\naudit: {{methods: all}}");
    let out = check(&all, "resources/read", &json!({"uri": "note://a"}));
    assert_eq!(out.lines[0]["resource"], "note://a");
    assert_eq!(out.decisions(), ["ALLOW"]);
}

#[test]
fn a_refused_notification_of_a_reading_goes_nowhere() {
    let mut world = World::new(SPEC);
    let out = world.client(&tell("resources/read", r#"{"uri":"file:///etc/passwd"}"#));
    assert!(out.nothing(), "{out:?}");
    assert_eq!(out.lines[0]["resource"], "file:///etc/passwd");
    assert_eq!(out.lines[0]["reason"], LISTED);
}

#[test]
fn monitor_mode_records_a_violation_and_lets_it_through() {
    for (spec, overriding) in [
        (format!("mode: monitor\n{SPEC}"), Override::None),
        (SPEC.to_owned(), Override::Monitor),
    ] {
        let mut world = World::new(&spec);
        world.overriding = overriding;
        let out = world.client(&request(
            "1",
            "resources/read",
            r#"{"uri":"file:///etc/a"}"#,
        ));
        assert!(out.as_is, "{out:?}");
        assert_eq!(out.decisions(), ["ALLOW_MONITOR"]);
        assert_eq!(out.lines[0]["violation"], true);
        assert_eq!(out.lines[0]["reason"], LISTED);
        assert_eq!(out.lines[0]["resource"], "file:///etc/a");
        let out = world.client(&tell("resources/read", r#"{"uri":"file:///etc/a"}"#));
        assert!(out.as_is, "{out:?}");
        assert_eq!(out.lines[0]["failed_rule"], "allowed_resources");
        let list = r#"{"resources":[{"uri":"file:///etc/a","name":"a"}]}"#;
        world.client(&request("2", "resources/list", "{}"));
        assert!(world.server(&answer("2", list)).as_is);
    }
}

#[test]
fn a_tool_result_in_an_errors_place_is_for_tools_only() {
    let spec = format!("on_block: tool_result\n{SPEC}");
    refused(
        &check(&spec, "resources/read", &json!({"uri": "a:b"})),
        LISTED,
    );
}

#[test]
fn completions_are_of_what_could_be_read() {
    let complete = |reference: Value| {
        let params = json!({"ref": reference, "argument": {"name": "a", "value": "v"}});
        check(SPEC, "completion/complete", &params)
    };
    let resource = |uri: &str| json!({"type": "ref/resource", "uri": uri});
    assert!(complete(resource("note://{name}")).as_is);
    assert!(complete(resource("file:///{path}")).as_is);
    assert!(complete(json!({"type": "ref/prompt", "name": "review"})).as_is);
    refused(&complete(resource("file:///etc/{path}")), LISTED);
    refused(&complete(resource("db://{table}")), LISTED);
    refused(&complete(resource("note://a.key")), DENIED);
    refused(
        &complete(json!({"type": "ref/prompt", "name": "other"})),
        PROMPT,
    );
    refused(
        &complete(json!({"type": "ref/Prompt", "name": "other"})),
        DENIED,
    );
    let both = json!({"type": "x", "uri": "note://{a}", "name": "other"});
    refused(&complete(both), PROMPT);
    refused(&complete(json!("note://a")), DENIED);
    let out = check(
        "allowed_tools: [t]",
        "completion/complete",
        &json!({"ref": {"type": "ref/prompt", "name": "p"}}),
    );
    assert!(out.as_is, "without the lists as ever: {out:?}");
    let out = check(
        "allowed_prompts: [p]",
        "completion/complete",
        &json!({"ref": resource("a:{b}")}),
    );
    assert_eq!(out.code(), Some(-32006), "{out:?}");
}

#[test]
fn one_subscription_that_is_refused_refuses_all() {
    let listen = |uris: Value| {
        let params =
            json!({"notifications": {"toolsListChanged": true, "resourceSubscriptions": uris}});
        check(SPEC, "subscriptions/listen", &params)
    };
    assert!(listen(json!(["file:///project/a", "note://b"])).as_is);
    assert!(listen(json!([])).as_is);
    assert!(listen(Value::Null).as_is);
    let out = listen(json!(["file:///project/a", "file:///etc/a", "note://b"]));
    refused(&out, LISTED);
    assert_eq!(out.lines[0]["resource"], "file:///etc/a");
    refused(&listen(json!(["note://a", 7])), DENIED);
    refused(&listen(json!("file:///etc/a")), DENIED);
    refused(&listen(json!({"0": "file:///etc/a"})), DENIED);
    let none = json!({"notifications": {"resourceSubscriptions": ["x:y"]}});
    assert!(check("allowed_tools: [t]", "subscriptions/listen", &none).as_is);
}

#[test]
fn lists_hold_what_can_be_read() {
    let resources = json!({
        "resources": [
            {"uri": "file:///project/a", "name": "a"},
            {"uri": "file:///etc/passwd", "name": "passwd"},
            {"uri": "note://server.KEY", "name": "key"},
            {"name": "none"},
            {"uri": 7},
            "file:///project/b",
            {"uri": "note://b", "name": "b", "_meta": {"x": 1}},
        ],
        "nextCursor": "page-2",
    });
    let kept = json!({
        "resources": [
            {"uri": "file:///project/a", "name": "a"},
            {"uri": "note://b", "name": "b", "_meta": {"x": 1}},
        ],
        "nextCursor": "page-2",
    });
    lists(SPEC, "resources/list", &resources, &kept);
    let template = |uri: &str| json!({"uriTemplate": uri, "name": "t"});
    let templates = json!({"resourceTemplates": [
        template("file:///project/{path}"),
        template("file:///{+path}"),
        template("{scheme}://x"),
        template("file:///etc/{path}"),
        template("db://{table}"),
        template("note://plain"),
        template("note://plain.key"),
        {"name": "none"},
    ]});
    let kept = json!({"resourceTemplates": [
        template("file:///project/{path}"),
        template("file:///{+path}"),
        template("{scheme}://x"),
        template("note://plain"),
    ]});
    lists(SPEC, "resources/templates/list", &templates, &kept);
    let prompts = json!({"prompts": [{"name": "review"}, {"name": "Review"}, {"name": "x"}, {}]});
    let kept = json!({"prompts": [{"name": "review"}]});
    lists(SPEC, "prompts/list", &prompts, &kept);
    lists(
        SPEC,
        "resources/list",
        &json!({"resources": {"a": 1}}),
        &json!({"resources": []}),
    );
    lists(SPEC, "prompts/list", &kept, &kept);
    lists(
        "allowed_methods: ['*']",
        "resources/list",
        &resources,
        &resources,
    );
    let denied = "allowed_methods: ['*']\ndenied_resources: ['db://*']";
    lists(
        denied,
        "resources/templates/list",
        &json!({"resourceTemplates": [template("db://{table}"), template("d{x}")]}),
        &json!({"resourceTemplates": [template("d{x}")]}),
    );
}

#[test]
fn a_list_that_was_cut_may_not_be_kept() {
    let list = |names: &[&str], ttl: u32, scope: &str| {
        let prompts: Vec<_> = names.iter().map(|it| json!({"name": it})).collect();
        json!({"prompts": prompts, "ttlMs": ttl, "cacheScope": scope})
    };
    let (whole, cut) = (
        list(&["review", "x"], 60_000, "public"),
        list(&["review"], 0, "private"),
    );
    lists(SPEC, "prompts/list", &whole, &cut);
    let all = list(&["review"], 60_000, "public");
    lists(SPEC, "prompts/list", &all, &all);
}

#[test]
fn a_protected_file_is_not_listed_where_the_list_is_judged() {
    let spec = "allowed_resources: ['*']\nprotected_paths: [~/.ssh]";
    let all =
        json!({"resources": [{"uri": "file:///home/u/.ssh/id"}, {"uri": "file:///home/u/a"}]});
    let kept = json!({"resources": [{"uri": "file:///home/u/a"}]});
    lists(spec, "resources/list", &all, &kept);
}

#[test]
fn a_list_is_filtered_after_a_restart_too() {
    let mut world = World::new(SPEC);
    world.client(&request("1", "prompts/list", "{}"));
    world.killed_and_resumed();
    let out = world.server(&answer("1", r#"{"prompts":[{"name":"x"}]}"#));
    assert_eq!(out.json()["result"], json!({"prompts": []}));
}

/// In each place where a request names a resource, and in whatever form.
#[test]
fn a_file_uri_obeys_protected_paths_wherever_it_stands() {
    let spec = "allowed_methods: ['*']\nallowed_resources: ['*']\nprotected_paths: [~/.ssh]\nmode: monitor";
    let mut world = World::new(spec);
    world.link = Some(("/linked".into(), "/home/u/.ssh".into()));
    for uri in [
        "file:///home/u/.ssh/id",
        "file://localhost/home/u/.ssh/id",
        "file:/home/u/.ssh/id",
        "FILE:///home/u/.ssh/id",
        "file:///home/u/%2essh/id",
        "file:///home/u/%252essh/id",
        "file:///home/u/x/../.ssh/id",
        "file:///home/u/x/%2e%2e/.ssh/id",
        "file:////home//u/.ssh/id",
        "file:///home/u/.ssh/id?x#y",
        "file:///linked/id",
    ] {
        for (method, params) in [
            ("resources/read", json!({"uri": uri})),
            ("resources/subscribe", json!({"uri": uri})),
            ("resources/unsubscribe", json!({"uri": uri})),
            (
                "completion/complete",
                json!({"ref": {"type": "ref/resource", "uri": uri}}),
            ),
            (
                "subscriptions/listen",
                json!({"notifications": {"resourceSubscriptions": ["a:b", uri]}}),
            ),
        ] {
            let out = world.client(&request("1", method, &params.to_string()));
            assert_eq!(out.code(), Some(-32007), "{method} {uri}: {out:?}");
            assert_eq!(out.forward, None, "{method} {uri}");
        }
    }
}

#[test]
fn what_can_be_read_is_advertised() {
    let offers =
        json!({"tools": {}, "resources": {"subscribe": true}, "prompts": {}, "logging": {}});
    for (spec, left) in [
        (
            "allowed_resources: []",
            json!({"tools": {}, "resources": {"subscribe": true}}),
        ),
        ("allowed_prompts: [p]", json!({"tools": {}, "prompts": {}})),
        (
            "method_profile: strict\nallowed_prompts: [p]",
            json!({"tools": {}, "prompts": {}}),
        ),
        (
            "allowed_methods: [initialize, tools/call]\nallowed_resources: ['*']",
            json!({"tools": {}}),
        ),
        ("denied_resources: ['a:*']", json!({"tools": {}})),
    ] {
        let mut world = World::new(spec);
        world.client(&request("0", "initialize", "{}"));
        let result = json!({"protocolVersion": "2025-06-18", "capabilities": offers});
        let out = world.server(&answer("0", &result.to_string()));
        assert_eq!(out.json()["result"]["capabilities"], left, "{spec}");
    }
}

#[test]
fn a_daemon_started_anew_gives_the_same_refusal() {
    let mut world = World::new(SPEC);
    let line = request("1", "resources/read", r#"{"uri":"file:///etc/passwd"}"#);
    refused(&world.client(&line), LISTED);
    world.killed_and_resumed();
    let out = world.client_again(1, &line);
    assert_eq!(out.replies[0]["error"]["data"]["reason"], LISTED);
    assert!(out.lines.is_empty(), "recorded once: {out:?}");
}

/// What a server lists for a request of this method, and what the client gets of it.
fn lists(spec: &str, method: &str, listed: &Value, kept: &Value) {
    let mut world = World::new(spec);
    world.client(&request("1", method, r#"{"cursor":"c"}"#));
    let out = world.server(&answer("1", &listed.to_string()));
    assert_eq!(&out.json()["result"], kept, "{method}");
    assert_eq!(out.as_is, listed == kept, "{method}");
}

/// Where a long URI leads takes long to tell: a server must not keep the daemon at it.
#[test]
fn of_a_list_of_long_uris_only_the_first_are_looked_up() {
    let own = "file:///etc/aip/agent.yaml".to_owned();
    let long = (0..40).map(|n| format!("file:///srv/{n}/{}", "x".repeat(4000)));
    let (first, last) = (std::iter::once(own.clone()), std::iter::once(own.clone()));
    let uris: Vec<_> = first.chain(long).chain(last).collect();
    let resources: Vec<_> = uris
        .iter()
        .map(|uri| json!({"uri": uri, "name": "n"}))
        .collect();
    let mut world = World::new("allowed_methods: ['*']\ndenied_resources: ['note:*']");
    world.client(&request("1", "resources/list", "{}"));
    let out = world.server(&answer("1", &json!({"resources": resources}).to_string()));
    let listed = out.json()["result"]["resources"].as_array().unwrap().len();
    assert_eq!(listed, uris.len() - 1, "the last is listed unseen");
    let read = json!({"uri": own}).to_string();
    let out = world.client(&request("2", "resources/read", &read));
    assert_eq!(out.code(), Some(-32007), "and refused when it is read");
}
