//! What a person allows beyond one call, over the built programs: made with the answer, used by
//! later calls and sessions, kept over the daemon's death, and ended with a record.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, TEST_CONFIG};
use e2e::wait::{wait_for, wait_until};
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::{Value, json};

const RULE: &str = "    - {tool: echo, action: ask}";

#[test]
fn a_call_allowed_for_the_session_is_asked_about_once_and_others_are() {
    let stage = Stage::new();
    let mut client = stage.client();
    let said = stage.allow(&mut client, &json!({"n": 1}), &["--for", "session"]);
    assert!(said.contains("with the very same arguments"), "{said}");
    assert!(
        client
            .call("echo", &json!({"n": 1}))
            .get("result")
            .is_some()
    );
    assert!(stage.asks(&mut client, &json!({"n": 2})));

    let decisions = stage.home.decisions();
    let grant = stage.grants().pop().unwrap();
    assert_eq!(decisions[0]["approval"]["answer"], "allow");
    assert_eq!(
        (&decisions[1]["decision"], &decisions[1]["grant"]),
        (&json!("ALLOW"), &grant["id"])
    );
    assert_eq!(
        (&grant["uses"], &grant["what"]),
        (&json!(1), &json!("call"))
    );
    let made = stage.events("GRANT_MADE");
    assert_eq!(made.len(), 1, "{made:?}");
    assert!(
        made[0]["pid"].is_u64() && made[0]["program"].is_string(),
        "{made:?}"
    );

    let mut other = stage.client();
    assert!(stage.asks(&mut other, &json!({"n": 1})), "another session");
    drop(client);
    wait_until("the session's grant to end", PATIENCE, || {
        stage.grants().is_empty()
    });
    assert_eq!(stage.ends(), ["session_ended"]);
    assert!(stage.home.verifies().status.success());
}

#[test]
fn a_grant_is_shared_by_sessions_and_outlives_the_daemon_until_it_is_revoked() {
    let stage = Stage::new();
    let (mut one, mut two) = (stage.client(), stage.client());
    stage.allow(
        &mut one,
        &json!({"n": 1}),
        &["--for", "1h", "--what", "tool"],
    );
    assert!(two.call("echo", &json!({"n": 2})).get("result").is_some());
    stage.home.kill_daemon(Signal::KILL);
    assert!(one.call("echo", &json!({"n": 3})).get("result").is_some());
    assert!(
        stage
            .client()
            .call("echo", &json!({"n": 4}))
            .get("result")
            .is_some()
    );
    assert_eq!(stage.grants()[0]["uses"], 3);

    let mut id = stage.grants()[0]["id"].as_str().unwrap().to_owned();
    id.truncate(6);
    stage.out(&["grants", "revoke", &id]);
    assert!(stage.asks(&mut one, &json!({"n": 5})));
    stage.home.kill_daemon(Signal::KILL);
    assert!(
        stage.asks(&mut two, &json!({"n": 6})),
        "it does not come back"
    );
    assert!(stage.grants().is_empty());
    assert_eq!(stage.ends(), ["revoked"]);
    let end = stage.events("GRANT_ENDED").pop().unwrap();
    assert!(end["pid"].is_u64() && end["uses"] == 3, "{end}");
    let again = stage.home.ctl(&["grants", "revoke", &id]);
    assert_eq!(again.status.code(), Some(4), "{again:?}");
}

#[test]
fn a_grant_for_a_folder_is_not_escaped() {
    let stage = Stage::new();
    let mut client = stage.client();
    let folder = stage.home.work().join("project");
    fs::create_dir_all(folder.join("in")).unwrap();
    symlink("/etc", folder.join("out")).unwrap();
    let path = |rest: &str| json!({"path": format!("{}{rest}", folder.display())});
    let said = stage.allow(
        &mut client,
        &path("/in/a"),
        &["--for", "today", "--arg", "path", "--folder", "project"],
    );
    assert!(said.contains(" until 20"), "{said}");
    for inside in ["/in/b", "", "/new/deep", "/in/../x"] {
        let answer = client.call("echo", &path(inside));
        assert!(answer.get("result").is_some(), "{inside}: {answer}");
    }
    for outside in ["/../x", "/out/passwd", "s/x", "/%2e%2e/x", "/in/*"] {
        assert!(stage.asks(&mut client, &path(outside)), "{outside}");
    }
    // What was inside leads out once a link is made.
    assert!(
        client
            .call("echo", &path("/later/x"))
            .get("result")
            .is_some()
    );
    symlink("/etc", folder.join("later")).unwrap();
    assert!(stage.asks(&mut client, &path("/later/x")));
}

#[test]
fn always_is_shown_first_with_what_it_would_have_allowed() {
    let stage = Stage::new();
    let mut client = stage.client();
    for (n, verb) in [(1, "approve"), (2, "deny"), (3, "approve")] {
        let url = json!({"url": format!("https://api.example.com/{n}")});
        stage.answer(&mut client, &url, verb);
    }
    stage.answer(
        &mut client,
        &json!({"url": "https://other.example/"}),
        "approve",
    );
    let call = json!({"url": "https://api.example.com/4"});
    let id = client.ask_call("echo", &call);
    let approval = stage.waiting();
    assert_eq!(approval["before"]["times"], 3, "{approval}");
    let wanted = [
        "approve",
        approval["id"].as_str().unwrap(),
        "--for",
        "always",
        "--arg",
        "url",
        "--host",
    ];
    let asked = stage.home.ctl(&wanted);
    assert_eq!(
        asked.status.code(),
        Some(2),
        "nobody is there to be asked: {asked:?}"
    );
    let shown = String::from_utf8(asked.stdout).unwrap();
    assert!(
        shown.contains("    host: \"https://api.example.com\""),
        "{shown}"
    );
    assert!(
        shown.contains("would have allowed 3 recorded calls"),
        "{shown}"
    );
    assert!(
        shown.contains("BLOCK  {\"url\":\"https://api.example.com/2\"}"),
        "{shown}"
    );
    assert!(stage.grants().is_empty());
    assert!(
        client.answer(id, Duration::ZERO).is_none(),
        "it still waits"
    );

    stage.out(&[&wanted[..], &["--yes"]].concat());
    assert!(client.answer(id, PATIENCE).unwrap().get("result").is_some());
    let other = json!({"url": "https://api.example.com/5"});
    assert!(client.call("echo", &other).get("result").is_some());
    assert!(stage.asks(
        &mut client,
        &json!({"url": "https://api.example.com@evil.example/"})
    ));
    let exported = stage.out(&["grants", "export"]);
    assert!(exported.contains("    lasts: \"always\"\n"), "{exported}");
    stage.out(&["grants", "revoke", "--all"]);
    assert_eq!(stage.out(&["grants", "export"]), "grants: []\n");
}

#[test]
fn a_changed_definition_or_rule_ends_a_grant() {
    let stage = Stage::new();
    let mut client = stage.client();
    stage.allow(
        &mut client,
        &json!({}),
        &["--for", "always", "--what", "tool", "--yes"],
    );
    stage.lists("another");
    list(&mut client);
    assert!(stage.asks(&mut client, &json!({"n": 1})));
    stage.allow(
        &mut client,
        &json!({}),
        &["--for", "always", "--what", "tool", "--yes"],
    );
    stage.policy("    - {tool: echo, action: ask, rate_limit: 100/hour}");
    stage.out(&["policy", "reload"]);
    stage.policy(RULE);
    stage.out(&["policy", "reload"]);
    assert!(
        stage.asks(&mut client, &json!({"n": 2})),
        "also where it is as it was"
    );
    assert_eq!(stage.ends(), ["definition_changed", "rule_changed"]);
}

/// Nobody calls, and its end is recorded all the same: once, though the daemon dies before it.
#[test]
fn a_grant_whose_time_is_up_ends_by_itself() {
    let stage = Stage::new();
    let mut client = stage.client();
    stage.allow(&mut client, &json!({}), &["--for", "1h", "--what", "tool"]);
    stage.home.kill_daemon(Signal::KILL);
    stage.shorten(Duration::from_secs(2));
    assert!(
        client
            .call("echo", &json!({"n": 1}))
            .get("result")
            .is_some()
    );
    wait_until("its end", PATIENCE, || stage.grants().is_empty());
    assert_eq!(stage.ends(), ["expired"]);
    assert!(stage.asks(&mut client, &json!({"n": 3})));
}

#[test]
fn an_answer_that_can_not_be_recorded_grants_nothing() {
    let stage = Stage::new();
    let mut client = stage.client();
    let id = client.ask_call("echo", &json!({"n": 1}));
    let approval = stage.waiting();
    for file in ["audit.db", "audit.db-wal", "audit.db-shm"] {
        fs::remove_file(stage.home.path().join(file)).unwrap();
    }
    let named = approval["id"].as_str().unwrap();
    let args = ["approve", named, "--for", "1h", "--what", "tool"];
    let said = stage.home.ctl(&args);
    assert_eq!(said.status.code(), Some(4), "{said:?}");
    let why = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(why.contains("can't be recorded"), "{why}");
    let refused = client.answer(id, PATIENCE).expect("an answer");
    assert_eq!(
        refused["error"]["data"]["aip"], "audit_unavailable",
        "{refused}"
    );
    assert!(stage.grants().is_empty());
    assert!(stage.home.record("server").calls().is_empty());
}

#[test]
fn a_client_grants_itself_nothing_and_takes_nothing_back() {
    let stage = Stage::new();
    let mut client = stage.client();
    stage.allow(&mut client, &json!({}), &["--for", "session"]);
    let id = client.ask_call("echo", &json!({"n": 1}));
    let approval = stage.waiting();
    let named = approval["id"].as_str().unwrap();
    for args in [
        &["approve", named, "--for", "1h"][..],
        &["approve", named, "--for", "always", "--yes"],
        &["grants", "revoke", "--all"],
    ] {
        let refused = stage.home.ctl_of_the_client(args);
        assert_eq!(refused.status.code(), Some(4), "{args:?}: {refused:?}");
    }
    assert_eq!(stage.events("COMMAND_REFUSED").len(), 3);
    assert_eq!(stage.grants().len(), 1);
    stage.out(&["deny", named]);
    client.answer(id, PATIENCE).expect("an answer");
}

#[test]
fn what_can_not_be_granted_is_told_and_the_call_waits() {
    let stage = Stage::new();
    let mut client = stage.client();
    let id = client.ask_call("echo", &json!({"text": "x".repeat(5000)}));
    let approval = stage.waiting();
    let named = approval["id"].as_str().unwrap();
    let refused = stage.home.ctl(&["approve", named, "--for", "1h"]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("only once; the call still waits"), "{why}");
    for wrong in [
        &["--what", "tool"][..],
        &["--host"],
        &["--for", "2h"],
        &["--yes"],
    ] {
        let args = [&["approve", named], wrong].concat();
        assert_eq!(stage.home.ctl(&args).status.code(), Some(2), "{wrong:?}");
    }
    stage.out(&["approve", named]);
    assert!(client.answer(id, PATIENCE).unwrap().get("result").is_some());
}

/// A home, a policy that asks about `echo`, and a server that lists it.
struct Stage {
    home: Home,
    policy: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let home = Home::with_config(&format!("{TEST_CONFIG}prompts_per_minute: 100\n"));
        let policy = home.work().join("asking.yaml");
        let stage = Self { home, policy };
        stage.policy(RULE);
        stage.lists("one");
        stage
    }

    fn policy(&self, rule: &str) {
        let written = self
            .home
            .policy("asking", &format!("  tool_rules:\n{rule}"));
        assert_eq!(written, self.policy);
    }

    fn lists(&self, description: &str) {
        let tool = json!([{"name": "echo", "description": description, "inputSchema": {"type": "object"}}]);
        fs::write(self.home.work().join("tools.json"), tool.to_string()).unwrap();
    }

    fn client(&self) -> Client {
        let tools = self.home.work().join("tools.json");
        let switches = ["--tools-from", tools.to_str().unwrap()];
        let mut client = self
            .home
            .wrap(&self.policy, &self.home.record("server"), &switches);
        client.initialize();
        list(&mut client);
        client
    }

    fn waiting(&self) -> Value {
        wait_for("a waiting approval", PATIENCE, || {
            self.home.approvals().pop()
        })
    }

    /// A call that a person answers with a grant; gives what they are told.
    fn allow(&self, client: &mut Client, arguments: &Value, more: &[&str]) -> String {
        let id = client.ask_call("echo", arguments);
        let approval = self.waiting();
        let args = [&["approve", approval["id"].as_str().unwrap()], more].concat();
        let said = self.out(&args);
        let answer = client.answer(id, PATIENCE).expect("an answer");
        assert!(answer.get("result").is_some(), "{answer}");
        said
    }

    fn answer(&self, client: &mut Client, arguments: &Value, verb: &str) {
        let id = client.ask_call("echo", arguments);
        self.out(&[verb, self.waiting()["id"].as_str().unwrap()]);
        client.answer(id, PATIENCE).expect("an answer");
    }

    /// Whether a person is asked about a call; they say no.
    fn asks(&self, client: &mut Client, arguments: &Value) -> bool {
        let id = client.ask_call("echo", arguments);
        let approval = wait_for("an answer or a question", PATIENCE, || {
            let answered = client.answer(id, Duration::from_millis(20));
            answered
                .map(|_| None)
                .or_else(|| self.home.approvals().pop().map(Some))
        });
        let Some(approval) = approval else {
            return false;
        };
        self.out(&["deny", approval["id"].as_str().unwrap()]);
        client.answer(id, PATIENCE).expect("an answer");
        true
    }

    /// The hour is over sooner.
    fn shorten(&self, left: Duration) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let until = i64::try_from((now + left).as_millis()).unwrap();
        let store = Connection::open(self.home.path().join("audit.db")).unwrap();
        let set = "UPDATE grant SET body = json_set(body, '$.until_ms', ?1)";
        assert_eq!(store.execute(set, [until]).unwrap(), 1);
    }

    fn out(&self, args: &[&str]) -> String {
        let output = self.home.ctl(args);
        assert!(output.status.success(), "aipctl {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn grants(&self) -> Vec<Value> {
        serde_json::from_str(&self.out(&["grants", "--json"])).unwrap()
    }

    fn events(&self, name: &str) -> Vec<Value> {
        self.home
            .ctl_lines(&["logs", "--json", "--events", "--limit", "100000"])
            .into_iter()
            .filter(|line| line["event"] == name)
            .collect()
    }

    fn ends(&self) -> Vec<String> {
        let reason = |it: &Value| it["reason"].as_str().unwrap().to_owned();
        self.events("GRANT_ENDED").iter().map(reason).collect()
    }
}

fn list(client: &mut Client) {
    let listed = client.request("tools/list", &json!({}));
    assert!(listed.get("result").is_some(), "{listed}");
}
