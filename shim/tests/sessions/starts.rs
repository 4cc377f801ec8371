//! Before a session stands: the policy, the target, the daemon's start, the mirror.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use wire::link::{Packet, Refused, Stream};

use crate::daemon::Daemon;
use crate::wrapped::{aip, aip_with, eventually, run, start};

#[test]
fn what_is_wrong_with_the_command_line_is_said_before_anything_starts() {
    says(
        &["--target", "nosuchprogram x"],
        127,
        "Error: target command not found: nosuchprogram",
    );
    says(
        &["--target", "/etc/passwd"],
        126,
        "Error: target command is not executable: `/etc/passwd`",
    );
    says(
        &["--target", "cat", "--policy", "absent.yaml"],
        3,
        "Error: failed to load policy: `absent.yaml`",
    );
    says(
        &["--target", "cat", "--audit", "/dev/null"],
        2,
        "Error: the --audit file `/dev/null`",
    );
    says(&[], 2, "Error: no server to run");
    says(
        &["--generate-cursor-config", "--policy", "p"],
        2,
        "Error: no server to run; give it as `--target",
    );
    says(&["cat"], 2, "Error: unexpected argument `cat`");
    says(
        &["--policy", "p", "--validate"],
        127,
        "Error: `aipctl` does this and was not found",
    );
}

#[test]
fn help_and_version_go_to_standard_output() {
    let home = tempfile::tempdir().unwrap();
    let help = run(&mut aip_with(home.path(), &["--help"]));
    assert_eq!((help.code, help.errors.as_str()), (Some(0), ""));
    assert!(
        help.output
            .iter()
            .any(|line| line.contains("--policy FILE"))
    );
    let version = run(&mut aip_with(home.path(), &["--version"]));
    assert_eq!(
        version.output,
        [format!("aip {}", env!("CARGO_PKG_VERSION"))]
    );
}

#[test]
fn aipctl_takes_the_place_of_aip_for_what_it_does() {
    let home = tempfile::tempdir().unwrap();
    let mut command = aip_with(home.path(), &["--policy", "a b.yaml", "--validate"]);
    script(
        &home.path().join("bin/aipctl"),
        "for word; do echo \"<$word>\"; done; exit 4",
    );
    let finished = run(&mut command);
    assert_eq!(finished.code, Some(4));
    assert_eq!(finished.output, ["<policy>", "<validate>", "<a b.yaml>"]);

    let arguments = [
        "--generate-cursor-config",
        "--policy",
        "p",
        "--target",
        "npx 'a b'",
    ];
    let finished = run(&mut aip_with(home.path(), &arguments));
    let words = finished.output.concat();
    assert_eq!(
        words,
        "<generate-config><cursor><--policy><p><--><npx><a b>"
    );

    let finished = run(&mut aip_with(home.path(), &["wrap", "x", "--", "--y z"]));
    assert_eq!(finished.output.concat(), "<wrap><x><--><--y z>");
}

#[test]
fn a_refused_policy_ends_with_its_own_code_and_starts_nothing() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("p.yaml"), "kind: Agent").unwrap();
    let daemon = Daemon::listen(home.path());
    let arguments = ["--policy", "p.yaml", "--target", "touch started"];
    let mut wrapped = start(aip_with(home.path(), &arguments).current_dir(home.path()));
    wrapped.send("early");
    let mut peer = daemon.accept();
    let policy = peer.hello().policy.unwrap();
    let real = home.path().canonicalize().unwrap().join("p.yaml");
    assert_eq!(
        (Path::new(&policy.path), policy.text.as_str()),
        (real.as_path(), "kind: Agent")
    );
    assert_eq!(
        policy.inode,
        std::os::unix::fs::MetadataExt::ino(&real.metadata().unwrap())
    );
    let message = "failed to load policy: invalid apiVersion".to_owned();
    peer.send(&Packet::Refused(Refused {
        why: "policy".to_owned(),
        message,
    }));
    let finished = wrapped.finish();
    assert_eq!((finished.code, finished.output), (Some(3), vec![]));
    assert_eq!(
        finished.errors,
        "Error: failed to load policy: invalid apiVersion\n"
    );
    assert!(!home.path().join("started").exists());
}

#[test]
fn without_a_policy_it_is_said_that_calls_will_be_refused() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let mut wrapped = start(&mut aip(home.path(), "exec cat"));
    let (mut peer, hello) = daemon.welcome();
    assert_eq!(hello.policy, None);
    wrapped.close_input();
    peer.pass_all();
    assert!(wrapped.finish().errors.contains("aip: no --policy given"));
}

#[test]
fn the_daemon_is_started_from_beside_with_nothing_of_the_clients() {
    let home = tempfile::tempdir().unwrap();
    let mut command = aip_with(home.path(), &["--", "cat"]);
    let report = home.path().join("report");
    let text = "{ echo \"$@\"; pwd; env; ls /proc/self/fd; } >\"$AIP_HOME/part\"; \
                mv \"$AIP_HOME/part\" \"$AIP_HOME/report\"; exit 1";
    script(&home.path().join("bin/aipd"), text);
    let (_reader, inherited) = std::io::pipe().unwrap();
    rustix::io::fcntl_setfd(&inherited, rustix::io::FdFlags::empty()).unwrap();
    let mut wrapped = start(command.env("SECRET_TOKEN", "x"));
    drop(inherited);
    eventually("the daemon is not started", || report.exists());
    let report = std::fs::read_to_string(&report).unwrap();
    let (arguments, rest) = report.split_once('\n').unwrap();
    assert_eq!(arguments, "--detached");
    assert!(rest.starts_with("/\n"), "{report}");
    assert!(
        report.contains(&format!("AIP_HOME={}", home.path().display())),
        "{report}"
    );
    assert!(!report.contains("SECRET_TOKEN"));
    // 0, 1, 2 and the folder that ls reads; dash may keep one more for the redirection.
    let descriptors = report
        .lines()
        .filter(|line| line.parse::<u32>().is_ok())
        .count();
    assert!(descriptors <= 5, "{report}");
    let daemon = Daemon::listen(home.path());
    let (mut peer, _) = daemon.welcome();
    wrapped.send("through");
    assert_eq!(peer.frame().2, "through");
}

#[test]
fn audit_lines_are_mirrored_once_and_the_last_is_named_on_resume() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let arguments = [
        "--audit",
        "mirror.jsonl",
        "--name",
        "label",
        "--verbose",
        "--",
        "cat",
    ];
    let mut wrapped = start(aip_with(home.path(), &arguments).current_dir(home.path()));
    let (mut peer, hello) = daemon.welcome();
    let mirror = home.path().canonicalize().unwrap().join("mirror.jsonl");
    assert_eq!(hello.audit_mirror.as_deref(), mirror.to_str());
    assert_eq!(
        (hello.name.as_deref(), hello.verbose),
        (Some("label"), true)
    );
    for number in [41, 42, 42] {
        let bytes = format!("{{\"n\":{number}}}\n").into_bytes();
        peer.send(&Packet::Inject {
            stream: Stream::Audit,
            number,
            bytes,
        });
        let acked = peer.until(|packet| match packet {
            Packet::Acked {
                stream: Stream::Audit,
                number,
            } => Some(number),
            _ => None,
        });
        assert_eq!(acked, number);
    }
    assert_eq!(
        std::fs::read_to_string(&mirror).unwrap(),
        "{\"n\":41}\n{\"n\":42}\n"
    );
    drop(peer);
    let (mut peer, hello) = daemon.welcome();
    assert_eq!(hello.resume.unwrap().audit_seen, 42);
    wrapped.close_input();
    peer.pass_all();
    assert_eq!(wrapped.finish().code, Some(0));
}

fn says(arguments: &[&str], code: i32, want: &str) {
    let home = tempfile::tempdir().unwrap();
    let finished = run(&mut aip_with(home.path(), arguments));
    assert_eq!(
        finished.code,
        Some(code),
        "{arguments:?}: {}",
        finished.errors
    );
    assert!(finished.errors.starts_with(want), "{}", finished.errors);
    assert_eq!(finished.errors.lines().count(), 1, "{}", finished.errors);
    assert_eq!(finished.output, Vec::<String>::new());
}

fn script(path: &Path, text: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
