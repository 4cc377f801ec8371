//! Secrets in what servers answer about resources, prompts and completions.

use serde_json::{Value, json};

use crate::dlp_down::{SPEC, clean, data_base64};
use crate::world::{World, answer, request};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const FIRST: &str = "AKIAIOSF";
const LAST: &str = "ODNN7EXAMPLE";

#[test]
fn a_secret_in_a_resource_is_redacted_wherever_it_stands() {
    let blob = data_base64(&format!("key {KEY}"));
    for (what, content) in [
        (
            "text",
            json!({"uri": "f:x", "mimeType": "text/plain", "text": KEY}),
        ),
        ("text without a type", json!({"uri": "f:x", "text": KEY})),
        ("a uri", json!({"uri": format!("f:{KEY}"), "text": ""})),
        ("a type", json!({"uri": "f:x", "mimeType": KEY, "text": ""})),
        (
            "_meta",
            json!({"uri": "f:x", "text": "", "_meta": {"a": [KEY]}}),
        ),
        (
            "annotations",
            json!({"uri": "f:x", "text": "", "annotations": {"lastModified": KEY}}),
        ),
        ("a blob that is none", json!({"uri": "f:x", "blob": KEY})),
    ] {
        answered(what, "resources/read", &json!({"contents": [content]}), KEY);
    }
    for content in [
        json!({"uri": "f:x", "mimeType": "application/octet-stream", "blob": blob}),
        json!({"uri": "f:x", "blob": blob}),
    ] {
        answered(
            "a blob",
            "resources/read",
            &json!({"contents": [content]}),
            &blob,
        );
    }
    let split = json!({"contents": [{"uri": "f:a", "text": FIRST}, {"uri": "f:b", "text": LAST}]});
    answered("split", "resources/read", &split, LAST);
}

#[test]
fn a_secret_in_a_list_of_resources_or_prompts_is_redacted() {
    let entry = |key: &str| {
        let mut entry = json!({"uri": "f:x", "uriTemplate": "f:{x}", "name": "n"});
        entry[key] = json!(KEY);
        entry
    };
    for (method, list) in [
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ] {
        for key in [
            "uri",
            "uriTemplate",
            "name",
            "title",
            "description",
            "mimeType",
            "size",
        ] {
            answered(key, method, &json!({list: [entry(key)]}), KEY);
        }
        for (what, more) in [
            ("annotations", json!({"annotations": {"audience": [KEY]}})),
            ("_meta", json!({"_meta": {KEY: 1}})),
            ("icons", json!({"icons": [{"src": format!("data:,{KEY}")}]})),
            (
                "arguments",
                json!({"arguments": [{"name": "a", "description": KEY}]}),
            ),
            ("an argument's name", json!({"arguments": [{"name": KEY}]})),
        ] {
            answered(what, method, &json!({list: [more]}), KEY);
        }
    }
}

#[test]
fn a_secret_in_a_prompt_is_redacted_wherever_it_stands() {
    let blob = data_base64(&format!("key {KEY}"));
    let prompt = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    answered(
        "a description",
        "prompts/get",
        &json!({"description": KEY, "messages": []}),
        KEY,
    );
    for (what, content) in [
        ("text", json!({"type": "text", "text": KEY})),
        ("text that is all", json!(KEY)),
        ("a list of contents", json!([{"type": "text", "text": KEY}])),
        (
            "an embedded text",
            json!({"type": "resource", "resource": {"uri": "f:x", "text": KEY}}),
        ),
        (
            "an embedded uri",
            json!({"type": "resource", "resource": {"uri": KEY, "text": ""}}),
        ),
        (
            "a link",
            json!({"type": "resource_link", "uri": KEY, "name": "n"}),
        ),
        (
            "a link's name",
            json!({"type": "resource_link", "uri": "f:x", "name": KEY}),
        ),
        (
            "_meta",
            json!({"type": "text", "text": "", "_meta": {"a": KEY}}),
        ),
    ] {
        answered(what, "prompts/get", &prompt(content), KEY);
    }
    for (what, content) in [
        (
            "an image",
            json!({"type": "image", "mimeType": "image/png", "data": blob}),
        ),
        (
            "an image without a type",
            json!({"type": "image", "data": blob}),
        ),
        (
            "a sound without a type",
            json!({"type": "audio", "data": blob}),
        ),
        (
            "an embedded blob",
            json!({"type": "resource", "resource": {"uri": "f:x", "blob": blob}}),
        ),
    ] {
        answered(what, "prompts/get", &prompt(content), &blob);
    }
    let text = |text: &str| json!({"role": "user", "content": {"type": "text", "text": text}});
    let embedded = |text: &str| json!({"role": "user", "content": {"type": "resource", "resource": {"uri": "f:x", "text": text}}});
    for messages in [
        json!([text(FIRST), text(LAST)]),
        json!([embedded(FIRST), embedded(LAST)]),
        json!([text(FIRST), embedded(LAST)]),
        json!([text(FIRST), {"text": null, "content": {"type": "text", "text": LAST}}]),
        json!([{"role": "user", "content": [{"type": "text", "text": FIRST},
            {"type": "resource", "resource": {"uri": "f:x", "text": LAST}}]}]),
    ] {
        answered("split", "prompts/get", &json!({"messages": messages}), LAST);
    }
}

#[test]
fn a_secret_in_a_completion_is_redacted() {
    let values = |values: Value| json!({"completion": {"values": values, "hasMore": false}});
    answered(
        "a value",
        "completion/complete",
        &values(json!(["a", KEY])),
        KEY,
    );
    answered(
        "split",
        "completion/complete",
        &values(json!([FIRST, LAST])),
        LAST,
    );
    let mut world = World::new(SPEC);
    world.client(&request("1", "completion/complete", "{}"));
    let honest = values(json!(["AKIA", "a b", "c"])).to_string();
    assert!(world.server(&answer("1", &honest)).as_is);
}

fn answered(what: &str, method: &str, result: &Value, secret: &str) {
    let mut world = World::new(SPEC);
    world.client(&request("1", method, "{}"));
    let out = world.server(&answer("1", &result.to_string()));
    clean(&format!("{what} of {method}"), &out, secret);
}
