//! Policies in layers, through the real shim and daemon: a project's, a user's and the machine's beside
//! a session's own, and a policy that extends another.
#![expect(
    clippy::unwrap_used,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, recorder};
use e2e::needs::{needs, root, tool};
use e2e::wait::{wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

const TRUSTED: &str = "policy_trust: first_use\n";
const ALL: &str = "  allowed_tools: [echo, add, pay]";

fn text(spec: &str) -> String {
    format!(
        "apiVersion: aip.io/v1alpha1\nkind: AgentPolicy\nmetadata: {{name: layer}}\nspec:\n{spec}\n"
    )
}

/// Another file that takes the old one's name, as an editor leaves it.
fn save(path: &Path, spec: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let new = path.with_extension("new");
    fs::write(&new, text(spec)).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&new, path).unwrap();
}

fn of_project(home: &Home) -> PathBuf {
    let work = fs::canonicalize(home.work()).unwrap();
    work.join(".aip/policy.yaml")
}

fn of_user(home: &Home) -> PathBuf {
    home.path().join("policy.yaml")
}

fn wrap(home: &Home, policy: &Path) -> Client {
    wrap_in(home, policy, &home.work())
}

fn wrap_in(home: &Home, policy: &Path, cwd: &Path) -> Client {
    let tools = home.work().join("tools.json");
    let listed =
        ["echo", "add", "pay"].map(|it| json!({"name": it, "inputSchema": {"type": "object"}}));
    fs::write(&tools, json!(listed).to_string()).unwrap();
    let from = ["--tools-from", tools.to_str().unwrap()];
    let server = recorder(&home.record("server"), &from);
    let mut aip = home.aip(policy, &[], &server);
    aip.current_dir(cwd);
    let mut client = Client::start(aip);
    client.initialize();
    client.request("tools/list", &json!({}));
    client
}

fn passes(client: &mut Client, tool: &str) -> bool {
    client.call(tool, &json!({})).get("result").is_some()
}

fn events(home: &Home, name: &str) -> Vec<Value> {
    let mut events = home.ctl_lines(&["logs", "--json", "--events", "--limit", "1000"]);
    events.retain(|it| it["event"] == name);
    events
}

fn trust(home: &Home, path: &Path) -> String {
    let output = home.ctl(&["policy", "trust", path.to_str().unwrap(), "--yes"]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_projects_layer_blocks_a_tool_of_any_policy_and_the_record_names_it() {
    let home = Home::new();
    let layer = of_project(&home);
    save(&layer, "  denied_tools: [add]");
    let policy = home.policy("own", ALL);
    let mut client = wrap(&home, &policy);
    let listed = client.request("tools/list", &json!({})).to_string();
    assert!(
        listed.contains("echo") && !listed.contains("\"add\""),
        "{listed}"
    );
    assert!(passes(&mut client, "echo"));
    assert!(!passes(&mut client, "add"));
    let record = home.decisions().pop().unwrap();
    assert_eq!(record["policy_layer"], layer.to_str().unwrap(), "{record}");
    assert_eq!(record["policy_line"], 5);
    let own = home.ctl(&["policy", "show", "--json"]).stdout;
    let shown: Value = serde_json::from_slice(&own).unwrap();
    let hashes: Vec<&Value> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["hash"])
        .collect();
    assert_eq!(hashes.len(), 2, "the layer is a policy of its own: {shown}");
    assert!(
        !hashes.contains(&&record["policy_hash"]),
        "the hash is of both"
    );
    let allowed = home.decisions().remove(0);
    assert!(allowed["policy_layer"].is_null(), "{allowed}");
    assert!(home.verifies().status.success());
}

#[test]
fn taking_a_layer_away_loosens_nothing_until_a_person_says_so() {
    let home = Home::with_config(TRUSTED);
    let layer = of_project(&home);
    save(&layer, "  denied_tools: [add]");
    let policy = home.policy("own", ALL);
    let mut client = wrap(&home, &policy);
    assert!(!passes(&mut client, "add"));
    fs::remove_file(&layer).unwrap();
    client.wait_stderr("can't read");
    assert!(!passes(&mut client, "add"), "in the session that runs");
    let mut second = wrap(&home, &policy);
    assert!(!passes(&mut second, "add"), "in the next one");
    second.wait_stderr("can't read");
    let told = trust(&home, &layer);
    assert!(told.contains("No longer in force"), "{told}");
    wait_until("the layer to be forgotten", PATIENCE, || {
        passes(&mut client, "add")
    });
    assert!(passes(&mut second, "add"));
    assert_eq!(events(&home, "POLICY_FORGOTTEN").len(), 1);
    home.kill_daemon(Signal::KILL);
    assert!(passes(&mut client, "add"), "also under the next daemon");
}

#[test]
fn a_nearer_layer_takes_no_place_of_one_that_was_in_force() {
    let home = Home::with_config(TRUSTED);
    save(&of_project(&home), "  denied_tools: [add]");
    let policy = home.policy("own", ALL);
    assert!(!passes(&mut wrap(&home, &policy), "add"));
    let inner = home.work().join("inner");
    save(&inner.join(".aip/policy.yaml"), "  denied_tools: [pay]");
    let mut client = wrap_in(&home, &policy, &inner);
    assert!(!passes(&mut client, "add"), "by the outer one");
    assert!(!passes(&mut client, "pay"), "by the nearer one");
    assert!(passes(&mut client, "echo"));
}

#[test]
fn where_the_working_folder_is_gone_no_session_begins() {
    let home = Home::new();
    save(&of_project(&home), "  denied_tools: [add]");
    let policy = home.policy("own", ALL);
    let record = home.record("server");
    let aip = home.aip(&policy, &[], &recorder(&record, &[]));
    let gone = home.work().join("gone");
    fs::create_dir(&gone).unwrap();
    let mut shell = Command::new("sh");
    home.dress(&mut shell);
    shell.args(["-c", "rmdir \"$PWD\"; exec \"$@\"", "sh"]);
    shell.arg(aip.get_program()).args(aip.get_args());
    shell.current_dir(&gone);
    let mut client = Client::start(shell);
    client.wait_stderr("the working folder is gone");
    assert!(!client.wait(PATIENCE).success());
    assert!(record.messages().is_empty());
}

#[test]
fn a_looser_edit_of_a_layer_waits_and_a_tighter_one_counts_at_once() {
    let home = Home::with_config(TRUSTED);
    let layer = of_project(&home);
    save(&layer, "  denied_tools: [add]");
    let policy = home.policy("own", ALL);
    let mut client = wrap(&home, &policy);
    save(&layer, "  denied_tools: [pay]");
    client.wait_stderr(&format!("aipctl policy trust {}", layer.display()));
    assert!(!passes(&mut client, "add"));
    assert!(passes(&mut client, "pay"));
    save(&layer, "  denied_tools: [add, pay]");
    wait_until("the change", PATIENCE, || !passes(&mut client, "pay"));
    assert!(!passes(&mut client, "add"));
    save(&layer, "  denied_tools: [pay]");
    wait_until("the edit to wait", PATIENCE, || {
        events(&home, "POLICY_PENDING").len() == 2
    });
    trust(&home, &layer);
    wait_until("the change", PATIENCE, || passes(&mut client, "add"));
    assert!(!passes(&mut client, "pay"));
}

#[test]
fn a_users_layer_redacts_what_it_looks_for_in_every_session() {
    let home = Home::new();
    let layer = of_user(&home);
    save(
        &layer,
        "  dlp: {patterns: [{name: Order, regex: 'order-[0-9]+'}]}",
    );
    let policy = home.policy("own", ALL);
    let mut client = wrap(&home, &policy);
    let answer = client.call("echo", &json!({"of": "order-17"})).to_string();
    assert!(
        answer.contains("[REDACTED:Order]") && !answer.contains("order-17"),
        "{answer}"
    );
    let found = events(&home, "DLP_TRIGGERED").pop().unwrap();
    assert_eq!(found["policy_layer"], layer.to_str().unwrap(), "{found}");
}

#[test]
fn a_layer_that_cannot_be_used_lets_no_session_begin() {
    let policy_of = |home: &Home| home.policy("own", ALL);
    type Spoil = fn(&Path);
    let bad: [(&str, Spoil); 7] = [
        ("is not a regular file", |it| {
            fs::create_dir_all(it).unwrap();
        }),
        ("is not a regular file", |it| {
            fs::create_dir_all(it.parent().unwrap()).unwrap();
            let made = Command::new("mkfifo").arg(it).status().unwrap();
            assert!(made.success());
        }),
        ("can't read", |it| {
            fs::create_dir_all(it.parent().unwrap()).unwrap();
            symlink("/dev/null", it).unwrap();
        }),
        ("is over 1048576 bytes", |it| {
            save(it, &format!("  denied_tools: [x] #{}", "x".repeat(1 << 20)));
        }),
        ("`mode` has no place in a layer", |it| {
            save(it, "  mode: monitor")
        }),
        ("put it into the policy that sessions name", |it| {
            save(it, "  tool_rules: [{tool: echo, rate_limit: 1/hour}]");
        }),
        ("can be changed by other users", |it| {
            save(it, "  denied_tools: [x]");
            fs::set_permissions(it, fs::Permissions::from_mode(0o666)).unwrap();
        }),
    ];
    for (said, spoil) in bad {
        let home = Home::new();
        let layer = of_project(&home);
        spoil(&layer);
        let record = home.record("server");
        let mut client = Client::start(home.aip(&policy_of(&home), &[], &recorder(&record, &[])));
        client.wait_stderr(said);
        let status = client.wait(PATIENCE);
        assert!(!status.success());
        let told = client.stderr();
        assert!(told.contains(layer.to_str().unwrap()), "{told}");
        assert!(record.messages().is_empty());
    }
}

#[test]
fn a_layers_errors_are_found_before_a_session_meets_them() {
    let home = Home::new();
    let layer = of_project(&home);
    let validated = || home.ctl(&["policy", "validate", layer.to_str().unwrap()]);
    save(&layer, "  mode: monitor");
    let told = String::from_utf8(validated().stderr).unwrap();
    assert!(told.contains("`mode` has no place in a layer"), "{told}");
    save(&layer, "  denied_tools: [add]");
    assert!(validated().status.success());
}

#[test]
fn a_question_that_a_layer_asks_names_its_file_and_line() {
    let home = Home::new();
    let layer = of_project(&home);
    save(&layer, "  tool_rules:\n    - {tool: pay, action: ask}");
    let policy = home.policy("own", ALL);
    let mut client = wrap(&home, &policy);
    let id = client.ask_call("pay", &json!({}));
    let asked = wait_for("a question", PATIENCE, || home.approvals().pop());
    let place = format!("{} line 6", layer.display());
    assert!(
        asked["because"].as_str().unwrap().contains(&place),
        "{asked}"
    );
    let allowed = home.ctl(&["approve", asked["id"].as_str().unwrap()]);
    assert!(allowed.status.success(), "{allowed:?}");
    let answer = client.answer(id, PATIENCE).unwrap();
    assert!(answer.get("result").is_some(), "{answer}");
    let record = home.decisions().pop().unwrap();
    assert_eq!(record["policy_layer"], layer.to_str().unwrap(), "{record}");
}

#[test]
fn a_layer_is_nobodys_own_policy() {
    let home = Home::new();
    let layer = of_project(&home);
    save(&layer, "  denied_tools: [x]");
    let record = home.record("server");
    let mut client = Client::start(home.aip(&layer, &[], &recorder(&record, &[])));
    client.wait_stderr("is a layer, which stands beside every policy by itself");
    assert!(!client.wait(PATIENCE).success());
}

#[test]
fn a_child_is_judged_with_its_base_and_each_file_by_its_own_rule() {
    let home = Home::with_config(TRUSTED);
    let base = home.policy(
        "base",
        "  allowed_tools: [echo, add]\n  tool_rules:\n    - {tool: add, rate_limit: 1/hour}",
    );
    let child = home.policy("child", "  extends: base.yaml\n  denied_tools: [pay]");
    let mut client = wrap(&home, &child);
    assert!(passes(&mut client, "echo"));
    assert!(passes(&mut client, "add"));
    assert_eq!(client.call("add", &json!({}))["error"]["code"], -32002);
    let record = home.decisions().pop().unwrap();
    assert_eq!(record["policy_layer"], base.to_str().unwrap(), "{record}");
    home.kill_daemon(Signal::KILL);
    assert_eq!(
        client.call("add", &json!({}))["error"]["code"],
        -32002,
        "kept over a restart"
    );
    assert!(!passes(&mut client, "pay"));
    // What the base may do no more its children may not.
    let before = fs::read_to_string(&base).unwrap();
    fs::write(&base, before.replace("[echo, add]", "[add]")).unwrap();
    wait_until("the change", PATIENCE, || !passes(&mut client, "echo"));
    fs::write(&base, &before).unwrap();
    client.wait_stderr(&format!("aipctl policy trust {}", base.display()));
    assert!(!passes(&mut client, "echo"));
    trust(&home, &base);
    wait_until("the change", PATIENCE, || passes(&mut client, "echo"));
}

#[test]
fn a_base_that_cannot_be_had_is_told_with_its_line() {
    let home = Home::new();
    let own = home.policy("own", "  extends: base.yaml");
    let refused = |said: &str| {
        let validated = home.ctl(&["policy", "validate", own.to_str().unwrap()]);
        assert!(!validated.status.success());
        let told = String::from_utf8(validated.stderr).unwrap();
        assert!(told.contains(said), "{told}");
        let record = home.record("server");
        let mut client = Client::start(home.aip(&own, &[], &recorder(&record, &[])));
        client.wait_stderr(said);
        assert!(!client.wait(PATIENCE).success());
        told
    };
    let told = refused("can't be followed: can't read");
    assert!(told.contains("own.yaml:6:12:"), "{told}");
    let _back = home.policy("base", "  extends: own.yaml");
    refused("it leads back to where it began");
    let _wrong = home.policy("base", "  allowd_tools: [echo]");
    refused("unknown key `allowd_tools`");
    let _right = home.policy("base", "  allowed_tools: [echo]");
    assert!(passes(&mut wrap(&home, &own), "echo"));
    assert!(
        home.ctl(&["policy", "validate", own.to_str().unwrap()])
            .status
            .success()
    );
}

#[test]
fn a_session_goes_on_under_the_same_policies_after_the_daemon_was_killed() {
    let home = Home::with_config(TRUSTED);
    save(&of_user(&home), "  denied_tools: [pay]");
    save(&of_project(&home), "  denied_tools: [add]");
    let policy = home.policy("own", ALL);
    let mut client = wrap(&home, &policy);
    assert!(passes(&mut client, "echo"));
    let before = home.decisions().pop().unwrap();
    home.kill_daemon(Signal::KILL);
    // Neither what is gone nor what is there since counts.
    fs::remove_file(of_project(&home)).unwrap();
    fs::remove_file(of_user(&home)).unwrap();
    assert!(!passes(&mut client, "add"));
    assert!(!passes(&mut client, "pay"));
    assert!(passes(&mut client, "echo"));
    let after = home.decisions().pop().unwrap();
    assert_eq!(before["policy_hash"], after["policy_hash"]);
}

#[test]
fn what_a_base_has_counted_is_known_after_the_daemon_was_killed() {
    let home = Home::with_config(TRUSTED);
    let _base = home.policy(
        "base",
        "  allowed_tools: [echo]\n  tool_rules: [{tool: echo, rate_limit: 2/hour}]",
    );
    let own = home.policy("own", "  extends: base.yaml\n  denied_tools: [x]");
    let mut client = wrap(&home, &own);
    assert!(passes(&mut client, "echo"));
    home.kill_daemon(Signal::KILL);
    assert!(passes(&mut client, "echo"));
    assert!(!passes(&mut client, "echo"));
    home.kill_daemon(Signal::KILL);
    assert!(!passes(&mut wrap(&home, &own), "echo"), "a new session");
}

#[test]
fn explain_names_the_base_that_decides() {
    let home = Home::new();
    let base = home.policy("base", "  allowed_tools: [echo]\n  denied_tools: [add]");
    let own = home.policy("own", "  extends: base.yaml");
    let args = ["policy", "explain", own.to_str().unwrap(), "--tool", "add"];
    let told = String::from_utf8(home.ctl(&args).stdout).unwrap();
    assert!(
        told.contains(&format!("By {}, line 7.", base.display())),
        "{told}"
    );
    assert!(told.contains("[DEBUG] Layer: "), "{told}");
}

#[test]
fn show_effective_tells_who_decides_and_where() {
    let home = Home::new();
    let layer = of_project(&home);
    save(&layer, "  denied_tools: [add]");
    let base = home.policy("base", "  allowed_tools: [echo, add]");
    let own = home.policy(
        "own",
        "  extends: base.yaml\n  protected_paths: [/srv/keys]",
    );
    let shown = |args: &[&str]| {
        let output = home.ctl(&[&["policy", "show", "--effective"], args].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let at = |path: &Path, line: u64| format!("{} line {line}", path.display());
    // Before any session: nothing is put in force by looking.
    let told = shown(&[own.to_str().unwrap()]);
    let milder = format!("milder: allow by {}", at(&base, 6));
    let add = format!("add: block by {}; {milder}", at(&layer, 5));
    assert!(told.contains(&add), "{told}");
    assert!(
        told.contains(&format!("echo: allow by {}", at(&base, 6))),
        "{told}"
    );
    assert!(
        told.contains("line 7: protected_paths: /srv/keys"),
        "{told}"
    );
    let known = home.ctl(&["policy", "show", "--json"]).stdout;
    assert_eq!(serde_json::from_slice::<Value>(&known).unwrap(), json!([]));
    let mut client = wrap(&home, &own);
    assert!(!passes(&mut client, "add"));
    let record = home.decisions().pop().unwrap();
    let session = record["session_id"].as_str().unwrap();
    let told = shown(&["--session", session, "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["hash"], record["policy_hash"]);
    let paths = [&own, &base, &layer].map(|it| it.to_str().unwrap());
    let policies = told["policies"].as_array().unwrap();
    let named: Vec<_> = policies
        .iter()
        .map(|it| it["path"].as_str().unwrap())
        .collect();
    assert_eq!(named, paths);
    assert_eq!(told["tools"][0]["said"][0]["path"], paths[2], "{told}");
    let nobody = home.ctl(&["policy", "show", "--effective", "--session", "x"]);
    assert!(!nobody.status.success());
}

#[test]
fn the_machines_layer_is_read_from_its_place() {
    let able = root().and_then(|()| tool("unshare"));
    if needs("the_machines_layer_is_read_from_its_place", able).is_none() {
        return;
    }
    let home = Home::new();
    let layer = home.work().join("machine.yaml");
    save(&layer, "  denied_tools: [add]");
    let policy = home.policy("own", ALL);
    let inside = home.aip(&policy, &[], &recorder(&home.record("server"), &[]));
    // The shim and the daemon it starts see a copy of /etc that has the layer.
    let script = "cp -a /etc etc && mkdir -p etc/aip && cp \"$0\" etc/aip/policy.yaml \
                  && mount --bind etc /etc && exec \"$@\"";
    let mut command = Command::new("unshare");
    home.dress(&mut command);
    command.args(["--mount", "--propagation", "private", "sh", "-c", script]);
    command.arg(layer).arg(inside.get_program());
    command.args(inside.get_args());
    let mut client = Client::start(command);
    client.initialize();
    assert!(passes(&mut client, "echo"));
    assert!(!passes(&mut client, "add"));
    let record = home.decisions().pop().unwrap();
    assert_eq!(record["policy_layer"], "/etc/aip/policy.yaml");
}
