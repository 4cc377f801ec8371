//! A home folder as a real user has it: clients' own formats, comments, secrets, a link, and a file that
//! is broken.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use e2e::home::Home;
use e2e::programs::program;
use serde_json::json;

/// Stands in environments, in arguments and in the broken file.
pub(crate) const SECRETS: [&str; 3] = [
    "sk-live-0123456789abcdef",
    "hunter2-of-the-args",
    "hunter3-of-the-broken",
];

/// A client's file with a server that is started out of it.
pub(crate) struct Config {
    pub(crate) client: &'static str,
    pub(crate) file: &'static str,
    pub(crate) format: &'static str,
    /// The members that lead to the server.
    pub(crate) path: &'static [&'static str],
}

const fn config(
    client: &'static str,
    file: &'static str,
    format: &'static str,
    path: &'static [&'static str],
) -> Config {
    Config {
        client,
        file,
        format,
        path,
    }
}

/// What can be edited.
pub(crate) const CONFIGS: [Config; 9] = [
    config(
        "cursor",
        ".cursor/mcp.json",
        "jsonc",
        &["mcpServers", "notes"],
    ),
    config(
        "claude-code",
        ".claude.json",
        "json",
        &["mcpServers", "notes"],
    ),
    config(
        "vscode",
        ".config/Code/User/mcp.json",
        "jsonc",
        &["servers", "notes"],
    ),
    config(
        "codex",
        ".codex/config.toml",
        "toml",
        &["mcp_servers", "notes"],
    ),
    config(
        "continue",
        ".continue/config.yaml",
        "yaml",
        &["mcpServers", "notes"],
    ),
    config(
        "goose",
        ".config/goose/config.yaml",
        "yaml",
        &["extensions", "notes"],
    ),
    config(
        "zed",
        ".config/zed/settings.json",
        "jsonc",
        &["context_servers", "notes"],
    ),
    config(
        "opencode",
        ".config/opencode/opencode.jsonc",
        "jsonc",
        &["mcp", "notes"],
    ),
    config(
        "gemini",
        ".gemini/settings.json",
        "jsonc",
        &["mcpServers", "notes"],
    ),
];
/// What can't.
pub(crate) const BROKEN: &str = ".config/Claude/claude_desktop_config.json";
/// What one of them is a link to.
pub(crate) const LINKED: &str = "dotfiles/zed.json";

/// A user, and every file of theirs as it was.
pub(crate) struct People {
    pub(crate) home: Home,
    pub(crate) before: BTreeMap<PathBuf, Vec<u8>>,
}

impl People {
    pub(crate) fn new() -> Self {
        let home = Home::with_config("");
        let user = home.user();
        for (file, text) in texts(&home.work()) {
            let path = user.join(if file == ".config/zed/settings.json" {
                LINKED
            } else {
                file
            });
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        }
        fs::create_dir_all(user.join(".config/zed")).unwrap();
        symlink(
            "../../dotfiles/zed.json",
            user.join(".config/zed/settings.json"),
        )
        .unwrap();
        let before = files(&user);
        Self { home, before }
    }

    /// Every file of the user's as it is now.
    pub(crate) fn now(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files(&self.home.user())
    }

    pub(crate) fn path(&self, config: &Config) -> PathBuf {
        self.home.user().join(config.file)
    }
}

/// Every file below a folder, by its path from there.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_path_buf();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn texts(work: &Path) -> Vec<(&'static str, String)> {
    let [key, word, broken] = SECRETS;
    let notes = program("aip-notes").display().to_string();
    let folder = work.display().to_string();
    // It starts only with its environment.
    let script = "test -n \"$API_KEY\" && exec \"$0\" \"$1\"";
    let args = ["-c", script, &notes, &folder].map(|it| json!(it).to_string());
    let line = args.join(", ");
    let list = |indent: &str, newline: &str| {
        let items: Vec<String> = args
            .iter()
            .map(|it| format!("{newline}{indent}{it}"))
            .collect();
        items.join(", // one")
    };
    let entry = json!({"type": "stdio", "command": "/bin/sh",
        "args": ["-c", script, notes, folder], "env": {"API_KEY": key}});
    let other = json!({"command": "npx", "args": ["-y", "srv", "--api-key", word]});
    let claude = json!({"numStartups": 41, "mcpServers": {"notes": entry},
        "projects": {"/home/u/code": {"mcpServers": {"deep": other}, "history": ["x"]}}});
    vec![
        (
            ".cursor/mcp.json",
            format!(
                "{{\r\n\t// my servers\r\n\t\"mcpServers\": {{\r\n\t\t\"notes\": {{\r\n\t\t\t\"command\": \"/bin/sh\", // a shell\r\n\t\t\t\"args\": [{}\r\n\t\t\t],\r\n\t\t\t\"env\": {{ \"API_KEY\": \"{key}\" }},\r\n\t\t}},\r\n\t\t\"other\": {other},\r\n\t\t\"linear\": {{ \"url\": \"https://example.com/s/{key}/sse\" }},\r\n\t\t/* off */ \"idle\": {{ \"command\": \"idle\", \"disabled\": true }},\r\n\t}}\r\n}}\r\n",
                list("\t\t\t\t", "\r\n")
            ),
        ),
        (
            ".claude.json",
            serde_json::to_string_pretty(&claude).unwrap(),
        ),
        (
            ".config/Code/User/mcp.json",
            format!(
                "// VS Code\n{{\n  \"inputs\": [],\n  \"servers\": {{\n    \"notes\": {entry},\n  }},\n}}"
            ),
        ),
        (
            ".codex/config.toml",
            format!(
                "# Codex\nmodel = \"o\" # which\n\n[mcp_servers.notes] # mine\ncommand = '/bin/sh' # a shell\nargs = [{line}] # how\n\n[mcp_servers.notes.env]\nAPI_KEY = \"{key}\"\n\n[mcp_servers.bare]\ncommand = \"bare\"\n"
            ),
        ),
        (
            ".continue/config.yaml",
            format!(
                "name: mine # ü\nmcpServers:\n  - name: notes\n    command: /bin/sh # a shell\n    args:\n      - {} # first\n      - {}\n      - {}\n      - {}\n    env:\n      API_KEY: {key}\n  - name: far\n    type: sse\n    url: https://example.com\n",
                args[0], args[1], args[2], args[3]
            ),
        ),
        (
            ".config/goose/config.yaml",
            format!(
                "GOOSE_MODEL: x\nextensions:\n  developer: {{type: builtin, enabled: true}}\n  notes:\n    type: stdio\n    cmd: /bin/sh\n    args: [{line}] # how\n    envs: {{API_KEY: {key}}}\n    enabled: true\n"
            ),
        ),
        (
            ".config/zed/settings.json",
            format!(
                "// Zed\n{{\n  \"theme\": \"One\",\n  \"context_servers\": {{ \"notes\": {{ \"source\": \"custom\", \"command\": \"/bin/sh\", \"args\": [{line}], \"env\": {{ \"API_KEY\": \"{key}\" }} }} }},\n}}\n"
            ),
        ),
        (
            ".config/opencode/opencode.jsonc",
            format!(
                "{{\n  \"mcp\": {{\n    \"notes\": {{\n      \"type\": \"local\",\n      \"command\": [\"/bin/sh\", {line}],\n      \"env\": {{\"API_KEY\": \"{key}\"}},\n      \"enabled\": true // on\n    }}\n  }}\n}}\n"
            ),
        ),
        (
            ".gemini/settings.json",
            format!(
                "{{\"mcpServers\":{{\"notes\":{{\"args\":[{line}],\"command\":\"/bin/sh\",\"env\":{{\"API_KEY\":\"{key}\"}}}}}}}}"
            ),
        ),
        (
            BROKEN,
            format!(
                "{{\n  \"mcpServers\": {{\n    \"a\": {{ \"command\": \"x\", \"env\": {{ \"K\": \"{broken}\" }}\n  }}\n"
            ),
        ),
    ]
}
