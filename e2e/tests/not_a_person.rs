//! What only a person may do is refused to what a client or a server runs, however it hides.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, recorder};
use e2e::needs::{needs, tool};
use e2e::programs::{program, workspace};
use e2e::wait::wait_for;
use serde_json::{Value, json};

const SPEC: &str = "  tool_rules:\n    - {tool: echo, action: ask}";
const WAYS: [&str; 4] = ["plainly", "terminal", "loose", "own"];

struct Stage {
    home: Home,
    client: Client,
    call: i64,
    approval: String,
}

impl Stage {
    /// A call waits. The server is a shell that first starts, in the background, what stands in
    /// `go` once that is there, and then becomes the recorder.
    fn new() -> Self {
        Self::under(&[])
    }

    /// The same with this program as the client, which runs what follows.
    fn under(client: &[&str]) -> Self {
        let home = Home::with_config("");
        let record = home.record("server");
        let go = home.work().join("go");
        let script = format!(
            "(until [ -f '{0}' ]; do sleep 0.05; done; . '{0}') <&- >&- & exec \"$@\"",
            go.display()
        );
        let mut server: Vec<String> = ["/bin/sh", "-c", &script, "sh"].map(str::to_owned).into();
        server.extend(recorder(&record, &[]));
        let policy = home.policy("asking", SPEC);
        let mut client = Client::start(below(&home, client, home.aip(&policy, &[], &server)));
        client.initialize();
        let call = client.ask_call("echo", &json!({"n": 1}));
        let waits = wait_for("a waiting call", PATIENCE, || home.approvals().pop());
        let approval = waits["id"].as_str().unwrap().to_owned();
        Self {
            home,
            client,
            call,
            approval,
        }
    }

    /// The attacker's command line.
    fn attack(&self, how: &str, command: &[&str]) -> Vec<String> {
        let script = workspace().join("e2e/attacks/answers.py");
        let mut line: Vec<String> = vec![
            "python3".to_owned(),
            script.display().to_string(),
            how.to_owned(),
            self.home.path().display().to_string(),
            program("aipctl").display().to_string(),
        ];
        line.extend(command.iter().map(|&it| it.to_owned()));
        line
    }

    fn outcome(&self, how: &str) -> Value {
        let path: PathBuf = self.home.path().join("outcome");
        let text = wait_for(how, PATIENCE, || fs::read_to_string(&path).ok());
        fs::remove_file(path).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn is_refused(&self, how: &str, said: &Value) {
        assert_eq!(said["code"], 4, "{how}: {said}");
        let text = said["said"].as_str().unwrap();
        assert!(text.contains("this is for a person to do"), "{how}: {text}");
        assert_eq!(self.home.approvals().len(), 1, "{how}: it waits on");
        let refused = refusals(&self.home).pop().expect("a record of it");
        assert_eq!(refused["command"], "approve", "{how}: {refused}");
        assert_eq!(refused["approval_id"], self.approval.as_str());
        let program = refused["program"].as_str().unwrap();
        assert!(
            program.contains("aipctl") || program.contains("python"),
            "{program}"
        );
    }

    /// The person's own terminal counts.
    fn person_allows(mut self) {
        let allowed = self.home.ctl(&["approve", &self.approval]);
        assert!(allowed.status.success(), "{allowed:?}");
        let answer = self.client.answer(self.call, PATIENCE).expect("an answer");
        assert!(answer.get("result").is_some(), "{answer}");
    }
}

fn below(home: &Home, client: &[&str], aip: Command) -> Command {
    let [program, args @ ..] = client else {
        return aip;
    };
    let mut command = Command::new(program);
    home.dress(&mut command);
    command
        .args(args)
        .arg(aip.get_program())
        .args(aip.get_args());
    command
}

fn refusals(home: &Home) -> Vec<Value> {
    let mut events = home.ctl_lines(&["logs", "--json", "--events", "--limit", "1000"]);
    events.retain(|it| it["event"] == "COMMAND_REFUSED");
    events
}

#[test]
fn a_shell_the_client_started_can_not_answer_for_the_person() {
    let test = "a_shell_the_client_started_can_not_answer_for_the_person";
    if needs(test, tool("python3")).is_none() {
        return;
    }
    let stage = Stage::new();
    for how in WAYS {
        let line = stage.attack(how, &["approve", &stage.approval]);
        let mut command = Command::new(&line[0]);
        stage.home.dress(&mut command);
        assert!(command.args(&line[1..]).status().unwrap().success());
        stage.is_refused(how, &stage.outcome(how));
    }
    assert_eq!(refusals(&stage.home).len(), WAYS.len());
    let status = stage.home.status();
    let told = status["attention"].to_string();
    assert!(told.contains("4 commands were refused"), "{told}");
    stage.person_allows();
}

#[test]
fn a_shell_the_server_started_can_not_answer_for_the_person() {
    let test = "a_shell_the_server_started_can_not_answer_for_the_person";
    if needs(test, tool("python3")).is_none() {
        return;
    }
    for how in WAYS {
        let stage = Stage::new();
        let line = stage.attack(how, &["approve", &stage.approval]).join(" ");
        let (go, new) = (
            stage.home.work().join("go"),
            stage.home.work().join("go.new"),
        );
        fs::write(&new, line).unwrap();
        fs::rename(new, go).unwrap();
        stage.is_refused(how, &stage.outcome(how));
        stage.person_allows();
    }
}

#[test]
fn everything_for_a_person_alone_is_refused_to_the_client() {
    let stage = Stage::new();
    let policy = stage.home.policy("asking", "  allowed_tools: [echo]");
    assert!(stage.home.ctl(&["policy", "reload"]).status.success());
    let policy = policy.display().to_string();
    let commands: [&[&str]; 6] = [
        &["approve", &stage.approval],
        &["deny", &stage.approval],
        &["extend", &stage.approval],
        &["policy", "trust", &policy, "--yes"],
        &["pause", "15m"],
        &[
            "audit",
            "erase",
            "--before",
            "2030-01-01T00:00:00Z",
            "--yes",
        ],
    ];
    for command in commands {
        let refused = stage.home.ctl_of_the_client(command);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(4), "{command:?}: {said}");
        assert!(said.contains("it was not typed in a terminal"), "{said}");
    }
    assert_eq!(refusals(&stage.home).len(), commands.len());
    // Whoever fears the worst may stop everything, and only the person ends that.
    assert!(stage.home.ctl_of_the_client(&["stop-all"]).status.success());
    let resumed = stage.home.ctl_of_the_client(&["resume"]);
    assert_eq!(resumed.status.code(), Some(4), "{resumed:?}");
    assert!(stage.home.ctl(&["resume"]).status.success());
}

/// For tests and CI; `aipctl status` says so.
#[test]
fn with_approval_auth_off_any_program_counts() {
    let stage = Stage::new();
    stage.home.configure("approval_auth: off\n");
    let refused = stage.home.ctl_of_the_client(&["approve", &stage.approval]);
    assert_eq!(
        refused.status.code(),
        Some(4),
        "the daemon runs as it began"
    );
    stage.home.kill_daemon(rustix::process::Signal::TERM);
    let allowed = wait_for("an answer that counts", PATIENCE, || {
        let said = stage.home.ctl_of_the_client(&["approve", &stage.approval]);
        said.status.success().then_some(said)
    });
    assert!(allowed.status.success());
    let told = stage.home.status()["attention"].to_string();
    assert!(told.contains("any program can answer for you"), "{told}");
}

/// One that tries very often fills neither the store nor the log.
#[test]
fn of_many_refusals_the_first_are_recorded_and_the_rest_counted() {
    let stage = Stage::new();
    for _ in 0..40 {
        let refused = stage.home.ctl_of_the_client(&["approve", &stage.approval]);
        assert_eq!(refused.status.code(), Some(4));
    }
    assert_eq!(refusals(&stage.home).len(), 30);
    let told = stage.home.status()["attention"].to_string();
    assert!(told.contains("40 commands were refused"), "{told}");
}

/// What aip can't stop: keys sent to a shell that was there before the client are the person's own.
#[test]
fn a_multiplexer_that_was_there_before_types_for_anybody() {
    let test = "a_multiplexer_that_was_there_before_types_for_anybody";
    if needs(test, tool("tmux").and_then(|()| tool("python3"))).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tmux = |args: &[&str]| {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(folder.path().join("tmux")).args(args);
        command
    };
    let session = ["new-session", "-d", "-x", "200", "-y", "24", "sh"];
    let started = e2e::person::runs(&tmux(&session));
    assert!(started.status.success(), "{started:?}");
    let runs = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))";
    let mut stage = Stage::under(&["python3", "-c", runs]);
    let home = format!("AIP_HOME={}", stage.home.path().display());
    let aipctl = program("aipctl");
    let line = format!("{home} {} approve {}", aipctl.display(), stage.approval);
    let typed = tmux(&["send-keys", &line, "Enter"]).status().unwrap();
    assert!(typed.success());
    let answer = stage.client.answer(stage.call, PATIENCE);
    let ended = tmux(&["kill-server"]).status();
    assert!(ended.is_ok_and(|it| it.success()));
    assert!(answer.expect("an answer").get("result").is_some());
}
