//! `aip wrap` with real servers: what it starts, what it writes once, what it refuses, and that each
//! starter policy fits the tools its server lists.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

#[path = "wrap/bench.rs"]
mod bench;
#[path = "wrap/fitted.rs"]
mod fitted;
#[path = "wrap/policies.rs"]
mod policies;

use std::fs;
use std::process::Command;

use bench::{Bench, said};
use e2e::client::{Client, PATIENCE};
use e2e::counterparts::{driver, installed};
use e2e::home::recorder;
use e2e::needs::needs;
use e2e::terminal::Terminal;
use serde_json::{Value, json};

#[test]
fn a_client_that_starts_wrap_has_aip_itself_and_nothing_else_on_its_output() {
    let bench = Bench::new();
    let server = recorder(&bench.home.record("server"), &[]);
    let folder = bench.home.work();
    let seen = |name: &str| folder.join(name).display().to_string();
    bench.program(
        "mcp-server-time",
        &format!(
            "env >'{}'\necho \"$*\" >>'{}'\nexec {}",
            seen("env"),
            seen("given"),
            server.join(" ")
        ),
    );
    let mut command = bench.aip(&["wrap", "time", "--", "--more"]);
    command.env("SOME", "thing");
    let mut client = Client::start(command);
    client.initialize();
    let run = fs::read_link(format!("/proc/{}/exe", client.pid())).unwrap();
    assert!(run.ends_with("aip"), "{run:?} is what the client started");
    let answer = client.call("get_current_time", &json!({}));
    assert!(answer["result"].is_object(), "{answer}");
    let refused = client.call("write_file", &json!({}));
    assert_eq!(refused["error"]["code"], -32001);
    let wrapped = fs::read_to_string(folder.join("env")).unwrap();
    client.close();
    assert!(client.wait(PATIENCE).success());
    assert!(client.rest(PATIENCE).is_empty());

    let policy = bench.starter("time");
    let direct = ["--policy", policy.to_str().unwrap(), "--name", "time", "--"];
    let mut command = bench.aip(&[&direct[..], &["mcp-server-time", "--more"]].concat());
    command.env("SOME", "thing");
    let mut client = Client::start(command);
    client.initialize();
    let bare = fs::read_to_string(folder.join("env")).unwrap();
    assert!(bare.contains("SOME=thing"));
    let given = fs::read_to_string(folder.join("given")).unwrap();
    assert_eq!(given, "--more\n--more\n");
    assert_eq!(
        sorted(&wrapped),
        sorted(&bare),
        "the environment is untouched"
    );
}

#[test]
fn it_ends_as_its_server_does() {
    let bench = Bench::new();
    bench.program("mcp-server-time", "exit 7");
    let output = bench.aip(&["wrap", "time"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}

#[test]
fn the_starter_policy_is_written_once_said_and_never_overwritten() {
    let bench = Bench::new();
    bench.program("mcp-server-time", "exit 0");
    let policy = bench.starter("time");
    let output = bench.aip(&["wrap", "time"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(policy.to_str().unwrap()), "{told}");
    assert!(output.stdout.is_empty());
    let shipped = e2e::programs::shipped_policy("catalog/time.yaml");
    let shipped = fs::read_to_string(shipped).unwrap();
    assert_eq!(fs::read_to_string(&policy).unwrap(), shipped);

    let mine = shipped.replace("get_current_time", "mine");
    fs::write(&policy, &mine).unwrap();
    let output = bench.aip(&["wrap", "time"]).output().unwrap();
    assert!(!String::from_utf8(output.stderr).unwrap().contains("wrote"));
    let mut terminal = Terminal::start_by_the_client(&bench.aip(&["wrap", "time"]), (200, 40));
    assert!(terminal.ended().success());
    assert!(!terminal.text().contains("wrote"), "{}", terminal.text());
    assert_eq!(fs::read_to_string(&policy).unwrap(), mine);
}

#[test]
fn what_is_missing_is_one_error_that_names_it_and_how_to_give_it() {
    check(
        &["wrap", "github"],
        2,
        &[
            "GITHUB_PERSONAL_ACCESS_TOKEN",
            "a personal access token",
            "`env`",
        ],
    );
    check(
        &["wrap", "postgres"],
        2,
        &["DATABASE_URI", "postgresql://", "`env`"],
    );
    check(
        &["wrap", "git"],
        2,
        &["REPOSITORY", "`aip wrap git -- REPOSITORY`"],
    );
    check(
        &["wrap", "filesystem", "--", "--x"],
        2,
        &["FOLDER", "before `--x`"],
    );
    check(
        &["wrap", "githib"],
        2,
        &["githib", "did you mean `github`?", "`aip wrap --list`"],
    );
    check(
        &["wrap", "\u{1b}[2J"],
        2,
        &[r"\u{1b}[2J", "`aip wrap --list`"],
    );
    check(&["wrap"], 2, &["`aip wrap --list`"]);
    check(
        &["wrap", "time", "--client", "emacs"],
        2,
        &["emacs", "cursor"],
    );
    check(
        &["wrap", "time", "--policy", "nowhere.yaml"],
        3,
        &["nowhere.yaml"],
    );
    check(
        &["wrap", "fetch", "--policy", "agent.yaml"],
        127,
        &["uvx", "PATH"],
    );
    fn check(words: &[&str], code: i32, parts: &[&str]) {
        let bench = Bench::new();
        bench.program("mcp-server-time", "exit 0");
        let _policy = bench.home.policy("agent", "  allowed_tools: [fetch]");
        let mut command = bench.aip(words);
        // Nothing that happens to be installed here.
        command.env("PATH", format!("{}:/usr/bin:/bin", bench.bin().display()));
        let output = command.env_remove("DATABASE_URI").output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(output.stdout.is_empty(), "{words:?}");
        for part in parts {
            assert!(told.contains(part), "no `{part}` in {told}");
        }
    }
}

#[test]
fn the_list_is_a_table_or_json() {
    let bench = Bench::new();
    let mut terminal = Terminal::start_by_the_client(&bench.aip(&["wrap", "--list"]), (160, 50));
    assert!(terminal.ended().success());
    let table = terminal.text();
    let head = table.lines().next().unwrap();
    let head: Vec<_> = head.split_whitespace().collect();
    assert_eq!(head, ["name", "what", "needs"]);
    let listed = said(bench.aip(&["wrap", "--list", "--json"]));
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert!(listed.len() > 15);
    for server in &listed {
        let name = server["name"].as_str().unwrap();
        assert!(table.lines().any(|line| line.starts_with(name)), "{name}");
    }
    let github = listed.iter().find(|it| it["name"] == "github").unwrap();
    assert_eq!(
        github["environment"][0]["name"],
        "GITHUB_PERSONAL_ACCESS_TOKEN"
    );
    assert_eq!(github["environment"][0]["secret"], true);
}

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

fn sorted(env: &str) -> Vec<&str> {
    // What the shell that writes it down counts for itself.
    let own = ["_=", "SHLVL="];
    let mut lines: Vec<_> = env
        .lines()
        .filter(|line| !own.iter().any(|it| line.starts_with(it)))
        .collect();
    lines.sort_unstable();
    lines
}
