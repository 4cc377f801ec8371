//! The HTTP API against its own description: Schemathesis makes up requests, good and bad, and
//! holds every answer against the document that aipd serves.
#![expect(clippy::unwrap_used, reason = "what fails ends the test")]

use std::path::Path;
use std::process::{Command, Output};

use e2e::client::{Client, PATIENCE};
use e2e::counterparts::installed;
use e2e::dashboard::{Dashboard, request};
use e2e::home::{Home, recorder};
use e2e::needs::needs;
use e2e::programs::workspace;
use e2e::wait::wait_for;
use serde_json::{Value, json};

const SPEC: &str = "  allowed_tools: [echo]\n  tool_rules:\n    - {tool: other, action: ask}";

#[test]
fn every_answer_is_one_the_description_has() {
    let test = "every_answer_is_one_the_description_has";
    let Some(program) = needs(test, installed("schemathesis/bin/st")) else {
        return;
    };
    let stage = Stage::new();
    let document = request(stage.door.port, "GET", "/api/v1/openapi.json", "", None).body;
    let tried = stage.tries(&program, &document, &[]);
    let told = String::from_utf8_lossy(&tried.stdout).into_owned();
    assert!(tried.status.success(), "{told}");
    // That it was let in, and came as far as the operations.
    let metrics = request(stage.door.port, "GET", "/metrics", &stage.token, None);
    let answered = |status: u16| -> u64 {
        let line = format!("aip_http_requests_total{{status=\"{status}\"}} ");
        let mut lines = metrics.body.lines().filter_map(|it| it.strip_prefix(&line));
        lines.next().unwrap().parse().unwrap()
    };
    assert!(answered(200) > 100, "{}", metrics.body);
    assert!(answered(400) > 50 && answered(405) > 20, "{}", metrics.body);
    assert_eq!(answered(500), 0);
}

/// It is able to fail: an answer that lacks what the description promises is found.
#[test]
fn an_answer_that_is_not_as_described_is_found() {
    let test = "an_answer_that_is_not_as_described_is_found";
    let Some(program) = needs(test, installed("schemathesis/bin/st")) else {
        return;
    };
    let stage = Stage::new();
    let document = request(stage.door.port, "GET", "/api/v1/openapi.json", "", None).body;
    let mut document: Value = serde_json::from_str(&document).unwrap();
    let required = &mut document["components"]["schemas"]["Status"]["required"];
    required.as_array_mut().unwrap().push(json!("not_there"));
    let tried = stage.tries(
        &program,
        &document.to_string(),
        &["--include-path", "/status"],
    );
    let told = String::from_utf8_lossy(&tried.stdout).into_owned();
    assert_eq!(tried.status.code(), Some(1), "{told}");
    assert!(told.contains("not_there"), "{told}");
}

struct Stage {
    home: Home,
    door: Dashboard,
    token: String,
    _client: Client,
}

impl Stage {
    /// A session, some decisions, and a call that waits.
    fn new() -> Self {
        let home = Home::with_config("approval_auth: off\nask_timeout: 600\n");
        let policy = home.policy("api", SPEC);
        let server = recorder(&home.record("server"), &[]);
        let mut client = Client::start(home.aip(&policy, &[], &server));
        client.initialize();
        client.call("echo", &json!({"n": 1}));
        client.call("none", &json!({"n": 2}));
        let _waits = client.ask_call("other", &json!({"n": 3}));
        wait_for("a waiting call", PATIENCE, || home.approvals().pop());
        let door = Dashboard::of(&home);
        let token = door.token(&home);
        Self {
            home,
            door,
            token,
            _client: client,
        }
    }

    fn tries(&self, program: &str, document: &str, more: &[&str]) -> Output {
        let path = self.home.work().join("openapi.json");
        std::fs::write(&path, document).unwrap();
        let config = workspace().join("e2e/counterparts/schemathesis.toml");
        let config = config.display().to_string();
        let url = format!("http://127.0.0.1:{}/api/v1", self.door.port);
        let bearer = format!("Authorization: Bearer {}", self.token);
        let mut command = Command::new(program);
        command
            .current_dir(self.home.work())
            .args(["--config-file", &config, "run"])
            .arg(Path::new(&path))
            .args(["--url", &url, "--header", &bearer])
            .args(["--checks", "all", "--max-examples", "15", "--seed", "1"])
            // A stream does not end; and the token is wanted until the end.
            .args(["--exclude-path", "/events"])
            .args(["--exclude-operation-id", "end_token"])
            .args(["--workers", "2", "--request-timeout", "20", "--no-color"])
            .args(more)
            .output()
            .unwrap()
    }
}
