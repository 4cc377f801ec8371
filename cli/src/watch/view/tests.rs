//! What stands on screens of several sizes.

use std::time::Instant;

use ratatui_core::backend::TestBackend;
use ratatui_core::terminal::Terminal;
use serde_json::json;
use wire::control::{Approval, Before};

use super::*;
use crate::record;
use crate::watch::keys::{Key, Step};

#[test]
fn what_waits_comes_first_then_what_is_decided() {
    insta::assert_snapshot!(screen(&mut two(), 80, 24));
    insta::assert_snapshot!(screen(&mut two(), 40, 20));
}

#[test]
fn all_of_a_call_can_be_read() {
    let mut state = State::default();
    let args = format!("{{\"text\":\"{}THE END\"}}", "0123456789".repeat(40));
    state.handle_ask(Approval { args, ..ask() });
    insta::assert_snapshot!(screen(&mut state, 60, 16));
    key(&mut state, Key::Details);
    key(&mut state, Key::Go(Step::Last));
    let shown = screen(&mut state, 60, 16);
    assert!(shown.contains("THE END"), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn nothing_waits_and_nothing_is_there() {
    let mut state = State::default();
    insta::assert_snapshot!(screen(&mut state, 60, 5));
    state.handle_link(Link::Lost("aipd is not running\u{1b}[2J".to_owned()));
    insta::assert_snapshot!(screen(&mut state, 60, 5));
    key(&mut state, Key::Help);
    insta::assert_snapshot!(screen(&mut state, 76, 16));
}

#[test]
fn hostile_text_is_text() {
    let hostile = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}gpj\n\r\t<b>$(id)</b>\u{200b}\u{e0041}";
    let mut state = State::default();
    state.handle_ask(Approval {
        client: hostile.to_owned(),
        project: hostile.to_owned(),
        server: hostile.to_owned(),
        tool: format!("{hostile}{}", "\u{301}".repeat(50)),
        args: hostile.to_owned(),
        because: hostile.to_owned(),
        session: hostile.to_owned(),
        ..ask()
    });
    state.handle_record(record::brief(
        &json!({"timestamp": hostile, "decision": hostile,
        "server": hostile, "tool": hostile, "reason": hostile,
        "approval": {"answer": hostile, "channel": hostile, "after_ms": 1}}),
    ));
    let shown = screen(&mut state, 60, 36);
    insta::assert_snapshot!(shown);
    let odd = |it: char| it.is_control() && it != '\n' || "\u{202e}\u{200b}\u{e0041}".contains(it);
    assert!(!shown.contains(odd), "{shown:?}");
}

/// Down to a screen of one cell, whatever is on it.
#[test]
fn any_size_can_be_drawn() {
    for (width, height) in [(1, 1), (2, 3), (7, 2), (10, 4), (39, 8), (300, 5), (5, 100)] {
        for view in [Key::Other, Key::Details, Key::Help] {
            let mut state = two();
            state.handle_ask(Approval {
                args: "漢\u{301}".repeat(2_000),
                ..ask()
            });
            key(&mut state, view);
            screen(&mut state, width, height);
            key(&mut state, Key::Go(Step::PageDown));
            screen(&mut state, width, height);
        }
    }
}

#[test]
fn without_colours_there_are_none() {
    for colour in [true, false] {
        let mut state = two();
        let (buffer, _) = drawn(&mut state, colour, 80, 24);
        let plain =
            |it: &ratatui_core::buffer::Cell| it.fg == Color::Reset && it.bg == Color::Reset;
        assert_eq!(buffer.content.iter().all(plain), !colour);
    }
}

/// Where a call is cut, it says so and is not taken for read.
#[test]
fn what_is_cut_is_not_readable() {
    for (height, readable) in [(24, true), (12, true), (8, false), (4, false)] {
        let mut state = State::default();
        state.handle_ask(ask());
        let (_, drawn) = drawn(&mut state, false, 80, height);
        assert_eq!(drawn.is_some_and(|it| it.readable), readable, "{height}");
    }
}

fn two() -> State {
    let mut state = State::default();
    state.handle_ask(ask());
    state.handle_ask(Approval {
        id: "12345678".to_owned(),
        tool: "delete_branch".to_owned(),
        asked: "2026-11-22T10:00:05.000Z".to_owned(),
        deadline: "2026-11-22T10:01:53.000Z".to_owned(),
        extended: true,
        ..ask()
    });
    let records = [
        json!({"timestamp": "2026-11-22T10:00:00.123Z", "decision": "ALLOW", "server": "github",
            "tool": "get_pull_request"}),
        json!({"timestamp": "2026-11-22T10:00:01.000Z", "decision": "BLOCK", "server": "github",
            "tool": "delete_repository", "error_code": -32001,
            "reason": "Tool not in allowed_tools list"}),
        json!({"timestamp": "2026-11-22T10:00:03.000Z", "decision": "ALLOW", "server": "github",
            "tool": "merge_pull_request",
            "approval": {"answer": "allow", "channel": "watch", "after_ms": 3200}}),
    ];
    for record in &records {
        state.handle_record(record::brief(record));
    }
    state
}

fn ask() -> Approval {
    Approval {
        id: "0badcafe".to_owned(),
        session: "01890000-0000-7000-8000-000000000001".to_owned(),
        client: "/opt/Cursor/cursor".to_owned(),
        project: "/home/me/billing-api".to_owned(),
        server: "github".to_owned(),
        tool: "merge_pull_request".to_owned(),
        args: r#"{"owner":"acme","repo":"billing","pullNumber":214}"#.to_owned(),
        because: "github-agent.yaml line 14 (github-agent)".to_owned(),
        asked: "2026-11-22T10:00:00.000Z".to_owned(),
        deadline: "2026-11-22T10:01:00.000Z".to_owned(),
        extended: false,
        state: "waiting".to_owned(),
        before: Some(Before::default()),
        ..Approval::default()
    }
}

fn key(state: &mut State, key: Key) {
    assert_eq!(state.handle_key(key, Instant::now()), None);
}

fn screen(state: &mut State, width: u16, height: u16) -> String {
    let (buffer, drawn) = drawn(state, true, width, height);
    state.handle_drawn(drawn, Instant::now());
    let rows = buffer.content.chunks(width.into());
    let rows = rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>());
    let rows: Vec<_> = rows.map(|row| row.trim_end().to_owned()).collect();
    rows.join("\n")
}

fn drawn(state: &mut State, colour: bool, width: u16, height: u16) -> (Buffer, Option<Drawn>) {
    let now = "2026-11-22T10:00:12.000Z".parse().unwrap();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut drawn = None;
    terminal
        .draw(|frame| {
            state.prepare(width);
            drawn = draw(state, colour, now, frame.area(), frame.buffer_mut());
        })
        .unwrap();
    (terminal.backend().buffer().clone(), drawn)
}
