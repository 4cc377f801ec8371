//! The units that `aipctl service install` writes, as systemd reads them, and what it does with
//! what is there already.
#![expect(
    clippy::expect_used,
    reason = "what fails ends the test, with what was expected"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use e2e::home::Home;
use e2e::needs::{needs, tool};
use e2e::programs::{program, workspace};
use serde_json::Value;

#[test]
fn the_shipped_and_the_installed_units_verify() {
    let user = User::new();
    let output = user.service("install", None);
    assert!(output.status.success(), "{output:?}");
    let said = text(&output);
    for line in ["daemon-reload", "enable --now aipd.socket"] {
        assert!(said.contains(&format!("systemctl --user {line}")), "{said}");
    }
    let service = fs::read_to_string(user.unit("aipd.service")).expect("it was written");
    let line = format!("ExecStart=\"{}\"", program("aipd").display());
    assert!(service.contains(&line), "{service}");
    let again = user.service("install", None);
    assert!(again.status.success(), "{again:?}");
    let Some(()) = needs(
        "the_shipped_and_the_installed_units_verify",
        tool("systemd-analyze"),
    ) else {
        return;
    };
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--user", "--man=no"]);
    verify.args(["aipd.socket", "aipd.service"].map(|name| user.unit(name)));
    let output = user.dress(&mut verify).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("aipd."), "a warning about a unit: {said}");
}

#[test]
fn install_tells_the_manager_and_uninstall_takes_it_back() {
    let user = User::new();
    let calls = user.stand_in();
    let output = user.service("install", Some(&calls));
    assert!(
        text(&output).contains("next connection starts aipd"),
        "{output:?}"
    );
    let output = user.service("uninstall", Some(&calls));
    assert!(
        text(&output).contains("start aipd themselves"),
        "{output:?}"
    );
    for name in ["aipd.socket", "aipd.service"] {
        assert!(!user.unit(name).exists(), "{name} is left");
    }
    let told = fs::read_to_string(calls.join("told")).expect("systemctl was run");
    let wanted = "--user daemon-reload\n--user enable --now aipd.socket\n\
                  --user disable --now aipd.socket aipd.service\n--user daemon-reload\n";
    assert_eq!(told, wanted);
    let output = user.service("uninstall", None);
    assert!(text(&output).contains("not installed"), "{output:?}");
}

#[test]
fn a_unit_of_somebody_else_is_left_alone() {
    let user = User::new();
    let path = user.unit("aipd.service");
    fs::create_dir_all(path.parent().expect("a folder")).expect("it is this test's own");
    fs::write(&path, "[Service]\nExecStart=/mine\n").expect("it is this test's own");
    for verb in ["install", "uninstall"] {
        let output = user.service(verb, None);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    assert!(
        fs::read_to_string(&path)
            .expect("it is this test's own")
            .contains("/mine")
    );
    assert!(!user.unit("aipd.socket").exists(), "half an installation");
}

#[test]
fn the_service_is_not_for_another_aip_home() {
    let home = Home::new();
    let output = home.ctl(&["service", "install"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("unset it"),
        "{output:?}"
    );
}

#[test]
fn launchds_file_is_a_property_list_with_both_sockets() {
    let name = "launchds_file_is_a_property_list_with_both_sockets";
    let Some(()) = needs(name, tool("python3")) else {
        return;
    };
    let script =
        "import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(workspace().join("launchd/dev.aip.aipd.plist"))
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let list: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(list["Label"], "dev.aip.aipd");
    for name in ["shim", "control"] {
        let socket = &list["Sockets"][name];
        let path = socket["SockPathName"].as_str().expect("it has a path");
        let place = format!("/Library/Application Support/aip/run/{name}.sock");
        assert!(path.ends_with(&place), "{path}");
        assert_eq!(socket["SockPathMode"], 0o600, "{name}");
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A user's home without `AIP_HOME`, and without a service manager unless one stands in.
struct User(tempfile::TempDir);

impl User {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        for name in ["run", "empty"] {
            fs::create_dir(root.path().join(name)).expect("it is this test's own");
        }
        Self(root)
    }

    fn unit(&self, name: &str) -> PathBuf {
        self.0.path().join(".config/systemd/user").join(name)
    }

    /// Nothing of the real user's is passed on: it would reach the real service manager.
    fn dress<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env_clear()
            .env("HOME", self.0.path())
            .env("XDG_RUNTIME_DIR", self.0.path().join("run"))
    }

    fn service(&self, verb: &str, path: Option<&Path>) -> Output {
        let empty = self.0.path().join("empty");
        let mut command = Command::new(program("aipctl"));
        self.dress(&mut command)
            .args(["service", verb])
            .env("PATH", path.unwrap_or(&empty))
            .output()
            .expect("aipctl runs")
    }

    /// A folder with a `systemctl` that writes down what it is told.
    fn stand_in(&self) -> PathBuf {
        let folder = self.0.path().join("bin");
        fs::create_dir(&folder).expect("it is this test's own");
        let script = format!("#!/bin/sh\necho \"$@\" >> '{}/told'\n", folder.display());
        fs::write(folder.join("systemctl"), script).expect("it is this test's own");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.join("systemctl"), mode).expect("it is this test's own");
        folder
    }
}
