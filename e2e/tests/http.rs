//! The dashboard's door beside sessions: whom it takes for the person, and what it tells.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use e2e::client::{Client, PATIENCE};
use e2e::dashboard::{Dashboard, connect, events, request, written};
use e2e::home::{Home, recorder};
use e2e::needs::{needs, root, tool};
use e2e::person;
use e2e::programs::workspace;
use e2e::wait::{wait_for, wait_until};
use serde_json::{Value, json};

const SPEC: &str =
    "  tool_rules:\n    - {tool: echo, action: ask}\n    - {tool: free, action: allow}";

struct Stage {
    home: Home,
    client: Client,
    door: Dashboard,
}

impl Stage {
    /// The server is a shell that first starts, in the background, what stands in `go` once that is
    /// there, and then becomes the recorder.
    fn new(config: &str) -> Self {
        let home = Home::with_config(config);
        let record = home.record("server");
        let go = home.work().join("go");
        let script = format!(
            "(until [ -f '{0}' ]; do sleep 0.05; done; . '{0}') <&- >&- & exec \"$@\"",
            go.display()
        );
        let mut server: Vec<String> = ["/bin/sh", "-c", &script, "sh"].map(str::to_owned).into();
        server.extend(recorder(&record, &[]));
        let policy = home.policy("asking", SPEC);
        let mut client = Client::start(home.aip(&policy, &[], &server));
        client.initialize();
        let door = Dashboard::of(&home);
        Self { home, client, door }
    }

    /// A call waits: its id, and the approval's.
    fn asks(&mut self) -> (i64, String) {
        let call = self.client.ask_call("echo", &json!({"n": 1}));
        let waits = wait_for("a waiting call", PATIENCE, || self.home.approvals().pop());
        (call, waits["id"].as_str().unwrap().to_owned())
    }

    /// What `curl` needs to ask for this.
    fn curl(&self, method: &str, path: &str, token: &str, body: &Value) -> Vec<String> {
        let url = format!("http://127.0.0.1:{}{path}", self.door.port);
        let bearer = format!("authorization: Bearer {token}");
        let args = [
            "curl",
            "--silent",
            "--request",
            method,
            "--header",
            &bearer,
            "--header",
            "content-type: application/json",
            "--data",
            &body.to_string(),
            &url,
        ];
        args.map(str::to_owned).into()
    }

    /// The same, run in the person's terminal: a program of theirs, as their browser is.
    fn person_curls(&self, method: &str, path: &str, token: &str, body: &Value) -> Value {
        let line = self.curl(method, path, token, body);
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]);
        let output = person::runs(&command);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }

    /// The person's own token.
    fn token(&self) -> String {
        let body = json!({"code": self.door.code(&self.home)});
        let traded = self.person_curls("POST", "/api/v1/token", "", &body);
        traded["token"]
            .as_str()
            .unwrap_or_else(|| panic!("{traded}"))
            .to_owned()
    }

    fn events(&self, name: &str) -> Vec<Value> {
        let lines = ["logs", "--json", "--events", "--limit", "1000"];
        let mut events = self.home.ctl_lines(&lines);
        events.retain(|it| it["event"] == name);
        events
    }
}

fn is_refused(said: &str) {
    assert!(said.contains("not_a_person"), "{said}");
    assert!(said.contains("do it by `aipctl` in a terminal"), "{said}");
}

#[test]
fn a_stolen_token_answers_for_no_client_and_no_server() {
    let test = "a_stolen_token_answers_for_no_client_and_no_server";
    if needs(test, tool("curl").and_then(|()| tool("python3"))).is_none() {
        return;
    }
    let mut stage = Stage::new("");
    let (call, approval) = stage.asks();
    let token = stage.token();
    let path = format!("/api/v1/approvals/{approval}/answer");
    let yes = json!({"allow": true});
    let line = stage.curl("POST", &path, &token, &yes);

    // The client itself, and what it starts, however loose.
    let own = request(stage.door.port, "POST", &path, &token, Some(&yes));
    assert_eq!(own.status, 403);
    is_refused(&own.body);
    let script = workspace().join("e2e/attacks/answers.py");
    let outcome = stage.home.path().join("outcome");
    for how in ["plainly", "terminal", "loose"] {
        let status = Command::new("python3")
            .arg(&script)
            .arg(how)
            .arg(stage.home.path())
            .args(&line)
            .status();
        assert!(status.unwrap().success());
        is_refused(&wait_for(how, PATIENCE, || {
            fs::read_to_string(&outcome).ok()
        }));
        fs::remove_file(&outcome).unwrap();
    }
    // The shell of the wrapped server.
    let quoted: Vec<String> = line.iter().map(|it| format!("'{it}'")).collect();
    let said = stage.home.work().join("said");
    let go = stage.home.work().join("go");
    let text = format!(
        "{} >'{1}.new'; mv '{1}.new' '{1}'\n",
        quoted.join(" "),
        said.display()
    );
    fs::write(go.with_extension("new"), text).unwrap();
    fs::rename(go.with_extension("new"), &go).unwrap();
    is_refused(&wait_for("the server's curl", PATIENCE, || {
        fs::read_to_string(&said).ok()
    }));

    assert_eq!(stage.home.approvals().len(), 1, "it waits on");
    let refused = stage.events("COMMAND_REFUSED");
    assert_eq!(refused.len(), 5, "{refused:?}");
    for record in &refused {
        assert_eq!(record["command"], "approve");
        assert_eq!(record["channel"], "dashboard");
        assert_eq!(record["approval_id"], approval.as_str());
    }
    assert!(refused[4]["program"].as_str().unwrap().ends_with("curl"));
    let told = stage.home.status()["attention"].to_string();
    assert!(told.contains("`approve` on the dashboard"), "{told}");

    // A program of the person's counts.
    let allowed = stage.person_curls("POST", &path, &token, &yes);
    assert_eq!(allowed["state"], "allowed", "{allowed}");
    let answer = stage.client.answer(call, PATIENCE).expect("an answer");
    assert!(answer.get("result").is_some(), "{answer}");
    let decided = stage.home.decisions().pop().unwrap();
    assert_eq!(decided["approval"]["channel"], "dashboard", "{decided}");
}

/// Neither is anything else that only a person may do; to look is not refused.
#[test]
fn what_is_for_a_person_alone_is_refused_to_a_client_with_a_token() {
    let test = "what_is_for_a_person_alone_is_refused_to_a_client_with_a_token";
    if needs(test, tool("curl")).is_none() {
        return;
    }
    let mut stage = Stage::new("");
    let (_, approval) = stage.asks();
    let token = stage.token();
    let ask = |method: &str, path: &str, body: &Value| {
        request(
            stage.door.port,
            method,
            &format!("/api/v1{path}"),
            &token,
            Some(body),
        )
    };
    let grant = json!({"what": {"kind": "tool"}, "lasts": {"kind": "always"}});
    let of = |what: &str| format!("/approvals/{approval}/{what}");
    for (method, path, body) in [
        ("POST", of("answer"), json!({"allow": false})),
        ("POST", of("answer"), json!({"allow": true, "grant": grant})),
        ("POST", of("extend"), json!({})),
        ("POST", of("plan"), json!({"grant": grant})),
        (
            "POST",
            "/override".to_owned(),
            json!({"mode": "monitor", "until": "2100-01-01T00:00:00Z"}),
        ),
        (
            "POST",
            "/policies/trust".to_owned(),
            json!({"path": "/x", "hash": "y"}),
        ),
        ("DELETE", "/grants/x".to_owned(), json!({})),
    ] {
        let refused = ask(method, &path, &body);
        assert_eq!(refused.status, 403, "{path}: {refused:?}");
        is_refused(&refused.body);
    }
    let servers = ask("GET", "/servers", &json!({})).json();
    let server = servers["items"][0]["id"].as_str().expect("it is pinned");
    let approve = format!("/servers/{server}/approve");
    is_refused(&ask("POST", &approve, &json!({"tools": []})).body);
    let list = ask("GET", "/approvals", &json!({}));
    assert_eq!(list.json()["items"][0]["id"], approval.as_str());
    assert_eq!(
        ask("GET", &format!("/approvals/{approval}"), &json!({})).status,
        200
    );
    // Whoever fears the worst may stop everything.
    assert_eq!(
        ask("POST", "/override", &json!({"mode": "deny_all"})).status,
        200
    );
    is_refused(&ask("POST", "/override", &json!({"mode": "none"})).body);
}

#[test]
fn a_stolen_code_is_neither_used_nor_spent() {
    let test = "a_stolen_code_is_neither_used_nor_spent";
    if needs(test, tool("curl")).is_none() {
        return;
    }
    let stage = Stage::new("");
    let body = json!({"code": stage.door.code(&stage.home)});
    let stolen = request(stage.door.port, "POST", "/api/v1/token", "", Some(&body));
    assert_eq!(stolen.status, 403, "{stolen:?}");
    assert!(stolen.body.contains("not_a_person"), "{stolen:?}");
    let refused = stage.events("DASHBOARD_REFUSED");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["pid"], std::process::id());
    let traded = stage.person_curls("POST", "/api/v1/token", "", &body);
    assert_eq!(traded["scope"], "full", "{traded}");
    assert_eq!(stage.events("DASHBOARD_OPENED").len(), 1);
    // Nor does a client get a code of its own.
    for how in ["--print", "--token"] {
        let refused = stage.home.ctl_of_the_client(&["dashboard", how]);
        assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    }
}

/// Said on the control socket, the word of the dashboard is a command's.
#[test]
fn nobody_says_that_they_are_the_dashboard() {
    let mut stage = Stage::new("");
    let (call, approval) = stage.asks();
    let line = json!({"op": "answer", "id": approval, "allow": true, "channel": "dashboard"});
    let socket = stage.home.path().join("run/control.sock");
    let said = person::says(&socket, &line.to_string());
    assert!(said.contains("allowed"), "{said}");
    stage.client.answer(call, PATIENCE).expect("an answer");
    let decided = stage.home.decisions().pop().unwrap();
    assert_eq!(decided["approval"]["channel"], "control", "{decided}");
}

#[test]
fn another_user_is_not_even_answered() {
    let test = "another_user_is_not_even_answered";
    let needed = root()
        .and_then(|()| tool("setpriv"))
        .and_then(|()| tool("curl"));
    if needs(test, needed).is_none() {
        return;
    }
    let stage = Stage::new("");
    let url = format!("http://127.0.0.1:{}/health", stage.door.port);
    let ours = Command::new("curl")
        .args(["--silent", &url])
        .output()
        .unwrap();
    assert!(ours.status.success(), "{ours:?}");
    let theirs = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .args(["curl", "--silent", &url])
        .output()
        .unwrap();
    // 52: the server returned nothing; 56: it reset the connection.
    assert!(matches!(theirs.status.code(), Some(52 | 56)), "{theirs:?}");
    assert!(theirs.stdout.is_empty());
}

#[test]
fn a_page_hears_of_calls_that_wait_and_of_decisions() {
    let mut stage = Stage::new("approval_auth: off\n");
    let token = stage.door.token(&stage.home);
    let mut told = events(stage.door.port, &token, None);
    let mut next = |event: &str| -> Value {
        let line = format!("event: {event}");
        let mut told = told.by_ref().skip_while(|it| *it != line);
        let data = told.find_map(|it| it.strip_prefix("data: ").map(str::to_owned));
        serde_json::from_str(&data.expect("more is told")).unwrap()
    };
    next("ready");
    let (call, approval) = stage.asks();
    let asked = next("approval");
    assert_eq!(
        (&asked["id"], &asked["state"]),
        (&json!(approval), &json!("waiting"))
    );
    assert_eq!(asked["args"], "{\"n\":1}");
    let path = format!("/api/v1/approvals/{approval}/answer");
    let denied = request(
        stage.door.port,
        "POST",
        &path,
        &token,
        Some(&json!({"allow": false})),
    );
    assert_eq!(denied.json()["state"], "denied");
    assert_eq!(next("approval")["state"], "denied");
    let answer = stage.client.answer(call, PATIENCE).expect("an answer");
    assert_eq!(answer["error"]["code"], -32004);
    let mut late = events(stage.door.port, &token, Some(0));
    assert!(late.any(|it| it.starts_with("data: ") && it.contains("\"decision\":\"BLOCK\"")));
    let metrics = request(stage.door.port, "GET", "/metrics", &token, None).body;
    for line in [
        "aip_decisions_total{decision=\"BLOCK\"} 1",
        "aip_approvals_answered_total{channel=\"dashboard\"} 1",
        "aip_errors_total{code=\"-32004\"} 1",
        "aip_sessions 1",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line} in {metrics}");
    }
}

/// More is told than the kernel holds for one who reads nothing.
#[test]
fn a_reader_that_reads_nothing_holds_up_nobody() {
    let mut stage = Stage::new("approval_auth: off\n");
    let token = stage.door.token(&stage.home);
    let mut stuck = connect(stage.door.port);
    let ask = written(
        stage.door.port,
        "GET",
        "/api/v1/events?after=0",
        &token,
        None,
    );
    std::io::Write::write_all(&mut stuck, ask.as_bytes()).unwrap();
    let long = "x".repeat(15 * 1024);
    let begun = Instant::now();
    for n in 0..470 {
        let answer = stage.client.call("free", &json!({"n": n, "text": long}));
        assert!(answer.get("result").is_some(), "{answer}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    let pid = stage.home.daemons()[0];
    assert!(
        e2e::home::own_kib(pid) < 64 * 1024,
        "{}",
        e2e::home::own_kib(pid)
    );
    let mut other = events(stage.door.port, &token, Some(0));
    assert!(other.any(|it| it.contains("\"n\":469")));
    drop(stuck);
}

#[test]
fn aipctl_says_where_the_dashboard_is_and_that_it_was_opened() {
    let stage = Stage::new("approval_auth: off\n");
    let address = format!("http://127.0.0.1:{}/", stage.door.port);
    let status = stage.home.ctl(&["status"]);
    assert!(
        String::from_utf8_lossy(&status.stdout).contains(&address),
        "{status:?}"
    );
    let mut child = stage
        .home
        .command("aipctl")
        .arg("dashboard")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines.by_ref().map_while(Result::ok);
    let line = lines
        .find(|it| it.starts_with(&address))
        .expect("an address");
    let (_, code) = line.split_once("#code=").unwrap();
    let body = json!({"code": code});
    let traded = request(stage.door.port, "POST", "/api/v1/token", "", Some(&body));
    assert_eq!(traded.status, 200, "{traded:?}");
    assert_eq!(lines.next().as_deref(), Some("The dashboard is open."));
    assert!(child.wait().unwrap().success());
    let token = traded.json()["token"].as_str().unwrap().to_owned();
    let revoked = stage.home.ctl(&["dashboard", "--revoke"]);
    assert!(
        String::from_utf8_lossy(&revoked.stdout).contains("Ended 1"),
        "{revoked:?}"
    );
    wait_until("the token to end", PATIENCE, || {
        request(stage.door.port, "GET", "/api/v1/status", &token, None).status == 401
    });
}

#[test]
fn a_token_for_programs_is_printed_for_them() {
    let stage = Stage::new("approval_auth: off\n");
    let printed = stage.home.ctl(&["dashboard", "--token"]);
    let made: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let token = made["token"].as_str().unwrap();
    assert_eq!(
        made["url"],
        format!("http://127.0.0.1:{}/", stage.door.port)
    );
    assert_eq!(
        request(stage.door.port, "GET", "/metrics", token, None).status,
        200
    );
    let stop = json!({"mode": "deny_all"});
    let refused = request(
        stage.door.port,
        "POST",
        "/api/v1/override",
        token,
        Some(&stop),
    );
    assert_eq!(refused.status, 403);
}
