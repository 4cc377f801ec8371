//! What is asked of real servers while a policy is learnt, and what nobody asked of them.

use std::fs;
use std::process::Command;

use e2e::counterparts::{installed, npm_server, pypi_server};
use e2e::home::Home;
use e2e::needs::tool;
use serde_json::{Value, json};

/// A server and its calls.
pub(crate) struct Traffic {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<String>,
    pub(crate) env: Vec<(&'static str, String)>,
    pub(crate) calls: Vec<(&'static str, Value)>,
    pub(crate) misuse: Vec<(&'static str, Value)>,
}

pub(crate) type Make = fn(&Home) -> Result<Traffic, String>;

pub(crate) const SERVERS: [Make; 8] = [
    filesystem, memory, everything, thinking, sqlite, git, time, fetch,
];

/// Whether there is a server to be asked at all.
pub(crate) fn any_installed() -> bool {
    npm_server("filesystem").is_ok() || pypi_server("mcp-server-time").is_ok()
}

/// What the page's example is made of.
pub(crate) fn of_the_page() -> Vec<(&'static str, Value)> {
    let read = |path: &str| ("read_text_file", json!({"path": path}));
    let query = |sql: &str| ("read_query", json!({"query": sql}));
    vec![
        read("/srv/notes/plan.md"),
        read("/srv/notes/tea.md"),
        read("/srv/notes/public/index.md"),
        query("SELECT name FROM tea"),
        query("SELECT count(*) FROM tea WHERE minutes > 3"),
        (
            "fetch",
            json!({"url": "https://example.com/tea", "max_length": 5000}),
        ),
        (
            "fetch",
            json!({"url": "https://example.org/", "max_length": 200}),
        ),
        ("convert", json!({"unit": "cup", "amount": 2.5})),
        ("convert", json!({"unit": "cup", "amount": 1.5})),
        ("search", json!({"query": "green tea"})),
        ("search", json!({"query": "pot", "limit": 5})),
        (
            "write_file",
            json!({"path": "/srv/notes/new.md", "content": "buy tea\n"}),
        ),
    ]
}

fn traffic(name: &'static str, command: Vec<String>) -> Traffic {
    Traffic {
        name,
        command,
        env: Vec::new(),
        calls: Vec::new(),
        misuse: Vec::new(),
    }
}

pub(crate) fn filesystem(home: &Home) -> Result<Traffic, String> {
    let mut command = npm_server("filesystem")?;
    let folder = home.work().join("files");
    fs::create_dir_all(folder.join("sub")).map_err(|it| it.to_string())?;
    for name in ["a.txt", "b.txt", "sub/c.txt"] {
        fs::write(folder.join(name), "tea\n").map_err(|it| it.to_string())?;
    }
    command.push(folder.to_string_lossy().into_owned());
    let at = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let read = |name: &str| ("read_text_file", json!({"path": at(name)}));
    Ok(Traffic {
        calls: vec![
            ("list_allowed_directories", json!({})),
            read("a.txt"),
            read("b.txt"),
            read("sub/c.txt"),
            ("list_directory", json!({"path": at("")})),
            (
                "read_multiple_files",
                json!({"paths": [at("a.txt"), at("b.txt")]}),
            ),
            (
                "write_file",
                json!({"path": at("new.txt"), "content": "größer\n"}),
            ),
            (
                "write_file",
                json!({"path": at("newer.txt"), "content": "a\nb\n"}),
            ),
            ("search_files", json!({"path": at(""), "pattern": "*.txt"})),
        ],
        misuse: vec![
            (
                "move_file",
                json!({"source": at("a.txt"), "destination": at("z.txt")}),
            ),
            ("read_text_file", json!({"path": "/etc/passwd"})),
            ("read_text_file", json!({"path": at("../../user/x")})),
            ("read_text_file", json!({"path": at("a.txt"), "head": 1})),
            (
                "read_multiple_files",
                json!({"paths": [at("a.txt"), "/etc/passwd"]}),
            ),
            ("write_file", json!({"path": "/tmp/x", "content": "a\n"})),
            ("list_allowed_directories", json!({"path": "/"})),
        ],
        ..traffic("files", command)
    })
}

pub(crate) fn memory(home: &Home) -> Result<Traffic, String> {
    let entity = |name: &str| json!({"name": name, "entityType": "person", "observations": ["x"]});
    let file = home.work().join("memory.jsonl");
    Ok(Traffic {
        env: vec![("MEMORY_FILE_PATH", file.to_string_lossy().into_owned())],
        calls: vec![
            ("create_entities", json!({"entities": [entity("Ada")]})),
            ("search_nodes", json!({"query": "tea"})),
            ("search_nodes", json!({"query": "Ada"})),
            ("read_graph", json!({})),
        ],
        misuse: vec![
            ("delete_entities", json!({"entityNames": ["Ada"]})),
            ("read_graph", json!({"all": true})),
            ("search_nodes", json!({"query": "a\nb; rm -rf /"})),
            ("search_nodes", json!({"query": "tea", "limit": 1})),
        ],
        ..traffic("memory", npm_server("memory")?)
    })
}

pub(crate) fn everything(_: &Home) -> Result<Traffic, String> {
    Ok(Traffic {
        calls: vec![
            ("echo", json!({"message": "größer \u{1f600}"})),
            ("get-sum", json!({"a": 1, "b": 20})),
            ("get-sum", json!({"a": 0.5, "b": 7})),
            ("get-annotated-message", json!({"messageType": "error"})),
            ("get-annotated-message", json!({"messageType": "error"})),
            ("get-resource-links", json!({"count": 2})),
        ],
        misuse: vec![
            ("get-env", json!({})),
            ("get-sum", json!({"a": 1, "b": 123_456})),
            ("get-sum", json!({"a": 1})),
            ("get-annotated-message", json!({"messageType": "debug"})),
        ],
        ..traffic("everything", npm_server("everything")?)
    })
}

fn thinking(_: &Home) -> Result<Traffic, String> {
    let thought = |number: u32, next: bool| {
        let thought = json!({"thought": "count the größere pots", "thoughtNumber": number,
            "totalThoughts": 2, "nextThoughtNeeded": next});
        ("sequentialthinking", thought)
    };
    let mut branch = thought(2, false);
    branch.1["branchId"] = json!("b");
    Ok(Traffic {
        calls: vec![thought(1, true), thought(2, false)],
        misuse: vec![branch, thought(100, true), ("think_harder", json!({}))],
        ..traffic("thinking", npm_server("sequential-thinking")?)
    })
}

pub(crate) fn sqlite(home: &Home) -> Result<Traffic, String> {
    let file = home.work().join("tea.db");
    let command = vec![
        installed("mcp1/bin/mcp-server-sqlite")?,
        "--db-path".to_owned(),
        file.to_string_lossy().into_owned(),
    ];
    let query = |text: &str| ("read_query", json!({"query": text}));
    Ok(Traffic {
        calls: vec![
            ("list_tables", json!({})),
            query("SELECT 1"),
            query("SELECT name FROM sqlite_master WHERE type = 'table'"),
        ],
        misuse: vec![
            query("DROP TABLE tea"),
            query("SELECT 1; DELETE FROM tea"),
            ("write_query", json!({"query": "DROP TABLE tea"})),
        ],
        ..traffic("sqlite", command)
    })
}

fn git(home: &Home) -> Result<Traffic, String> {
    tool("git")?;
    let mut command = pypi_server("mcp-server-git")?;
    let folder = home.work().join("repository");
    let made = Command::new("git")
        .args(["init", "--quiet"])
        .arg(&folder)
        .output();
    made.map_err(|it| it.to_string())?;
    let path = folder.to_string_lossy().into_owned();
    command.extend(["--repository".to_owned(), path.clone()]);
    Ok(Traffic {
        calls: vec![
            ("git_status", json!({"repo_path": path})),
            ("git_log", json!({"repo_path": path, "max_count": 3})),
            ("git_log", json!({"repo_path": path, "max_count": 5})),
        ],
        misuse: vec![
            ("git_status", json!({"repo_path": "/"})),
            ("git_log", json!({"repo_path": path, "max_count": 5000})),
            ("git_reset", json!({"repo_path": path})),
        ],
        ..traffic("git", command)
    })
}

pub(crate) fn time(_: &Home) -> Result<Traffic, String> {
    let convert = |at: &str, to: &str| {
        let args = json!({"source_timezone": "Asia/Tokyo", "time": at, "target_timezone": to});
        ("convert_time", args)
    };
    Ok(Traffic {
        calls: vec![
            convert("09:30", "Asia/Kolkata"),
            convert("10:45", "Etc/UTC"),
            ("get_current_time", json!({"timezone": "Etc/UTC"})),
        ],
        misuse: vec![
            convert("09:30; rm", "Etc/UTC"),
            convert("09:30", "../../etc/passwd"),
            ("set_time", json!({})),
        ],
        ..traffic("time", pypi_server("mcp-server-time")?)
    })
}

fn fetch(_: &Home) -> Result<Traffic, String> {
    let page = |url: &str| ("fetch", json!({"url": url}));
    Ok(Traffic {
        // Nobody listens there: what counts is that the call goes through.
        calls: vec![page("http://127.0.0.1:9/a"), page("http://127.0.0.1:9/b")],
        misuse: vec![
            page("http://127.0.0.2:9/a"),
            page("https://127.0.0.1:9/a"),
            page("file:///etc/passwd"),
            ("fetch", json!({"url": "http://127.0.0.1:9/a", "raw": true})),
        ],
        ..traffic("fetch", pypi_server("mcp-server-fetch")?)
    })
}
