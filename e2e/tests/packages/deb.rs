//! The .deb, installed by the real dpkg on a machine of the test's own.

use std::path::Path;

use e2e::client::Client;
use e2e::counterparts::npm_server;
use e2e::machine::{By, Machine, USER};
use e2e::needs::{needs, open_to_all, tool};
use serde_json::{Value, json};

use super::{Packages, behind, done, ends};

/// What the machine needs besides.
const TOOLS: [&str; 4] = ["dpkg", "dpkg-deb", "getent", "git"];
const CURSOR: &str = ".cursor/mcp.json";

/// A machine with the package on it.
struct Installed {
    machine: Machine,
    deb: String,
}

impl Installed {
    fn on(machine: Machine) -> Self {
        let deb = Packages::of("all").file(".deb");
        let deb = deb.to_string_lossy().into_owned();
        let it = Self { machine, deb };
        let said = it.install();
        assert!(said.contains("aipctl install --dry-run"), "{said}");
        it
    }

    fn install(&self) -> String {
        // Containers often leave manuals out, and what is shown next needs no index of them.
        let words = ["--no-triggers", "--path-include=/usr/share/*", "-i"];
        self.root(&[&["dpkg"], &words[..], &[self.deb.as_str()]].concat())
    }

    fn root(&self, argv: &[&str]) -> String {
        done(&mut self.machine.command(By::Root, argv))
    }

    fn user(&self, argv: &[&str]) -> String {
        done(&mut self.machine.command(By::User, argv))
    }

    /// Removes it, and what was said.
    fn remove(&self) -> String {
        self.root(&["dpkg", "--no-triggers", "-r", "aip"])
    }
}

#[test]
fn the_installed_package_serves_a_session_and_removal_warns_and_leaves_the_users_own() {
    let test = "the_installed_package_serves_a_session_and_removal_warns_and_leaves_the_users_own";
    let there = npm_server("everything").and_then(|server| {
        open_to_all(Path::new(&server[1]))?;
        Ok((server, Machine::start(&TOOLS)?))
    });
    let Some((server, machine)) = needs(test, there) else {
        return;
    };
    let it = Installed::on(machine);
    let names = [
        "man1/aip.1.gz",
        "man1/aipd.1.gz",
        "man1/aipctl-install.1.gz",
    ];
    for name in names {
        it.root(&["gzip", "-t", &format!("/usr/share/man/{name}")]);
    }
    for completions in [
        "bash-completion/completions/aip",
        "zsh/vendor-completions/_aipctl",
        "fish/vendor_completions.d/aipd.fish",
    ] {
        it.root(&["test", "-s", &format!("/usr/share/{completions}")]);
    }
    let unit = it.user(&["cat", "/usr/lib/systemd/user/aipd.service"]);
    assert!(unit.contains("ExecStart=/usr/bin/aipd\n"), "{unit}");

    let policy = "/usr/share/doc/aip/policies/allow-all.yaml";
    let mut argv = vec!["/usr/bin/aip", "--policy", policy, "--"];
    argv.extend(server.iter().map(String::as_str));
    let mut client = Client::start(it.machine.command(By::User, &argv));
    client.initialize();
    let answer = client.call("echo", &json!({"message": "packed"}));
    assert_eq!(answer["result"]["content"][0]["text"], "Echo: packed");
    let doctor = it.user(&["aipctl", "doctor"]);
    assert!(doctor.contains("aipd 0"), "{doctor}");
    assert!(!doctor.contains("PROBLEM"), "{doctor}");
    client.close();

    let before = json!({"mcpServers": {"notes\u{1b}[31m": {"command": "true", "args": ["-x"]}}});
    it.machine.write(CURSOR, &before.to_string());
    it.user(&["aipctl", "install", "--yes"]);
    let path = it.machine.home().join(CURSOR);
    let wrapped = std::fs::read_to_string(&path).unwrap();
    let entry: Value = serde_json::from_str(&wrapped).unwrap();
    let entry = &entry["mcpServers"]["notes\u{1b}[31m"];
    assert_eq!(entry["command"], "/usr/bin/aip", "a path that stays");

    let said = it.remove();
    let told = |text: &str| assert!(said.contains(text), "{text}: {said}");
    told("WARNING: without aip, clients can not start these servers any more");
    told(&format!(
        "  {USER}: {} (Cursor): start aip: notes\\u{{1b}}[31m",
        path.display()
    ));
    told(&format!("  {USER}: -> `aipctl uninstall`"));
    told(&format!("  {USER}: aipd runs as process "));
    let config = it.machine.home().join(".config/aip");
    told(&format!(
        "policies and configuration stay in {}",
        config.display()
    ));
    let state = it.machine.home().join(".local/state/aip");
    told(&format!("the audit stays in {}", state.display()));
    assert!(!said.contains('\u{1b}'), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), wrapped);

    it.root(&["dpkg", "--no-triggers", "-P", "aip"]);
    let ours = |it: &&Path| it.to_string_lossy().contains("aip");
    let written = it.machine.written();
    let left: Vec<_> = written.iter().map(AsRef::as_ref).filter(ours).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(state.join("audit.db").is_file() && config.join("first.yaml").is_file());
}

#[test]
fn a_removal_that_breaks_nothing_warns_of_nothing() {
    let test = "a_removal_that_breaks_nothing_warns_of_nothing";
    let Some(machine) = needs(test, Machine::start(&TOOLS)) else {
        return;
    };
    let it = Installed::on(machine);
    let again = it.install();
    assert!(
        !again.contains("aip:"),
        "an upgrade has nothing to say: {again}"
    );
    // Another aip of the user's own stays where it is.
    it.user(&[
        "sh",
        "-c",
        "mkdir -p ~/own ~/.config/aip && cp /usr/bin/aip ~/own",
    ]);
    let own = it.machine.home().join("own/aip");
    it.machine
        .write(CURSOR, &behind(&own.to_string_lossy(), "mine"));
    let said = it.remove();
    assert!(
        !said.contains("WARNING") && !said.contains("mine"),
        "{said}"
    );
    let kept = format!("  {USER}: policies and configuration stay in ");
    assert!(said.contains(&kept), "{said}");
    assert!(!it.machine.written().contains(&"usr/bin/aip".into()));
}

#[test]
fn what_is_in_doubt_is_warned_of() {
    let test = "what_is_in_doubt_is_warned_of";
    let Some(machine) = needs(test, Machine::start(&TOOLS)) else {
        return;
    };
    let it = Installed::on(machine);
    it.user(&[
        "sh",
        "-c",
        "mkdir -p ~/.config/systemd/user/sockets.target.wants",
    ]);
    let unit = "/usr/lib/systemd/user/aipd.socket";
    let link = ".config/systemd/user/sockets.target.wants/aipd.socket";
    it.user(&["sh", "-c", &format!("ln -s {unit} ~/{link}")]);
    it.machine.write(CURSOR, "{ \"mcpServers\": ");
    it.machine
        .write(".gemini/settings.json", &behind("aip", "bare"));
    let check = ["/usr/bin/aipctl", "uninstall", "--check"];
    let said = ends(&mut it.machine.command(By::User, &check), 1);
    for line in [
        ".cursor/mcp.json (Cursor): may start aip: line 1, column ",
        ".gemini/settings.json (Gemini CLI): start aip, written by hand: bare",
        "sockets.target.wants/aipd.socket: has systemd start aipd",
        "-> what was written by hand is yours to edit",
        "-> put right what can't be read",
        "systemctl --user disable --now aipd.socket",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let removed = it.remove();
    assert!(removed.contains(&format!("  {USER}: ")), "{removed}");
    assert!(removed.contains("written by hand: bare"), "{removed}");
    assert!(removed.contains("WARNING"), "{removed}");
}

/// In the place of `aipctl` there is what a user could make of it at worst.
#[test]
fn whatever_a_user_answers_is_bounded_and_reaches_no_terminal() {
    let test = "whatever_a_user_answers_is_bounded_and_reaches_no_terminal";
    let Some(machine) = needs(test, Machine::start(&TOOLS)) else {
        return;
    };
    let it = Installed::on(machine);
    let script = "#!/bin/sh\nset -- $(cat /proc/$$/stat)\n\
                  [ \"$6\" != \"$PPID\" ] || echo in a session of its own\n\
                  id -u\nprintf '\\033]0;title\\007\\n'\nexec yes filler\n";
    let write =
        "rm /usr/bin/aipctl && printf %s \"$1\" >/usr/bin/aipctl && chmod 755 /usr/bin/aipctl";
    it.root(&["sh", "-c", write, "sh", script]);
    let said = it.remove();
    for line in ["in a session of its own", "59877", "?]0;title?"] {
        assert!(
            said.contains(&format!("  {USER}: {line}\n")),
            "{line}: {said}"
        );
    }
    assert!(!said.contains(['\u{1b}', '\u{7}']), "{said}");
    let fillers = said.matches(&format!("  {USER}: filler\n")).count();
    assert!((1000..3000).contains(&fillers), "{fillers}");
    assert!(said.contains("WARNING"), "doubt is warned of");
}

#[test]
fn lintian_finds_no_error_in_it() {
    let test = "lintian_finds_no_error_in_it";
    let tools = ["dpkg-deb", "git", "lintian"].map(tool);
    if needs(test, tools.into_iter().collect::<Result<Vec<()>, _>>()).is_none() {
        return;
    }
    let packages = Packages::of("all");
    let mut lintian = std::process::Command::new("lintian");
    lintian
        .args(["--fail-on", "error,warning", "--allow-root"])
        .arg(packages.file(".deb"));
    done(&mut lintian);
}
