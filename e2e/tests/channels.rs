//! One ask is open in every channel at the same time: the first answer counts, and the others close.

use std::time::Duration;

use e2e::bus::Click;
use e2e::client::PATIENCE;
use e2e::desk::{Desk, NOTIFICATION, WINDOW};
use e2e::needs::{needs, tool};
use e2e::terminal::Terminal;
use e2e::wait::wait_until;
use serde_json::json;

const CONFIG: &str = "channels: [dialog, notification]\nprompts_per_minute: 100\n";

#[test]
fn an_ask_is_answered_in_each_channel_in_turn() {
    let test = "an_ask_is_answered_in_each_channel_in_turn";
    let Some(mut desk) = desk(test) else { return };
    let _dunst = desk.bus.dunst(&desk.screen, Click::Key("deny"));
    let watch = watch(&desk);
    for channel in ["dialog", "notification", "control", "watch"] {
        let id = desk.ask(&json!({"channel": channel}));
        let _window = desk.screen.window(WINDOW);
        watch.shows(&format!("{{\"channel\":\"{channel}\"}}"));
        match channel {
            "dialog" => desk.screen.press(&["Return"]),
            "notification" => desk.click(),
            "watch" => {
                std::thread::sleep(LOOK);
                watch.press("d");
            }
            _ => desk.deny(),
        }
        let answer = desk.client.answer(id, PATIENCE).unwrap();
        assert_eq!(answer["error"]["code"], -32004, "{answer}");
        all_closed(&desk);
        watch.shows("No call waits");
        let record = desk.home.decisions().pop().unwrap();
        assert_eq!(record["approval"]["channel"], channel, "{record}");
        assert!(record["approval"]["after_ms"].as_u64().unwrap() > 0);
    }
    assert_eq!(answers(&desk), 4);
}

#[test]
fn of_two_answers_at_the_same_instant_one_counts() {
    let test = "of_two_answers_at_the_same_instant_one_counts";
    let Some(mut desk) = desk(test) else { return };
    let _dunst = desk.bus.dunst(&desk.screen, Click::Key("deny"));
    let watch = watch(&desk);
    for n in 1..=5 {
        let id = desk.ask(&json!({"n": n}));
        let _window = desk.screen.window(WINDOW);
        watch.shows(&format!("{{\"n\":{n}}}"));
        let waiting = desk.waiting();
        let notification = desk.screen.window(NOTIFICATION);
        let (home, screen) = (&desk.home, &desk.screen);
        std::thread::scope(|scope| {
            scope.spawn(|| home.ctl(&["approve", &waiting]));
            scope.spawn(|| screen.click(&notification, 0.2, 25));
        });
        let answer = desk.client.answer(id, PATIENCE).unwrap();
        all_closed(&desk);
        let record = desk.home.decisions().pop().unwrap();
        let allowed = answer.get("result").is_some();
        let by = if allowed { "control" } else { "notification" };
        assert_eq!(record["approval"]["channel"], by, "{record} {answer}");
        assert_eq!(answers(&desk), n);
    }
    let received = desk.home.record("server").calls().len();
    let allowed = desk.home.decisions();
    let allowed = allowed.iter().filter(|it| it["decision"] == "ALLOW");
    assert_eq!(received, allowed.count());
}

/// Longer than a call must have been on the screen before a key answers it.
const LOOK: Duration = Duration::from_millis(900);

fn watch(desk: &Desk) -> Terminal {
    let mut command = desk.home.command("aipctl");
    command.arg("watch");
    let watch = Terminal::start(&command, (120, 40));
    watch.shows("No call waits");
    watch
}

fn desk(test: &str) -> Option<Desk> {
    needs(test, tool("zenity"))?;
    Desk::new(test, CONFIG)
}

fn all_closed(desk: &Desk) {
    wait_until("all to be closed", PATIENCE, || {
        desk.screen.windows(WINDOW).is_empty() && desk.screen.windows(NOTIFICATION).is_empty()
    });
    assert_eq!(desk.home.approvals().len(), 0);
}

fn answers(desk: &Desk) -> usize {
    let records = desk.home.live_audit();
    let answers = records
        .iter()
        .filter(|it| it["event"] == "APPROVAL_ANSWERED");
    answers.count()
}
