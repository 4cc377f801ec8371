//! Policy files are watched: what an editor leaves in them takes effect, or is told of, by itself.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member not there reads as null"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::bus::Click;
use e2e::client::{Client, PATIENCE};
use e2e::desk::Desk;
use e2e::home::Home;
use e2e::wait::{wait_for, wait_until};
use serde_json::{Value, json};

/// Only what the trust rule lets through by itself is put in force.
const TRUSTED: &str = "policy_trust: first_use\n";
const BOTH: &str = "  allowed_tools: [echo, add]";
const ONE: &str = "  allowed_tools: [echo]";
/// How long something that must not happen is waited for.
const A_WHILE: Duration = Duration::from_millis(1500);

struct Watched {
    // Before its home: a client that is still there starts the home's daemon again.
    client: Client,
    home: Home,
    policy: PathBuf,
}

impl Watched {
    fn new(config: &str, spec: &str) -> Self {
        let home = Home::with_config(config);
        let policy = home.policy("watched", spec);
        let tools = home.work().join("tools.json");
        let listed =
            ["echo", "add"].map(|it| json!({"name": it, "inputSchema": {"type": "object"}}));
        fs::write(&tools, json!(listed).to_string()).unwrap();
        let from = ["--tools-from", tools.to_str().unwrap()];
        let mut client = home.wrap(&policy, &home.record("server"), &from);
        client.initialize();
        client.request("tools/list", &json!({}));
        Self {
            home,
            policy,
            client,
        }
    }

    fn events(&self, name: &str) -> Vec<Value> {
        let mut events = self
            .home
            .ctl_lines(&["logs", "--json", "--events", "--limit", "1000"]);
        events.retain(|it| it["event"] == name);
        events
    }

    fn passes(&mut self, tool: &str) -> bool {
        self.client.call(tool, &json!({})).get("result").is_some()
    }

    fn state(&self) -> Value {
        let shown = self.home.ctl(&["policy", "show", "--json"]).stdout;
        serde_json::from_slice::<Value>(&shown).unwrap()[0].clone()
    }
}

/// As `vim` and many others do: the new text is another file that takes the old one's name.
fn renamed_over(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&new, path).unwrap();
}

/// As `nano` and many others do.
fn written_in_place(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

fn moved_away_first(path: &Path, text: &str) {
    fs::rename(path, path.with_extension("bak")).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    renamed_over(path, text);
}

#[test]
fn a_tighter_version_takes_effect_however_it_was_saved() {
    for save in [renamed_over, written_in_place, moved_away_first] {
        let mut at = Watched::new(TRUSTED, BOTH);
        assert!(at.passes("add"));
        let text = fs::read_to_string(&at.policy).unwrap();
        save(&at.policy, &text.replace(BOTH, ONE));
        wait_until("the change", PATIENCE, || {
            !at.events("POLICY_CHANGED").is_empty()
        });
        let changed = "notifications/tools/list_changed";
        let told = at.client.find(PATIENCE, |it| it["method"] == changed);
        assert!(
            told.is_some(),
            "the client is told that its list is another"
        );
        assert!(!at.passes("add"));
        assert!(at.passes("echo"));
        assert!(at.home.verifies().status.success());
    }
}

#[test]
fn a_looser_version_waits_and_everybody_hears_of_it() {
    let mut at = Watched::new(TRUSTED, ONE);
    let text = fs::read_to_string(&at.policy).unwrap();
    renamed_over(&at.policy, &text.replace(ONE, BOTH));
    let told = format!("aipctl policy trust {}", at.policy.display());
    at.client.wait_stderr(&told);
    assert!(!at.passes("add"));
    assert_eq!(at.events("POLICY_PENDING").len(), 1);
    assert!(
        at.state()["pending"]["why"]
            .as_str()
            .unwrap()
            .contains("tighter")
    );
    let status = String::from_utf8(at.home.ctl(&["status"]).stdout).unwrap();
    assert!(status.contains(&told), "{status}");
    // Said once, however often the file is saved.
    renamed_over(&at.policy, &text.replace(ONE, BOTH));
    std::thread::sleep(A_WHILE);
    assert_eq!(at.client.stderr().matches(&told).count(), 1);
    assert_eq!(at.events("POLICY_PENDING").len(), 1);
    // And over, once it is again what is in force.
    renamed_over(&at.policy, &text);
    wait_until("nothing to wait", PATIENCE, || {
        at.state()["pending"].is_null()
    });
    assert_eq!(at.events("POLICY_REVERTED").len(), 1);
}

#[test]
fn a_bad_version_or_none_keeps_the_one_in_force_and_says_why() {
    let exposed =
        |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
    let broken = |path: &Path| fs::write(path, "spec: [").unwrap();
    let gone = |path: &Path| fs::remove_file(path).unwrap();
    type Spoil = fn(&Path);
    let spoils: [(Spoil, &str); 3] = [
        (broken, "failed to load policy"),
        (exposed, "can be changed by other users"),
        (gone, "can't read"),
    ];
    for (spoil, why) in spoils {
        let mut at = Watched::new(TRUSTED, ONE);
        let text = fs::read_to_string(&at.policy).unwrap();
        spoil(&at.policy);
        at.client.wait_stderr(why);
        let refused = wait_for("a record", PATIENCE, || at.events("POLICY_REFUSED").pop());
        assert!(
            refused["reason"].as_str().unwrap().contains(why),
            "{refused}"
        );
        assert!(at.passes("echo") && !at.passes("add"));
        renamed_over(&at.policy, &text);
        wait_until("it is right again", PATIENCE, || {
            at.state()["pending"].is_null()
        });
    }
}

#[test]
fn a_folder_that_was_away_is_watched_again_with_its_next_session() {
    let mut at = Watched::new(TRUSTED, BOTH);
    let text = fs::read_to_string(&at.policy).unwrap();
    let folder = at.home.work().join("policies");
    fs::create_dir(&folder).unwrap();
    let policy = folder.join("away.yaml");
    let begin = |at: &Watched| {
        renamed_over(&policy, &text);
        let mut client = at.home.wrap(&policy, &at.home.record("another"), &[]);
        client.initialize();
        client
    };
    let _first = begin(&at);
    fs::remove_dir_all(&folder).unwrap();
    wait_until("its end is seen", PATIENCE, || {
        !at.events("POLICY_REFUSED").is_empty()
    });
    fs::create_dir(&folder).unwrap();
    let mut second = begin(&at);
    renamed_over(&policy, &text.replace(BOTH, ONE));
    wait_until("the change", PATIENCE, || {
        !at.events("POLICY_CHANGED").is_empty()
    });
    assert!(second.call("add", &json!({}))["error"].is_object());
    assert!(at.passes("add"), "another policy");
}

/// Where any change counts, the two versions take turns while calls are under way: one allows what
/// the other refuses, by the tool and by its argument.
#[test]
fn each_call_is_judged_wholly_by_one_version_which_its_record_names() {
    let rule = |tool: &str, form: &str| {
        format!(
            "  allowed_tools: [{tool}]\n  tool_rules:\n    - {{tool: {tool}, allow_args: {{text: '{form}'}}}}"
        )
    };
    let (even, odd) = (rule("echo", "even"), rule("add", "odd"));
    let mut at = Watched::new("policy_trust: off\n", &even);
    let texts = [&even, &odd].map(|it| {
        let text = fs::read_to_string(&at.policy).unwrap();
        text.replace(&even, it)
    });
    let policy = at.policy.clone();
    let editor = std::thread::spawn(move || {
        for text in texts.iter().cycle().skip(1).take(5) {
            std::thread::sleep(Duration::from_millis(1200));
            renamed_over(&policy, text);
        }
    });
    let calls = [
        ("echo", "even"),
        ("add", "odd"),
        ("echo", "odd"),
        ("add", "even"),
    ];
    let mut made = 0;
    while !editor.is_finished() {
        let ids: Vec<i64> = calls
            .iter()
            .cycle()
            .take(64)
            .map(|(tool, text)| at.client.ask_call(tool, &json!({"text": text})))
            .collect();
        made += ids.len();
        for id in ids {
            assert!(at.client.answer(id, PATIENCE).is_some());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    editor.join().unwrap();
    let decisions = at.home.ctl_lines(&["logs", "--json", "--limit", "1000000"]);
    let decisions: Vec<_> = decisions
        .iter()
        .filter(|it| it["tool"].is_string())
        .collect();
    assert_eq!(decisions.len(), made);
    let first = decisions[decisions.len() - 1]["policy_hash"].clone();
    let (mut by_even, mut by_odd) = (0, 0);
    for decision in &decisions {
        let of_even = decision["policy_hash"] == first;
        *(if of_even { &mut by_even } else { &mut by_odd }) += 1;
        let call = (
            decision["tool"].as_str().unwrap(),
            decision["args"]["text"].as_str().unwrap(),
        );
        let wanted = if of_even {
            ("echo", "even")
        } else {
            ("add", "odd")
        };
        let allowed = decision["decision"] == "ALLOW";
        assert_eq!(allowed, call == wanted, "{decision}");
    }
    assert!(by_even >= 64 && by_odd >= 64, "{by_even} and {by_odd}");
    let ran = at.home.record("server").calls();
    let allowed = decisions.iter().filter(|it| it["decision"] == "ALLOW");
    assert_eq!(ran.len(), allowed.count());
}

#[test]
fn a_notification_tells_of_what_is_not_in_force() {
    let test = "a_notification_tells_of_what_is_not_in_force";
    let Some(at) = Desk::new(test, "channels: [notification]\n") else {
        return;
    };
    let dunst = at.bus.dunst(&at.screen, Click::Key("none"));
    fs::write(at.home.work().join("notices.yaml"), "spec: [<b>").unwrap();
    wait_until("a notification", PATIENCE, || {
        dunst.said().contains("has changed and is not in force")
    });
    let said = dunst.said();
    assert!(
        said.contains("The version before it still decides"),
        "{said}"
    );
    fs::write(at.home.work().join("notices.yaml"), "kind: x").unwrap();
    wait_until("another", PATIENCE, || {
        let told = dunst.said();
        told.matches("is not in force").count() > said.matches("is not in force").count()
    });
    let shown = at.bus.send(&[
        "--print-reply=literal",
        "--dest=org.freedesktop.Notifications",
        "/org/freedesktop/Notifications",
        "org.freedesktop.DBus.Properties.Get",
        "string:org.dunstproject.cmd0",
        "string:displayedLength",
    ]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.trim().ends_with("uint32 1"), "{shown}");
}
