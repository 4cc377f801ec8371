//! Where redaction can't be done, the result is refused as the policy says.

use serde_json::json;

use crate::dlp_down::{SPEC, result};
use crate::world::{World, answer, call, request};

#[test]
fn a_result_that_would_break_its_output_schema_is_refused() {
    for (schema, on_failure, code) in [(true, "block", -32001), (true, "reject", -32014)] {
        let spec = SPEC.replacen(
            "dlp:\n",
            &format!("dlp:\n  on_redaction_failure: {on_failure}\n"),
            1,
        );
        let mut world = World::new(&spec);
        world.client(&request("0", "tools/list", "{}"));
        let tool = if schema {
            r#"{"name":"t","outputSchema":{"type":"object"}}"#
        } else {
            r#"{"name":"t"}"#
        };
        world.server(&answer("0", &format!(r#"{{"tools":[{tool}]}}"#)));
        world.client(&call("1", "t", "{}"));
        let value = json!({"structuredContent": {"card": 4111111111111111_u64}});
        let out = world.server(&answer("1", &value.to_string()));
        assert_eq!(out.json()["error"]["code"], code);
        assert!(!out.forward.unwrap_or_default().contains("4111"));
        let late = world.server(&answer("1", "{}"));
        assert!(late.nothing(), "the request is over: {late:?}");
    }
}

#[test]
fn a_result_over_the_size_is_refused_where_the_policy_says_so() {
    for (on_failure, unsafe_, code) in [
        ("block", "", Some(-32001)),
        ("reject", "", Some(-32014)),
        ("allow_original", "  unsafe_dlp: true\n", None),
    ] {
        let extra = format!(
            "dlp:\n{unsafe_}  max_scan_size: 1KB\n  on_oversize: refuse\n  on_redaction_failure: {on_failure}\n"
        );
        let spec = SPEC.replacen("dlp:\n", &extra, 1);
        let value = json!({"content": [{"type": "text", "text": "x".repeat(2000)}]});
        let out = result(&spec, &value);
        assert_eq!(out.json()["error"]["code"].as_i64(), code, "{on_failure}");
        assert!(out.event("DLP_FAILED").is_some(), "{on_failure}");
    }
}
