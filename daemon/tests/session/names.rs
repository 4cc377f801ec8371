//! Which tool a call goes out to: never the client's own variant of a name.

use crate::out::Out;
use crate::world::{World, answer, call, request};

fn listed(spec: &str, names: &[&str]) -> (World, Out) {
    let mut world = World::new(spec);
    world.client(&request("0", "tools/list", "{}"));
    let tools: Vec<_> = names
        .iter()
        .map(|name| serde_json::json!({"name": name, "inputSchema": {"type": "object"}}))
        .collect();
    let out = world.server(&answer(
        "0",
        &serde_json::json!({ "tools": tools }).to_string(),
    ));
    (world, out)
}

fn check(spec: &str, names: Option<&[&str]>, sent: &str, goes_out: Option<&str>) {
    let mut world = match names {
        Some(names) => listed(spec, names).0,
        None => World::new(spec),
    };
    let out = world.client(&call("1", sent, "{}"));
    let name = out
        .forward
        .is_some()
        .then(|| out.json()["params"]["name"].clone());
    assert_eq!(
        name.as_ref().and_then(|it| it.as_str()),
        goes_out,
        "{sent:?} under {spec:?} with {names:?}: {out:?}"
    );
}

#[test]
fn the_name_the_server_listed_goes_out() {
    let spec = "allowed_tools: [read_file]";
    check(spec, Some(&["Read_File"]), "READ_FILE", Some("Read_File"));
    check(spec, Some(&["Read_File"]), "read_file", Some("Read_File"));
    check(
        spec,
        Some(&["read_file"]),
        "read\u{200b}_file",
        Some("read_file"),
    );
    check(spec, Some(&["read_file"]), "ｒead_file", Some("read_file"));
}

#[test]
fn without_a_listing_the_policys_spelling_goes_out() {
    let spec = "allowed_tools: [Read_File]";
    check(spec, None, "read_file", Some("Read_File"));
    check(spec, None, "READ_FILE", Some("Read_File"));
    check(spec, Some(&["other"]), "READ_FILE", Some("Read_File"));
}

#[test]
fn a_name_nobody_spells_goes_out_only_in_normal_form() {
    check("allowed_tools: ['*']", None, "read_file", Some("read_file"));
    check("allowed_tools: ['*']", None, "Read_File", None);
    check("allowed_tools: ['*']", None, " read_file", None);
    check(
        "allowed_tools: ['*']\nmode: monitor",
        None,
        "Read_File",
        None,
    );
}

#[test]
fn tools_that_look_alike_are_held() {
    let all = "allowed_tools: ['*']";
    check(all, Some(&["read_file", "Read_File"]), "read_file", None);
    check(all, Some(&["read_file", "rеad_file"]), "read_file", None);
    check(
        all,
        Some(&["read_file", "rеad_file", "other"]),
        "other",
        Some("other"),
    );
    let monitor = "allowed_tools: ['*']\nmode: monitor";
    check(
        monitor,
        Some(&["read_file", "Read_File"]),
        "read_file",
        None,
    );
}

/// What can't be called is not shown either, and the person hears of it.
#[test]
fn tools_that_look_alike_are_held_back_from_the_list_and_reported() {
    let (_, out) = listed("allowed_tools: ['*']", &["read_file", "Read_File", "other"]);
    let names: Vec<_> = out.json()["result"]["tools"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| it["name"].clone())
        .collect();
    assert_eq!(names, ["other"]);
    assert!(
        out.lines.iter().any(|line| line["event"].is_string()),
        "{out:?}"
    );
}

#[test]
fn tools_that_look_alike_on_two_pages_are_held_too() {
    let mut world = World::new("allowed_tools: ['*']");
    for (id, params, name) in [("0", "{}", "pay"), ("1", r#"{"cursor":"c"}"#, "PAY")] {
        world.client(&request(id, "tools/list", params));
        world.server(&answer(
            id,
            &format!(r#"{{"tools":[{{"name":"{name}"}}]}}"#),
        ));
    }
    assert_eq!(world.client(&call("2", "pay", "{}")).code(), Some(-32001));
}

#[test]
fn a_first_page_replaces_what_was_known() {
    let (mut world, _) = listed("allowed_tools: [pay]", &["Pay", "PAY"]);
    assert_eq!(world.client(&call("1", "pay", "{}")).forward, None);
    world.client(&request("2", "tools/list", "{}"));
    world.server(&answer("2", r#"{"tools":[{"name":"Pay"}]}"#));
    let out = world.client(&call("3", "pay", "{}"));
    assert_eq!(out.json()["params"]["name"], "Pay");
}

#[test]
fn a_definition_two_readers_could_read_differently_is_held_back() {
    let mut world = World::new("allowed_tools: ['*']");
    world.client(&request("0", "tools/list", "{}"));
    let tools = r#"{"tools":[{"name":"a","Name":"b"},{"name":"c"}]}"#;
    let out = world.server(&answer("0", tools));
    assert_eq!(
        out.json()["result"]["tools"],
        serde_json::json!([{"name": "c"}])
    );
    assert!(out.event("TOOL_HELD").is_some());
}

#[test]
fn a_definition_that_changed_fails_the_hash_the_policy_names() {
    let definition = r#"{"name":"t","description":"d","inputSchema":{}}"#;
    let hash = engine::node::sha256_hex(br#"{"description":"d","inputSchema":{},"name":"t"}"#);
    let spec = format!("tool_rules:\n  - tool: t\n    schema_hash: sha256:{hash}");
    let mut world = World::new(&spec);
    assert_eq!(world.client(&call("0", "t", "{}")).code(), Some(-32013));
    for (id, text, code) in [
        ("1", definition.to_owned(), None),
        ("2", definition.replace("\"d\"", "\"evil\""), Some(-32013)),
    ] {
        world.client(&request(id, "tools/list", "{}"));
        world.server(&answer(id, &format!(r#"{{"tools":[{text}]}}"#)));
        let out = world.client(&call(&format!("1{id}"), "t", "{}"));
        assert_eq!(out.code(), code, "{text}: {out:?}");
    }
}
