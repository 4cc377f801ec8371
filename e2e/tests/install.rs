//! aip put in front of the servers in a real user's configurations, and taken away again.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

#[path = "install/killed.rs"]
mod killed;
#[path = "install/left.rs"]
mod left;
#[path = "install/people.rs"]
mod people;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Output};
use std::time::Duration;

use e2e::client::PATIENCE;
use e2e::counterparts::{driver, installed};
use e2e::needs::needs;
use e2e::programs::program;
use e2e::wait::wait_until;
use people::{BROKEN, CONFIGS, Config, LINKED, People, SECRETS};
use serde_json::{Value, json};

/// Everything a command said, which never holds a secret.
fn said(output: &Output) -> String {
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
    text
}

fn done(people: &People, args: &[&str]) -> String {
    let output = people.home.ctl(args);
    let text = said(&output);
    assert!(output.status.success(), "{args:?}: {text}");
    text
}

fn events(people: &People, name: &str) -> Vec<Value> {
    let lines = ["logs", "--json", "--events", "--limit", "1000"];
    let mut events = people.home.ctl_lines(&lines);
    events.retain(|it| it["event"] == name);
    events
}

/// What the official SDK finds behind a client's configuration.
fn started(people: &People, config: &Config) -> Value {
    let mut command = Command::new(installed("fastmcp/bin/python").expect("it is installed"));
    people.home.dress(&mut command);
    command
        .arg(driver("from_config.py"))
        .args([config.format, &people.path(config).to_string_lossy()])
        .arg(json!(config.path).to_string());
    let output = command.output().expect("python runs");
    assert!(output.status.success(), "{}: {output:?}", config.client);
    serde_json::from_slice(&output.stdout).expect("the driver prints JSON")
}

#[test]
fn a_users_clients_are_put_behind_aip_and_back_to_the_byte() {
    let test = "a_users_clients_are_put_behind_aip_and_back_to_the_byte";
    if needs(test, installed("fastmcp/bin/python")).is_none() {
        return;
    }
    let people = People::new();
    // They all name the same server.
    let without = started(&people, &CONFIGS[0]);
    let shown = done(&people, &["install", "--dry-run"]);
    assert_eq!(people.now(), people.before, "a dry run changes nothing");
    assert!(!people.home.path().join("first.yaml").exists());
    for line in [
        "  notes\n  - /bin/sh -c",
        "other\n  - npx -y srv --api-key …\n  + ",
        "linear: reached by a URL, not covered",
        "idle (off)",
        "developer: the client's own, not covered",
        "deep in /home/u/code",
        "left as it is: line 2, column 17: it is no JSON",
        "(a link to ",
        "Not covered: Cursor, its terminal and file edits.",
        "first.yaml: everything passes, nothing is asked, all is recorded.",
    ] {
        assert!(shown.contains(line), "{line:?} is not in:\n{shown}");
    }

    let told = done(&people, &["install", "--yes"]);
    assert!(told.contains("aip is in front of 13 servers now"), "{told}");
    let wrapped = people.now();
    for (file, before) in &people.before {
        let same = wrapped[file] == *before;
        assert_eq!(same, file.ends_with(BROKEN), "{}", file.display());
    }
    let linked = people.home.user().join(".config/zed/settings.json");
    assert!(linked.is_symlink(), "a link stays one");
    let mode = fs::metadata(people.home.user().join(LINKED))
        .unwrap()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    let again = done(&people, &["install", "--yes"]);
    assert!(
        again.contains("There is nothing to put aip in front of"),
        "{again}"
    );
    assert_eq!(people.now(), wrapped, "a second install changes nothing");
    let recorded = events(&people, "CLIENTS_WRAPPED");
    assert_eq!(recorded.len(), 1);
    assert_eq!(
        recorded[0]["files"].as_array().unwrap().len(),
        CONFIGS.len()
    );

    for config in &CONFIGS {
        assert_eq!(started(&people, config), without, "{}", config.client);
    }
    let allowed = people.home.decisions();
    let calls = allowed.iter().filter(|it| it["tool"] == "list_notes");
    assert_eq!(calls.count(), CONFIGS.len(), "every call came through aip");

    let back = done(&people, &["uninstall", "--yes"]);
    assert!(back.contains("put back as it was"), "{back}");
    assert_eq!(people.now(), people.before);
    let again = done(&people, &["uninstall", "--yes"]);
    assert!(again.contains("nothing to take aip away from"), "{again}");
    assert_eq!(events(&people, "CLIENTS_UNWRAPPED").len(), 1);
    assert!(events(&people, "WRAPPER_LOST").is_empty());
    let kept = fs::read_dir(people.home.path().join("installs")).unwrap();
    assert_eq!(kept.count(), 2, "the record and its lock");
}

#[test]
fn edits_made_between_stay_and_only_ours_go() {
    let people = People::new();
    done(&people, &["install", "--yes"]);
    let edit = |file: &str, old: &str, new: &str| {
        let path = people.home.user().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{text}");
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
    };
    edit(".codex/config.toml", "# Codex", "# Codex, edited");
    edit(".cursor/mcp.json", "\"linear\"", "\"linear2\"");
    edit(".cursor/mcp.json", "\"other\"", "\"renamed\"");
    fs::remove_file(people.home.user().join(".gemini/settings.json")).unwrap();
    let one = done(&people, &["uninstall", "--yes", "--client", "goose"]);
    assert!(
        one.contains("goose/config.yaml: put back as it was (notes)"),
        "{one}"
    );
    let told = done(&people, &["uninstall", "--yes"]);
    assert!(
        told.contains(
            "notes, idle: put back, what else was changed since stays; other: not there any more"
        ),
        "{told}"
    );
    assert!(
        told.contains("gemini/settings.json: the file is not there any more"),
        "{told}"
    );
    let now = people.now();
    let before =
        |file: &str| String::from_utf8(people.before[std::path::Path::new(file)].clone()).unwrap();
    let text = |file: &str| String::from_utf8(now[std::path::Path::new(file)].clone()).unwrap();
    assert_eq!(
        text(".codex/config.toml"),
        before(".codex/config.toml").replacen("# Codex", "# Codex, edited", 1)
    );
    let cursor = text(".cursor/mcp.json");
    assert!(
        cursor.contains("\"linear2\"") && cursor.contains("\"renamed\""),
        "{cursor}"
    );
    assert_eq!(
        cursor.matches("--policy").count(),
        1,
        "only the renamed one: {cursor}"
    );
    for file in [".claude.json", ".config/goose/config.yaml", LINKED] {
        assert_eq!(text(file), before(file));
    }
}

#[test]
fn uninstall_is_for_a_person_and_a_lost_wrapper_is_seen() {
    let people = People::new();
    done(
        &people,
        &[
            "install", "--yes", "--client", "cursor", "--client", "codex",
        ],
    );
    let wrapped = people.now();
    let refused = people.home.ctl_of_the_client(&["uninstall", "--yes"]);
    let text = said(&refused);
    assert_eq!(refused.status.code(), Some(4), "{text}");
    assert!(text.contains("this is for a person to do"), "{text}");
    assert_eq!(people.now(), wrapped);
    assert_eq!(
        events(&people, "COMMAND_REFUSED")[0]["command"],
        "uninstall"
    );

    let names = |status: &Value, lost: bool| -> Vec<String> {
        let all = status["unwrapped"].as_array().unwrap().iter();
        let those = all.filter(|it| it["lost"] == lost);
        those
            .map(|it| {
                format!(
                    "{} {}",
                    it["client"].as_str().unwrap(),
                    it["server"].as_str().unwrap()
                )
            })
            .collect()
    };
    let status = people.home.status();
    assert!(names(&status, true).is_empty());
    let without = names(&status, false);
    assert!(
        without.contains(&"goose notes".to_owned()) && !without.contains(&"codex notes".to_owned()),
        "{without:?}"
    );
    assert!(
        !without
            .iter()
            .any(|it| it.contains("linear") || it.contains("idle")),
        "{without:?}"
    );
    // The way round that does not ask: somebody writes the file.
    let path = people.home.user().join(".codex/config.toml");
    fs::write(
        &path,
        &people.before[std::path::Path::new(".codex/config.toml")],
    )
    .unwrap();
    wait_until("the loss to be seen", PATIENCE, || {
        names(&people.home.status(), true) == ["codex notes", "codex bare"]
            || names(&people.home.status(), true) == ["codex bare", "codex notes"]
    });
    std::thread::sleep(Duration::from_millis(1100));
    let _again = people.home.status();
    let lost = events(&people, "WRAPPER_LOST");
    assert_eq!(lost.len(), 2, "each once: {lost:?}");
    let told = done(&people, &["status"]);
    assert!(
        told.contains("Lost aip since it was put in front: "),
        "{told}"
    );
    assert!(told.contains("aipctl install --client codex"), "{told}");
    let listed = done(&people, &["clients"]);
    assert!(listed.contains("unwrapped: it has lost aip"), "{listed}");
    let all: Value = serde_json::from_str(&done(&people, &["clients", "--json"])).unwrap();
    let states: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["state"].as_str().unwrap())
        .collect();
    for state in [
        "wrapped",
        "unwrapped",
        "remote",
        "own",
        "disabled",
        "broken",
    ] {
        assert!(states.contains(&state), "{state}: {states:?}");
    }
    // Another program of that name is no aip.
    let evil = people.home.work().join("aip");
    fs::write(&evil, "").unwrap();
    let aip = program("aip").display().to_string();
    let text =
        String::from_utf8(wrapped[std::path::Path::new(".codex/config.toml")].clone()).unwrap();
    assert!(text.contains(&aip), "{text}");
    fs::write(&path, text.replace(&aip, &evil.display().to_string())).unwrap();
    let told = done(&people, &["install", "--yes", "--client", "codex"]);
    assert!(
        told.contains("notes: runs another program called aip"),
        "{told}"
    );
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(names(&people.home.status(), true).len(), 2);
    fs::write(
        &path,
        &people.before[std::path::Path::new(".codex/config.toml")],
    )
    .unwrap();
    // Put in front again it is lost no more.
    done(&people, &["install", "--yes", "--client", "codex"]);
    std::thread::sleep(Duration::from_millis(1100));
    assert!(names(&people.home.status(), true).is_empty());
    done(&people, &["uninstall", "--yes"]);
    assert_eq!(people.now(), people.before);
}

#[test]
fn a_projects_files_are_edited_only_when_told_to() {
    let people = People::new();
    let file = people.home.work().join(".mcp.json");
    let text = "{\n  \"mcpServers\": {\n    \"shared\": { \"command\": \"npx\", \"args\": [\"x\"] }\n  }\n}\n";
    fs::write(&file, text).unwrap();
    let told = done(
        &people,
        &[
            "install",
            "--yes",
            "--client",
            "claude-code",
            "--server",
            "shared",
        ],
    );
    assert!(
        told.contains("shared: runs unwrapped; left as it is: it is the project's file"),
        "{told}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let policy = people.home.policy("mine", "  allowed_tools: [x]");
    let policy = policy.to_string_lossy();
    done(
        &people,
        &[
            "install",
            "--yes",
            "--project",
            "--server",
            "shared",
            "--policy",
            &policy,
        ],
    );
    let now = fs::read_to_string(&file).unwrap();
    assert!(
        now.contains(&format!(
            "\"--policy\", \"{policy}\", \"--name\", \"shared\", \"--\", \"npx\", \"x\""
        )),
        "{now}"
    );
    done(&people, &["uninstall", "--yes"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn what_can_not_be_done_is_said_and_changes_nothing() {
    let people = People::new();
    check(
        &people,
        &["install", "--yes", "--client", "emacs"],
        2,
        "no client is called `emacs`",
    );
    check(
        &people,
        &["install", "--yes", "--policy", "/nowhere.yaml"],
        1,
        "failed to load policy",
    );
    check(&people, &["install"], 2, "there is no terminal to ask on");
    let file = people.home.user().join(".gemini/settings.json");
    fs::hard_link(&file, people.home.user().join("second")).unwrap();
    let told = done(&people, &["install", "--yes", "--client", "gemini"]);
    assert!(
        told.contains("it has a second name (a hard link)"),
        "{told}"
    );
    fn check(people: &People, args: &[&str], code: i32, expected: &str) {
        let output = people.home.ctl(args);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.contains(expected), "{args:?}: {text}");
        assert_eq!(people.now(), people.before);
    }
}
