//! `json_schema` of `allow_args` says of each value what a validator of others says.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails ends the test"
)]

use boon::{Compiler, Schemas};
use engine::decide::{Call, Decision, Facts, Listing, Override, decide};
use engine::node::Node;
use engine::paths::Found;
use engine::policy::{Place, Policy};
use engine::rate::Buckets;
use serde_json::{Value, json};

fn schemas() -> Vec<Value> {
    vec![
        json!(true),
        json!(false),
        json!({}),
        json!({"type": "integer"}),
        json!({"type": ["string", "null"]}),
        json!({"type": "number", "minimum": -1.5, "maximum": 3}),
        json!({"exclusiveMinimum": 0, "exclusiveMaximum": 1e2}),
        json!({"enum": ["a", 1, null, [1, 2.0], {"x": 1, "y": [true]}]}),
        json!({"const": {"y": 2, "x": 1}}),
        json!({"const": 0}),
        json!({"minLength": 1, "maxLength": 2}),
        json!({"pattern": "^a.c$"}),
        json!({"pattern": "b"}),
        json!({"minItems": 1, "maxItems": 2}),
        json!({"items": {"type": "integer", "minimum": 1}}),
        json!({"items": false}),
        json!({"required": ["x"]}),
        json!({"minProperties": 1, "maxProperties": 1}),
        json!({"properties": {"x": {"type": "integer"}, "y": false}}),
        json!({"properties": {"x": {}}, "additionalProperties": false}),
        json!({"additionalProperties": {"type": "string"}}),
        json!({"allOf": [{"type": "object"}, {"required": ["y"]}]}),
        json!({"anyOf": [{"type": "string"}, {"minimum": 2}]}),
        json!({"oneOf": [{"type": "number"}, {"minimum": 2}]}),
        json!({"not": {"type": ["object", "array"]}}),
        json!({"type": "object", "properties": {"x": {"items": {"properties": {"y": {"maxLength": 1}}}}}}),
        json!({"title": "t", "description": "d", "default": 3, "type": "boolean"}),
    ]
}

fn values() -> Vec<Value> {
    let text = r#"[null, true, false, 0, -0, 1, 1.0, 1.5, -1.5, -2, 2, 3, 3.0001, 99, 100, 1e2, 1e-7, 12345678901234,
        "", "a", "b", "ab", "abc", "a\nc", "äöü", "a😀c", "1", "null",
        [], [1], [0], [1, 2], [1, 2.0], [2, 1], [1, 2, 3], ["1"], [[]], [null],
        {}, {"x": 1}, {"x": "1"}, {"y": 1}, {"x": 1, "y": [true]}, {"y": [true], "x": 1}, {"x": 1, "y": 2},
        {"y": 2, "x": 1.0}, {"X": 1}, {"x": [{"y": "ab"}]}, {"x": [{"y": "a"}]}, {"z": "s"}, {"x": {"x": {}}}]"#;
    serde_json::from_str::<Vec<Value>>(text).unwrap()
}

#[test]
fn every_value_is_judged_as_by_a_validator_of_others() {
    let (mut passed, mut refused) = (0, 0);
    for schema in schemas() {
        let policy = policy(&schema);
        let mut known = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.add_resource("s.json", schema.clone()).unwrap();
        let index = compiler.compile("s.json", &mut known).unwrap();
        for value in values() {
            let theirs = known.validate(&value, index).is_ok();
            assert_eq!(passes(&policy, &value), theirs, "{schema}: {value}");
            *(if theirs { &mut passed } else { &mut refused }) += 1;
        }
    }
    assert!(passed > 300 && refused > 300, "{passed} and {refused}");
}

fn policy(schema: &Value) -> Policy {
    let text = format!(
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {{name: a}}\nspec:\n  tool_rules:\n    \
         - {{tool: t, allow_args: {{a: {{json_schema: {schema}}}}}}}\n"
    );
    let loaded = Policy::load(&text, &Place::default());
    loaded
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
        .policy
}

fn passes(policy: &Policy, value: &Value) -> bool {
    let args = Node::Object(vec![("a".into(), node(value))]);
    let call = Call {
        method: "tools/call",
        tool: Some("t"),
        args: &args,
        named: &[],
    };
    let facts = Facts {
        now_ms: 0,
        listing: Listing::Unknown,
        held: None,
        override_: Override::None,
        paths: Found {
            candidates: &[],
            resolved: &[],
        },
        task_known: false,
    };
    let decision = decide(policy, &call, &facts, &mut Buckets::default());
    matches!(decision, Decision::Allow(_))
}

fn node(value: &Value) -> Node<'_> {
    match value {
        Value::Null => Node::Null,
        Value::Bool(it) => Node::Bool(*it),
        Value::Number(it) => Node::Number(it.to_string().into()),
        Value::String(it) => Node::String(it.into()),
        Value::Array(all) => Node::Array(all.iter().map(node).collect()),
        Value::Object(all) => {
            let member =
                |(key, value): (_, _)| (std::borrow::Cow::from(key as &String), node(value));
            Node::Object(all.iter().map(member).collect())
        }
    }
}
