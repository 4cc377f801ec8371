//! A person at `aipctl watch`: the real program on a real terminal, before the real daemon, with
//! calls that really wait.
#![expect(clippy::unwrap_used, reason = "what fails ends the test")]

use std::process::Stdio;
use std::time::{Duration, Instant};

use e2e::client::{Client, PATIENCE};
use e2e::home::{Home, resident_kib, send_signal};
use e2e::needs::{needs, tool};
use e2e::terminal::Terminal;
use e2e::wait::wait_for;
use rustix::process::Signal;
use serde_json::{Value, json};

const SPEC: &str = "  allowed_tools: [free]\n  tool_rules:\n    - {tool: echo, action: ask}";
const NARROW: (u16, u16) = (40, 24);
const WIDE: (u16, u16) = (120, 40);
/// Longer than a call must have been on the screen before a key answers it.
const LOOK: Duration = Duration::from_millis(900);

#[test]
fn one_key_allows_and_one_denies_what_is_shown() {
    for size in [NARROW, WIDE] {
        let Some((home, mut client, screen)) = sits("one_key_allows_and_one_denies", "", size)
        else {
            return;
        };
        for (key, decision) in [("a", "ALLOW"), ("d", "BLOCK")] {
            let id = client.ask_call("echo", &json!({"n": decision}));
            screen.shows(&format!("{{\"n\":\"{decision}\"}}"));
            screen.shows("1 call waits");
            std::thread::sleep(LOOK);
            screen.press(key);
            let answer = client.answer(id, PATIENCE).unwrap();
            assert_eq!(answer.get("result").is_some(), key == "a", "{answer}");
            let record = home.decisions().pop().unwrap();
            assert_eq!(record["decision"], decision);
            assert_eq!(record["approval"]["channel"], "watch", "{record}");
            screen.shows("No call waits");
            screen.shows(decision);
        }
        let answered = home.live_audit().into_iter();
        let mut answered = answered.filter(|it| it["event"] == "APPROVAL_ANSWERED");
        let by = answered.next().unwrap();
        assert_eq!(by["pid"], screen.pid(), "{by}");
    }
}

#[test]
fn neither_a_key_typed_ahead_nor_enter_space_or_escape_allows() {
    let Some((home, mut client, screen)) = sits("neither_a_key_typed_ahead", "", WIDE) else {
        return;
    };
    screen.press("aaa");
    let id = client.ask_call("echo", &json!({"n": 1}));
    screen.shows("1 call waits");
    screen.press("a");
    screen.shows("only just appeared");
    std::thread::sleep(LOOK);
    // Pasted, with Alt, and as keys that close, confirm or scroll.
    for keys in [
        "\u{1b}[200~aaaa\u{1b}[201~",
        "\u{1b}a",
        "\r",
        "\r",
        " ",
        "\t",
        "y",
        "A",
    ] {
        screen.press(keys);
        std::thread::sleep(Duration::from_millis(100));
    }
    screen.press("\u{1b}");
    assert_eq!(client.answer(id, LOOK), None);
    assert_eq!(home.approvals().len(), 1);
    screen.press("d");
    assert_eq!(
        client.answer(id, PATIENCE).unwrap()["error"]["code"],
        -32004
    );
}

#[test]
fn more_time_is_given_by_a_key_once() {
    let Some((home, mut client, screen)) = sits("more_time_is_given_by_a_key", "", WIDE) else {
        return;
    };
    let _id = client.ask_call("echo", &json!({"n": 1}));
    screen.shows("1 call waits");
    let before = home.approvals().pop().unwrap();
    std::thread::sleep(LOOK);
    screen.press("e");
    screen.shows("(extended)");
    let after = home.approvals().pop().unwrap();
    assert_eq!(after["extended"], true);
    assert!(after["deadline"].as_str() > before["deadline"].as_str());
    std::thread::sleep(LOOK);
    screen.press("e");
    screen.shows("more time already");
    let event = home.live_audit().into_iter();
    let mut event = event.filter(|it| it["event"] == "APPROVAL_EXTENDED");
    assert_eq!(event.next().unwrap()["channel"], "watch");
    assert!(event.next().is_none());
}

#[test]
fn what_is_answered_elsewhere_goes_and_its_key_reaches_no_other() {
    let Some((home, mut client, screen)) = sits("what_is_answered_elsewhere_goes", "", WIDE) else {
        return;
    };
    let first = client.ask_call("echo", &json!({"n": "first"}));
    screen.shows("\"first\"");
    let named = home.approvals().pop().unwrap();
    let second = client.ask_call("echo", &json!({"n": "second"}));
    screen.shows("2 calls wait");
    std::thread::sleep(LOOK);
    assert!(
        home.ctl(&["deny", named["id"].as_str().unwrap()])
            .status
            .success()
    );
    screen.shows("\"second\"");
    screen.press("a");
    screen.shows("only just appeared");
    assert_eq!(
        client.answer(first, PATIENCE).unwrap()["error"]["code"],
        -32004
    );
    assert_eq!(
        client.answer(second, LOOK),
        None,
        "the key was for the first"
    );
    client.send(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": second}}),
    );
    screen.shows("No call waits");
    screen.shows("withdrawn");
}

#[test]
fn hostile_arguments_are_text_and_can_be_read_whole() {
    let Some((_home, mut client, screen)) = sits("hostile_arguments_are_text", "", NARROW) else {
        return;
    };
    let hostile =
        "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}gpj\r\n<b>$(id)`id`\u{200b}\u{e0041}";
    let long = format!("{hostile}{}THE END", "x".repeat(1_000_000));
    let id = client.ask_call("echo", &json!({"text": long}));
    screen.shows("1 call waits");
    std::thread::sleep(LOOK);
    screen.press("a");
    screen.shows("Not all of it");
    screen.press("\r");
    screen.shows("owned");
    screen.press("G");
    screen.shows("THE END");
    screen.resize(100, 30);
    screen.press("gG");
    screen.shows("THE END");
    std::thread::sleep(LOOK);
    screen.press("a");
    let answer = client.answer(id, PATIENCE).unwrap();
    assert!(answer.get("result").is_some());
    own(&screen.bytes());
}

/// The screen is no way around the door: the client that opens one can read, and answer nothing.
#[test]
fn on_a_screen_of_the_clients_own_no_key_counts() {
    if needs("on_a_screen_of_the_clients_own", tool("setsid")).is_none() {
        return;
    }
    let (home, mut client) = start("");
    let mut command = home.command("aipctl");
    let screen = Terminal::start_by_the_client(command.arg("watch"), WIDE);
    let id = client.ask_call("echo", &json!({"n": 1}));
    screen.shows("1 call waits");
    for key in ["a", "d", "e"] {
        std::thread::sleep(LOOK);
        screen.press(key);
        screen.shows("this is for a person to do");
        screen.press("g");
        screen.hides("this is for a person to do");
    }
    assert_eq!(client.answer(id, Duration::ZERO), None);
    let refused = home.ctl_lines(&["logs", "--json", "--events"]);
    let refused = refused.iter().filter(|it| it["event"] == "COMMAND_REFUSED");
    let refused: Vec<_> = refused.map(|it| it["command"].clone()).collect();
    assert_eq!(refused, ["approve", "deny", "extend"]);
}

#[test]
fn a_daemon_that_goes_and_comes_back_is_told() {
    let Some((home, mut client, screen)) = sits("a_daemon_that_goes_and_comes_back", "", WIDE)
    else {
        return;
    };
    let id = client.ask_call("echo", &json!({"n": 1}));
    screen.shows("1 call waits");
    for signal in [Signal::TERM, Signal::KILL] {
        home.kill_daemon(signal);
        // The shim has started the next one by itself, or does when it is spoken to.
        client.request("ping", &json!({}));
        screen.shows("1 call waits");
    }
    std::thread::sleep(LOOK);
    screen.press("a");
    assert!(client.answer(id, PATIENCE).unwrap().get("result").is_some());
    drop(client);
    home.kill_daemon(Signal::TERM);
    screen.shows("trying again");
    let again = home.ctl(&["approvals"]);
    assert!(again.status.success());
    screen.shows("watching");
}

#[test]
fn the_terminal_is_left_as_it_was() {
    let quit = |screen: &Terminal| screen.press("q");
    let interrupt = |screen: &Terminal| screen.press("\u{3}");
    let terminate = |screen: &Terminal| send_signal(screen.pid(), Signal::TERM);
    let hang_up = |screen: &Terminal| send_signal(screen.pid(), Signal::HUP);
    let ways: [&dyn Fn(&Terminal); 4] = [&quit, &interrupt, &terminate, &hang_up];
    for way in ways {
        let Some((_home, _client, mut screen)) = sits("the_terminal_is_left", "", WIDE) else {
            return;
        };
        assert!(!screen.is_as_before());
        way(&screen);
        assert_eq!(screen.ended().code(), Some(0));
        wait_for("the terminal's old state", PATIENCE, || {
            screen.is_as_before().then_some(())
        });
    }
}

#[test]
fn without_a_terminal_it_says_so() {
    let home = Home::new();
    let said = home
        .command("aipctl")
        .arg("watch")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(2), "{said:?}");
    let why = String::from_utf8(said.stderr).unwrap();
    assert!(why.starts_with("Error: there is no terminal"), "{why}");
    assert_eq!(why.lines().count(), 1, "{why}");
    assert!(said.stdout.is_empty());
}

#[test]
fn no_color_is_honoured() {
    if needs("no_color_is_honoured", tool("setsid")).is_none() {
        return;
    }
    let sgr = regex::bytes::Regex::new(r"\x1b\[[0-9;]*m").unwrap();
    for (plain, coloured) in [("1", false), ("", true)] {
        let (home, mut client) = start("");
        let mut command = home.command("aipctl");
        command.arg("watch").env("NO_COLOR", plain);
        let screen = Terminal::start(&command, WIDE);
        let _id = client.ask_call("echo", &json!({"n": 1}));
        screen.shows("1 call waits");
        let bytes = screen.bytes();
        let colours = sgr.find_iter(&bytes).any(|it| {
            let codes = String::from_utf8_lossy(it.as_bytes()).into_owned();
            codes
                .trim_matches(['\u{1b}', '[', 'm'])
                .split(';')
                .any(|it| matches!(it.parse::<u8>(), Ok(30..=38 | 40..=48 | 90..=107)))
        });
        assert_eq!(colours, coloured);
    }
}

/// A flood: the screen stays usable, and small.
#[test]
fn a_thousand_calls_that_wait_are_no_trouble() {
    if needs("a_thousand_calls_that_wait", tool("setsid")).is_none() {
        return;
    }
    let config = format!("{}prompts_per_minute: 1000\n", e2e::home::TEST_CONFIG);
    let home = Home::with_config(&config);
    let policy = home.policy("watched", SPEC);
    let mut clients: Vec<_> = (0..20)
        .map(|nth| home.wrap(&policy, &home.record(&nth.to_string()), &[]))
        .collect();
    for client in &mut clients {
        client.initialize();
    }
    let screen = terminal(&home, WIDE);
    let text = "x".repeat(2_000);
    for n in 0..50 {
        for client in &mut clients {
            client.ask_call("echo", &json!({"n": n, "text": text}));
        }
    }
    screen.shows("1000 calls wait");
    for left in ["999 calls wait", "998 calls wait"] {
        std::thread::sleep(LOOK);
        let pressed = Instant::now();
        screen.press("d");
        screen.shows(left);
        assert!(pressed.elapsed() < Duration::from_secs(3), "{pressed:?}");
    }
    screen.press("G");
    screen.shows("\"n\":49");
    let resident = resident_kib(screen.pid());
    assert!(resident < 64 * 1024, "{resident} KiB");
    // Each takes its time to leave.
    let leaving = clients
        .into_iter()
        .map(|it| std::thread::spawn(|| drop(it)));
    for left in leaving.collect::<Vec<_>>() {
        left.join().unwrap();
    }
}

/// A person's own terminal with the screen on it: a session of its own, under no client and no
/// server.
fn terminal(home: &Home, size: (u16, u16)) -> Terminal {
    let mut command = home.command("aipctl");
    command.arg("watch");
    let screen = Terminal::start(&command, size);
    screen.shows("No call waits");
    screen
}

fn sits(test: &str, config: &str, size: (u16, u16)) -> Option<(Home, Client, Terminal)> {
    needs(test, tool("setsid"))?;
    let (home, client) = start(config);
    let screen = terminal(&home, size);
    Some((home, client, screen))
}

fn start(config: &str) -> (Home, Client) {
    let home = Home::with_config(&format!("{}{config}", e2e::home::TEST_CONFIG));
    let policy = home.policy("watched", SPEC);
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    let _tools: Value = client.request("tools/list", &json!({}));
    (home, client)
}

/// Nothing in what the terminal was sent but text and the sequences a screen is drawn with.
fn own(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    let drawing = r"\x1b\[(\??(25|1049|2004)[hl]|[0-9;]*[Hm]|[0-3]?[JK]|[0-9]*[ABCDG])";
    let rest = regex::Regex::new(drawing).unwrap().replace_all(text, "");
    let odd = |it: &char| {
        it.is_control() && !matches!(it, '\r' | '\n')
            || matches!(*it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{e0000}'..='\u{e0fff}')
    };
    let odd: Vec<_> = rest.chars().filter(odd).collect();
    assert!(odd.is_empty(), "{odd:?}");
    assert!(!rest.contains("\u{1b}]"));
    assert!(
        text.contains("\\u001b") || text.contains("\\u{1b}"),
        "it was never shown"
    );
}
