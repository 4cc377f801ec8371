//! The servers: how each is started, and the steps a client takes with it.
//!
//! A step is as `e2e/drivers/transcript.py` says. Of ours are `shows`, a text its outcome must
//! hold, and `brief`, for clients that start the server anew for every step.

use e2e::counterparts::{installed, npm_server, pypi_server};
use e2e::needs::tool;
use e2e::programs::program;
use serde_json::{Value, json};

use crate::world::{GIT, World};

/// One server, ready to be started.
pub(crate) struct Server {
    pub(crate) command: Vec<String>,
    /// Set in its environment.
    pub(crate) env: Vec<(&'static str, String)>,
    pub(crate) steps: Value,
    /// What the clock writes, and what is compared in its place.
    pub(crate) clock: &'static [(&'static str, &'static str)],
}

/// What prepares the world and gives the server, or says why it can't be had.
pub(crate) type Make = fn(&World) -> Result<Server, String>;

fn server(command: Vec<String>, steps: Value) -> Server {
    Server {
        command,
        env: Vec::new(),
        steps,
        clock: &[],
    }
}

pub(crate) fn everything(_: &World) -> Result<Server, String> {
    let text = "demo://resource/dynamic/text/1";
    let steps = json!([
        {"tools": true, "shows": "get-structured-content", "brief": true},
        {"call": "echo", "args": {"message": "größer \u{1f600}"}, "shows": "Echo: größer", "brief": true},
        // Longer than the server waits before it asks for the roots.
        {"call": "trigger-long-running-operation", "args": {"duration": 0.6, "steps": 3},
            "progress": true, "shows": "Long running operation completed"},
        {"call": "get-structured-content", "args": {"location": "Chicago"}, "shows": "humidity"},
        {"call": "get-structured-content", "args": {"location": "Bonn"}, "shows": "32602"},
        {"call": "get-env", "shows": "AIP_HOME"},
        {"call": "get-sum", "args": {"a": 0.1, "b": 12_345_678_901_234_567_u64}, "shows": "12345678901234"},
        {"call": "get-tiny-image", "shows": "image/png"},
        {"call": "get-annotated-message", "args": {"messageType": "error"}, "shows": "priority"},
        {"call": "get-resource-links", "args": {"count": 2}, "shows": "resource_link"},
        {"call": "get-resource-reference", "args": {"resourceType": "Blob", "resourceId": 2}, "shows": "blob"},
        {"call": "gzip-file-as-resource", "args": {"name": "a.gz", "data": "data:text/plain,tea"},
            "shows": "a.gz"},
        {"call": "trigger-sampling-request", "args": {"prompt": "tea?", "maxTokens": 5}},
        {"call": "trigger-elicitation-request"},
        {"call": "get-roots-list", "shows": "file:///srv/project"},
        {"call": "no_such_tool", "shows": "no_such_tool", "brief": true},
        {"resources": true, "shows": "demo://resource/static/document/architecture.md"},
        {"templates": true, "shows": "resourceId"},
        {"read": text, "shows": "plaintext resource", "brief": true},
        {"read": "demo://resource/static/document/features.md", "shows": "# Everything Server"},
        {"read": "demo://nowhere", "shows": "demo://nowhere"},
        {"prompts": true, "shows": "args-prompt"},
        {"prompt": "simple-prompt", "shows": "simple prompt"},
        {"prompt": "args-prompt", "args": {"city": "Köln"}, "shows": "weather in Köln", "brief": true},
        {"prompt": "args-prompt", "args": {}, "shows": "32602"},
        {"prompt": "no_such_prompt", "shows": "no_such_prompt"},
        {"complete": "completable-prompt", "argument": "department", "value": "S", "shows": "Support"},
        {"ping": true},
        {"level": "debug"},
        {"subscribe": text},
    ]);
    Ok(Server {
        clock: &[
            (r"created at \d+:\d\d:\d\d( [AP]M)?", "created at <clock>"),
            // The blob says it too, in base64 after "Resource N: This is a base64 blob created at".
            (
                r"(UmVzb3VyY2UgMjogVGhpcyBpcyBhIGJhc2U2NCBibG9i)[\w+/=]+",
                "$1<clock>",
            ),
        ],
        ..server(npm_server("everything")?, steps)
    })
}

pub(crate) fn filesystem(world: &World) -> Result<Server, String> {
    let mut command = npm_server("filesystem")?;
    let folder = world.folder("files");
    world.write("files/a.txt", "first\nsecond\n");
    let path = |name: &str| format!("{folder}/{name}");
    command.push(folder.clone());
    let a = path("a.txt");
    let steps = json!([
        {"tools": true, "shows": "read_text_file", "brief": true},
        {"call": "list_allowed_directories"},
        {"call": "read_text_file", "args": {"path": a}, "brief": true},
        {"call": "read_text_file", "args": {"path": a, "head": 1}},
        {"call": "write_file", "args": {"path": path("b.txt"), "content": "größer \u{1f600}\n"}},
        {"call": "edit_file", "args": {"path": a, "edits": [{"oldText": "second", "newText": "2"}]}},
        {"call": "edit_file", "args": {"path": a, "edits": [{"oldText": "not there", "newText": ""}]}},
        {"call": "read_multiple_files", "args": {"paths": [a, path("b.txt"), path("c.txt")]}},
        {"call": "create_directory", "args": {"path": path("d")}},
        {"call": "move_file", "args": {"source": path("b.txt"), "destination": path("d/b.txt")}},
        {"call": "list_directory_with_sizes", "args": {"path": folder}},
        {"call": "directory_tree", "args": {"path": folder}},
        {"call": "search_files", "args": {"path": folder, "pattern": "**/*.txt"}},
        {"call": "read_text_file", "args": {"path": "/etc/hostname"}, "shows": "denied"},
        {"call": "read_text_file", "args": {"path": 7}, "shows": "path"},
        {"call": "no_such_tool", "shows": "no_such_tool", "brief": true},
        {"resources": true},
        {"ping": true},
    ]);
    Ok(server(command, steps))
}

pub(crate) fn memory(world: &World) -> Result<Server, String> {
    let ada =
        json!({"name": "Ada", "entityType": "person", "observations": ["likes größere teapots"]});
    let tea = json!({"name": "tea", "entityType": "drink", "observations": []});
    let likes = json!({"from": "Ada", "to": "tea", "relationType": "likes"});
    let more = json!({"entityName": "Ada", "contents": ["counts"]});
    let nobody = json!({"entityName": "nobody", "contents": ["x"]});
    let steps = json!([
        {"tools": true, "shows": "search_nodes", "brief": true},
        {"call": "create_entities", "args": {"entities": [ada, tea]}, "shows": "größere", "brief": true},
        {"call": "create_relations", "args": {"relations": [likes]}, "shows": "likes"},
        {"call": "add_observations", "args": {"observations": [more]}, "shows": "counts"},
        {"call": "add_observations", "args": {"observations": [nobody]}, "shows": "nobody"},
        {"call": "read_graph", "shows": "teapots", "brief": true},
        {"call": "search_nodes", "args": {"query": "tea"}, "shows": "drink"},
        {"call": "open_nodes", "args": {"names": ["Ada"]}, "shows": "person"},
        {"call": "delete_entities", "args": {"entityNames": ["tea"]}},
        {"call": "read_graph"},
        {"call": "search_nodes", "args": {"query": 7}},
        {"call": "no_such_tool", "shows": "no_such_tool", "brief": true},
        {"ping": true},
    ]);
    Ok(Server {
        env: vec![("MEMORY_FILE_PATH", world.path("memory.jsonl"))],
        ..server(npm_server("memory")?, steps)
    })
}

pub(crate) fn sequential_thinking(_: &World) -> Result<Server, String> {
    let thought = |number: u32, next: bool| {
        json!({"thought": "count the größere pots", "thoughtNumber": number, "totalThoughts": 2,
            "nextThoughtNeeded": next})
    };
    let mut branch = thought(3, false);
    branch["branchFromThought"] = json!(1);
    branch["branchId"] = json!("b");
    let steps = json!([
        {"tools": true, "shows": "nextThoughtNeeded", "brief": true},
        {"call": "sequentialthinking", "args": thought(1, true), "shows": "thoughtHistoryLength", "brief": true},
        {"call": "sequentialthinking", "args": thought(2, false), "shows": "thoughtHistoryLength"},
        {"call": "sequentialthinking", "args": branch, "shows": "branches"},
        {"call": "sequentialthinking", "args": {"thought": 7}},
        {"call": "no_such_tool", "shows": "no_such_tool", "brief": true},
        {"prompts": true},
        {"ping": true},
    ]);
    Ok(server(npm_server("sequential-thinking")?, steps))
}

pub(crate) fn git(world: &World) -> Result<Server, String> {
    tool("git")?;
    let mut command = pypi_server("mcp-server-git")?;
    let path = world.repository("repository");
    command.extend(["--repository".to_owned(), path.clone()]);
    let at = |more: Value| {
        let mut args = json!({"repo_path": path});
        if let (Some(args), Value::Object(more)) = (args.as_object_mut(), more) {
            args.extend(more);
        }
        args
    };
    let steps = json!([
        {"tools": true, "shows": "git_diff_unstaged", "brief": true},
        {"call": "git_status", "args": at(json!({})), "shows": "a.txt", "brief": true},
        {"call": "git_diff_unstaged", "args": at(json!({})), "shows": "+two"},
        {"call": "git_add", "args": at(json!({"files": ["a.txt"]}))},
        {"call": "git_commit", "args": at(json!({"message": "größer"}))},
        {"call": "git_log", "args": at(json!({"max_count": 3})), "shows": "größer"},
        {"call": "git_show", "args": at(json!({"revision": "HEAD"})), "shows": "+two"},
        {"call": "git_create_branch", "args": at(json!({"branch_name": "b"}))},
        {"call": "git_checkout", "args": at(json!({"branch_name": "nowhere"}))},
        {"call": "git_status", "args": {"repo_path": "/"}},
        {"call": "git_log", "args": at(json!({"max_count": "many"}))},
        {"call": "no_such_tool", "shows": "no_such_tool", "brief": true},
        {"ping": true},
    ]);
    Ok(Server {
        env: GIT.map(|(name, value)| (name, value.to_owned())).into(),
        ..server(command, steps)
    })
}

pub(crate) fn time(_: &World) -> Result<Server, String> {
    let convert = |from: &str, at: &str, to: &str| json!({"source_timezone": from, "time": at, "target_timezone": to});
    let steps = json!([
        {"tools": true, "shows": "convert_time", "brief": true},
        {"call": "convert_time", "args": convert("Asia/Tokyo", "09:30", "Asia/Kolkata"),
            "shows": "T06:00:00+05:30", "brief": true},
        {"call": "convert_time", "args": convert("Asia/Tokyo", "25:99", "Asia/Kolkata")},
        {"call": "convert_time", "args": convert("Mars/Crater", "09:30", "Asia/Kolkata"), "shows": "Mars/Crater"},
        {"call": "get_current_time", "args": {"timezone": "Etc/UTC"}, "shows": "<date>T<clock>+00:00"},
        {"call": "get_current_time", "args": {"timezone": 7}},
        {"call": "get_current_time"},
        {"call": "no_such_tool", "shows": "no_such_tool", "brief": true},
        {"resources": true},
        {"ping": true},
    ]);
    let mut command = pypi_server("mcp-server-time")?;
    command.push("--local-timezone=Etc/UTC".to_owned());
    Ok(Server {
        clock: &[
            (r"\d{4}-\d\d-\d\dT", "<date>T"),
            (r"T\d\d:\d\d:\d\d\+00:00", "T<clock>+00:00"),
            (r"(day_of_week\W+)\w+day\b", "$1<day>"),
        ],
        ..server(command, steps)
    })
}

pub(crate) fn fetch(world: &World) -> Result<Server, String> {
    let mut command = pypi_server("mcp-server-fetch")?;
    command.push("--allow-private-ips".to_owned());
    let page = |name: &str| format!("{}/{name}", world.url());
    let steps = json!([
        {"tools": true, "shows": "max_length", "brief": true},
        // Raw: making text of a page takes the server two seconds and says nothing of aip.
        {"call": "fetch", "args": {"url": page("tea.html"), "raw": true}, "shows": "größer pots", "brief": true},
        {"call": "fetch", "args": {"url": page("tea.txt"), "max_length": 5}, "shows": "green"},
        {"call": "fetch", "args": {"url": page("tea.txt"), "start_index": 6}, "shows": "black"},
        {"call": "fetch", "args": {"url": page("coffee.html")}, "shows": "404"},
        {"call": "fetch", "args": {"url": "not a url"}},
        {"call": "fetch", "args": {"url": page("tea.txt"), "max_length": -1}},
        {"call": "no_such_tool", "shows": "no_such_tool", "brief": true},
        {"prompts": true, "shows": "fetch"},
        {"prompt": "fetch", "args": {"url": page("tea.txt")}, "shows": "green"},
        {"prompt": "fetch", "args": {}},
        {"ping": true},
    ]);
    Ok(server(command, steps))
}

pub(crate) fn sqlite(world: &World) -> Result<Server, String> {
    let query = |text: &str| json!({"query": text});
    let steps = json!([
        {"tools": true, "shows": "append_insight", "brief": true},
        {"call": "create_table", "args": query("CREATE TABLE tea (name TEXT, minutes REAL)"), "brief": true},
        {"call": "write_query", "args": query("INSERT INTO tea VALUES ('größer', 3.0)"), "shows": "affected_rows"},
        {"call": "read_query", "args": query("SELECT * FROM tea"), "shows": "3.0"},
        {"call": "read_query", "args": query("SELECT * FROM coffee"), "shows": "no such table"},
        {"call": "read_query", "args": query("DELETE FROM tea"), "shows": "Only SELECT"},
        {"call": "list_tables", "shows": "tea"},
        {"call": "describe_table", "args": {"table_name": "tea"}, "shows": "minutes"},
        {"call": "append_insight", "args": {"insight": "tea wants time"}},
        {"call": "no_such_tool", "shows": "no_such_tool", "brief": true},
        {"resources": true, "shows": "memo://insights"},
        {"read": "memo://insights", "shows": "tea wants time"},
        {"read": "memo://nothing"},
        {"prompts": true, "shows": "mcp-demo"},
        {"prompt": "mcp-demo", "args": {"topic": "tea"}, "shows": "tea"},
        {"prompt": "no_such_prompt", "shows": "no_such_prompt"},
        {"ping": true},
    ]);
    let command = vec![
        installed("mcp1/bin/mcp-server-sqlite")?,
        "--db-path".to_owned(),
        world.path("tea.db"),
    ];
    Ok(server(command, steps))
}

/// Our own, which answers with characters that are read in more than one way.
pub(crate) fn notes(world: &World) -> Result<Server, String> {
    let folder = world.folder("notes");
    let text = "line\twith \u{2028} odd \u{7f} bytes";
    let steps = json!([
        {"tools": true, "shows": "write_note", "brief": true},
        {"call": "write_note", "args": {"name": "a", "text": text}, "brief": true},
        {"call": "read_note", "args": {"name": "a"}, "shows": "odd"},
        {"call": "read_note", "args": {"name": "../a"}, "shows": "../a"},
        {"call": "no_such_tool", "shows": "no_such_tool", "brief": true},
        {"resources": true},
        {"ping": true},
    ]);
    let command = vec![program("aip-notes").to_string_lossy().into_owned(), folder];
    Ok(server(command, steps))
}
