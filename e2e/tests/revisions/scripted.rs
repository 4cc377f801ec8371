//! What no SDK speaks, line by line with a scripted server: what either side reads through aip is
//! what it reads without.

use std::fs;

use e2e::client::{Client, PATIENCE};
use e2e::home::Home;
use e2e::programs::{program, shipped_policy};
use e2e::record::Record;
use rustix::process::Signal;
use serde_json::{Value, json};

/// A policy that allows the tools and says nothing of methods.
const TOOLS: &str = "  allowed_tools: ['*']";

/// One run's ends: the client, and what reached the server.
struct Ends {
    client: Client,
    record: Record,
}

fn server(home: &Home, name: &str, script: &Value) -> (Record, Vec<String>) {
    let path = home.work().join(format!("{name}.script"));
    fs::write(&path, script.to_string()).unwrap();
    let record = home.record(name);
    let words = [&program("aip-scripted"), record.path(), &path];
    let words = words.map(|word| word.to_string_lossy().into_owned());
    (record, words.to_vec())
}

fn bare(home: &Home, script: &Value) -> Ends {
    let (record, words) = server(home, "bare", script);
    let mut command = std::process::Command::new(&words[0]);
    command.args(&words[1..]);
    home.dress(&mut command);
    Ends {
        client: Client::start(command),
        record,
    }
}

fn wrapped(home: &Home, policy: &std::path::Path, script: &Value) -> Ends {
    let (record, words) = server(home, "wrapped", script);
    Ends {
        client: Client::start(home.aip(policy, &[], &words)),
        record,
    }
}

impl Ends {
    /// Sends these lines, waiting for an answer to each request before the next.
    fn take(&mut self, lines: &[Value]) -> Vec<Value> {
        let mut heard = Vec::new();
        for line in lines {
            self.client.send(line);
            if line.get("id").is_some() {
                heard.extend(self.client.answer(line["id"].as_i64().unwrap(), PATIENCE));
            }
        }
        self.client.close();
        heard.extend(self.client.rest(PATIENCE));
        heard
    }
}

/// Both policies: whether what either side reads is the same, bytes and all at the server's.
fn same(script: &Value, lines: &[Value]) -> Vec<Value> {
    let home = Home::new();
    let mut without = bare(&home, script);
    let heard = without.take(lines);
    for policy in [
        shipped_policy("allow-all.yaml"),
        home.policy("tools", TOOLS),
    ] {
        let home = Home::new();
        let mut through = wrapped(&home, &policy, script);
        assert_eq!(through.take(lines), heard, "{}", policy.display());
        let raw = |record: &Record| String::from_utf8(record.raw()).unwrap();
        assert_eq!(raw(&through.record), raw(&without.record));
    }
    heard
}

fn answer(result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": "$id", "result": result})
}

fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities":
            {"elicitation": {}, "extensions": {"io.modelcontextprotocol/tasks": {}}},
    })
}

/// A request of revision 2026-07-28.
fn stated(id: i64, method: &str, more: &Value) -> Value {
    let mut params = json!({"_meta": meta()});
    let more = more.as_object().unwrap().clone();
    params.as_object_mut().unwrap().extend(more);
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn discovered() -> Value {
    answer(
        &json!({"resultType": "complete", "supportedVersions": ["2026-07-28"],
        "capabilities": {"tools": {}, "extensions": {"io.modelcontextprotocol/tasks": {}}},
        "ttlMs": 0, "cacheScope": "private"}),
    )
}

#[test]
fn the_tasks_extension_is_as_without_aip() {
    let task = |status: &str, more: &Value| {
        let mut task = json!({"resultType": "complete", "taskId": "t-1", "status": status,
            "createdAt": "2026-07-28T00:00:00Z", "lastUpdatedAt": "2026-07-28T00:00:00Z",
            "ttlMs": null, "pollIntervalMs": 1});
        task.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        task
    };
    let form = json!({"inputRequests": {"k": {"method": "elicitation/create",
        "params": {"mode": "form", "message": "who?", "requestedSchema": {"type": "object"}}}}});
    let result = json!({"result": {"content": [{"type": "text", "text": "done"}]}});
    let mut notice = task("working", &json!({}));
    notice.as_object_mut().unwrap().remove("resultType");
    let script = json!({
        "server/discover": [[discovered()]],
        "tools/call": [[answer(&task("working", &json!({"resultType": "task"})))]],
        "tasks/get": [[answer(&task("input_required", &form))],
            [{"jsonrpc": "2.0", "method": "notifications/tasks", "params": notice},
                answer(&task("completed", &result))]],
        "tasks/update": [[answer(&json!({"resultType": "complete"}))]],
        "tasks/cancel": [[answer(&json!({"resultType": "complete"}))]],
    });
    let about = json!({"taskId": "t-1"});
    let update =
        json!({"taskId": "t-1", "inputResponses": {"k": {"action": "accept", "content": {}}}});
    let heard = same(
        &script,
        &[
            stated(1, "server/discover", &json!({})),
            stated(2, "tools/call", &json!({"name": "slow", "arguments": {}})),
            stated(3, "tasks/get", &about),
            stated(4, "tasks/update", &update),
            stated(5, "tasks/get", &about),
            stated(6, "tasks/cancel", &about),
        ],
    );
    assert_eq!(heard.len(), 7, "{heard:#?}");
    assert!(
        heard
            .iter()
            .any(|it| it["result"]["result"] == result["result"]),
        "{heard:#?}"
    );
}

#[test]
fn a_client_may_discover_first_and_fall_back_to_the_handshake() {
    for error in [
        json!({"code": -32601, "message": "Method not found"}),
        json!({"code": -32022, "message": "Unsupported protocol version",
            "data": {"supported": ["2025-06-18"], "requested": "2026-07-28"}}),
    ] {
        let script = json!({
            "server/discover": [[{"jsonrpc": "2.0", "id": "$id", "error": error}]],
            "initialize": [[answer(&json!({"protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}))]],
            "tools/call": [[answer(&json!({"content": []}))]],
        });
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "c", "version": "1"}});
        let heard = same(
            &script,
            &[
                stated(1, "server/discover", &json!({})),
                json!({"jsonrpc": "2.0", "id": 2, "method": "initialize", "params": params}),
                json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
                json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "t"}}),
            ],
        );
        assert_eq!(heard[0]["error"], error);
    }
}

/// The state in every spelling of a string: what goes on is what was written.
#[test]
fn a_requests_state_comes_and_goes_byte_for_byte() {
    let state = r#""\u0041\/\ud83d\ude00 é \\\" \t""#;
    let wants = format!(
        r#"{{"jsonrpc":"2.0","id":"$id","result":{{"requestState":{state},"resultType":"input_required"}}}}"#
    );
    let script = json!({"tools/call": [[wants], [answer(&json!({"resultType": "complete", "content": []}))]]});
    let line = |id: i64, more: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"t"{more},"_meta":{}}}}}"#,
            meta()
        ) + "\n"
    };
    let home = Home::new();
    let mut ends = wrapped(&home, &home.policy("tools", TOOLS), &script);
    ends.client.send_raw(line(1, "").as_bytes());
    let heard = ends.client.answer(1, PATIENCE).unwrap();
    let wanted: Value = serde_json::from_str(state).unwrap();
    assert_eq!(heard["result"]["requestState"], wanted);
    ends.client
        .send_raw(line(2, &format!(r#","requestState":{state}"#)).as_bytes());
    assert!(ends.client.answer(2, PATIENCE).is_some());
    let told = String::from_utf8(ends.record.raw()).unwrap();
    assert!(
        told.contains(&format!(r#""requestState":{state}"#)),
        "{told}"
    );
    let calls = home
        .decisions()
        .into_iter()
        .filter(|it| it["method"] == "tools/call");
    assert_eq!(
        calls.count(),
        2,
        "each try is a call with a record of its own"
    );
}

#[test]
fn a_batch_is_judged_one_by_one_and_goes_on_unbatched() {
    let batch = json!([answer(&json!({"content": []})), {"jsonrpc": "2.0", "method": "notifications/message",
        "params": {"level": "info", "data": "x"}}]);
    let script = json!({
        "initialize": [[answer(&json!({"protocolVersion": "2025-03-26", "capabilities": {"tools": {}},
            "serverInfo": {"name": "s", "version": "1"}}))]],
        "tools/call": [[batch]],
        "ping": [[answer(&json!({}))]],
    });
    let home = Home::new();
    let policy = home.policy("some", "  allowed_tools: [a, b]");
    let mut ends = wrapped(&home, &policy, &script);
    let params = json!({"protocolVersion": "2025-03-26", "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"}});
    assert!(
        ends.client
            .request("initialize", &params)
            .get("result")
            .is_some()
    );
    let call = |id: i64, tool: &str| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool}});
    let ping = json!({"jsonrpc": "2.0", "id": 14, "method": "ping"});
    let tell = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    ends.client.send(&json!([
        call(11, "a"),
        call(12, "evil"),
        tell,
        ping,
        call(13, "b")
    ]));
    for (id, passes) in [(11, true), (12, false), (13, true), (14, true)] {
        let heard = ends.client.answer(id, PATIENCE).unwrap();
        assert_eq!(heard.get("result").is_some(), passes, "{heard}");
    }
    ends.client.close();
    let rest = ends.client.rest(PATIENCE);
    assert_eq!(
        rest.len(),
        2,
        "what came in a batch with the answers, alone: {rest:?}"
    );
    let told = ends.record.messages();
    let methods: Vec<_> = told
        .iter()
        .map(|it| it["method"].as_str().unwrap())
        .collect();
    let wanted = [
        "initialize",
        "tools/call",
        "notifications/initialized",
        "ping",
        "tools/call",
    ];
    assert_eq!(methods, wanted, "one message a line");
}

#[test]
fn a_batch_is_refused_in_the_revision_that_has_none() {
    let script = json!({"server/discover": [[discovered()]]});
    let home = Home::new();
    let mut ends = wrapped(&home, &shipped_policy("allow-all.yaml"), &script);
    ends.client.send(&stated(1, "server/discover", &json!({})));
    assert!(ends.client.answer(1, PATIENCE).is_some());
    ends.client
        .send(&json!([stated(2, "tools/list", &json!({}))]));
    let refused = ends
        .client
        .find(PATIENCE, |it| it["error"]["code"] == -32600);
    assert!(refused.is_some());
    assert_eq!(ends.record.messages().len(), 1);
}

/// A stream is a request under way for as long as it is listened to.
#[test]
fn a_stream_outlives_the_daemon_and_the_server_can_end_it() {
    let of_stream = |method: &str, more: &Value| {
        let mut params = json!({"_meta": {"io.modelcontextprotocol/subscriptionId": 1}});
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"jsonrpc": "2.0", "method": method, "params": params})
    };
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let changed = of_stream("notifications/tools/list_changed", &json!({}));
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let done = answer(&json!({"resultType": "complete", "content": []}));
    let script = json!({
        "subscriptions/listen": [[of_stream("notifications/subscriptions/acknowledged", &filter)]],
        "tools/call": [[changed, done], [cancel, done], [cancel, done]],
    });
    let home = Home::new();
    let mut ends = wrapped(&home, &home.policy("tools", TOOLS), &script);
    let client = &mut ends.client;
    let heard = |client: &mut Client, method: &str| {
        client.find(PATIENCE, |it| it["method"] == method).is_some()
    };
    let call = |id: i64| stated(id, "tools/call", &json!({"name": "t"}));
    client.send(&stated(1, "subscriptions/listen", &filter));
    assert!(heard(client, "notifications/subscriptions/acknowledged"));
    home.kill_daemon(Signal::KILL);
    client.send(&call(2));
    assert!(client.answer(2, PATIENCE).is_some());
    assert!(heard(client, "notifications/tools/list_changed"));
    home.kill_daemon(Signal::KILL);
    client.send(&call(3));
    assert!(client.answer(3, PATIENCE).is_some());
    assert!(
        heard(client, "notifications/cancelled"),
        "the server ended it"
    );
    client.send(&call(4));
    assert!(client.answer(4, PATIENCE).is_some());
    client.close();
    let rest = client.rest(PATIENCE);
    assert!(
        rest.is_empty(),
        "a second end of one stream is none: {rest:?}"
    );
}
