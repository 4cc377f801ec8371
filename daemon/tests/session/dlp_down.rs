//! Secrets on their way from the server to the client.

use serde_json::{Value, json};

use crate::out::Out;
use crate::progress::wants_progress;
use crate::world::{World, answer, call, request, tell};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SPEC: &str = "allowed_tools: ['*']\nallowed_methods: ['*']\nallowed_server_methods: ['*']\n\
dlp:\n  filter_stderr: true\n  patterns:\n    - {name: AWS, regex: 'AKIA[A-Z0-9]{16}'}\n    \
- {name: Card, regex: '4111111111111111'}";

pub(crate) fn result(spec: &str, result: &Value) -> Out {
    let mut world = World::new(spec);
    world.client(&call("1", "t", "{}"));
    world.server(&answer("1", &result.to_string()))
}

pub(crate) fn clean(what: &str, out: &Out, secret: &str) {
    let text = out.forward.clone().unwrap_or_default();
    assert!(!text.contains(secret), "{what}: {text}");
    let _valid: Option<Value> = out.forward.is_some().then(|| out.json());
    let found = out
        .event("DLP_TRIGGERED")
        .unwrap_or_else(|| panic!("{what}: {out:?}"));
    assert_eq!(found["dlp_action"], "REDACTED", "{what}");
    assert_eq!(found["direction"], "downstream", "{what}");
    let lines = serde_json::to_string(&out.lines).unwrap();
    assert!(!lines.contains(secret), "{what}: the record holds it");
}

#[test]
fn a_secret_in_a_result_is_redacted_wherever_it_stands() {
    for (what, value) in [
        (
            "text",
            json!({"content": [{"type": "text", "text": format!("k={KEY}.")}]}),
        ),
        (
            "structured content",
            json!({"content": [], "structuredContent": {"a": {"b": [KEY]}}}),
        ),
        ("a key", json!({"structuredContent": {"x": {KEY: 1}}})),
        (
            "resource text",
            json!({"content": [{"type": "resource", "resource": {"uri": "f:x", "text": KEY}}]}),
        ),
        (
            "a uri",
            json!({"content": [{"type": "resource_link", "uri": format!("https://h/{KEY}")}]}),
        ),
        ("_meta", json!({"content": [], "_meta": {"vendor": KEY}})),
        (
            "zero-width letters",
            json!({"content": [{"type": "text", "text": "AKIA\u{200b}IOSFODNN7EXAMPLE"}]}),
        ),
        (
            "full-width letters",
            json!({"content": [{"type": "text", "text": "ＡKIAIOSFODNN7EXAMPLE"}]}),
        ),
    ] {
        clean(what, &result(SPEC, &value), KEY);
    }
}

#[test]
fn a_secret_in_a_key_of_the_result_itself_is_redacted() {
    clean(
        "a result's own key",
        &result(SPEC, &json!({"content": [], KEY: true})),
        KEY,
    );
}

#[test]
fn a_secret_behind_escapes_is_found() {
    let mut world = World::new(SPEC);
    world.client(&call("1", "t", "{}"));
    let out = world.server(&answer(
        "1",
        r#"{"content":[{"type":"text","text":"\u0041KIAIOSFODNN7EXAMPLE"}]}"#,
    ));
    clean("an escape", &out, KEY);
}

#[test]
fn a_secret_in_a_blob_is_redacted_and_the_blob_stays_base64() {
    let blob = data_base64(&format!("key {KEY}"));
    let value = json!({"contents": [{"uri": "f:x", "mimeType": "text/plain", "blob": blob}]});
    let out = result(SPEC, &value);
    clean("a blob", &out, &blob);
    let text = out.json()["result"]["contents"][0]["blob"].to_string();
    assert!(!text.contains("REDACTED"), "base64 again: {text}");
}

#[test]
fn a_number_that_matches_becomes_the_marker_string() {
    let out = result(
        SPEC,
        &json!({"structuredContent": {"card": 4111111111111111_u64}}),
    );
    clean("a number", &out, "4111111111111111");
    assert_eq!(
        out.json()["result"]["structuredContent"]["card"],
        "[REDACTED:Card]"
    );
}

#[test]
fn a_secret_split_over_content_items_is_found_and_images_stay() {
    let image = json!({"type": "image", "mimeType": "image/png", "data": "iVBORw0KGgo="});
    let value = json!({"content": [{"type": "text", "text": "k AKIAIOSF"}, image,
        {"type": "text", "text": "ODNN7EXAMPLE ok"}]});
    let out = result(SPEC, &value);
    clean("split", &out, "ODNN7EXAMPLE");
    assert_eq!(out.json()["result"]["content"][1], image);
}

#[test]
fn a_secret_split_over_nested_texts_is_found() {
    for (what, value) in [
        (
            "prompt messages",
            json!({"messages": [
            {"role": "user", "content": {"type": "text", "text": "AKIAIOSF"}},
            {"role": "user", "content": {"type": "text", "text": "ODNN7EXAMPLE"}}]}),
        ),
        (
            "resources",
            json!({"content": [
            {"type": "resource", "resource": {"uri": "f:a", "text": "AKIAIOSF"}},
            {"type": "resource", "resource": {"uri": "f:b", "text": "ODNN7EXAMPLE"}}]}),
        ),
    ] {
        clean(what, &result(SPEC, &value), "ODNN7EXAMPLE");
    }
}

#[test]
fn errors_notifications_requests_and_lists_are_scanned() {
    let error = format!(
        r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":1,"message":"{KEY}","data":{{"d":"{KEY}"}}}}}}"#
    );
    for (what, line) in [
        ("an error", error),
        (
            "a log message",
            tell(
                "notifications/message",
                &format!(r#"{{"level":"info","data":"{KEY}"}}"#),
            ),
        ),
        (
            "progress",
            tell(
                "notifications/progress",
                &format!(r#"{{"progressToken":1,"progress":1,"message":"{KEY}"}}"#),
            ),
        ),
        (
            "sampling",
            request(
                "9",
                "sampling/createMessage",
                &format!(r#"{{"systemPrompt":"{KEY}"}}"#),
            ),
        ),
        (
            "elicitation",
            request(
                "9",
                "elicitation/create",
                &format!(r#"{{"message":"{KEY}"}}"#),
            ),
        ),
    ] {
        let mut world = World::new(SPEC);
        world.client(&call("1", "t", "{}"));
        world.client(&wants_progress("2", "1"));
        clean(what, &world.server(&line), KEY);
    }
    let mut world = World::new(SPEC);
    world.client(&request("1", "tools/list", "{}"));
    let tools =
        json!({"tools": [{"name": "a", "description": KEY, "inputSchema": {"enum": [KEY]}}]});
    clean(
        "a tool list",
        &world.server(&answer("1", &tools.to_string())),
        KEY,
    );
}

#[test]
fn members_beside_the_result_are_scanned_too() {
    let mut world = World::new(SPEC);
    world.client(&call("1", "t", "{}"));
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{}},"note":"{KEY}"}}"#);
    let text = world.server(&line).forward.unwrap_or_default();
    assert!(!text.contains(KEY), "{text}");
}

#[test]
fn the_servers_stderr_is_filtered() {
    let mut world = World::new(SPEC);
    assert!(world.stderr("all is well").as_is);
    let out = world.stderr(&format!("token {KEY} used"));
    assert_eq!(out.forward.as_deref(), Some("token [REDACTED:AWS] used"));
    assert_eq!(
        out.event("DLP_TRIGGERED").map(|it| it["direction"].clone()),
        Some("stderr".into())
    );
}

#[test]
fn ids_tokens_cursors_and_request_state_stay_as_they_are() {
    let id = format!("\"{KEY}\"");
    for (method, value) in [
        ("tools/list", json!({"tools": [], "nextCursor": KEY})),
        (
            "tools/call",
            json!({"resultType": "input_required", "requestState": KEY}),
        ),
        (
            "tools/call",
            json!({"task": {"taskId": KEY, "status": "working"}}),
        ),
    ] {
        let mut world = World::new(SPEC);
        world.client(&request(&id, method, r#"{"name":"t"}"#));
        let out = world.server(&answer(&id, &value.to_string()));
        assert!(out.as_is, "{value}: {out:?}");
    }
    let mut world = World::new(SPEC);
    world.client(&wants_progress("1", &format!("\"{KEY}\"")));
    let params = format!(r#"{{"progressToken":"{KEY}","progress":1}}"#);
    assert!(world.server(&tell("notifications/progress", &params)).as_is);
}

#[test]
fn a_place_for_a_token_is_no_hiding_place_for_something_else() {
    let mut world = World::new(SPEC);
    world.client(&request("1", "tools/list", "{}"));
    let out = world.server(&answer(
        "1",
        &json!({"tools": [], "nextCursor": {"x": KEY}}).to_string(),
    ));
    assert!(!out.forward.unwrap_or_default().contains(KEY));
}

#[test]
fn a_marker_of_the_policys_own_is_not_scanned_again() {
    let out = result(
        SPEC,
        &json!({"content": [{"type": "text", "text": "[REDACTED:AWS]"}]}),
    );
    assert!(out.as_is, "{out:?}");
}

pub(crate) fn data_base64(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let n = chunk
            .iter()
            .fold(0_u32, |n, byte| n << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(n >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    out
}

#[test]
fn a_number_written_with_an_exponent_is_read_as_its_reader_reads_it() {
    let spec = "allowed_tools: [t]\ndlp:\n  patterns:\n    - {name: card, regex: '4[0-9]{15}'}";
    for number in [
        "4111111111111111",
        "4.111111111111111e15",
        "41111111111111110e-1",
    ] {
        let mut world = World::new(spec);
        world.client(&call("1", "t", "{}"));
        let out = world.server(&answer(
            "1",
            &format!(r#"{{"structuredContent":{{"n":{number}}}}}"#),
        ));
        let forward = out.forward.unwrap();
        assert!(forward.contains("[REDACTED:card]"), "{number}: {forward}");
    }
}
