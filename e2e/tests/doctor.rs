//! `aipctl doctor` finds what is wrong, says what to do, and does only what is safe.
#![expect(clippy::unwrap_used, reason = "what fails ends the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use e2e::home::{Home, recorder, send_signal};
use e2e::programs::{program, workspace};
use rustix::process::Signal;
use serde_json::{Value, json};

const SPEC: &str = "  allowed_tools: [echo]";

/// What is found of this check.
fn found(home: &Home, check: &str, switches: &[&str]) -> (Output, Vec<Value>) {
    let output = home.ctl(&[&["doctor", "--json"], switches].concat());
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let of_it = all.into_iter().filter(|it| it["check"] == check);
    let of_it = of_it.collect();
    (output, of_it)
}

/// The worst of this check is this, and says so and what to do.
fn is(home: &Home, check: &str, health: &str, told: &str, next: &str) {
    let (output, all) = found(home, check, &[]);
    let has =
        |it: &&Value, name: &str, text: &str| it[name].as_str().is_some_and(|it| it.contains(text));
    let fits = |it: &&Value| {
        it["health"] == health
            && has(it, "found", told)
            && (next.is_empty() || has(it, "next", next))
    };
    assert!(all.iter().any(|it| fits(&it)), "{check}: {all:?}");
    let code = i32::from(health == "problem");
    assert_eq!(output.status.code(), Some(code), "{all:?}");
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A client's configuration with one server.
fn cursor(home: &Home, argv: &[&str]) {
    let folder = home.user().join(".cursor");
    fs::create_dir_all(&folder).unwrap();
    let (command, args) = argv.split_first().unwrap();
    let config = json!({"mcpServers": {"notes": {"command": command, "args": args}}});
    fs::write(folder.join("mcp.json"), config.to_string()).unwrap();
}

#[test]
fn a_well_kept_machine_has_no_problem_and_nothing_is_started() {
    let home = Home::new();
    let (output, daemon) = found(&home, "daemon", &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(daemon[0]["health"], "note", "{daemon:?}");
    assert!(home.daemons().is_empty(), "a look starts nothing");
    let policy = home.policy("well", SPEC);
    let record = home.record("server");
    let server = recorder(&record, &[]);
    let aip = program("aip");
    let mut argv = vec![
        aip.to_str().unwrap(),
        "--policy",
        policy.to_str().unwrap(),
        "--",
    ];
    argv.extend(server.iter().map(String::as_str));
    cursor(&home, &argv);
    let mut client = home.wrap(&policy, &record, &[]);
    client.initialize();
    let said = home.ctl(&["doctor"]);
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(said.status.success(), "{text}");
    for line in ["chain of", "is intact", "behind aip: 1", "answers, process"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(
        !text.contains("PROBLEM") && !text.contains("warning"),
        "{text}"
    );
}

#[test]
fn each_thing_that_is_wrong_is_named_with_what_to_do() {
    let home = Home::new();
    let policy = home.policy("wrong", SPEC);
    home.configure("polcy_trust: off\n");
    is(&home, "config", "problem", "polcy_trust", "aipd --check");
    home.configure("policy_trust: off\n");
    is(
        &home,
        "daemon",
        "note",
        "not running",
        "aipctl service start",
    );

    cursor(&home, &["npx", "-y", "server"]);
    is(
        &home,
        "unwrapped",
        "warning",
        "notes runs without aip",
        "aipctl install --client cursor",
    );
    let aip = program("aip");
    let aip = aip.to_str().unwrap();
    let odd = home.work().join("pipe; echo x");
    let made = std::process::Command::new("mkfifo").arg(&odd).status();
    assert!(made.unwrap().success());
    let odd = odd.to_str().unwrap();
    cursor(&home, &[aip, "--policy", odd, "--", "TOKEN=hunter2"]);
    let next = format!("aipctl policy validate '{odd}'");
    is(&home, "policy", "problem", "is no file", &next);
    let (output, target) = found(&home, "target", &[]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("hunter2"));
    assert_eq!(target.len(), 1, "{target:?}");
    let gone = home.work().join("aip");
    cursor(&home, &[gone.to_str().unwrap(), "--", "sh"]);
    is(
        &home,
        "wrapper",
        "problem",
        "is not there",
        "aipctl install",
    );
    let other = home.work().join("bin");
    fs::create_dir_all(&other).unwrap();
    fs::copy("/bin/true", other.join("aip")).unwrap();
    let other = other.join("aip");
    cursor(&home, &[other.to_str().unwrap(), "--", "sh"]);
    is(
        &home,
        "wrapper",
        "warning",
        "is another program",
        "may protect",
    );
    cursor(&home, &[aip, "--", "no-such-command"]);
    is(&home, "target", "warning", "no-such-command", "PATH");
    let broken = home.policy_text("broken", "spec: [");
    cursor(
        &home,
        &[aip, "--policy", broken.to_str().unwrap(), "--", "sh"],
    );
    is(
        &home,
        "policy",
        "problem",
        "has errors",
        "aipctl policy validate",
    );
    fs::remove_file(&broken).unwrap();
    is(
        &home,
        "policy",
        "problem",
        "broken.yaml",
        "aipctl policy validate",
    );
    fs::write(home.user().join(".cursor/mcp.json"), "{").unwrap();
    is(
        &home,
        "clients",
        "warning",
        "mcp.json",
        "put the file right",
    );
    fs::remove_file(home.user().join(".cursor/mcp.json")).unwrap();

    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    let stopped = home.ctl(&["stop-all"]);
    assert!(stopped.status.success(), "{stopped:?}");
    is(
        &home,
        "override",
        "warning",
        "every call is refused",
        "aipctl resume",
    );
    let daemon = home.daemons()[0];
    send_signal(daemon, Signal::STOP);
    let silent = home.ctl(&["doctor", "--json"]);
    send_signal(daemon, Signal::CONT);
    let text = String::from_utf8(silent.stdout).unwrap();
    assert!(text.contains("aipd can't be asked"), "{text}");
}

#[test]
fn what_is_safe_to_mend_is_mended_and_nothing_else() {
    let home = Home::new();
    mode(home.path(), 0o770);
    is(
        &home,
        "folders",
        "problem",
        "open to other users",
        "chmod 700",
    );
    let (output, folders) = found(&home, "folders", &["--fix"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("fixed: closed"), "{said}");
    assert!(said.contains("fixed: started aipd"), "{said}");
    assert!(
        folders.iter().all(|it| it["health"] == "good"),
        "{folders:?}"
    );
    assert_eq!(
        fs::metadata(home.path()).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert!(output.status.success());
    assert_eq!(home.daemons().len(), 1);
    let again = home.ctl(&["doctor", "--fix"]);
    assert!(
        again.stderr.is_empty(),
        "nothing is left to mend: {again:?}"
    );
}

#[test]
fn a_broken_chain_is_a_problem() {
    let home = Home::new();
    let policy = home.policy("chain", SPEC);
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    client.call("echo", &json!({}));
    // It would start another one.
    drop(client);
    home.kill_daemon(Signal::KILL);
    let cut = "DROP TRIGGER record_no_delete; DELETE FROM record WHERE seq = 2";
    e2e::store::open(home.path()).execute_batch(cut).unwrap();
    let started = home.ctl(&["service", "start"]);
    assert!(started.status.success(), "{started:?}");
    is(
        &home,
        "audit",
        "problem",
        "the chain is broken",
        "aipctl audit verify",
    );
}

/// `docs/doctor.md` has a section for each word.
#[test]
fn every_check_has_its_place_in_the_docs() {
    let docs = fs::read_to_string(workspace().join("docs/doctor.md")).unwrap();
    let folder = workspace().join("cli/src/doctor");
    let mut words = std::collections::BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for after in text
            .split("Finding::new(")
            .chain(text.split("Finding::good("))
            .skip(1)
        {
            let word = after
                .trim_start()
                .strip_prefix('"')
                .and_then(|it| it.split_once('"'));
            words.extend(word.map(|(word, _)| word.to_owned()));
        }
    }
    assert!(words.len() >= 14, "{words:?}");
    for word in words {
        assert!(docs.contains(&format!("\n## `{word}`\n")), "{word}");
    }
}
