//! A person answers in a window: the real zenity and the real kdialog on a screen of their own.
#![expect(
    clippy::unwrap_used,
    reason = "what fails ends the test; what is not there fails"
)]

use std::process::{Child, Stdio};
use std::time::Duration;

use e2e::client::{Client, PATIENCE};
use e2e::home::Home;
use e2e::needs::{needs, tool};
use e2e::screen::Screen;
use e2e::wait::{wait_for, wait_until};
use serde_json::{Value, json};

const TITLE: &str = "aip: may this call be made";
const SPEC: &str = "  allowed_tools: [free]\n  tool_rules:\n    - {tool: echo, action: ask}";
const HOSTILE: &str = "<b>&amp; $(id) `id` \\n \u{1b}[2J \u{202e}txt\nTwo --help";

/// One of the dialog programs, and how its window is answered.
struct Desktop {
    program: &'static str,
    name: &'static str,
    deny: &'static [&'static str],
    allow: &'static [&'static str],
}

const ZENITY: Desktop = Desktop {
    program: "zenity",
    name: "GNOME",
    deny: &["Return"],
    allow: &["Tab", "Return"],
};
const KDIALOG: Desktop = Desktop {
    program: "kdialog",
    name: "KDE",
    deny: &["Return"],
    allow: &["Down", "Return"],
};

#[test]
fn a_person_allows_and_denies_in_a_window() {
    for desktop in [ZENITY, KDIALOG] {
        let Some(mut at) = sitting("a_person_allows_and_denies_in_a_window", &desktop) else {
            continue;
        };
        for (keys, decision) in [(desktop.allow, "ALLOW"), (desktop.deny, "BLOCK")] {
            let id = at.client.ask_call("echo", &json!({"text": HOSTILE}));
            let _window = at.screen.window(TITLE);
            at.screen.press(keys);
            let answer = at.client.answer(id, PATIENCE).unwrap();
            assert_eq!(
                answer.get("result").is_some(),
                decision == "ALLOW",
                "{answer}"
            );
            let record = at.home.decisions().pop().unwrap();
            assert_eq!(record["decision"], decision);
            assert_eq!(record["approval"]["channel"], "dialog", "{record}");
            wait_until("the window closes", PATIENCE, || {
                at.screen.windows(TITLE).is_empty()
            });
        }
        let program = at.home.live_audit().into_iter().find_map(|it| {
            let answered = it["event"] == "APPROVAL_ANSWERED";
            answered.then(|| it["program"].as_str().unwrap_or_default().to_owned())
        });
        assert!(program.unwrap().ends_with(desktop.program));
    }
}

#[test]
fn a_click_on_a_button_answers_and_escape_does_not() {
    let Some(mut at) = sitting("a_click_on_a_button_answers_and_escape_does_not", &ZENITY) else {
        return;
    };
    let id = at.client.ask_call("echo", &json!({"n": 1}));
    let window = at.screen.window(TITLE);
    at.screen.click(&window, 0.9, 25);
    let answer = at.client.answer(id, PATIENCE).unwrap();
    assert!(answer.get("result").is_some(), "{answer}");

    let id = at.client.ask_call("echo", &json!({"n": 2}));
    let _window = at.screen.window(TITLE);
    at.screen.press(&["Escape"]);
    wait_until("the window closes", PATIENCE, || {
        at.screen.windows(TITLE).is_empty()
    });
    assert_eq!(at.client.answer(id, Duration::from_millis(300)), None);
    let approval = at.home.approvals().pop().unwrap();
    let denied = at.home.ctl(&["deny", approval["id"].as_str().unwrap()]);
    assert!(denied.status.success(), "{denied:?}");
    assert_eq!(
        at.client.answer(id, PATIENCE).unwrap()["error"]["code"],
        -32004
    );
}

#[test]
fn an_answer_elsewhere_and_a_cancel_close_the_window() {
    let Some(mut at) = sitting("an_answer_elsewhere_and_a_cancel_close_the_window", &ZENITY) else {
        return;
    };
    let gone = |screen: &Screen| {
        wait_until("the window closes", PATIENCE, || {
            screen.windows(TITLE).is_empty()
        });
    };
    let id = at.client.ask_call("echo", &json!({"n": 1}));
    let _window = at.screen.window(TITLE);
    let approval = at.home.approvals().pop().unwrap();
    let denied = at.home.ctl(&["deny", approval["id"].as_str().unwrap()]);
    assert!(denied.status.success());
    assert_eq!(
        at.client.answer(id, PATIENCE).unwrap()["error"]["code"],
        -32004
    );
    gone(&at.screen);

    let id = at.client.ask_call("echo", &json!({"n": 2}));
    let _window = at.screen.window(TITLE);
    at.client.send(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": id}}),
    );
    gone(&at.screen);
}

/// The time in the window is the one that counts.
#[test]
fn more_time_opens_the_window_anew() {
    let Some(mut at) = sitting("more_time_opens_the_window_anew", &ZENITY) else {
        return;
    };
    let id = at.client.ask_call("echo", &json!({"n": 1}));
    let _window = at.screen.window(TITLE);
    let before = at.home.approvals().pop().unwrap();
    assert!(at.told().contains(clock(&before)), "{}", at.told());
    let extended = at.home.ctl(&["extend", before["id"].as_str().unwrap()]);
    assert!(extended.status.success(), "{extended:?}");
    let after = at.home.approvals().pop().unwrap();
    assert_ne!(clock(&before), clock(&after));
    wait_until("another window", PATIENCE, || {
        at.told().contains(clock(&after))
    });
    let _window = at.screen.window(TITLE);
    at.screen.press(&["Return"]);
    assert_eq!(
        at.client.answer(id, PATIENCE).unwrap()["error"]["code"],
        -32004
    );
}

#[test]
fn a_long_argument_can_only_be_denied_in_a_window() {
    let Some(mut at) = sitting("a_long_argument_can_only_be_denied_in_a_window", &ZENITY) else {
        return;
    };
    let id = at
        .client
        .ask_call("echo", &json!({"text": "x".repeat(1_000_000)}));
    let _window = at.screen.window(TITLE);
    at.screen.press(&["Tab", "Tab", "Return"]);
    let answer = at.client.answer(id, PATIENCE).unwrap();
    assert_eq!(answer["error"]["code"], -32004, "{answer}");
}

/// A session whose daemon runs on a screen.
struct Sitting {
    screen: Screen,
    // Before its home: a client that is still there starts the home's daemon again.
    client: Client,
    home: Home,
    daemon: Child,
}

fn sitting(test: &str, desktop: &Desktop) -> Option<Sitting> {
    let screen = tool(desktop.program).and_then(|()| Screen::start());
    let screen = needs(test, screen)?;
    let home = Home::with_config("policy_trust: off\nchannels: [dialog]\n");
    let daemon = home
        .command("aipd")
        .env("DISPLAY", screen.display())
        .env("XDG_CURRENT_DESKTOP", desktop.name)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the daemon", PATIENCE, || {
        home.ctl(&["status"]).status.success().then_some(())
    });
    let policy = home.policy("windows", SPEC);
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    let _tools: Value = client.request("tools/list", &json!({}));
    Some(Sitting {
        screen,
        home,
        client,
        daemon,
    })
}

impl Sitting {
    /// What the daemon's dialog program was told to show.
    fn told(&self) -> String {
        let pid = self.daemon.id();
        let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
        let children: String = std::fs::read_dir(format!("/proc/{pid}/task"))
            .unwrap()
            .map(|thread| read(format!("{}/children", thread.unwrap().path().display())))
            .collect();
        let lines = children.split_whitespace();
        lines
            .map(|it| read(format!("/proc/{it}/cmdline")))
            .collect()
    }
}

/// The time of day at which it denies itself.
fn clock(approval: &Value) -> &str {
    approval["deadline"].as_str().unwrap().get(11..19).unwrap()
}

impl Drop for Sitting {
    fn drop(&mut self) {
        let _gone = self.daemon.kill();
        let _gone = self.daemon.wait();
    }
}
