//! Both audit files can be moved away under the running programs, and the real logrotate does so
//! with the file in `packaging/`.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, json_lines, recorder};
use e2e::needs::{needs, tool};
use e2e::programs::workspace;
use e2e::wait::wait_for;
use serde_json::{Value, json};

#[test]
fn a_moved_audit_file_is_made_anew_and_nothing_is_lost() {
    let home = Home::new();
    let policy = home.policy("rotate", "  allowed_tools: [echo]");
    let mirror = home.work().join("mirror.jsonl");
    let live = home.path().join("aip-audit.jsonl");
    let more = ["--audit", mirror.to_str().expect("a plain path")];
    let server = recorder(&home.record("server"), &[]);
    let mut client = Client::start(home.aip(&policy, &more, &server));
    client.initialize();
    let files = [mirror.as_path(), live.as_path()];

    client.call("echo", &json!({"n": 1}));
    for file in files {
        has(file, 1);
        fs::rename(file, moved(file)).unwrap();
    }
    client.call("echo", &json!({"n": 2}));
    for file in files {
        has(file, 2);
        assert_eq!(
            file.metadata().unwrap().mode() & 0o777,
            0o600,
            "{}",
            file.display()
        );
        assert_eq!(numbers(file), [2], "{}", file.display());
        assert_eq!(numbers(&moved(file)), [1], "{}", moved(file).display());
    }
    assert_eq!(home.decisions().len(), 2);
}

#[test]
fn the_real_logrotate_rotates_the_live_copy_and_nothing_is_lost() {
    let name = "the_real_logrotate_rotates_the_live_copy_and_nothing_is_lost";
    // Debian keeps it where only root's PATH looks.
    let there = if Path::new(LOGROTATE).is_file() {
        Ok(())
    } else {
        tool("logrotate")
    };
    if needs(name, there).is_none() {
        return;
    }
    let home = Home::new();
    // The usual place of the state folder, which the file names.
    let state = home.work().with_file_name("user").join(".local/state");
    fs::create_dir_all(&state).unwrap();
    symlink(home.path(), state.join("aip")).unwrap();
    let policy = home.policy("rotate", "  allowed_tools: [echo]");
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    let live = home.path().join("aip-audit.jsonl");
    let rotated = |number: u32| home.path().join(format!("aip-audit.jsonl.{number}"));

    client.call("echo", &json!({"n": 1}));
    has(&live, 1);
    let tried = logrotate(&home, &["-d"]);
    let said = String::from_utf8_lossy(&tried.stderr).into_owned();
    assert!(
        said.contains("aip-audit.jsonl") && !said.contains("error:"),
        "{said}"
    );
    assert_eq!(numbers(&live), [1], "-d only says what would be done");

    logrotate(&home, &["--force"]);
    assert_eq!(numbers(&rotated(1)), [1]);
    client.call("echo", &json!({"n": 2}));
    has(&live, 2);
    assert_eq!(live.metadata().unwrap().mode() & 0o777, 0o600);
    logrotate(&home, &["--force"]);
    assert_eq!(numbers(&rotated(1)), [2]);
    assert!(
        rotated(2).with_extension("2.gz").exists(),
        "the older one is packed"
    );
    client.call("echo", &json!({"n": 3}));
    has(&live, 3);
    assert_eq!(numbers(&live), [3]);
    assert_eq!(home.decisions().len(), 3);
}

const LOGROTATE: &str = "/usr/sbin/logrotate";

/// The guide's command on the shipped file, as the person whose records they are.
fn logrotate(home: &Home, switches: &[&str]) -> Output {
    let file = home.work().join("aip-audit");
    fs::copy(workspace().join("packaging/logrotate.conf"), &file).unwrap();
    // It refuses a file that others may write, which a checkout's may be.
    fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let installed = Path::new(LOGROTATE).is_file();
    let mut command = Command::new(if installed { LOGROTATE } else { "logrotate" });
    command.args(switches).arg("--state");
    command.arg(home.work().join("logrotate.state")).arg(file);
    home.dress(&mut command);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

fn moved(file: &Path) -> std::path::PathBuf {
    file.with_extension("1")
}

/// Waits until the file has the decision on call `n`.
fn has(file: &Path, n: u64) {
    wait_for(&format!("call {n} in {}", file.display()), PATIENCE, || {
        numbers(file).contains(&n).then_some(())
    });
}

/// The numbers of the calls whose decisions the file has.
fn numbers(file: &Path) -> Vec<u64> {
    let lines = json_lines(&fs::read(file).unwrap_or_default());
    let decisions = lines
        .iter()
        .filter(|line: &&Value| line.get("decision").is_some());
    decisions
        .filter_map(|line| line["args"]["n"].as_u64())
        .collect()
}
