//! `aip wrap` with real servers: what it starts, what it writes once, what it refuses, and that each
//! starter policy fits the tools its server lists.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

#[path = "wrap/bench.rs"]
mod bench;
#[path = "wrap/fitted.rs"]
mod fitted;
#[path = "wrap/policies.rs"]
mod policies;
#[path = "wrap/printed.rs"]
mod printed;

use std::fs;
use std::process::Stdio;

use bench::{Bench, said};
use e2e::client::{Client, PATIENCE};
use e2e::home::recorder;
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
fn no_block_is_printed_for_a_policy_that_is_invalid() {
    let bench = Bench::new();
    bench.program("mcp-server-time", "exit 0");
    let _policy = bench.home.policy_text("broken", "kind: Agent");
    for client in ["cursor", "all"] {
        let words = [
            "wrap",
            "time",
            "--client",
            client,
            "--policy",
            "broken.yaml",
        ];
        let output = bench.aip(&words).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty());
        assert!(
            String::from_utf8(output.stderr)
                .unwrap()
                .contains("apiVersion")
        );
    }
}

#[test]
fn two_clients_that_start_at_once_find_one_whole_policy() {
    let bench = Bench::new();
    bench.program("mcp-server-time", "exit 7");
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let mut command = bench.aip(&["wrap", "time"]);
            command.stdin(Stdio::null());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut child in starts {
        assert_eq!(child.wait().unwrap().code(), Some(7));
    }
    let folder = bench.starter("time");
    let left = fs::read_dir(folder.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "nothing is left lying about");
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
