//! "Verbose Mode" and "Monitor Mode": what is told while it happens, and what is only recorded.

use e2e::client::PATIENCE;
use serde_json::json;

use crate::folder::{Folder, WRAP, code, page, text};

/// The guide's output, word by word.
const OUTPUT: &str = "\
[INFO] Loaded policy: secure-agent (v1.0.0)
[INFO] Protected paths: [agent.yaml]
[DEBUG] Request: tools/call -> read_file
[DEBUG] Evaluating allowed_tools: [read_file] ✓
[INFO] Decision: ALLOW
[DEBUG] Request: tools/call -> exec_command
[DEBUG] Tool not in allowed_tools
[DEBUG] Tool rule: action=block
[WARN] Decision: BLOCK (error: -32001)
";

#[test]
fn verbose_says_the_guides_lines_and_no_other() {
    let folder = Folder::new();
    let mut client = folder.client(&format!("{WRAP} --verbose"));
    client.call("read_file", &json!({"path": "/home/me/hunter2"}));
    client.call("exec_command", &json!({"command": "hunter2"}));
    client.wait_stderr("[WARN] Decision: BLOCK (error: -32001)\n");
    client.close();
    client.wait(PATIENCE);
    assert_eq!(client.stderr(), OUTPUT);
}

#[test]
fn verbose_says_what_was_redacted_and_never_the_secret() {
    let folder = Folder::new();
    let mut client = folder.client(&format!("{WRAP} --verbose"));
    let secret = "AKIAIOSFODNN7EXAMPLE";
    client.call("read_file", &json!({"of": [secret, secret]}));
    client.call("git_status", &json!({"of": secret}));
    client.call(secret, &json!({}));
    client.wait_stderr("-> [REDACTED:AWS Key]");
    client.close();
    client.wait(PATIENCE);
    let said = client.stderr();
    let lines: Vec<_> = said.lines().filter(|line| line.contains("DLP")).collect();
    let told = [
        "[WARN] DLP: 2 matches of [AWS Key] in what the server sent: REDACTED",
        "[WARN] DLP: 1 match of [AWS Key] in what the server sent: REDACTED",
    ];
    assert_eq!(lines, told, "{said}");
    assert!(!said.contains("AKIA"), "{said}");
}

#[test]
fn verbose_says_what_became_of_a_request_that_held_a_secret() {
    let blocked = "\
[DEBUG] Evaluating allowed_tools: [read_file] ✓
[WARN] DLP: 1 match of [AWS Key] in what the client sent: BLOCKED
[DEBUG] Refused: the request holds data the policy keeps in
[WARN] Decision: BLOCK (error: -32001)
";
    let passed = "\
[DEBUG] Evaluating allowed_tools: [read_file] ✓
[INFO] Decision: ALLOW
[WARN] DLP: 1 match of [AWS Key] in what the client sent: REDACTED
";
    for (wish, lines) in [("block", blocked), ("redact", passed)] {
        let folder = Folder::new();
        let scans = format!("  dlp:\n    scan_requests: true\n    on_request_match: {wish}\n");
        let policy = page("agent.yaml").replace("  dlp:\n", &scans);
        folder.write("agent.yaml", &policy);
        let mut client = folder.client(&format!("{WRAP} --verbose"));
        client.call("read_file", &json!({"of": "AKIAIOSFODNN7EXAMPLE"}));
        client.close();
        client.wait(PATIENCE);
        assert!(client.stderr().ends_with(lines), "{}", client.stderr());
    }
}

#[test]
fn verbose_says_what_dlp_could_not_finish_and_what_stderr_held() {
    let folder = Folder::new();
    let limits =
        "  dlp:\n    filter_stderr: true\n    max_scan_size: 1KB\n    on_oversize: refuse\n";
    folder.write(
        "agent.yaml",
        &page("agent.yaml").replace("  dlp:\n", limits),
    );
    let speak = "printf '%s\\n' AKIAIOSFODNN7EXAMPLE >&2; exec python mcp_server.py";
    folder.write("speak.sh", speak);
    let line = r#"aip --target "sh speak.sh" --policy ./agent.yaml --verbose"#;
    let mut client = folder.client(line);
    client.wait_stderr("[WARN] DLP: 1 match of [AWS Key] in the server's standard error: REDACTED");
    let answer = client.call("read_file", &json!({"of": "x".repeat(2000)}));
    assert_eq!(code(&answer), -32001, "{answer}");
    client.wait_stderr("[WARN] DLP: could not finish with what the server sent: the text has");
}

#[test]
fn verbose_says_why_a_message_was_not_even_read() {
    let folder = Folder::new();
    let mut client = folder.client(&format!("{WRAP} --verbose"));
    client.send_raw(b"{\"jsonrpc\":\"2.0\",\"id\":7,\"id\":8,\"method\":\"ping\"}\n");
    client.wait_stderr("[DEBUG] Refused: duplicate key");
    client.wait_stderr("[WARN] Decision: BLOCK (error: -32600)\n");
}

#[test]
fn verbose_says_what_a_person_decided_and_what_came_of_it() {
    let folder = Folder::new();
    let mut client = folder.client(&format!("{WRAP} --verbose"));
    for (verb, said) in [
        (
            "approve",
            "[DEBUG] Approval: allowed by control\n[INFO] Decision: ALLOW\n",
        ),
        (
            "deny",
            "[DEBUG] Approval: denied by control\n[WARN] Decision: BLOCK (error: -32004)\n",
        ),
    ] {
        let id = client.ask_call("write_file", &json!({"path": verb}));
        folder.answer(verb, &folder.waiting());
        client.answer(id, PATIENCE).unwrap();
        client.wait_stderr(said);
    }
}

#[test]
fn without_verbose_nothing_is_said() {
    let folder = Folder::new();
    let mut client = folder.client(WRAP);
    client.call("read_file", &json!({}));
    client.call("exec_command", &json!({}));
    client.close();
    client.wait(PATIENCE);
    assert_eq!(client.stderr(), "");
}

#[test]
fn monitor_mode_blocks_nothing_and_still_redacts_and_asks() {
    let folder = Folder::new();
    folder.write(
        "agent.yaml",
        &page("agent.yaml").replace("enforce", "monitor"),
    );
    let mut client = folder.client(WRAP);
    for tool in ["read_file", "exec_command", "delete_file"] {
        assert_eq!(code(&client.call(tool, &json!({"path": "a"}))), 0, "{tool}");
    }
    let answer = client.call("exec_command", &json!({"of": "AKIAIOSFODNN7EXAMPLE"}));
    assert_eq!(text(&answer), r#"{"of":"[REDACTED:AWS Key]"}"#);
    assert_eq!(
        code(&client.call("read_file", &json!({"path": "agent.yaml"}))),
        -32007
    );
    let told: Vec<_> = folder
        .home
        .decisions()
        .iter()
        .map(|it| it["decision"].clone())
        .collect();
    let monitored = "ALLOW_MONITOR";
    assert_eq!(told, ["ALLOW", monitored, monitored, monitored, "BLOCK"]);

    client.ask_call("write_file", &json!({"path": "a"}));
    let approval = folder.waiting();
    assert_eq!(approval["tool"], "write_file");
    folder.answer("deny", &approval);
}
