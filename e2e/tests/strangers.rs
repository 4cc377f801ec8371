//! What a program that is no shim of ours gets from the two sockets: no session of another's,
//! no look into files, no writing of files, and nothing at all as another user.
#![expect(clippy::expect_used, reason = "what fails ends the test")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use e2e::client::Client;
use e2e::home::Home;
use e2e::needs::{needs, root};
use e2e::stranger::{Reply, control, hello};
use rustix::process::{Uid, getuid};
use serde_json::{Value, json};

const SECRET: &str = "the-words-of-a-private-file";

#[test]
fn a_session_can_not_be_resumed_without_its_secret() {
    let (home, mut client) = start();
    let session = home.status()["sessions"][0]["id"].clone();
    for secret in ["", "00000000000000000000000000000000", "ffff"] {
        let resume = json!({"session": session, "secret": secret, "client_next": 1,
            "server_next": 1, "audit_seen": 0});
        let facts = json!({"build": "1", "resume": resume, "argv": ["x"], "cwd": "/"});
        let Reply::Refused(why) = hello(&socket(&home), &facts) else {
            panic!("a stranger resumed a session with {secret:?}");
        };
        assert_eq!(why["why"], "resume", "{why}");
    }
    assert!(
        client.call("echo", &json!({})).get("result").is_some(),
        "the real session goes on"
    );
}

#[test]
fn a_file_can_not_be_read_through_the_daemon() {
    let (home, _client) = start();
    let private = home.work().join("private.yaml");
    fs::write(&private, format!("{SECRET}: [\n")).unwrap();
    let real = fs::metadata(&private).unwrap();
    for (device, inode, text) in [
        (real.dev(), real.ino(), "a guess"),
        (real.dev(), real.ino() + 1, "a guess"),
        (real.dev() + 1, real.ino(), "a guess"),
        (real.dev(), real.ino(), ""),
    ] {
        let reply = with_policy(&home, &private, device, inode, text);
        let Reply::Refused(why) = &reply else {
            panic!("{reply:?}")
        };
        assert!(
            !why.to_string().contains(SECRET),
            "the daemon told its content: {why}"
        );
    }
}

#[test]
fn a_policy_that_is_not_the_file_is_refused_though_it_is_a_good_one() {
    let (home, _client) = start();
    let good = fs::read_to_string(home.work().join("strangers.yaml")).unwrap();
    let path = home.work().join("strangers.yaml");
    let real = fs::metadata(&path).unwrap();
    let looser = good.replace("[echo]", "['*']");
    for (device, inode, text) in [
        (real.dev(), real.ino(), looser.as_str()),
        (real.dev(), real.ino() + 1, good.as_str()),
    ] {
        let reply = with_policy(&home, &path, device, inode, text);
        assert!(matches!(reply, Reply::Refused(_)), "{reply:?}");
    }
    let reply = with_policy(&home, &path, real.dev(), real.ino(), &good);
    assert!(
        matches!(reply, Reply::Welcome(_)),
        "the same hello, honest: {reply:?}"
    );
}

#[test]
fn the_daemon_writes_no_file_for_a_shim() {
    let (home, _client) = start();
    let mirror = home.work().join("written-by-whom");
    let facts = json!({"build": "1", "argv": ["x"], "cwd": "/",
        "audit_mirror": mirror.to_string_lossy()});
    let reply = hello(&socket(&home), &facts);
    assert!(
        !mirror.exists(),
        "the daemon wrote the mirror itself ({reply:?})"
    );
}

#[test]
fn noise_on_the_sockets_ends_nothing_but_itself() {
    let (home, mut client) = start();
    for noise in [
        "",
        "GET / HTTP/1.1\r\n\r\n",
        "{",
        "{\"op\":\"no_such\"}",
        "\u{0}\u{0}\u{0}",
    ] {
        let _ = control(&socket(&home), noise);
        let _ = control(&home.path().join("run/control.sock"), noise);
    }
    assert!(client.call("echo", &json!({})).get("result").is_some());
}

#[test]
fn another_user_is_refused_on_both_sockets() {
    let Some(()) = needs("another_user_is_refused_on_both_sockets", root()) else {
        return;
    };
    let (home, mut client) = start();
    assert!(home.path().metadata().unwrap().mode() & 0o077 == 0);
    assert_eq!(
        home.path().join("run").metadata().unwrap().mode() & 0o777,
        0o700
    );
    for name in ["shim.sock", "control.sock"] {
        assert_eq!(
            home.path()
                .join("run")
                .join(name)
                .metadata()
                .unwrap()
                .mode()
                & 0o777,
            0o600
        );
    }

    // Past the modes, as where a folder was opened up by hand, the peer's uid still counts.
    let doors = [
        home.work().parent().unwrap().to_owned(),
        home.path().to_owned(),
    ];
    for folder in [&doors[0], &doors[1], &home.path().join("run")] {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
    for name in ["shim.sock", "control.sock"] {
        let path = home.path().join("run").join(name);
        fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
    }
    let (shim, person) = (socket(&home), home.path().join("run/control.sock"));
    let (session, status) = as_nobody(move || {
        let facts = json!({"build": "1", "argv": ["x"], "cwd": "/"});
        (hello(&shim, &facts), control(&person, r#"{"op":"status"}"#))
    });
    assert!(
        !matches!(session, Reply::Welcome(_)),
        "another user got a session: {session:?}"
    );
    let told = status.unwrap_or_default();
    assert!(
        !told.contains("daemon"),
        "another user was told the status: {told}"
    );
    assert!(client.call("echo", &json!({})).get("result").is_some());
}

/// Runs this in a thread that is another user; the kernel keeps the uid by thread.
fn as_nobody<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::spawn(move || {
        let nobody = Uid::from_raw(65534);
        rustix::thread::set_thread_res_uid(nobody, nobody, nobody)
            .expect("root may change its uid");
        assert_eq!(getuid(), nobody);
        act()
    });
    thread.join().expect("the other user's thread ends")
}

fn with_policy(home: &Home, path: &Path, device: u64, inode: u64, text: &str) -> Reply {
    let policy = json!({"path": path.to_string_lossy(), "device": device, "inode": inode,
        "text": text});
    let facts: Value = json!({"build": "1", "policy": policy, "argv": ["x"], "cwd": "/"});
    hello(&socket(home), &facts)
}

fn socket(home: &Home) -> std::path::PathBuf {
    home.path().join("run/shim.sock")
}

fn start() -> (Home, Client) {
    let home = Home::new();
    let policy = home.policy("strangers", "  allowed_tools: [echo]");
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    (home, client)
}
