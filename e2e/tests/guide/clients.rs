//! "Client Configuration": the blocks for Cursor and Claude Desktop, each read and its server
//! started as the client would, from a folder of the client's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use e2e::client::Client;
use serde_json::{Value, json};

use crate::folder::{Folder, code, complained, page, said};

#[test]
fn cursors_block_is_generated_and_starts_the_server() {
    let folder = Folder::new();
    let output = folder
        .run(r#"aip --generate-cursor-config --policy ./agent.yaml --target "npx @mcp/server""#);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(complained(&output), "", "nothing but the block");
    let block: Value = serde_json::from_str(&said(&output)).unwrap();

    let command = block["mcpServers"]["aip-protected-server"]["command"].clone();
    assert!(
        Path::new(command.as_str().unwrap()).is_absolute(),
        "{block}"
    );
    let policy = folder.home.work().join("agent.yaml");
    let expected = json!({"mcpServers": {"aip-protected-server": {
        "command": command,
        "args": ["--target", "npx @mcp/server", "--policy", policy],
    }}});
    assert_eq!(block, expected);
    check(&folder, &block, "npx @mcp/server");
}

#[test]
fn claude_desktops_block_starts_the_server() {
    let folder = Folder::new();
    let user = folder.home.work().with_file_name("user");
    let policies = user.join(".config/claude/policies");
    fs::create_dir_all(&policies).unwrap();
    let policy = policies.join("docker.yaml");
    fs::write(&policy, page("agent.yaml")).unwrap();
    fs::set_permissions(&policy, PermissionsExt::from_mode(0o600)).unwrap();

    let installed = folder.bin().join("aip");
    let text = page("claude_desktop_config.json")
        .replace("/usr/local/bin/aip", installed.to_str().unwrap())
        .replace("/Users/yourname", user.to_str().unwrap());
    let block = serde_json::from_str(&text).unwrap();
    check(&folder, &block, "npx @mcp/server-docker");
}

/// Starts the block's one server as a client does, and has a call judged.
pub(crate) fn check(folder: &Folder, block: &Value, started: &str) {
    let server = one_server(block);
    let args = server["args"].as_array().unwrap();
    let mut command = Command::new(server["command"].as_str().unwrap());
    command.args(args.iter().map(|arg| arg.as_str().unwrap()));
    folder.dress(&mut command);
    command.current_dir("/");
    let mut client = Client::start(command);
    client.initialize();
    assert_eq!(folder.started(), [started]);
    assert_eq!(code(&client.call("read_file", &json!({"path": "a"}))), 0);
    assert_eq!(code(&client.call("exec_command", &json!({}))), -32001);
    assert_eq!(folder.reached(), ["read_file"]);
}

/// The server under the key that Cursor, Claude Desktop and Claude Code read, or VS Code.
pub(crate) fn one_server(block: &Value) -> &Value {
    let servers = block.get("mcpServers").or(block.get("servers"));
    let servers: Vec<_> = servers.unwrap().as_object().unwrap().values().collect();
    assert_eq!(servers.len(), 1, "{block}");
    servers[0]
}
