//! A person answers by a notification: a real notification service (dunst) on a bus and a screen of
//! the test's own.

use std::time::Duration;

use e2e::bus::{Bus, Click, Whose};
use e2e::client::{Client, PATIENCE};
use e2e::desk::{Desk, NOTIFICATION, SPEC, WINDOW};
use e2e::home::{Home, alive, recorder, send_signal};
use e2e::needs::needs;
use e2e::screen::Screen;
use e2e::wait::{wait_for, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};

const HOSTILE: &str =
    "<b>&amp; $(id) `id` \\n \u{1b}[2J \u{202e}txt\nTwo </span><a href='http://x.y'>z %s %b";
const NOTIFICATIONS: &str = "channels: [notification]\n";
const WITH_ALLOW: &str = "channels: [notification]\nnotification_allow: true\n";
/// How long something that must not happen is waited for.
const A_WHILE: Duration = Duration::from_millis(500);

#[test]
fn a_click_denies_and_where_that_is_opted_in_allows() {
    let test = "a_click_denies_and_where_that_is_opted_in_allows";
    for (config, click, decision) in [
        (NOTIFICATIONS, Click::Key("deny"), "BLOCK"),
        (WITH_ALLOW, Click::Label("Allow once"), "ALLOW"),
    ] {
        let Some(mut at) = Desk::new(test, config) else {
            return;
        };
        let dunst = at.bus.dunst(&at.screen, click);
        let id = at.ask(&json!({"text": HOSTILE}));
        at.click();
        let answer = at.client.answer(id, PATIENCE).unwrap();
        let allowed = decision == "ALLOW";
        assert_eq!(answer.get("result").is_some(), allowed, "{answer}");
        let record = at.home.decisions().pop().unwrap();
        assert_eq!(record["decision"], decision);
        assert_eq!(record["approval"]["channel"], "notification", "{record}");
        assert!(record["approval"]["after_ms"].as_u64().unwrap() > 0);
        at.gone();
        let answered = at.event("APPROVAL_ANSWERED").unwrap();
        assert_eq!(answered["pid"], dunst.pid(), "{answered}");
        assert!(answered["program"].as_str().unwrap().ends_with("/dunst"));
    }
}

#[test]
fn allow_is_not_offered_unasked_nor_for_what_is_long() {
    let test = "allow_is_not_offered_unasked_nor_for_what_is_long";
    for (config, text) in [
        (NOTIFICATIONS, "short".to_owned()),
        (WITH_ALLOW, "x".repeat(1_000_000)),
    ] {
        let Some(mut at) = Desk::new(test, config) else {
            return;
        };
        let dunst = at.bus.dunst(&at.screen, Click::Label("Allow once"));
        let id = at.ask(&json!({"text": text}));
        at.click();
        assert_eq!(at.client.answer(id, A_WHILE), None);
        let said = dunst.said();
        assert!(said.contains(r#""deny": "Deny""#), "{said}");
        assert!(!said.contains("Allow once"), "{said}");
        if text.len() > 1000 {
            assert!(said.len() < 20_000, "{}", said.len());
            assert!(said.contains("bytes in all, SHA-256 "), "{said}");
            assert!(said.contains("aipctl approvals "), "{said}");
        }
    }
}

#[test]
fn a_click_on_the_text_opens_a_window_and_says_where_to_answer_where_none_opens() {
    let test = "a_click_on_the_text_opens_a_window_and_says_where_to_answer_where_none_opens";
    let Some(mut at) = Desk::new(test, "channels: [dialog, notification]\n") else {
        return;
    };
    let _dunst = at.bus.dunst(&at.screen, Click::Key("default"));
    let id = at.ask(&json!({"n": 1}));
    let _window = at.screen.window(WINDOW);
    at.screen.press(&["Escape"]);
    wait_until("the window closes", PATIENCE, || {
        at.screen.windows(WINDOW).is_empty()
    });
    at.click();
    let _window = at.screen.window(WINDOW);
    at.screen.press(&["Return"]);
    let answer = at.client.answer(id, PATIENCE).unwrap();
    assert_eq!(answer["error"]["code"], -32004, "{answer}");
    let record = at.home.decisions().pop().unwrap();
    assert_eq!(record["approval"]["channel"], "dialog", "{record}");

    let Some(mut at) = Desk::new(test, WITH_ALLOW) else {
        return;
    };
    let dunst = at.bus.dunst(&at.screen, Click::Key("open"));
    let id = at.ask(&json!({"n": 1}));
    at.click();
    wait_until("where to answer", PATIENCE, || {
        dunst.said().contains("Answer it: aipctl approve ")
    });
    assert_eq!(at.client.answer(id, A_WHILE), None);
}

#[test]
fn an_answer_elsewhere_and_a_cancel_close_it_and_closing_answers_nothing() {
    let test = "an_answer_elsewhere_and_a_cancel_close_it_and_closing_answers_nothing";
    let Some(mut at) = Desk::new(test, NOTIFICATIONS) else {
        return;
    };
    let _dunst = at.bus.dunst(&at.screen, Click::Close);
    let id = at.ask(&json!({"n": 1}));
    at.deny();
    assert_eq!(
        at.client.answer(id, PATIENCE).unwrap()["error"]["code"],
        -32004
    );
    at.gone();

    let id = at.ask(&json!({"n": 2}));
    at.client.send(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": id}}),
    );
    at.gone();

    let id = at.ask(&json!({"n": 3}));
    at.click();
    at.gone();
    assert_eq!(at.client.answer(id, A_WHILE), None);
    assert!(at.screen.windows(NOTIFICATION).is_empty());
    at.deny();
    assert_eq!(
        at.client.answer(id, PATIENCE).unwrap()["error"]["code"],
        -32004
    );
}

#[test]
fn hostile_text_is_shown_and_does_nothing() {
    let test = "hostile_text_is_shown_and_does_nothing";
    let Some(mut at) = Desk::new(test, NOTIFICATIONS) else {
        return;
    };
    let dunst = at.bus.dunst(&at.screen, Click::Close);
    let _id = at.ask(&json!({"text": HOSTILE}));
    // What dunst hands to its text renderer, as Pango markup.
    let said = dunst.said();
    let rendered = said.split("formatted: '").nth(1).unwrap();
    let shown = r"&lt;b&gt;&amp;amp; $(id) `id` \\n \u001b[2J \u202etxt\nTwo &lt;/span&gt;&lt;a href='http://x.y'&gt;z %s %b";
    assert!(rendered.contains(shown), "{said}");
    assert!(rendered.contains("First time for this tool."), "{said}");
    for hidden in ['\u{1b}', '\u{202e}'] {
        assert!(!said.contains(hidden), "{said}");
    }
    assert!(alive(dunst.pid()));
}

#[test]
fn an_answer_counts_only_from_the_notification_service() {
    let test = "an_answer_counts_only_from_the_notification_service";
    let Some(mut at) = Desk::new(test, WITH_ALLOW) else {
        return;
    };
    let dunst = at.bus.dunst(&at.screen, Click::Key("deny"));
    let id = at.ask(&json!({"n": 1}));
    let said = dunst.said();
    let number = said.split("\tid: ").nth(1).unwrap().lines().next().unwrap();
    let number = format!("uint32:{number}");
    let allow = said.split("\"allow-").nth(1).unwrap();
    let allow = format!("allow-{}", allow.split('"').next().unwrap());
    let to_all = "--dest=".to_owned();
    let mut to: Vec<_> = at.bus.connections();
    to = to.iter().map(|name| format!("--dest={name}")).collect();
    to.push(to_all);
    for dest in to {
        let mut args = vec!["--type=signal"];
        args.extend(Some(dest.as_str()).filter(|it| *it != "--dest="));
        args.push("/org/freedesktop/Notifications");
        for (member, word) in [
            ("ActionInvoked", format!("string:{allow}")),
            ("ActionInvoked", "string:deny".to_owned()),
            ("NotificationClosed", "uint32:2".to_owned()),
        ] {
            let member = format!("org.freedesktop.Notifications.{member}");
            let args = [&args[..], &[&member, &number, &word]].concat();
            let sent = at.bus.send(&args);
            assert!(sent.status.success(), "{sent:?}");
        }
    }
    assert_eq!(at.client.answer(id, A_WHILE), None);
    let ignored = wait_for("the record", PATIENCE, || at.event("ANSWER_IGNORED"));
    assert_eq!(ignored["channel"], "notification", "{ignored}");
    assert_eq!(ignored["approval_id"], at.waiting(), "{ignored}");
    at.click();
    let answer = at.client.answer(id, PATIENCE).unwrap();
    assert_eq!(answer["error"]["code"], -32004, "{answer}");
}

#[test]
fn an_answer_counts_from_no_service_that_the_client_has_started() {
    let test = "an_answer_counts_from_no_service_that_the_client_has_started";
    for label in ["Allow once", "Deny"] {
        let Some(mut at) = Desk::new(test, WITH_ALLOW) else {
            return;
        };
        let click = Click::Label(label);
        let dunst = at.bus.dunst_of(Whose::Clients, &at.screen, click);
        let id = at.ask(&json!({"n": 1}));
        at.click();
        let ignored = wait_for("the record", PATIENCE, || at.event("ANSWER_IGNORED"));
        assert_eq!(ignored["pid"], dunst.pid(), "{ignored}");
        let why = ignored["reason"].as_str().unwrap();
        assert!(why.starts_with("it was run by notifications"), "{why}");
        wait_until("where to answer", PATIENCE, || {
            dunst.said().contains("Answer it: aipctl approve ")
        });
        assert_eq!(at.client.answer(id, A_WHILE), None);
        let told = at.home.status()["attention"].to_string();
        assert!(told.contains("an answer by notification, by "), "{told}");
        at.deny();
        let answer = at.client.answer(id, PATIENCE).unwrap();
        assert_eq!(answer["error"]["code"], -32004, "{answer}");
    }
}

#[test]
fn a_service_that_hangs_or_dies_and_a_bus_that_goes_delay_nothing() {
    let test = "a_service_that_hangs_or_dies_and_a_bus_that_goes_delay_nothing";
    let Some(mut at) = Desk::new(test, NOTIFICATIONS) else {
        return;
    };
    let dunst = at.bus.dunst(&at.screen, Click::Key("deny"));
    send_signal(dunst.pid(), Signal::STOP);
    let id = at.client.ask_call("echo", &json!({"n": 1}));
    let waiting = wait_for("the ask", PATIENCE, || at.home.approvals().pop());
    let free = at.client.call("free", &json!({}));
    assert!(free.get("result").is_some(), "{free}");
    let denied = at.home.ctl(&["deny", waiting["id"].as_str().unwrap()]);
    assert!(denied.status.success(), "{denied:?}");
    let answer = at.client.answer(id, PATIENCE).unwrap();
    assert_eq!(answer["error"]["code"], -32004, "{answer}");
    send_signal(dunst.pid(), Signal::CONT);
    at.gone();

    // What the dead one showed is shown anew by the next, and answered there.
    let id = at.ask(&json!({"n": 2}));
    drop(dunst);
    let dunst = at.bus.dunst(&at.screen, Click::Key("deny"));
    let _window = at.screen.window(NOTIFICATION);
    at.click();
    let answer = at.client.answer(id, PATIENCE).unwrap();
    assert_eq!(answer["error"]["code"], -32004, "{answer}");

    send_signal(at.bus.pid(), Signal::STOP);
    let id = at.client.ask_call("echo", &json!({"n": 3}));
    wait_for("the ask", PATIENCE, || at.home.approvals().pop());
    let free = at.client.call("free", &json!({}));
    assert!(free.get("result").is_some(), "{free}");
    at.deny();
    let answer = at.client.answer(id, PATIENCE).unwrap();
    assert_eq!(answer["error"]["code"], -32004, "{answer}");
    send_signal(at.bus.pid(), Signal::CONT);

    let id = at.client.ask_call("echo", &json!({"n": 4}));
    wait_for("the ask", PATIENCE, || at.home.approvals().pop());
    at.bus.end();
    let free = at.client.call("free", &json!({}));
    assert!(free.get("result").is_some(), "{free}");
    at.deny();
    let answer = at.client.answer(id, PATIENCE).unwrap();
    assert_eq!(answer["error"]["code"], -32004, "{answer}");
    drop(dunst);
}

#[test]
fn the_bus_starts_the_service_where_none_runs() {
    let test = "the_bus_starts_the_service_where_none_runs";
    let Some(mut at) = Desk::new(test, NOTIFICATIONS) else {
        return;
    };
    at.bus.starts_dunst(&at.screen, Click::Close);
    let id = at.ask(&json!({"n": 1}));
    at.deny();
    let answer = at.client.answer(id, PATIENCE).unwrap();
    assert_eq!(answer["error"]["code"], -32004, "{answer}");
    at.gone();
}

#[test]
fn of_many_that_wait_three_are_shown_and_the_rest_is_a_number() {
    let test = "of_many_that_wait_three_are_shown_and_the_rest_is_a_number";
    let config = format!("{NOTIFICATIONS}prompts_per_minute: 1000\n");
    let Some(mut at) = Desk::new(test, &config) else {
        return;
    };
    let dunst = at.bus.dunst(&at.screen, Click::Key("deny"));
    for n in 0..200 {
        at.client.ask_call("echo", &json!({"n": n}));
    }
    wait_until("the number of the rest", PATIENCE, || {
        dunst.said().contains("197 more calls wait for you")
    });
    let said = dunst.said();
    assert_eq!(said.matches(r#"body: '{"n":"#).count(), 3, "{said}");
    let free = at.client.call("free", &json!({}));
    assert!(free.get("result").is_some(), "{free}");
    send_signal(at.client.pid(), Signal::KILL);
    at.gone();
}

#[test]
fn a_daemon_that_ends_takes_its_notifications_down() {
    let test = "a_daemon_that_ends_takes_its_notifications_down";
    let Some(mut at) = Desk::new(test, NOTIFICATIONS) else {
        return;
    };
    let _dunst = at.bus.dunst(&at.screen, Click::Close);
    let _id = at.ask(&json!({"n": 1}));
    send_signal(at.daemon.id(), Signal::TERM);
    at.gone();
}

#[test]
fn the_clients_bus_is_never_asked() {
    let test = "the_clients_bus_is_never_asked";
    let there = Bus::start().and_then(|bus| Ok((bus, Screen::start()?)));
    let Some((bus, screen)) = needs(test, there) else {
        return;
    };
    let dunst = bus.dunst(&screen, Click::Close);
    let home = Home::with_config(&format!("policy_trust: off\n{NOTIFICATIONS}"));
    let policy = home.policy("notices", SPEC);
    let server = recorder(&home.record("server"), &[]);
    let mut command = home.aip(&policy, &[], &server);
    // The shim starts the daemon, and hands on what it needs to find its folders.
    command
        .env("DBUS_SESSION_BUS_ADDRESS", bus.address())
        .env("XDG_RUNTIME_DIR", bus.folder())
        .env("DISPLAY", screen.display());
    let mut client = Client::start(command);
    client.initialize();
    let _tools: Value = client.request("tools/list", &json!({}));
    let id = client.ask_call("echo", &json!({"n": 1}));
    wait_for("the ask", PATIENCE, || home.approvals().pop());
    assert_eq!(client.answer(id, A_WHILE), None);
    assert_eq!(dunst.said(), "");
}
