//! What the server finds around it is what the client gave, and what the client shares is not
//! changed.

use std::process::{Command, Stdio};

use rustix::fs::OFlags;
use wire::link::Packet;

use crate::daemon::Daemon;
use crate::wrapped::{aip, start};

#[test]
fn environment_folder_and_arguments_are_the_clients() {
    let home = tempfile::tempdir().unwrap();
    let there = home.path().canonicalize().unwrap();
    let lines = printed(
        aip(
            home.path(),
            "pwd; echo \"$MARK\"; echo \"$AIP_HOME\"; env | grep -c ^MARK=",
        )
        .current_dir(&there)
        .env("MARK", "a b\tc"),
    );
    let home = home.path().to_str().unwrap();
    assert_eq!(lines, [there.to_str().unwrap(), "a b\tc", home, "1"]);
}

#[test]
fn descriptors_and_signals_are_as_without_aip() {
    same_as_bare("exec ls /proc/self/fd");
    same_as_bare("exec grep -E '^Sig(Blk|Ign|Cgt):' /proc/self/status");
    same_as_bare("umask; ulimit -a; ps -o sid=,nice= -p $$");
    same_as_bare("readlink /proc/$$/fd/2 /proc/$$/cwd");
}

#[test]
fn what_the_client_had_ignored_stays_ignored() {
    let home = tempfile::tempdir().unwrap();
    let inner = aip(home.path(), "exec grep ^SigIgn: /proc/self/status");
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env("AIP_HOME", home.path());
    let lines = printed(&mut command);
    assert!(
        lines[0].ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']),
        "{lines:?}"
    );
}

#[test]
fn the_server_has_a_process_group_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let lines = printed(&mut aip(
        home.path(),
        "echo $$; cut -d' ' -f5 /proc/$$/stat",
    ));
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn the_standard_output_we_share_is_not_made_non_blocking() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let (reader, writer) = std::io::pipe().unwrap();
    let (socket, other) = std::os::unix::net::UnixStream::pair().unwrap();
    let ours: [(Stdio, std::os::fd::OwnedFd); 2] = [
        (writer.try_clone().unwrap().into(), writer.into()),
        (
            std::os::fd::OwnedFd::from(socket.try_clone().unwrap()).into(),
            socket.into(),
        ),
    ];
    for (stdout, shared) in ours {
        let mut child = aip(home.path(), "echo out; exec cat")
            .stdin(Stdio::piped())
            .stdout(stdout)
            .spawn()
            .unwrap();
        let (mut peer, _) = daemon.welcome();
        peer.until(|packet| match packet {
            Packet::Frame { stream, number, .. } => Some((stream, number)),
            _ => None,
        });
        assert!(
            !rustix::fs::fcntl_getfl(&shared)
                .unwrap()
                .contains(OFlags::NONBLOCK)
        );
        drop(child.stdin.take());
        peer.pass(wire::link::Stream::Server, 1);
        peer.pass_all();
        child.wait().unwrap();
    }
    let mut text = [0; 4];
    std::io::Read::read_exact(&mut &reader, &mut text).unwrap();
    assert_eq!(&text, b"out\n");
    std::io::Read::read_exact(&mut &other, &mut text).unwrap();
    assert_eq!(&text, b"out\n");
}

#[test]
fn standard_input_and_output_may_be_files() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Daemon::listen(home.path());
    let (from, to) = (home.path().join("in"), home.path().join("out"));
    std::fs::write(&from, "one\ntwo\n").unwrap();
    let mut child = aip(home.path(), "exec cat")
        .stdin(std::fs::File::open(&from).unwrap())
        .stdout(std::fs::File::create(&to).unwrap())
        .spawn()
        .unwrap();
    let (mut peer, _) = daemon.welcome();
    peer.pass_all();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "one\ntwo\n");
}

/// The script prints the same behind `aip` as without it.
fn same_as_bare(script: &str) {
    let home = tempfile::tempdir().unwrap();
    let stderr = std::fs::File::create(home.path().join("stderr")).unwrap();
    let bare = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stderr(stderr.try_clone().unwrap())
        .output()
        .unwrap();
    let daemon = Daemon::listen(home.path());
    let child = aip(home.path(), script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .unwrap();
    let (mut peer, _) = daemon.welcome();
    peer.pass_all();
    let wrapped = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&wrapped.stdout),
        String::from_utf8_lossy(&bare.stdout),
        "{script}"
    );
}

/// What a script prints behind a daemon that passes everything.
fn printed(command: &mut Command) -> Vec<String> {
    let home = command
        .get_envs()
        .find_map(|(name, value)| (name == "AIP_HOME").then(|| value.unwrap().to_owned()))
        .unwrap();
    let daemon = Daemon::listen(home.as_ref());
    let wrapped = start(command);
    let (mut peer, _) = daemon.welcome();
    peer.pass_all();
    wrapped.finish().output
}
