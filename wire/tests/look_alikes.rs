//! Keys that only look like one the protocol defines.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use wire::json::{Value, parse};
use wire::mcp;

#[test]
fn honest_params_pass() {
    for (method, params) in [
        (
            "tools/call",
            r#"{"name":"x","arguments":{"Name":1,"_META":2},"_meta":{"progressToken":1}}"#,
        ),
        (
            "tools/call",
            r#"{"name":"x","_meta":{"com.example/Name":{"ProgressToken":1}}}"#,
        ),
        (
            "initialize",
            r#"{"protocolVersion":"2025-11-25","capabilities":{"roots":{"listChanged":true},"experimental":{"Roots":{}}},"clientInfo":{"name":"c","version":"1"}}"#,
        ),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"v"},"context":{"arguments":{"Arguments":"x"}}}"#,
        ),
        (
            "elicitation/create",
            r#"{"mode":"form","message":"m","requestedSchema":{"Type":"object"}}"#,
        ),
        (
            "subscriptions/listen",
            r#"{"notifications":{"toolsListChanged":true},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}"#,
        ),
        ("tools/list", r#"{"cursor":"c","vendorKey":1}"#),
        ("tools/list", "{}"),
        ("vendor/method", r#"{"Name":1,"URI":2}"#),
    ] {
        assert_eq!(
            mcp::check_params(method, &json(params)),
            Ok(()),
            "{method} {params}"
        );
    }
}

#[test]
fn look_alikes_in_params_are_refused() {
    for (method, params, like) in [
        ("tools/call", r#"{"name":"x","Name":"y"}"#, "name"),
        ("tools/call", r#"{"name":"x","argumentſ":{}}"#, "arguments"),
        (
            "tools/call",
            r#"{"name":"x","argu\u200bments":{}}"#,
            "arguments",
        ),
        ("tools/call", r#"{"ｎａｍｅ":"x"}"#, "name"),
        ("tools/call", r#"{"name":"x","_Meta":{}}"#, "_meta"),
        ("tools/call", r#"{"name":"x","meta":{}}"#, "_meta"),
        (
            "tools/call",
            r#"{"name":"x","_meta":{"progress_token":1}}"#,
            "progressToken",
        ),
        (
            "tools/call",
            r#"{"name":"x","request_state":"s"}"#,
            "requestState",
        ),
        ("resources/read", r#"{"URI":"file:///"}"#, "uri"),
        ("tools/list", r#"{"Cursor":"c"}"#, "cursor"),
        ("notifications/cancelled", r#"{"requestID":1}"#, "requestId"),
        (
            "logging/setlevel",
            r#"{"level":"info","LEVEL":"debug"}"#,
            "level",
        ),
        (
            "initialize",
            r#"{"capabilities":{"Sampling":{}}}"#,
            "sampling",
        ),
        ("initialize", r#"{"clientinfo":{}}"#, "clientInfo"),
        ("initialize", r#"{"clientInfo":{"Name":"x"}}"#, "name"),
        ("completion/complete", r#"{"ref":{"URI":"x"}}"#, "uri"),
        (
            "completion/complete",
            r#"{"argument":{"Value":"x"}}"#,
            "value",
        ),
        ("sampling/createmessage", r#"{"Messages":[]}"#, "messages"),
        ("tools/call", r#"{"name":"x","task":{"TTL":1}}"#, "ttl"),
        (
            "tools/call",
            r#"{"_meta":{"io.modelcontextprotocol/ClientCapabilities":{}}}"#,
            "io.modelcontextprotocol/clientCapabilities",
        ),
        (
            "tools/call",
            r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{"Sampling":{}}}}"#,
            "sampling",
        ),
        ("vendor/method", r#"{"_META":{}}"#, "_meta"),
    ] {
        let expected = format!("a member of the params looks like `{like}` and is not");
        assert_eq!(
            mcp::check_params(method, &json(params)),
            Err(expected),
            "{method} {params}"
        );
    }
}

#[test]
fn params_are_an_object() {
    for params in ["[]", "null", "1"] {
        assert!(
            mcp::check_params("tools/list", &json(params)).is_err(),
            "{params}"
        );
    }
}

#[test]
fn results_and_definitions_are_checked_at_the_top() {
    let result = |text| mcp::check_result("tools/call", &json(text)).is_ok();
    assert!(result(
        r#"{"content":[{"Type":"text"}],"structuredContent":{"Content":1},"meta":{}}"#
    ));
    assert!(result("[]"));
    assert!(!result(r#"{"Content":[]}"#));
    assert!(!result(r#"{"next_cursor":"x"}"#));
    assert!(!result(r#"{"capabilities":{"Resources":{}}}"#));
    assert!(mcp::check_result("vendor/method", &json(r#"{"Content":[]}"#)).is_ok());

    let roots = |text| mcp::check_result("roots/list", &json(text)).is_ok();
    assert!(roots(
        r#"{"roots":[{"uri":"file:///a","name":"n","Vendor":1},1]}"#
    ));
    assert!(!roots(r#"{"roots":[],"Roots":[{"uri":"file:///a"}]}"#));
    assert!(!roots(
        r#"{"roots":[{"uri":"file:///a"},{"uri":"file:///b","URI":"file:///c"}]}"#
    ));

    let definition = |text| mcp::check_definition(&json(text)).is_ok();
    assert!(definition(
        r#"{"name":"x","inputSchema":{"Name":1},"annotations":{"title":"t"}}"#
    ));
    assert!(!definition(r#"{"name":"x","Description":"y"}"#));
    assert!(!definition(r#"{"name":"x","input_schema":{}}"#));
    assert!(!definition(
        r#"{"name":"x","annotations":{"ReadOnlyHint":true}}"#
    ));
}

proptest! {
    #[test]
    fn no_params_make_it_panic(method in ".{0,12}", text in "[{}\\[\\]\":,a-c_]{0,30}") {
        if let Ok(parsed) = parse(text.as_bytes()) {
            let mut value = parsed.value;
            let _ = mcp::check_params(&method, &value);
            let _ = mcp::check_result("tools/list", &value);
            let _ = mcp::check_definition(&value);
            let _ = mcp::tool_call(Some(&value)).map(|it| it.name.len());
            mcp::strip_capability(&mut value, "a");
            mcp::set_tool_name(&mut value, "a");
        }
    }

    #[test]
    fn any_key_is_checked_without_panic(key in any::<String>()) {
        let params = Value::Object(vec![(key.clone().into(), Value::Null)]);
        let refused = mcp::check_params("tools/call", &params).is_err();
        prop_assert!(!refused || !key.is_empty());
    }
}

fn json(text: &str) -> Value<'_> {
    parse(text.as_bytes()).map(|it| it.value).expect(text)
}
