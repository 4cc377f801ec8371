//! The README's blocks, one a client: each taken out of the README itself, written where that
//! client looks for it, read as that client reads it, and its server started as that client
//! starts one. Only folders are put in the place of `/home/you`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::client::Client;
use e2e::counterparts::npm_server;
use e2e::home::Home;
use e2e::needs::needs;
use e2e::programs::{program, workspace};
use serde_json::{Value, json};

/// A client, and how it starts a server.
struct Kind {
    /// As the README's block is headed.
    name: &'static str,
    /// Where its file is, in the person's home folder or in the project.
    file: &'static str,
    /// The key it reads.
    key: &'static str,
    /// Whether the server's working folder is the project; else it is the root.
    in_project: bool,
    /// Whether the server gets the client's whole environment; else only a few variables.
    whole_environment: bool,
}

const CLIENTS: [Kind; 4] = [
    Kind {
        name: "Claude Desktop",
        file: ".config/Claude/claude_desktop_config.json",
        key: "mcpServers",
        in_project: false,
        whole_environment: false,
    },
    Kind {
        name: "Cursor",
        file: ".cursor/mcp.json",
        key: "mcpServers",
        in_project: false,
        whole_environment: false,
    },
    Kind {
        name: "VS Code",
        file: "project/.vscode/mcp.json",
        key: "servers",
        in_project: true,
        whole_environment: true,
    },
    Kind {
        name: "Claude Code",
        file: "project/.mcp.json",
        key: "mcpServers",
        in_project: true,
        whole_environment: true,
    },
];

/// What official SDKs pass on where the client names no environment.
const FEW: [&str; 6] = ["HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"];

#[test]
fn each_clients_block_starts_a_server_that_aip_guards() {
    for client in &CLIENTS {
        check(client, &recorder_as_npx());
    }
}

#[test]
fn each_clients_block_starts_the_real_server_filesystem() {
    let name = "each_clients_block_starts_the_real_server_filesystem";
    let Some(server) = needs(name, npm_server("filesystem")) else {
        return;
    };
    for client in &CLIENTS {
        check(client, &server.join(" "));
    }
}

#[test]
fn the_readme_has_a_block_for_each_client_and_no_other() {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    assert_eq!(readme.matches("```json\n").count(), CLIENTS.len());
    for client in &CLIENTS {
        let file = client.file.trim_start_matches("project/");
        let (_, told) = readme.split_once(&format!("**{}**", client.name)).unwrap();
        let (told, _) = told.split_once("```json").unwrap();
        assert!(told.contains(file), "{}: {told}", client.name);
    }
}

#[test]
fn cursors_block_is_what_the_readmes_command_prints() {
    let you = You::new("exec true");
    let readme = you.here(&fs::read_to_string(workspace().join("README.md")).unwrap());
    let (_, rest) = readme.split_once("`aip --generate-cursor-config").unwrap();
    let (options, _) = rest.split_once('`').unwrap();
    let line = format!("aip --generate-cursor-config{options}");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &line]);
    you.home.dress(&mut command);
    command.current_dir(you.folder());
    let output = command.env("PATH", you.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    // The program's own file, whatever led to it.
    let command = printed["mcpServers"]["aip-protected-server"]["command"].take();
    assert_eq!(command.as_str(), program("aip").to_str());
    let mut block: Value = serde_json::from_str(&you.block("Cursor")).unwrap();
    block["mcpServers"]["aip-protected-server"]["command"].take();
    assert_eq!(printed, block);
}

/// The block stands in the client's file; its server shakes hands, runs what the policy allows,
/// redacts, and refuses the rest.
fn check(client: &Kind, npx: &str) {
    let you = You::new(npx);
    let file = you.folder().join(client.file);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, you.block(client.name)).unwrap();
    let mut session = Client::start(you.starts(client, &file));
    let server = session.initialize();
    assert!(server["serverInfo"]["name"].is_string(), "{server}");

    let note = you.folder().join("project/note.txt");
    let read = session.call("read_file", &json!({"path": note}));
    assert_eq!(read["error"], Value::Null, "{}: {read}", client.name);
    let text = read["result"]["content"][0]["text"].to_string();
    assert!(
        text.contains("[REDACTED:AWS Key]"),
        "{}: {text}",
        client.name
    );
    let refused = session.call(
        "move_file",
        &json!({"source": note, "destination": "/tmp/x"}),
    );
    assert_eq!(
        refused["error"]["code"], -32001,
        "{}: {refused}",
        client.name
    );
    assert!(note.exists());
}

/// The recorder in the place of `npx`, which answers with the key as a file would hold it.
fn recorder_as_npx() -> String {
    let recorder = program("aip-recorder");
    format!(
        "{} record.jsonl --text 'AKIAIOSFODNN7EXAMPLE' --",
        recorder.display()
    )
}

/// The person of the README: `/home/you`, with aip installed, a policy and a project.
struct You {
    home: Home,
}

impl You {
    /// `npx -y PACKAGE ARGS` runs this line with the arguments.
    fn new(npx: &str) -> Self {
        let you = Self {
            home: Home::with_config(""),
        };
        for folder in [".local/bin", "project"] {
            fs::create_dir_all(you.folder().join(folder)).unwrap();
        }
        for name in ["aip", "aipctl"] {
            symlink(program(name), you.bin().join(name)).unwrap();
        }
        let npx = match npx.strip_suffix(" --") {
            Some(alone) => format!("cd '{}' && exec {alone}", you.home.work().display()),
            None => format!("shift 2; exec {npx} \"$@\""),
        };
        you.write(".local/bin/npx", &format!("#!/bin/sh\n{npx}\n"), 0o755);
        you.write("agent.yaml", &readmes_policy(), 0o600);
        you.write("project/note.txt", "AKIAIOSFODNN7EXAMPLE\n", 0o600);
        you
    }

    fn folder(&self) -> PathBuf {
        self.home.work().with_file_name("user")
    }

    fn bin(&self) -> PathBuf {
        self.folder().join(".local/bin")
    }

    fn path(&self) -> String {
        let installed = std::env::var("PATH").unwrap_or_default();
        format!("{}:{installed}", self.bin().display())
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.folder().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    fn here(&self, text: &str) -> String {
        text.replace("/home/you", self.folder().to_str().unwrap())
    }

    /// The README's block below a client's name.
    fn block(&self, client: &str) -> String {
        let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
        let (_, rest) = readme.split_once(&format!("**{client}**")).unwrap();
        let (_, block) = rest.split_once("```json\n").unwrap();
        let (block, _) = block.split_once("\n```").unwrap();
        self.here(block)
    }

    /// What the client does with its file's one server.
    fn starts(&self, client: &Kind, file: &Path) -> Command {
        let config: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let servers = config[client.key].as_object().unwrap();
        assert_eq!(servers.len(), 1, "{config}");
        let server = servers.values().next().unwrap();
        if client.key == "servers" {
            assert_eq!(server["type"], "stdio", "VS Code wants it said");
        }
        let project = self.folder().join("project");
        let given = |text: &Value| {
            let text = text.as_str().unwrap();
            text.replace("${workspaceFolder}", project.to_str().unwrap())
        };
        let mut command = Command::new(given(&server["command"]));
        command.args(server["args"].as_array().unwrap().iter().map(given));
        if !client.whole_environment {
            command.env_clear();
            let few = FEW
                .into_iter()
                .filter_map(|it| Some((it, std::env::var_os(it)?)));
            command.envs(few);
        }
        self.home.dress(&mut command);
        command.env("PATH", self.path());
        command.current_dir(if client.in_project {
            &project
        } else {
            Path::new("/")
        });
        command
    }
}

/// The README's own policy.
fn readmes_policy() -> String {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```yaml\n").unwrap();
    let (policy, _) = rest.split_once("\n```").unwrap();
    format!("{policy}\n")
}
