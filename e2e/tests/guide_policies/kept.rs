//! Policies for servers that can't be had here: their tools are kept as data, and the recorder
//! plays them.

use e2e::client::PATIENCE;
use e2e::home::{Home, TEST_CONFIG};
use serde_json::json;

use crate::bench::{code, deny, kept, kept_server, named};

#[test]
fn github_reads_freely_asks_before_it_writes_and_never_deletes() {
    let tools = kept("github-mcp-server.txt");
    assert_eq!(named("github.yaml"), tools);
    let home = Home::with_config(&format!("{TEST_CONFIG}prompts_per_minute: 1000\n"));
    let mut client = kept_server(&home, "github.yaml", &tools);
    for tool in &tools {
        let reads = ["get_", "list_", "search_"]
            .iter()
            .any(|it| tool.starts_with(it));
        if reads || tool.ends_with("_read") {
            assert_eq!(code(&client.call(tool, &json!({}))), 0, "{tool}");
        } else if tool.starts_with("delete_") {
            assert_eq!(code(&client.call(tool, &json!({}))), -32001, "{tool}");
        } else {
            let id = client.ask_call(tool, &json!({}));
            deny(&home, tool);
            let answer = client.answer(id, PATIENCE).expect("an answer");
            assert_eq!(code(&answer), -32004, "{tool}");
        }
    }
}

#[test]
fn github_lets_no_token_in_or_out() {
    let home = Home::new();
    let mut client = kept_server(&home, "github.yaml", &kept("github-mcp-server.txt"));
    let tokens = [
        format!("ghp_{}", "aB3".repeat(12)),
        format!("github_pat_{}", "aB".repeat(41)),
        "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(),
    ];
    for token in tokens {
        let answer = client.call("search_code", &json!({"query": token}));
        assert_eq!(code(&answer), -32001, "{token}: {answer}");
    }
    assert!(home.record("server").calls().is_empty());
}

#[test]
fn the_database_answers_one_select_at_a_time() {
    let tools = kept("postgres-mcp.txt");
    assert_eq!(named("database.yaml"), tools);
    let home = Home::new();
    let mut client = kept_server(&home, "database.yaml", &tools);
    for tool in ["execute_sql", "explain_query"] {
        for sql in [
            "SELECT 1",
            " select *\n  from users where id = 7;\n",
            "SELECT 'x' AS y ;",
        ] {
            assert_eq!(code(&client.call(tool, &json!({"sql": sql}))), 0, "{sql}");
        }
        let more = json!({"sql": "SELECT 1", "analyze": true});
        for args in [json!({}), more, json!({"query": "SELECT 1"})] {
            assert_eq!(code(&client.call(tool, &args)), -32001, "{args}");
        }
        let mutations = [
            "DELETE FROM users",
            "SELECT 1; DROP TABLE users",
            "/* a comment */ TRUNCATE users",
            "WITH gone AS (DELETE FROM users RETURNING 1) SELECT 1",
            "SELECTED",
        ];
        for sql in mutations {
            assert_eq!(
                code(&client.call(tool, &json!({"sql": sql}))),
                -32001,
                "{sql}"
            );
        }
    }
    assert_eq!(code(&client.call("list_schemas", &json!({}))), 0);
    let card = json!({"row": "4111-1111-1111-1111, postgres://me:hunter2@db/app"});
    let answer = client.call("list_objects", &card).to_string();
    assert!(answer.contains("[REDACTED:Credit Card]"), "{answer}");
    assert!(!answer.contains("hunter2"), "{answer}");
    client.ask_call("get_top_queries", &json!({}));
    deny(&home, "get_top_queries");
}
