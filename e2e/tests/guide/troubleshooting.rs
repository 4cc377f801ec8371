//! "Troubleshooting": each error in the guide's words, and each fix.

use std::fs;
use std::path::Path;

use e2e::client::{Client, PATIENCE};
use e2e::needs::needs;
use serde_json::json;

use crate::folder::{Folder, WRAP, code, complained, page, said, text};

const VALIDATE: &str = "aip --policy ./agent.yaml --validate";
const BLOCKED_BY_DEFAULT: &str = "\
apiVersion: aip.io/v1alpha1
kind: AgentPolicy
metadata:
  name: secure-agent
spec:
";

#[test]
fn an_invalid_api_version_is_said_before_the_server_starts() {
    let folder = Folder::new();
    let wrong = page("agent.yaml").replace("aip.io/v1alpha1", "aip.io/v2");
    folder.write("agent.yaml", &wrong);
    for (line, status) in [(WRAP, 3), (VALIDATE, 1)] {
        let output = folder.run(line);
        assert_eq!(output.status.code(), Some(status), "{line}: {output:?}");
        let said = complained(&output);
        let guide = "Error: failed to load policy: invalid apiVersion";
        assert!(said.starts_with(guide), "{line}: {said}");
        assert!(
            said.contains("apiVersion: aip.io/v1alpha1"),
            "the fix: {said}"
        );
    }
    assert!(folder.started().is_empty());

    folder.write("agent.yaml", &page("agent.yaml"));
    folder.client(WRAP);
    assert_eq!(folder.started(), ["python mcp_server.py"]);
}

#[test]
fn a_target_that_is_not_found_is_named() {
    let folder = Folder::new();
    fs::remove_file(folder.bin().join("python")).unwrap();
    let output = folder
        .shell(WRAP)
        .env("PATH", folder.bin())
        .output()
        .unwrap();
    let said = complained(&output);
    assert!(
        said.starts_with("Error: target command not found: python"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(127));
}

#[test]
fn the_full_path_of_the_target_helps() {
    let python = Path::new("/usr/bin/python3");
    let there = python
        .is_file()
        .then_some(())
        .ok_or(format!("no `{}`", python.display()));
    if needs("the_full_path_of_the_target_helps", there).is_none() {
        return;
    }
    let folder = Folder::new();
    folder.write("mcp_server.py", &page("mcp_server.py"));
    let line = r#"aip --target "/usr/bin/python3 mcp_server.py" --policy ./agent.yaml"#;
    let mut command = folder.shell(line);
    command.env("PATH", folder.bin());
    let mut client = Client::start(command);
    client.initialize();
    let answer = client.call("read_file", &json!({"of": "AKIAIOSFODNN7EXAMPLE"}));
    assert_eq!(text(&answer), r#"{"of": "[REDACTED:AWS Key]"}"#);
    assert_eq!(code(&client.call("exec_command", &json!({}))), -32001);
}

#[test]
fn an_allowlist_that_is_missing_or_empty_blocks_all_and_is_found() {
    for spec in ["  mode: enforce\n", "  allowed_tools: []\n"] {
        let folder = Folder::new();
        folder.write("agent.yaml", &format!("{BLOCKED_BY_DEFAULT}{spec}"));
        let mut client = folder.client(WRAP);
        for tool in ["read_file", "git_status", "postgres_query"] {
            assert_eq!(code(&client.call(tool, &json!({}))), -32001, "{tool}");
        }
        let output = folder.run(VALIDATE);
        assert!(output.status.success(), "a warning is no error: {output:?}");
        let said = said(&output);
        assert!(
            said.contains("warning") && said.contains("allowed_tools"),
            "{said}"
        );
    }
}

#[test]
fn an_empty_allowlist_is_found_beside_rules_that_allow_nothing() {
    let folder = Folder::new();
    let allowed = "  allowed_tools:\n    - read_file\n    - list_directory\n    - git_status\n";
    folder.write("agent.yaml", &page("agent.yaml").replace(allowed, ""));
    let output = folder.run(VALIDATE);
    assert!(output.status.success(), "{output:?}");
    assert!(said(&output).contains("warning"), "{output:?}");
}

#[test]
fn a_rule_that_allows_is_a_fix() {
    let folder = Folder::new();
    let spec = "  tool_rules:\n    - tool: read_file\n      action: allow\n";
    folder.write("agent.yaml", &format!("{BLOCKED_BY_DEFAULT}{spec}"));
    let output = folder.run(VALIDATE);
    assert!(
        output.status.success() && !said(&output).contains("warning"),
        "{output:?}"
    );
    let mut client = folder.client(WRAP);
    assert_eq!(code(&client.call("read_file", &json!({}))), 0);
}

#[test]
fn a_pattern_that_grep_finds_is_redacted() {
    let folder = Folder::new();
    let grep = folder.run(r#"echo "AKIAIOSFODNN7EXAMPLE" | grep -P "AKIA[A-Z0-9]{16}""#);
    assert_eq!(said(&grep), "AKIAIOSFODNN7EXAMPLE\n");
    let mut client = folder.client(WRAP);
    let answer = client.call("read_file", &json!({"of": "AKIAIOSFODNN7EXAMPLE"}));
    assert_eq!(text(&answer), r#"{"of":"[REDACTED:AWS Key]"}"#);
}

#[test]
fn a_pattern_that_is_not_re2_is_refused_with_its_place() {
    let folder = Folder::new();
    let pcre = page("agent.yaml").replace("AKIA[A-Z0-9]{16}", "(?<=key )AKIA[A-Z0-9]{16}");
    folder.write("agent.yaml", &pcre);
    let mut client = Client::start(folder.shell(WRAP));
    assert_eq!(client.wait(PATIENCE).code(), Some(3));
    client.wait_stderr("Error: failed to load policy: ");
    client.wait_stderr("agent.yaml:20:");
    assert!(folder.started().is_empty());
}
