//! "Audit Logs" and "Log Rotation": the jq recipes and the example entry, both in the folder
//! `aipctl path audit` names and, with `--audit aip-audit.jsonl`, in the working folder.

use e2e::client::{Client, PATIENCE};
use e2e::home::json_lines;
use e2e::needs::{needs, tool};
use e2e::wait::wait_for;
use serde_json::{Value, json};

use crate::folder::{Folder, WRAP, page, said};

const BLOCKED: &str = r#"cat aip-audit.jsonl | jq 'select(.decision == "BLOCK")'"#;
const VIOLATIONS: &str = "cat aip-audit.jsonl | jq 'select(.violation == true)'";
const REDACTIONS: &str = r#"cat aip-audit.jsonl | jq 'select(.event == "DLP_TRIGGERED")'"#;
const ARCHIVE: &str = "mv aip-audit.jsonl aip-audit-$(date +%Y%m%d).jsonl";

/// Where a reader may look: the live copy's folder, and the working folder.
const PLACES: [&str; 2] = [r#"cd "$(aipctl path audit)" && "#, ""];

#[test]
fn the_recipes_find_blocked_requests_and_redactions() {
    if needs(
        "the_recipes_find_blocked_requests_and_redactions",
        tool("jq"),
    )
    .is_none()
    {
        return;
    }
    let (folder, mut client) = start();
    client.call("read_file", &json!({"of": "AKIAIOSFODNN7EXAMPLE"}));
    client.call("delete_file", &json!({"path": "/etc/passwd"}));
    client.call("exec_command", &json!({"command": "ls"}));
    for place in PLACES {
        let blocked = found(&folder, place, BLOCKED, 2);
        assert_eq!(blocked[0]["tool"], "delete_file");
        assert_eq!(blocked[1]["tool"], "exec_command");
        let redactions = found(&folder, place, REDACTIONS, 1);
        assert_eq!(redactions[0]["dlp_rule"], "AWS Key", "{redactions:?}");
        assert_eq!(redactions[0]["dlp_action"], "REDACTED");
    }
}

#[test]
fn the_recipes_find_policy_violations_in_monitor_mode() {
    if needs(
        "the_recipes_find_policy_violations_in_monitor_mode",
        tool("jq"),
    )
    .is_none()
    {
        return;
    }
    let folder = Folder::new();
    folder.write(
        "agent.yaml",
        &page("agent.yaml").replace("enforce", "monitor"),
    );
    let mut client = folder.client(&format!("{WRAP} --audit aip-audit.jsonl"));
    client.call("read_file", &json!({}));
    client.call("exec_command", &json!({"command": "ls"}));
    assert_eq!(folder.reached(), ["read_file", "exec_command"]);
    for place in PLACES {
        let violations = found(&folder, place, VIOLATIONS, 1);
        assert_eq!(violations[0]["tool"], "exec_command");
        assert_eq!(violations[0]["decision"], "ALLOW_MONITOR");
        assert_eq!(violations[0]["policy_mode"], "monitor");
        assert!(found(&folder, place, BLOCKED, 0).is_empty());
    }
}

#[test]
fn an_entry_has_the_guides_fields_in_the_guides_order() {
    let (folder, mut client) = start();
    client.call("delete_file", &json!({"path": "/etc/passwd"}));
    for place in PLACES {
        let line = wait_for("the entry", PATIENCE, || {
            let file = said(&folder.run(&format!("{place}cat aip-audit.jsonl")));
            let mut lines = file.lines().map(str::to_owned);
            lines.find(|line| line.contains("delete_file"))
        });
        let (time, rest) = line.split_at(r#"{"timestamp":"2026-03-03T10:30:45.123Z"#.len());
        let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
        let shape: String = time.chars().map(digits).collect();
        assert_eq!(shape, r#"{"timestamp":"0000-00-00T00:00:00.000Z"#, "{line}");
        let guide = r#"","direction":"upstream","method":"tools/call","tool":"delete_file","args":{"path":"/etc/passwd"},"decision":"BLOCK","policy_mode":"enforce","violation":true,"error_code":-32001,"#;
        assert!(rest.starts_with(guide), "{line}");
    }
}

#[test]
fn a_request_takes_about_a_kilobyte() {
    let (folder, mut client) = start();
    let calls = 50;
    for n in 0..calls {
        client.call(
            "read_file",
            &json!({"path": format!("/home/me/notes/{n}.txt")}),
        );
    }
    let live = folder.home.path().join("aip-audit.jsonl");
    let bytes = wait_for("every record", PATIENCE, || {
        let bytes = std::fs::read(&live).unwrap_or_default();
        let calls_in = json_lines(&bytes)
            .iter()
            .filter(|it| it["tool"] == "read_file")
            .count();
        (calls_in == calls).then_some(bytes.len())
    });
    assert!(bytes <= calls * 1024, "{bytes} bytes for {calls} calls");
}

#[test]
fn an_audit_file_can_be_archived_under_a_running_server() {
    let (folder, mut client) = start();
    client.call("git_status", &json!({"n": 1}));
    for place in PLACES {
        calls_in(&folder, &format!("{place}cat aip-audit.jsonl"), &[1]);
        let archived = folder.run(&format!("{place}{ARCHIVE}"));
        assert!(archived.status.success(), "{archived:?}");
    }
    client.call("git_status", &json!({"n": 2}));
    for place in PLACES {
        calls_in(&folder, &format!("{place}cat aip-audit.jsonl"), &[2]);
        let archive = format!("{place}cat aip-audit-$(date +%Y%m%d).jsonl");
        calls_in(&folder, &archive, &[1]);
    }
}

/// A server whose records are also kept in the working folder.
fn start() -> (Folder, Client) {
    let folder = Folder::new();
    let client = folder.client(&format!("{WRAP} --audit aip-audit.jsonl"));
    (folder, client)
}

/// What a recipe finds in a place, once the file there has caught up.
fn found(folder: &Folder, place: &str, recipe: &str, count: usize) -> Vec<Value> {
    wait_for(&format!("{count} from `{place}{recipe}`"), PATIENCE, || {
        let output = folder.run(&format!("{place}{recipe}"));
        assert!(output.status.success(), "{output:?}");
        let values = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
        let values: Vec<Value> = values.map(Result::unwrap).collect();
        (values.len() == count).then_some(values)
    })
}

/// Waits until exactly these calls are in a file.
fn calls_in(folder: &Folder, show: &str, numbers: &[u64]) {
    wait_for(&format!("{numbers:?} from `{show}`"), PATIENCE, || {
        let lines = json_lines(&folder.run(show).stdout);
        let calls = lines.iter().filter_map(|line| line["args"]["n"].as_u64());
        calls.eq(numbers.iter().copied()).then_some(())
    });
}
