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
