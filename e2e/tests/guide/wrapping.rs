//! "Wrapping Existing MCP Servers": the three commands, each typed on a terminal, where it prints what is
//! pasted into a client, and started by a client, where it is the server behind aip; and the list.

use std::process::Command;

use e2e::client::Client;
use e2e::terminal::Terminal;
use serde_json::{Value, json};

use crate::clients::one_server;
use crate::folder::{Folder, code, page, said};

/// What stands in the guide, with the server that is started and a call the policy allows and refuses.
struct Shown {
    line: &'static str,
    /// The stand-in's name, and what it is started with.
    program: &'static str,
    arguments: &'static str,
    /// In `e2e/guide`, and where the guide's command looks for it.
    policy: &'static str,
    allowed: &'static str,
    refused: &'static str,
}

const SHOWN: [Shown; 3] = [
    Shown {
        line: "aip wrap docker --policy ./policies/read-only.yaml",
        program: "docker",
        arguments: "mcp gateway run",
        policy: "read-only.yaml",
        allowed: "read_file",
        refused: "write_file",
    },
    Shown {
        line: "aip wrap github --policy ./policies/github-agent.yaml",
        program: "github-mcp-server",
        arguments: "stdio",
        policy: "github-agent.yaml",
        allowed: "github_get_repo",
        refused: "github_delete_repo",
    },
    Shown {
        line: "aip wrap postgres --policy ./policies/db-read-only.yaml",
        program: "postgres-mcp",
        arguments: "--access-mode=restricted",
        policy: "db-read-only.yaml",
        allowed: "postgres_list_tables",
        refused: "read_file",
    },
];

#[test]
fn each_command_started_by_a_client_is_the_server_behind_aip() {
    for shown in &SHOWN {
        let folder = shown.folder();
        serves(shown, &folder, shown.command(&folder));
    }
}

#[test]
fn each_command_on_a_terminal_prints_the_block_that_a_client_starts() {
    for shown in &SHOWN {
        let folder = shown.folder();
        let mut terminal = Terminal::start_by_the_client(&shown.command(&folder), (200, 50));
        assert!(terminal.ended().success(), "{}", terminal.text());
        assert!(folder.started().is_empty(), "it only prints");
        let text = String::from_utf8(terminal.bytes())
            .unwrap()
            .replace('\r', "");
        let (_, text) = text.split_at(text.find("{\n").unwrap());
        let (block, told) = text.split_at(text.rfind("\n}\n").unwrap() + 3);
        let block: Value = serde_json::from_str(block).unwrap();
        for file in [".cursor/mcp.json", "claude_desktop_config.json"] {
            assert!(told.contains(file), "{told}");
        }

        let server = one_server(&block);
        let whole = |path: &str| path.starts_with('/');
        let mut command = Command::new(server["command"].as_str().unwrap());
        let args = server["args"].as_array().unwrap().iter();
        let args: Vec<_> = args.map(|it| it.as_str().unwrap()).collect();
        assert!(
            whole(command.get_program().to_str().unwrap()) && whole(args[1]),
            "{block}"
        );
        command.args(args);
        folder.dress(&mut command);
        for (name, hint) in server["env"].as_object().into_iter().flatten() {
            let hint = hint.as_str().unwrap();
            assert!(hint.starts_with('<') && !text.contains("hush"), "{text}");
            command.env(name, "hush");
        }
        command.current_dir("/");
        serves(shown, &folder, command);
    }
}

#[test]
fn the_list_names_every_server_the_guide_does() {
    let output = Folder::new().run("aip wrap --list");
    assert!(output.status.success(), "{output:?}");
    let list = said(&output);
    for shown in &SHOWN {
        let name = shown.line.split(' ').nth(2).unwrap();
        assert!(list.lines().any(|line| line.starts_with(name)), "{list}");
    }
}

impl Shown {
    fn folder(&self) -> Folder {
        let folder = Folder::new();
        std::fs::create_dir(folder.home.work().join("policies")).unwrap();
        folder.write(&format!("policies/{}", self.policy), &page(self.policy));
        folder.stand_in(self.program);
        folder
    }

    /// The guide's line; what the servers need is in the client's environment.
    fn command(&self, folder: &Folder) -> Command {
        let mut command = folder.shell(self.line);
        command.env("GITHUB_PERSONAL_ACCESS_TOKEN", "hush");
        command.env("DATABASE_URI", "postgresql://me:hush@localhost/db");
        command
    }
}

/// A client that starts this command has the server, as far as the policy goes.
fn serves(shown: &Shown, folder: &Folder, command: Command) {
    let mut client = Client::start(command);
    client.initialize();
    let started = format!("{} {}", shown.program, shown.arguments);
    assert_eq!(folder.started(), [started]);
    assert_eq!(
        code(&client.call(shown.allowed, &json!({}))),
        0,
        "{}",
        shown.line
    );
    assert_eq!(
        code(&client.call(shown.refused, &json!({}))),
        -32001,
        "{}",
        shown.line
    );
    assert_eq!(folder.reached(), [shown.allowed]);
}
