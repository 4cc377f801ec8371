//! What is printed for clients' files: started by the official SDK, out of files of each form.

use std::fs;
use std::process::Command;

use e2e::counterparts::{driver, installed, npm_server};
use e2e::needs::needs;
use serde_json::{Value, json};

use crate::bench::{Bench, said};

/// Clients of every syntax and shape, each with the members that lead to its servers.
const FORMS: [(&str, &str, &str); 6] = [
    ("cursor", "jsonc", "mcpServers"),
    ("vscode", "jsonc", "servers"),
    ("codex", "toml", "mcp_servers"),
    ("continue", "yaml", "mcpServers"),
    ("goose", "yaml", "extensions"),
    ("opencode", "jsonc", "mcp"),
];

#[test]
fn what_is_printed_for_a_client_starts_the_real_server_under_the_real_sdk() {
    let name = "what_is_printed_for_a_client_starts_the_real_server";
    let python = needs(name, installed("fastmcp/bin/python"));
    let time = needs(name, installed("mcp2/bin/mcp-server-time"));
    let (Some(python), Some(time)) = (python, time) else {
        return;
    };
    let bench = Bench::new();
    bench.program("mcp-server-time", &format!("exec {time} \"$@\""));
    for (client, format, at) in FORMS {
        let zone = ["--", "--local-timezone=Etc/UTC"];
        let block = said(bench.aip(&[&["wrap", "time", "--client", client], &zone[..]].concat()));
        let file = bench.home.work().join(client);
        fs::write(&file, block).unwrap();
        let mut command = Command::new(&python);
        bench.dress(&mut command);
        command.arg(driver("from_config.py")).arg(format).arg(&file);
        command.arg(json!([at, "time"]).to_string());
        command.args(["get_current_time", r#"{"timezone": "Etc/UTC"}"#]);
        let found: Value = serde_json::from_str(&said(command)).unwrap();
        assert_eq!(
            found["tools"],
            json!(["convert_time", "get_current_time"]),
            "{client}"
        );
        assert_eq!(found["failed"], false, "{client}: {found}");
    }
}

#[test]
fn wrap_in_a_clients_file_starts_the_real_server_under_the_real_sdk() {
    let name = "wrap_in_a_clients_file_starts_the_real_server";
    let python = needs(name, installed("fastmcp/bin/python"));
    let servers = needs(name, npm_server("filesystem").and(npm_server("memory")));
    let (Some(python), Some(_)) = (python, servers) else {
        return;
    };
    let bench = Bench::new();
    let folder = bench.home.work().join("files");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("seen.txt"), "text").unwrap();
    let path = folder.to_str().unwrap();
    let looks = json!({"path": path});
    for (server, arguments, tool, args, shows) in [
        (
            "filesystem",
            &["--", path][..],
            "list_directory",
            &looks,
            "seen.txt",
        ),
        ("memory", &[], "read_graph", &json!({}), "entities"),
    ] {
        let command = npm_server(server).unwrap().join(" ");
        bench.program(
            &format!("mcp-server-{server}"),
            &format!("exec {command} \"$@\""),
        );
        let words = [&["wrap", server], arguments].concat();
        let entry = json!({"command": bench.bin().join("aip"), "args": words});
        let file = bench.home.work().join("mcp.json");
        fs::write(&file, json!({"mcpServers": {"it": entry}}).to_string()).unwrap();
        let mut command = Command::new(&python);
        bench.dress(&mut command);
        command.arg(driver("from_config.py")).arg("json").arg(&file);
        command.args([r#"["mcpServers", "it"]"#, tool, &args.to_string()]);
        let found: Value = serde_json::from_str(&said(command)).unwrap();
        assert_eq!(found["failed"], false, "{server}: {found}");
        assert!(
            found["text"].to_string().contains(shows),
            "{server}: {found}"
        );
    }
}

#[test]
fn the_block_of_every_client_there_is_is_printed_below_its_name_and_file() {
    let bench = Bench::new();
    let policy = bench.home.policy("agent", "  allowed_tools: [look]");
    let policy = policy.to_str().unwrap();
    let all = [
        "--generate-config",
        "all",
        "--policy",
        policy,
        "--",
        "srv",
        "a b",
    ];
    let text = said(bench.aip(&all));
    let heads: Vec<_> = text.lines().filter(|it| it.starts_with("# ")).collect();
    assert_eq!(heads.len(), 23, "{heads:?}");
    let home = bench.home.user();
    for head in &heads {
        assert!(head.contains(&format!(": {}/", home.display())), "{head}");
    }
    assert_eq!(text.matches(policy).count(), 23);
    let one = said(bench.aip(&[&["--generate-config", "codex"], &all[2..]].concat()));
    assert!(
        one.starts_with("[mcp_servers.aip-protected-server]\n"),
        "{one}"
    );
    assert!(text.contains(&one), "{text}");
}
