//! What the audit keeps of a call.

use serde_json::json;

use crate::world::{World, answer, call, request, tell};

#[test]
fn a_decision_has_the_guides_fields() {
    let mut world = World::new("allowed_tools: [t]");
    let out = world.client(&call("1", "t", r#"{"b":1,"a":"x"}"#));
    let line = &out.lines[0];
    for (field, value) in [
        ("direction", json!("upstream")),
        ("method", json!("tools/call")),
        ("tool", json!("t")),
        ("args", json!({"a": "x", "b": 1})),
        ("decision", json!("ALLOW")),
        ("policy_mode", json!("enforce")),
        ("violation", json!(false)),
        ("policy_name", json!("p")),
        ("latency_us", json!(7)),
        ("timestamp", json!("2026-03-03T10:30:45.123Z")),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
}

#[test]
fn long_arguments_are_kept_as_head_tail_length_and_hash() {
    let mut world = World::new("allowed_tools: [t]");
    for text in [
        "x".repeat(16 * 1024),
        "é".repeat(20_000),
        "\u{1f600}\"".repeat(9000),
    ] {
        let out = world.client(&call(
            &text.len().to_string(),
            "t",
            &json!({ "a": text }).to_string(),
        ));
        let args = &out.lines[0]["args"];
        let keys: Vec<_> = args.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["head", "length", "sha256", "tail"]);
        assert!(args.to_string().len() < 8 * 1024);
    }
    let short = world.client(&call(
        "\"s\"",
        "t",
        &json!({"a": "x".repeat(16_000)}).to_string(),
    ));
    assert!(
        short.lines[0]["args"]["a"].is_string(),
        "16 KiB are kept whole"
    );
}

#[test]
fn arguments_are_kept_as_the_policy_wishes() {
    for (wish, want) in [
        ("full", json!({"a": "x", "n": [1, null, true]})),
        (
            "shape",
            json!({"a": "string", "n": ["number", "null", "boolean"]}),
        ),
    ] {
        let mut world = World::new(&format!("allowed_tools: [t]\naudit: {{args: {wish}}}"));
        let out = world.client(&call("1", "t", r#"{"a":"x","n":[1,null,true]}"#));
        assert_eq!(out.lines[0]["args"], want, "{wish}");
    }
    let mut world = World::new("allowed_tools: [t]\naudit: {args: hash}");
    let args = world.client(&call("1", "t", r#"{"a":"x"}"#)).lines[0]["args"].clone();
    assert_eq!(args["length"], 9);
    assert_eq!(args["sha256"], engine::node::sha256_hex(br#"{"a":"x"}"#));
}

/// Whoever wants only hashes kept wants it of the whole store.
#[test]
fn a_hash_only_audit_holds_the_arguments_nowhere_on_disk() {
    let spec = "tool_rules:\n  - {tool: t, action: ask}\naudit: {args: hash}";
    let mut world = World::new(spec);
    let id = world
        .client(&call("1", "t", r#"{"a":"mallory-was-here"}"#))
        .asked();
    world.allow(&id.unwrap());
    let disk = world.disk();
    assert!(!disk.windows(11).any(|it| it == b"mallory-was"));
}

/// Neither as a record nor as what was learnt of the server.
#[test]
fn what_redaction_removed_is_nowhere_on_disk() {
    let spec = "allowed_tools: [t]\ndlp:\n  patterns:\n    - {name: w, regex: sesame}";
    let mut world = World::new(spec);
    world.client(&request("1", "tools/list", "{}"));
    let tools = r#"{"tools":[{"name":"t","description":"open sesame"}]}"#;
    assert_eq!(
        world.server(&answer("1", tools)).json()["result"]["tools"][0]["description"],
        "open [REDACTED:w]"
    );
    world.client(&call("2", "t", r#"{"a":"sesame"}"#));
    world.server(&answer(
        "2",
        r#"{"content":[{"type":"text","text":"sesame"}]}"#,
    ));
    assert!(!world.disk().windows(6).any(|it| it == b"sesame"));
}

#[test]
fn other_methods_are_recorded_when_refused_and_always_where_wished() {
    let mut world = World::new("allowed_tools: [t]");
    assert!(
        world
            .client(&request("1", "tools/list", "{}"))
            .lines
            .is_empty()
    );
    assert!(
        world
            .client(&tell("notifications/initialized", "{}"))
            .lines
            .is_empty()
    );
    let mut world = World::new("allowed_tools: [t]\naudit: {methods: all}");
    for line in [
        request("1", "tools/list", "{}"),
        tell("notifications/initialized", "{}"),
    ] {
        assert_eq!(world.client(&line).decisions(), ["ALLOW"], "{line}");
    }
    let out = world.server(&request("1", "ping", "{}"));
    assert_eq!(out.decisions(), ["ALLOW"]);
    assert_eq!(out.lines[0]["direction"], "downstream");
}

#[test]
fn an_answer_is_an_outcome_with_its_hash() {
    let mut world = World::new("allowed_tools: [t]");
    world.client(&call("1", "t", "{}"));
    world.now_ms += 42;
    let line = answer("1", r#"{"content":[]}"#);
    assert_eq!(world.server(&line).later, 1);
    let records = world.records();
    let (decision, outcome) = (&records[0], &records[1]);
    assert_eq!(outcome.text("outcome").as_deref(), Some("answered"));
    assert_eq!(outcome.text("call_id"), decision.text("call_id"));
    assert_eq!(outcome.get("latency_ms"), Some(42.into()));
    assert_eq!(
        outcome.get("answer_sha256").unwrap_or_default(),
        engine::node::sha256_hex(line.as_bytes())
    );
}

#[test]
fn what_became_of_open_calls_is_told_at_the_end() {
    let mut world = World::new("allowed_tools: [t]\ntool_rules:\n  - {tool: a, action: ask}");
    world.client(&call("1", "t", "{}"));
    world.written(wire::link::Stream::Client);
    world.client(&call("2", "t", "{}"));
    world.server_ends();
    let words: Vec<_> = world
        .records()
        .iter()
        .filter_map(|it| it.text("outcome").map(std::borrow::Cow::into_owned))
        .collect();
    assert_eq!(words, ["forwarded", "unknown"]);
}

#[test]
fn long_names_are_cut_in_the_record() {
    let mut world = World::new("allowed_tools: []");
    let out = world.client(&call("1", &"n".repeat(100_000), "{}"));
    assert!(
        out.lines[0]["tool"]
            .as_str()
            .is_some_and(|it| it.len() < 2000)
    );
}

/// A terminal or a line reader must not act on what a peer wrote.
#[test]
fn no_control_or_line_separator_stands_raw_in_the_record() {
    let mut world = World::new("allowed_tools: []");
    let hostile = "a\u{1b}[2J\u{9b}2J\u{85}\u{2028}\u{2029}\u{7f}\u{202e}";
    world.client(&call("1", hostile, &json!({ "k": hostile }).to_string()));
    let raw = world.records()[0].line();
    for bad in [
        '\u{1b}', '\u{9b}', '\u{85}', '\u{2028}', '\u{2029}', '\u{7f}', '\u{202e}',
    ] {
        assert!(!raw.contains(bad), "{bad:?} is raw in {raw:?}");
    }
}
