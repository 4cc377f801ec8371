//! The daemon under a service manager: real `systemd-socket-activate`, takeover from a daemon
//! that came first, and the end when idle.
#![expect(
    clippy::expect_used,
    reason = "what fails ends the test, with what was expected"
)]

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use e2e::client::{Client, PATIENCE};
use e2e::home::Home;
use e2e::needs::{needs, tool};
use e2e::programs::program;
use e2e::wait::{wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

const SPEC: &str = "  allowed_tools: [echo]";

#[test]
fn systemd_hands_over_both_sockets_whatever_their_names_are() {
    for (names, first) in [("shim:control", "shim"), ("x:x", "control")] {
        let test = "systemd_hands_over_both_sockets_whatever_their_names_are";
        let Some(()) = needs(test, tool("systemd-socket-activate")) else {
            return;
        };
        let home = Home::new();
        let manager = activate(&home, names, first);
        assert!(home.daemons().is_empty(), "nobody has connected yet");
        let mut client = session(&home, "server");
        assert_eq!(home.daemons(), [manager.0.id()], "the activated one serves");
        works(&mut client, 1);
        assert_eq!(home.status()["daemon"]["pid"], manager.0.id());
        assert_eq!(service_status(&home)["started_by"], "socket");
        for socket in sockets(&home) {
            let mode = socket.metadata().expect("a socket").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", socket.display());
        }
        home.kill_daemon(Signal::TERM);
        for socket in sockets(&home) {
            assert!(socket.exists(), "{} is the manager's", socket.display());
        }
    }
}

#[test]
fn systemds_daemon_ends_by_itself_when_nobody_needs_it() {
    let name = "systemds_daemon_ends_by_itself_when_nobody_needs_it";
    let Some(()) = needs(name, tool("systemd-socket-activate")) else {
        return;
    };
    let home = Home::with_config("policy_trust: off\nidle_exit: 1\n");
    let mut manager = activate(&home, "shim:control", "shim");
    let mut client = session(&home, "server");
    works(&mut client, 1);
    client.close();
    client.wait(PATIENCE);
    let status = wait_for("the idle end", PATIENCE, || {
        manager.0.try_wait().expect("a child")
    });
    assert!(status.success(), "{status}");
    for socket in sockets(&home) {
        assert!(socket.exists(), "{} is the manager's", socket.display());
    }
}

#[test]
fn a_session_notices_nothing_of_a_takeover() {
    let Some(()) = needs(
        "a_session_notices_nothing_of_a_takeover",
        tool("systemd-socket-activate"),
    ) else {
        return;
    };
    let home = Home::new();
    let policy = home.policy("service", SPEC);
    let mut client = home.wrap(&policy, &home.record("server"), &["--delay", "700"]);
    client.initialize();
    works(&mut client, 1);
    let first = home.daemons();
    assert_eq!(service_status(&home)["started_by"], "command");

    let manager = activate(&home, "shim:control", "shim");
    assert_eq!(home.daemons(), first, "nobody new has connected yet");
    let under_way = client.ask_call("echo", &json!({"n": 2}));
    wait_until("the call at the server", PATIENCE, || {
        home.record("server").calls().len() == 2
    });
    wait_until("the takeover", PATIENCE, || {
        home.status()["daemon"]["pid"] == manager.0.id()
    });
    let answer = client.answer(under_way, PATIENCE).expect("an answer");
    assert!(answer.get("result").is_some(), "{answer}");
    works(&mut client, 3);
    assert_eq!(home.daemons(), [manager.0.id()]);
    for socket in sockets(&home) {
        assert!(
            socket.exists(),
            "{} was unlinked by the first",
            socket.display()
        );
    }
    let calls = home.record("server").calls();
    assert_eq!(calls.len(), 3, "each call ran once: {calls:?}");
    assert_eq!(home.decisions().len(), 3);
    assert!(home.verifies().status.success(), "{:?}", home.verifies());
    let mut later = session(&home, "later");
    works(&mut later, 1);
    assert_eq!(home.daemons(), [manager.0.id()]);
}

#[test]
fn an_idle_daemon_ends_and_the_next_connection_starts_it_again() {
    let home = Home::with_config("policy_trust: off\nidle_exit: 1\n");
    let manager = Manager::new(&home);
    let mut daemon = manager.start(&home);
    let mut client = session(&home, "server");
    std::thread::sleep(Duration::from_millis(2500));
    works(&mut client, 1);
    assert_eq!(home.daemons(), [daemon.id()], "a session keeps it");

    client.close();
    client.wait(PATIENCE);
    let status = wait_for("the idle end", PATIENCE, || {
        daemon.try_wait().expect("a child")
    });
    assert!(status.success(), "{status}");
    let shown = home.ctl(&["service", "status"]);
    assert_eq!(shown.status.code(), Some(3), "{shown:?}");
    assert!(text(&shown).contains("aipd is not running"), "{shown:?}");

    // What connects meanwhile waits in the manager's queue.
    let policy = home.policy("service", SPEC);
    let mut client = home.wrap(&policy, &home.record("again"), &[]);
    let mut daemon = manager.start(&home);
    client.initialize();
    works(&mut client, 2);
    assert_eq!(home.daemons(), [daemon.id()]);
    drop(client);
    wait_for("the idle end", PATIENCE, || {
        daemon.try_wait().expect("a child")
    });
    // With nobody to hold the sockets, aipctl starts a daemon of its own.
    drop(manager);
    assert_eq!(home.decisions().len(), 2);
}

#[test]
fn a_daemon_that_holds_its_own_sockets_never_ends_by_itself() {
    let home = Home::with_config("policy_trust: off\nidle_exit: 1\n");
    assert!(home.ctl(&["service", "start"]).status.success());
    let daemons = home.daemons();
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(home.daemons(), daemons);
    home.kill_daemon(Signal::TERM);
    for socket in sockets(&home) {
        assert!(!socket.exists(), "{} is its own", socket.display());
    }
}

#[test]
fn sockets_elsewhere_are_refused_by_name() {
    let home = Home::new();
    let manager = Manager::new(&home);
    let elsewhere = home.work().join("other.sock");
    let people = UnixListener::bind(&elsewhere).expect("a socket");
    let mut command = activated(&home, &manager.shims, &people);
    let output = command.stderr(Stdio::piped()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains(&format!("`{}`", elsewhere.display())),
        "{said}"
    );
}

fn session(home: &Home, record: &str) -> Client {
    let policy = home.policy("service", SPEC);
    let mut client = home.wrap(&policy, &home.record(record), &[]);
    client.initialize();
    client
}

fn works(client: &mut Client, n: u64) {
    let answer = client.call("echo", &json!({ "n": n }));
    assert!(answer.get("result").is_some(), "{answer}");
}

fn sockets(home: &Home) -> [PathBuf; 2] {
    ["shim.sock", "control.sock"].map(|name| home.path().join("run").join(name))
}

fn service_status(home: &Home) -> Value {
    let output = home.ctl(&["service", "status", "--json"]);
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A child that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `systemd-socket-activate` listens, and becomes aipd at the first connection.
fn activate(home: &Home, names: &str, first: &str) -> Ended {
    let run = make_run(home);
    let second = if first == "shim" { "control" } else { "shim" };
    let before = sockets(home).map(|path| inode(&path));
    let mut command = Command::new("systemd-socket-activate");
    for name in [first, second] {
        command
            .arg("--listen")
            .arg(run.join(format!("{name}.sock")));
    }
    command
        .arg(format!("--fdname={names}"))
        .arg(format!("--setenv=AIP_HOME={}", home.path().display()))
        .arg(program("aipd"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    home.dress(&mut command);
    let child = Ended(command.spawn().expect("systemd-socket-activate runs"));
    wait_until("systemd's sockets", PATIENCE, || {
        let now = sockets(home).map(|path| inode(&path));
        now.iter()
            .zip(&before)
            .all(|(now, before)| now.is_some() && now != before)
    });
    child
}

fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|it| it.ino())
}

fn make_run(home: &Home) -> PathBuf {
    let run = home.path().join("run");
    fs::create_dir_all(&run).expect("it is this test's own");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).expect("it is this test's own");
    run
}

/// Holds the sockets over several daemons, as a service manager does and
/// `systemd-socket-activate` does not.
struct Manager {
    shims: UnixListener,
    people: UnixListener,
}

impl Manager {
    fn new(home: &Home) -> Self {
        make_run(home);
        let [shims, people] = sockets(home).map(|path| UnixListener::bind(path).expect("a socket"));
        Self { shims, people }
    }

    fn start(&self, home: &Home) -> Child {
        activated(home, &self.shims, &self.people)
            .spawn()
            .expect("aipd starts")
    }
}

/// aipd with the two sockets as descriptors 3 and 4.
fn activated(home: &Home, shims: &UnixListener, people: &UnixListener) -> Command {
    let handed = |it: &UnixListener| OwnedFd::from(it.try_clone().expect("a descriptor"));
    let mut command = Command::new("sh");
    let script = "exec 3<&0 4<&1 </dev/null >/dev/null; \
                  LISTEN_PID=$$ LISTEN_FDS=2 exec \"$0\"";
    command
        .args(["-c", script])
        .arg(program("aipd"))
        .stdin(handed(shims))
        .stdout(handed(people))
        .stderr(Stdio::null());
    home.dress(&mut command);
    command
}
