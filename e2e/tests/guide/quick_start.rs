//! "Quick Start" and "Human-in-the-Loop Approvals": the policy, the wrapping commands, and a
//! person's answers, given through `aipctl`.

use serde_json::{Value, json};

use e2e::client::PATIENCE;

use crate::folder::{Folder, WRAP, code, page, said, text};

#[test]
fn the_installation_is_verified() {
    let output = Folder::new().run("aip --version");
    assert!(output.status.success(), "{output:?}");
    assert!(said(&output).starts_with("aip "), "{output:?}");
}

#[test]
fn a_python_server_is_wrapped() {
    check(WRAP, "python mcp_server.py");
}

#[test]
fn an_npm_server_is_wrapped() {
    check(
        r#"aip --target "npx @mcp/server-docker" --policy ./agent.yaml"#,
        "npx @mcp/server-docker",
    );
}

#[test]
fn a_server_is_wrapped_with_verbose_logging() {
    check(&format!("{WRAP} --verbose"), "python mcp_server.py");
}

#[test]
fn write_file_needs_a_persons_approval() {
    let folder = Folder::new();
    let mut client = folder.client(WRAP);
    for (verb, expected) in [("approve", 0), ("deny", -32004)] {
        let id = client.ask_call("write_file", &json!({"path": "a.txt", "content": verb}));
        let approval = folder.waiting();
        assert_eq!(approval["tool"], "write_file");
        assert!(approval["args"].to_string().contains(verb), "{approval}");
        folder.answer(verb, &approval);
        let answer = client.answer(id, PATIENCE).unwrap();
        assert_eq!(code(&answer), expected, "{answer}");
    }
    assert_eq!(folder.reached(), ["write_file"]);
}

#[test]
fn a_person_sees_the_agents_name_the_tool_the_arguments_and_both_answers() {
    let folder = Folder::new();
    let mut client = folder.client(WRAP);
    let id = client.ask_call("write_file", &json!({"path": "a.txt"}));
    let approval = folder.waiting();
    let shown = said(&folder.run("aipctl approvals"));
    let (name, line) = ("secure-agent", "agent.yaml line 13");
    for part in [
        "write_file",
        r#"{"path":"a.txt"}"#,
        name,
        line,
        "deny",
        "approve",
    ] {
        assert!(shown.contains(part), "no `{part}`: {shown}");
    }
    folder.answer("deny", &approval);
    client.answer(id, PATIENCE).unwrap();
}

#[test]
fn an_unanswered_request_is_denied_after_sixty_seconds() {
    let folder = Folder::new();
    let mut client = folder.client(WRAP);
    client.ask_call("write_file", &json!({"path": "a.txt"}));
    let approval = folder.waiting();
    let waits = seconds(&approval["deadline"]) - seconds(&approval["asked"]);
    assert_eq!(waits.rem_euclid(86_400), 60, "{approval}");
    folder.answer("deny", &approval);
}

#[test]
fn the_policy_file_itself_is_protected() {
    let folder = Folder::new();
    let whole = folder.home.work().join("agent.yaml");
    let mut client = folder.client(WRAP);
    for path in ["agent.yaml", "./agent.yaml", whole.to_str().unwrap()] {
        for tool in ["read_file", "write_file", "exec_command"] {
            let answer = client.call(tool, &json!({"path": path, "content": "spec: {}"}));
            assert_eq!(code(&answer), -32007, "{tool} {path}: {answer}");
        }
    }
    assert!(folder.reached().is_empty());
    assert_eq!(std::fs::read_to_string(whole).unwrap(), page("agent.yaml"));
}

/// The command starts the server it names, and what reaches it is what `agent.yaml` allows.
fn check(line: &str, started: &str) {
    let folder = Folder::new();
    let mut client = folder.client(line);
    assert_eq!(folder.started(), [started]);
    for allowed in ["read_file", "list_directory", "git_status"] {
        let answer = client.call(allowed, &json!({"path": "notes.txt"}));
        assert_eq!(text(&answer), r#"{"path":"notes.txt"}"#, "{allowed}");
    }
    for blocked in ["exec_command", "delete_file"] {
        let answer = client.call(blocked, &json!({"command": "ls"}));
        assert_eq!(code(&answer), -32001, "{blocked}: {answer}");
    }
    let token = format!("ghp_{}", "a1B2".repeat(9));
    for (secret, shown) in [
        ("AKIAIOSFODNN7EXAMPLE", "[REDACTED:AWS Key]"),
        (&token, "[REDACTED:GitHub Token]"),
    ] {
        let answer = client.call("read_file", &json!({"of": format!("a {secret} b")}));
        assert_eq!(text(&answer), format!(r#"{{"of":"a {shown} b"}}"#));
    }
    let reached = [
        "read_file",
        "list_directory",
        "git_status",
        "read_file",
        "read_file",
    ];
    assert_eq!(folder.reached(), reached);
}

/// The second of the day a record names.
fn seconds(time: &Value) -> i64 {
    let time = time.as_str().unwrap();
    let clock = time.split(['T', '.']).nth(1).unwrap();
    let parts = clock.split(':').map(|part| part.parse::<i64>().unwrap());
    parts.fold(0, |sum, part| sum * 60 + part)
}
