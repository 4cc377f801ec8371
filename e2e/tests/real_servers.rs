//! Real servers driven by the official SDK clients: what a client sees through aip under
//! allow-all equals what it sees without aip.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails ends the test"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use e2e::counterparts::{Sdk, npm_server, pypi_server};
use e2e::home::Home;
use e2e::needs::{needs, tool};
use e2e::programs::{program, shipped_policy};
use serde_json::{Value, json};

#[test]
fn server_filesystem_is_the_same_through_aip() {
    let Some(mut server) = needs(
        "server_filesystem_is_the_same_through_aip",
        npm_server("filesystem"),
    ) else {
        return;
    };
    let home = Home::new();
    let files = home.work().join("files");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("a.txt"), "first\nsecond\n").unwrap();
    let path = |name: &str| files.join(name).to_string_lossy().into_owned();
    server.push(path(""));
    let steps = json!([
        {"list": true},
        {"call": "list_allowed_directories"},
        {"call": "read_text_file", "args": {"path": path("a.txt")}},
        {"call": "read_text_file", "args": {"path": path("a.txt"), "head": 1}},
        {"call": "write_file", "args": {"path": path("b.txt"), "content": "größer \u{1f600}\n"}},
        {"call": "read_multiple_files", "args": {"paths": [path("a.txt"), path("b.txt")]}},
        {"call": "directory_tree", "args": {"path": path("")}},
        {"call": "read_text_file", "args": {"path": "/etc/hostname"}},
        {"call": "no_such_tool"},
        {"call": "read_text_file", "args": {"path": 7}},
    ]);
    check(
        "server_filesystem_is_the_same_through_aip",
        &home,
        &server,
        &steps,
        9,
    );
}

#[test]
fn mcp_server_git_is_the_same_through_aip() {
    let installed = tool("git").and_then(|()| pypi_server("mcp-server-git"));
    let Some(mut server) = needs("mcp_server_git_is_the_same_through_aip", installed) else {
        return;
    };
    let home = Home::new();
    let repository = home.work().join("repository");
    make_repository(&repository);
    let path = repository.to_string_lossy().into_owned();
    server.extend(["--repository".to_owned(), path.clone()]);
    let steps = json!([
        {"list": true},
        {"call": "git_status", "args": {"repo_path": path}},
        {"call": "git_log", "args": {"repo_path": path, "max_count": 3}},
        {"call": "git_show", "args": {"repo_path": path, "revision": "HEAD"}},
        {"call": "git_diff_unstaged", "args": {"repo_path": path}},
        {"call": "git_status", "args": {"repo_path": "/"}},
        {"call": "no_such_tool"},
    ]);
    check(
        "mcp_server_git_is_the_same_through_aip",
        &home,
        &server,
        &steps,
        6,
    );
}

#[test]
fn our_notes_server_is_the_same_through_aip() {
    let home = Home::new();
    let notes = home.work().join("notes");
    fs::create_dir(&notes).unwrap();
    let server = [program("aip-notes"), notes].map(|it| it.to_string_lossy().into_owned());
    let steps = json!([
        {"list": true},
        {"call": "write_note", "args": {"name": "a", "text": "line\twith \u{2028} odd \u{7f} bytes"}},
        {"call": "read_note", "args": {"name": "a"}},
        {"call": "read_note", "args": {"name": "../a"}},
        {"call": "no_such_tool"},
    ]);
    check(
        "our_notes_server_is_the_same_through_aip",
        &home,
        &server,
        &steps,
        4,
    );
}

/// Each SDK in turn: direct, then through aip, then the audit's count of calls.
fn check(test: &str, home: &Home, server: &[String], steps: &Value, calls: usize) {
    for sdk in Sdk::ALL {
        let Some(driver) = needs(&format!("{test} ({sdk:?})"), sdk.driver()) else {
            continue;
        };
        let direct = transcript(home, &driver, steps, server);
        assert_eq!(
            direct.as_array().map(Vec::len),
            steps.as_array().map(|it| it.len() + 1)
        );
        let mut wrapped = vec![program("aip").to_string_lossy().into_owned()];
        let policy = shipped_policy("allow-all.yaml")
            .to_string_lossy()
            .into_owned();
        wrapped.extend(["--policy".to_owned(), policy, "--".to_owned()]);
        wrapped.extend_from_slice(server);
        let before = count_calls(home);
        let through = transcript(home, &driver, steps, &wrapped);
        assert_eq!(
            through, direct,
            "{sdk:?}: through aip (left) and direct (right) differ"
        );
        assert_eq!(
            count_calls(home) - before,
            calls,
            "{sdk:?}: every call has its record"
        );
    }
}

fn transcript(home: &Home, driver: &[String], steps: &Value, server: &[String]) -> Value {
    let (program, script) = driver.split_first().expect("a driver has a command");
    let mut command = Command::new(program);
    command.args(script).arg(steps.to_string()).args(server);
    home.dress(&mut command);
    let output = command.output().expect("the driver can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{driver:?} with {server:?}: {errors}"
    );
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn count_calls(home: &Home) -> usize {
    if home.daemons().is_empty() {
        return 0;
    }
    home.decisions()
        .iter()
        .filter(|line| line["method"] == "tools/call")
        .count()
}

fn make_repository(path: &Path) {
    fs::create_dir(path).unwrap();
    fs::write(path.join("a.txt"), "one\n").unwrap();
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=e2e",
                "-c",
                "user.email=e2e@example.invalid",
            ])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .current_dir(path)
            .output()
            .expect("git can be run");
        assert!(output.status.success(), "git {args:?}: {output:?}");
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "a.txt"]);
    git(&["commit", "--quiet", "--message", "first"]);
    fs::write(path.join("a.txt"), "one\ntwo\n").unwrap();
}
