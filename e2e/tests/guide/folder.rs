//! The folder a reader of the guide works in: its files, the programs on `PATH`, and stand-ins
//! for the servers the guide names and nobody ships.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::client::{Client, PATIENCE};
use e2e::home::Home;
use e2e::programs::program;
use e2e::wait::wait_for;
use serde_json::{Value, json};

/// The guide's first command: wraps the Python server.
pub(crate) const WRAP: &str = r#"aip --target "python mcp_server.py" --policy ./agent.yaml"#;

/// Every tool the guide speaks of, as the stand-ins list them.
const TOOLS: [&str; 17] = [
    "read_file",
    "list_directory",
    "git_status",
    "write_file",
    "exec_command",
    "search_files",
    "git_log",
    "delete_file",
    "github_get_repo",
    "github_list_pulls",
    "github_get_issue",
    "github_create_pull",
    "github_merge_pull",
    "github_close_issue",
    "github_delete_repo",
    "postgres_query",
    "postgres_list_tables",
];

/// One reader's folder, with a daemon of its own in the state a new user has it.
pub(crate) struct Folder {
    pub(crate) home: Home,
}

impl Folder {
    /// With the guide's `agent.yaml`.
    pub(crate) fn new() -> Self {
        let folder = Self {
            home: Home::with_config(""),
        };
        fs::create_dir(folder.bin()).unwrap();
        for name in ["aip", "aipctl"] {
            symlink(program(name), folder.bin().join(name)).unwrap();
        }
        for name in ["python", "npx"] {
            folder.stand_in(name);
        }
        folder.write("agent.yaml", &page("agent.yaml"));
        folder
    }

    /// Another file of the reader's.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.work().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        path
    }

    /// A command line of the guide's, run by a shell in this folder.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]);
        self.dress(&mut command);
        command
    }

    /// Tells a command of this reader's home and programs.
    pub(crate) fn dress(&self, command: &mut Command) {
        self.home.dress(command);
        let installed = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{installed}", self.bin().display()));
    }

    /// Runs a command line to its end.
    pub(crate) fn run(&self, line: &str) -> Output {
        self.shell(line).output().unwrap()
    }

    /// A client that has started this command line as its server and shaken hands.
    pub(crate) fn client(&self, line: &str) -> Client {
        let mut client = Client::start(self.shell(line));
        client.initialize();
        client
    }

    /// What `python` and `npx` were started with, one start a line.
    pub(crate) fn started(&self) -> Vec<String> {
        let text = fs::read_to_string(self.bin().join("started")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The tools that were called at the stand-ins.
    pub(crate) fn reached(&self) -> Vec<String> {
        let calls = self.home.record("server").calls();
        let name = |call: &Value| call["name"].as_str().map(str::to_owned);
        calls.iter().filter_map(name).collect()
    }

    /// The call that waits for a person.
    pub(crate) fn waiting(&self) -> Value {
        wait_for("a waiting approval", PATIENCE, || {
            self.home.approvals().pop()
        })
    }

    /// A person's answer: `approve` or `deny`.
    pub(crate) fn answer(&self, verb: &str, approval: &Value) {
        let id = approval["id"].as_str().unwrap();
        let output = e2e::person::runs(&self.shell(&format!("aipctl {verb} {id}")));
        assert!(output.status.success(), "{output:?}");
    }

    /// Where the programs are that `PATH` finds.
    pub(crate) fn bin(&self) -> PathBuf {
        let work = self.home.work();
        work.parent().unwrap().join("bin")
    }

    /// A program of this name that plays the server, whatever it is told to run.
    pub(crate) fn stand_in(&self, name: &str) {
        let bin = self.bin();
        let tools = bin.join("tools.json");
        let listed = TOOLS.map(|name| json!({"name": name, "inputSchema": {"type": "object"}}));
        fs::write(&tools, json!(listed).to_string()).unwrap();
        let script = format!(
            "#!/bin/sh\necho \"{name} $*\" >>'{}'\nexec '{}' '{}' --tools '{}'\n",
            bin.join("started").display(),
            program("aip-recorder").display(),
            self.home.record("server").path().display(),
            tools.display(),
        );
        let path = bin.join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
}

/// A file as the guide shows it.
pub(crate) fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("guide")
        .join(name);
    fs::read_to_string(path).unwrap()
}

/// What a program said on standard output.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a program said on standard error.
pub(crate) fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The error of an answer; 0 for a result.
pub(crate) fn code(answer: &Value) -> i64 {
    answer["error"]["code"].as_i64().unwrap_or_default()
}

/// The text of an answer.
pub(crate) fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap()
}
