//! "Policy Examples for Common Use Cases": each policy as the guide shows it loads without a
//! warning, and lets through, asks about and blocks what the guide says.

use e2e::client::{Client, PATIENCE};
use serde_json::{Value, json};

use crate::folder::{Folder, code, page, said, text};

#[test]
fn the_read_only_agent_writes_nothing() {
    let (folder, mut client) = start("read-only.yaml");
    let reads = [
        "read_file",
        "list_directory",
        "search_files",
        "git_status",
        "git_log",
    ];
    for tool in reads {
        assert_eq!(code(&client.call(tool, &json!({"path": "a"}))), 0, "{tool}");
    }
    for tool in [
        "write_file",
        "delete_file",
        "exec_command",
        "github_get_repo",
    ] {
        assert_eq!(
            code(&client.call(tool, &json!({"path": "a"}))),
            -32001,
            "{tool}"
        );
    }
    assert_eq!(folder.reached(), reads);
}

#[test]
fn the_github_agent_asks_before_what_can_not_be_undone() {
    let (folder, mut client) = start("github-agent.yaml");
    let reads = ["github_get_repo", "github_list_pulls", "github_get_issue"];
    for tool in reads {
        assert_eq!(code(&client.call(tool, &json!({}))), 0, "{tool}");
    }
    asked(&folder, &mut client, "github_create_pull", "approve", 0);
    asked(&folder, &mut client, "github_create_pull", "deny", -32004);
    asked(&folder, &mut client, "github_merge_pull", "deny", -32004);
    asked(&folder, &mut client, "github_close_issue", "approve", 0);
    assert_eq!(code(&client.call("github_delete_repo", &json!({}))), -32001);
    let reached = [&reads[..], &["github_create_pull", "github_close_issue"]].concat();
    assert_eq!(folder.reached(), reached);

    let token = format!("ghp_{}", "0aZ".repeat(12));
    let answer = client.call("github_get_repo", &json!({"token": token}));
    assert_eq!(text(&answer), r#"{"token":"[REDACTED:GitHub Token]"}"#);
}

#[test]
fn the_database_agent_sends_select_statements_only() {
    let (folder, mut client) = start("db-read-only.yaml");
    let queries = ["SELECT 1", "SELECT *\nFROM users\nWHERE id = 7"];
    for query in queries {
        let answer = client.call("postgres_query", &json!({"query": query}));
        assert_eq!(code(&answer), 0, "{query}");
    }
    for query in [
        "DROP TABLE users",
        "UPDATE users SET a = 1",
        " SELECT 1",
        "select 1",
        "SELECT",
        "",
    ] {
        refused(&mut client, &json!({"query": query}));
    }
    for args in [
        json!({}),
        json!({"sql": "SELECT 1"}),
        json!({"query": ["SELECT 1"]}),
    ] {
        refused(&mut client, &args);
    }
    assert_eq!(code(&client.call("postgres_list_tables", &json!({}))), 0);
    let calls = folder.home.record("server").calls();
    let reached: Vec<_> = calls
        .iter()
        .filter_map(|call| call["arguments"]["query"].as_str())
        .collect();
    assert_eq!(reached, queries);
}

#[test]
fn the_database_agent_sees_no_card_and_no_social_security_number() {
    let (_folder, mut client) = start("db-read-only.yaml");
    let row = "4111 1111 1111 1111, 4111-1111-1111-1111, 4111111111111111, 078-05-1120, 12-34";
    let answer = client.call("postgres_list_tables", &json!({"row": row}));
    let card = "[REDACTED:Credit Card]";
    let shown = format!(r#"{{"row":"{card}, {card}, {card}, [REDACTED:SSN], 12-34"}}"#);
    assert_eq!(text(&answer), shown);
}

/// A server under one of the guide's policies, once the policy was found good.
fn start(policy: &str) -> (Folder, Client) {
    let folder = Folder::new();
    folder.write(policy, &page(policy));
    let checked = folder.run(&format!("aip --policy ./{policy} --validate"));
    assert!(checked.status.success(), "{checked:?}");
    assert_eq!(said(&checked).lines().count(), 1, "no warning: {checked:?}");
    let client = folder.client(&format!(
        r#"aip --target "python mcp_server.py" --policy ./{policy}"#
    ));
    (folder, client)
}

/// The call waits; a person's answer decides it.
fn asked(folder: &Folder, client: &mut Client, tool: &str, verb: &str, expected: i64) {
    let id = client.ask_call(tool, &json!({"title": "a change"}));
    let approval = folder.waiting();
    assert_eq!(approval["tool"], tool);
    folder.answer(verb, &approval);
    assert_eq!(
        code(&client.answer(id, PATIENCE).unwrap()),
        expected,
        "{tool}"
    );
}

fn refused(client: &mut Client, args: &Value) {
    let answer = client.call("postgres_query", args);
    assert_eq!(code(&answer), -32001, "{args}: {answer}");
}
