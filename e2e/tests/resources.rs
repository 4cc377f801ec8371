//! Resources and prompts of real servers under a policy's lists.
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::process::Command;

use e2e::client::Client;
use e2e::counterparts::{installed, npm_server};
use e2e::home::Home;
use e2e::needs::needs;
use e2e::programs::shipped_policy;
use serde_json::{Value, json};

const FEATURES: &str = "demo://resource/static/document/features.md";
const ARCHITECTURE: &str = "demo://resource/static/document/architecture.md";

#[test]
fn of_server_everything_what_is_listed_can_be_read_and_nothing_else() {
    let Some(server) = needs("resources", npm_server("everything")) else {
        return;
    };
    let home = Home::new();
    let policy = home.policy(
        "reader",
        "  allowed_tools: [echo]\n  allowed_resources:\n    - demo://resource/static/document/*\n    \
         - demo://resource/dynamic/text/*\n  denied_resources:\n    - '*/architecture.md'\n  \
         allowed_prompts: [simple-prompt]",
    );
    let mut client = Client::start(home.aip(&policy, &[], &server));
    let capabilities = client.initialize()["capabilities"].take();
    assert!(capabilities["resources"].is_object(), "{capabilities}");
    assert!(capabilities["prompts"].is_object(), "{capabilities}");

    let read = read(&mut client, FEATURES);
    let text = read["result"]["contents"][0]["text"].as_str();
    assert!(
        text.is_some_and(|it| it.contains("Everything Server")),
        "{read}"
    );

    let listed = names(&mut client, "resources/list", "resources", "uri");
    assert!(listed.contains(&FEATURES.to_owned()), "{listed:?}");
    assert!(
        listed
            .iter()
            .all(|it| it.starts_with("demo://resource/static/document/"))
    );
    assert!(!listed.contains(&ARCHITECTURE.to_owned()), "{listed:?}");
    for uri in &listed {
        assert_eq!(read_code(&mut client, uri), Value::Null, "{uri}");
    }
    let templates = names(
        &mut client,
        "resources/templates/list",
        "resourceTemplates",
        "uriTemplate",
    );
    assert_eq!(templates, ["demo://resource/dynamic/text/{resourceId}"]);
    let prompts = names(&mut client, "prompts/list", "prompts", "name");
    assert_eq!(prompts, ["simple-prompt"]);

    for uri in [
        ARCHITECTURE,
        "demo://resource/static/document/../document/Architecture%2emd",
        "demo://resource/dynamic/blob/1",
        "demo://resource/dynamic/text/../blob/1",
        "demo://resource/dynamic/text/%2e%2e/blob/1",
        "DEMO://resource/dynamic/text/1",
    ] {
        assert_eq!(read_code(&mut client, uri), -32001, "{uri}");
    }
    assert_eq!(
        read_code(&mut client, "demo://resource/dynamic/text/1"),
        Value::Null
    );
    let subscribed = client.request("resources/subscribe", &json!({"uri": ARCHITECTURE}));
    assert_eq!(subscribed["error"]["code"], -32001, "{subscribed}");
    let got = client.request("prompts/get", &json!({"name": "simple-prompt"}));
    assert!(got["result"]["messages"].is_array(), "{got}");
    let params = json!({"name": "args-prompt", "arguments": {"city": "Bonn"}});
    let got = client.request("prompts/get", &params);
    assert_eq!(
        got["error"]["data"]["reason"],
        "Prompt not in allowed_prompts list"
    );

    let records = home.decisions();
    let of = |key: &str, name: &str| {
        let record = records.iter().find(|it| it[key] == name);
        record.expect("a record of the refusal").clone()
    };
    let record = of("resource", ARCHITECTURE);
    assert_eq!(record["decision"], "BLOCK");
    assert_eq!(record["method"], "resources/read");
    assert_eq!(record["failed_rule"], "denied_resources");
    assert_eq!(record["policy_line"], 11);
    assert_eq!(record["reason"], "resource is denied by the policy");
    let record = of("resource", "demo://resource/dynamic/blob/1");
    assert_eq!(record["failed_rule"], "allowed_resources");
    let record = of("prompt", "args-prompt");
    assert_eq!(record["failed_rule"], "allowed_prompts");
    let passed = |it: &Value| it["resource"] == FEATURES;
    assert!(!records.iter().any(passed), "what passes is not recorded");
}

#[test]
fn of_a_python_server_nothing_outside_the_lists_is_seen() {
    let server = installed("mcp1/bin/mcp-server-sqlite");
    let Some(server) = needs("resources", server) else {
        return;
    };
    let home = Home::new();
    let server = [server, "--db-path".to_owned(), "tea.db".to_owned()];
    let none = home.policy("none", "  allowed_resources: []\n  allowed_prompts: []");
    let mut client = Client::start(home.aip(&none, &[], &server));
    client.initialize();
    assert!(names(&mut client, "resources/list", "resources", "uri").is_empty());
    assert!(names(&mut client, "prompts/list", "prompts", "name").is_empty());
    assert_eq!(read_code(&mut client, "memo://insights"), -32001);
    drop(client);

    let memo = home.policy(
        "memo",
        "  allowed_resources: ['memo://*']\n  allowed_prompts: [mcp-demo]",
    );
    let mut client = Client::start(home.aip(&memo, &[], &server));
    client.initialize();
    let listed = names(&mut client, "resources/list", "resources", "uri");
    assert_eq!(listed, ["memo://insights"]);
    assert_eq!(read_code(&mut client, "memo://insights"), Value::Null);
    assert_eq!(read_code(&mut client, "MEMO://insights"), -32001);
    assert_eq!(
        names(&mut client, "prompts/list", "prompts", "name"),
        ["mcp-demo"]
    );
}

#[test]
fn under_allow_all_lists_and_readings_are_as_without_aip() {
    let Some(server) = needs("resources", npm_server("everything")) else {
        return;
    };
    let home = Home::new();
    let policy = shipped_policy("allow-all.yaml");
    let mut through = Client::start(home.aip(&policy, &[], &server));
    let (program, arguments) = server.split_first().expect("a command");
    let mut direct = Command::new(program);
    direct.args(arguments);
    let mut direct = Client::start(direct);
    assert_eq!(through.initialize(), direct.initialize());
    for (method, params) in [
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/read", json!({"uri": FEATURES})),
        ("resources/read", json!({"uri": "demo://nowhere"})),
        ("prompts/get", json!({"name": "simple-prompt"})),
    ] {
        let (through, direct) = (
            through.request(method, &params),
            direct.request(method, &params),
        );
        assert_eq!(through, direct, "{method} {params}");
    }
}

fn read(client: &mut Client, uri: &str) -> Value {
    client.request("resources/read", &json!({"uri": uri}))
}

fn read_code(client: &mut Client, uri: &str) -> Value {
    read(client, uri)["error"]["code"].take()
}

/// What a list holds, by one member of its entries.
fn names(client: &mut Client, method: &str, list: &str, member: &str) -> Vec<String> {
    let answer = client.request(method, &json!({}));
    let entries = answer["result"][list].as_array().expect("a list");
    entries
        .iter()
        .map(|it| it[member].as_str().unwrap_or_default().to_owned())
        .collect()
}
