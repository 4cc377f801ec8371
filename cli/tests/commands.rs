//! The built program, without a daemon: what it prints and how it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const GOOD: &str = "\
apiVersion: aip.io/v1alpha1
kind: AgentPolicy
metadata:
  name: secure-agent
  version: \"1.0.0\"
spec:
  allowed_tools: [read_file]
";

#[test]
fn no_daemon_is_said_and_has_its_own_exit_code() {
    let home = home();
    let plain = run(&home, &["status"]);
    assert_eq!(plain.status.code(), Some(3));
    assert!(
        out(&plain).starts_with("aipd is not running."),
        "{}",
        out(&plain)
    );
    let json = run(&home, &["status", "--json"]);
    assert_eq!(json.status.code(), Some(3));
    let value: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert!(value["daemon"].is_null());
    assert_eq!(value["folders"]["aip_home"], home.path().to_str().unwrap());
    assert_eq!(run(&home, &["sessions"]).status.code(), Some(3));
    assert!(!home.path().join("run").exists(), "nothing was started");
}

#[test]
fn a_path_is_one_line_and_names_the_folder_of_the_live_records() {
    let home = home();
    let at = home.path().to_str().unwrap();
    let check = |what: &str, expected: &str| {
        let output = run(&home, &["path", what]);
        assert_eq!(
            (out(&output).as_str(), output.status.code()),
            (expected, Some(0)),
            "{what}"
        );
    };
    check("audit", &format!("{at}\n"));
    check("state", &format!("{at}\n"));
    check("config", &format!("{at}/config.yaml\n"));
    check("store", &format!("{at}/audit.db\n"));
    check("runtime", &format!("{at}/run\n"));
    check("log", &format!("{at}/aipd.log\n"));
    check(
        "sockets",
        &format!("{at}/run/shim.sock\n{at}/run/control.sock\n"),
    );
}

#[test]
fn a_good_policy_is_named_and_a_bad_one_has_all_its_errors_shown() {
    let home = home();
    let file = |name: &str, text: &str| {
        fs::write(home.path().join(name), text).unwrap();
    };
    file("good.yaml", GOOD);
    file("version.yaml", &GOOD.replace("v1alpha1", "v9"));
    file(
        "keys.yaml",
        &GOOD
            .replace("allowed_tools", "allow_tools")
            .replace("kind: A", "kind: B"),
    );

    let good = run(&home, &["policy", "validate", "good.yaml"]);
    assert_eq!(out(&good), "good.yaml: ok: secure-agent (v1.0.0)\n");
    assert_eq!(good.status.code(), Some(0));

    let version = run(&home, &["policy", "validate", "version.yaml"]);
    assert_eq!(version.status.code(), Some(1));
    insta::assert_snapshot!(err(&version));

    let keys = run(&home, &["policy", "validate", "keys.yaml", "good.yaml"]);
    assert_eq!(keys.status.code(), Some(1));
    assert!(
        out(&keys).contains("good.yaml: ok"),
        "one bad file does not hide the next"
    );
    insta::assert_snapshot!(err(&keys));

    let missing = run(&home, &["policy", "validate", "missing.yaml"]);
    assert_eq!(missing.status.code(), Some(4));
    assert!(err(&missing).starts_with("Error: failed to load policy: can't read `missing.yaml`"));
}

#[test]
fn cursors_block_has_the_guides_arguments_and_absolute_paths() {
    let home = home();
    let folder = home.path().canonicalize().unwrap();
    fs::write(folder.join("agent.yaml"), GOOD).unwrap();
    let program = folder.join("aipctl");
    fs::copy(env!("CARGO_BIN_EXE_aipctl"), &program).unwrap();
    let cursor = |args: &[&str]| {
        let mut command = command(&program, &home);
        command.arg("generate-cursor-config").args(args);
        command.current_dir(&folder).output().unwrap()
    };
    let asked = ["--policy", "./agent.yaml", "--", "npx", "@mcp/server"];

    let alone = cursor(&asked);
    assert_eq!((alone.status.code(), out(&alone)), (Some(4), String::new()));
    assert!(err(&alone).starts_with("Error: `aip` was not found; tried `"));

    fs::write(folder.join("aip"), "").unwrap();
    let block = cursor(&asked);
    let expected = r#"{
  "mcpServers": {
    "aip-protected-server": {
      "command": "HERE/aip",
      "args": [
        "--target",
        "npx @mcp/server",
        "--policy",
        "HERE/agent.yaml"
      ]
    }
  }
}
"#;
    let here = folder.to_str().unwrap();
    assert_eq!(out(&block), expected.replace("HERE", here));
    assert_eq!((block.status.code(), err(&block)), (Some(0), String::new()));

    let named = cursor(&["--name", "files", "--audit", "a.jsonl", "--", "srv"]);
    let value: serde_json::Value = serde_json::from_str(&out(&named)).unwrap();
    let args = &value["mcpServers"]["files"]["args"];
    let audit = format!("{here}/a.jsonl");
    let expected = ["--target", "srv", "--audit", &audit, "--name", "files"];
    assert_eq!(args, &serde_json::json!(expected));
    assert!(err(&named).starts_with("no --policy given: every tool call will be refused"));
}

#[test]
fn cursor_gets_no_block_for_a_policy_that_does_not_load() {
    let home = home();
    fs::write(
        home.path().join("bad.yaml"),
        GOOD.replace("kind: A", "kind: B"),
    )
    .unwrap();
    for (file, says) in [
        (
            "bad.yaml",
            "Error: failed to load policy: invalid kind `BgentPolicy`",
        ),
        (
            "gone.yaml",
            "Error: failed to load policy: can't read `gone.yaml`",
        ),
    ] {
        let args = ["generate-cursor-config", "--policy", file, "--", "srv"];
        let output = run(&home, &args);
        assert_eq!(
            (output.status.code(), out(&output)),
            (Some(1), String::new())
        );
        assert!(err(&output).starts_with(says), "{}", err(&output));
    }
}

#[test]
fn wrap_without_a_server_it_knows_says_in_one_line_what_to_do() {
    let home = home();
    check(&home, &["wrap"], "`aip wrap --list`");
    check(&home, &["wrap", "dockr"], "did you mean `docker`?");
    check(&home, &["wrap", "quantum"], "`aip wrap --list`");
    check(&home, &["wrap", "git"], "`aip wrap git -- REPOSITORY`");
    fn check(home: &TempDir, args: &[&str], part: &str) {
        let output = run(home, args);
        let said = err(&output);
        assert_eq!(
            (output.status.code(), out(&output)),
            (Some(2), String::new())
        );
        assert!(said.contains(part), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn without_a_program_to_start_it_says_what_it_tried() {
    let home = home();
    let lonely = home.path().join("aipctl");
    fs::copy(env!("CARGO_BIN_EXE_aipctl"), &lonely).unwrap();
    let output = command(&lonely, &home)
        .args(["approvals"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        err(&output).contains("`aipd` was not found; tried `"),
        "{}",
        err(&output)
    );
}

#[test]
fn what_can_not_be_understood_ends_in_two() {
    let home = home();
    for args in [
        &["dance"][..],
        &["logs", "--since", "someday"],
        &["audit", "erase", "--yes"],
        &["generate-cursor-config", "--policy", "p.yaml"],
        &["generate-cursor-config", "--", ""],
    ] {
        assert_eq!(run(&home, args).status.code(), Some(2), "{args:?}");
    }
    let nowhere = Command::new(env!("CARGO_BIN_EXE_aipctl"))
        .args(["path", "audit"])
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(err(&nowhere).starts_with("Error: neither `AIP_HOME` nor `HOME`"));
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn command(program: &Path, home: &TempDir) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("AIP_HOME", home.path())
        .current_dir(home.path());
    command
}

fn run(home: &TempDir, args: &[&str]) -> Output {
    command(Path::new(env!("CARGO_BIN_EXE_aipctl")), home)
        .args(args)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
