//! Depth, length and number: what is over a bound is refused, under its id where that is known,
//! and the session goes on or ends cleanly. A last line without a newline is a message.

use e2e::client::PATIENCE;
use serde_json::{Value, json};

use crate::case::{comes_to, play, refused};
use crate::server::Server::Lenient;
use crate::server::{ALL, each, on};
use crate::session::{Setting, call};

const MIB: usize = 1024 * 1024;
const LIMIT: usize = 10 * MIB;

/// A forbidden call with this behind its name, in place of its arguments' value.
fn with(argument: &str) -> String {
    format!(r#"{{@call,"params":{{"name":"forbidden","arguments":{{"m":"HID","x":{argument}}}}}}}"#)
}

fn nested(open: &str, close: &str, times: usize) -> String {
    format!("{}1{}", open.repeat(times), close.repeat(times))
}

#[test]
fn what_is_too_deep_or_too_many_is_refused() {
    let deep: Vec<_> = [
        with(&nested("[", "]", 126)),
        with(&nested("{\"a\":", "}", 126)),
        with(&nested("[{\"a\":", "}]", 500)),
        with(&nested("[", "]", 100_000)),
        with(&format!("[{}1]", "1,".repeat(200_000))),
        with(&format!("[{}{{}}]", "{},".repeat(200_000))),
        with(&"[".repeat(100_000)),
        "[".repeat(1_000_000),
        "{\"a\":".repeat(100_000),
        nested("[", "]", 200),
        format!("[{}1]", "1,".repeat(250_000)),
    ]
    .into_iter()
    // It is refused before anybody could tell whether it would end.
    .map(|send| refused(-32600, send).falls(&[]))
    .collect();
    let just = [
        // Deep as may be: read, and refused for what it is.
        refused(-32001, with(&nested("[", "]", 124))).falls(&[]),
        comes_to(
            with(&nested("[", "]", 124))
                .replace("forbidden", "echo")
                .replace("HID", "just"),
            &[0],
            &["ALLOW"],
        ),
    ];
    play(
        "what_is_too_deep_or_too_many_is_refused",
        &Setting::default(),
        &[&deep, &just],
    );
}

#[test]
fn a_line_over_ten_mib_is_refused_by_its_id_and_the_session_goes_on() {
    let long = |length: usize| {
        let line = call("7", "echo", &json!({"m": "hidden", "x": "@"}));
        line.replace('@', &"x".repeat(length - line.len() + 1))
    };
    let id_last = |length: usize| {
        let line = r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo","arguments":{"m":"hidden","x":"@"}},"id":7}"#;
        line.replace('@', &"x".repeat(length - line.len() + 1))
    };
    let setting = Setting::default();
    each(
        "a_line_over_ten_mib_is_refused_by_its_id_and_the_session_goes_on",
        &setting,
        |mut session| {
            for line in [long(LIMIT + 1), id_last(LIMIT + 1), long(LIMIT + 3 * MIB)] {
                session.send(line);
                let replies = session.settle(1);
                assert_eq!(replies.len(), 1, "{replies:?}");
                assert_eq!(replies[0]["error"]["code"], -32600, "{}", replies[0]);
                assert_eq!(replies[0]["id"], 7);
            }
            let evidence = session.end();
            assert!(!evidence.was_read("hidden"));
            assert_eq!(evidence.decisions("BLOCK").count(), 3);
        },
    );
    // What is not over it passes; the SDK for TypeScript takes no longer line than this itself.
    on(&[Lenient], "a line of 10 MiB", &setting, |mut session| {
        session.send(
            long(LIMIT)
                .replace("echo", "emit")
                .replace("hidden", "honest"),
        );
        assert!(session.settle(1)[0].get("result").is_some());
    });
}

#[test]
fn a_line_over_ten_mib_without_an_id_ends_the_session_with_a_word_and_a_record() {
    let setting = Setting::default();
    let tells = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"m":"hidden {}"}}}}"#,
        "x".repeat(LIMIT)
    );
    let garbage = format!("hidden {}", "x".repeat(LIMIT));
    for (line, by_server) in [(&tells, false), (&garbage, false), (&garbage, true)] {
        on(
            if by_server { &ALL } else { &[Lenient] },
            "a_line_over_ten_mib_without_an_id_ends_the_session_with_a_word_and_a_record",
            &setting,
            |mut session| {
                session.call("\"held\"", "hold", &json!({"key": "k"}));
                session.settle(0);
                if by_server {
                    // The server makes it: so many bytes are no honest argument.
                    session.call("50", "emit", &json!({"garbage": LIMIT + MIB}));
                } else {
                    session.send(line);
                }
                let told: Vec<_> = std::iter::from_fn(|| session.message(PATIENCE)).collect();
                let waits = |id: &Value| told.iter().filter(|it| it["id"] == *id).count();
                assert_eq!(waits(&json!("held")), 1, "{told:?}");
                assert_eq!(waits(&json!(50)), usize::from(by_server), "{told:?}");
                assert!(told.iter().all(|it| it.get("error").is_some()), "{told:?}");
                let evidence = session.end();
                assert!(!evidence.was_read("hidden"));
                let dropped = evidence
                    .events("MESSAGE_DROPPED")
                    .chain(evidence.decisions("BLOCK"));
                assert_eq!(dropped.count(), 1);
            },
        );
    }
}

#[test]
fn a_last_line_without_a_newline_is_judged_like_any_other() {
    let evil = call("7", "forbidden", &json!({"m": "hidden"}));
    let good = call("7", "echo", &json!({"last": "words"}));
    // What is sent, the answer's code, the record.
    let lines = [
        (evil.clone(), Some(-32001), "BLOCK"),
        (evil.trim_end_matches('}').to_owned(), Some(-32700), "BLOCK"),
        (format!("\r{evil}\r"), Some(-32001), "BLOCK"),
        (evil.replace("\"id\":7,", ""), None, "BLOCK"),
        (good, Some(0), "ALLOW"),
    ];
    let setting = Setting::default();
    for (line, code, decision) in lines {
        let whole = line == evil;
        on(
            if whole { &ALL } else { &[Lenient] },
            "a_last_line_without_a_newline_is_judged_like_any_other",
            &setting,
            |mut session| {
                session.settle(0);
                session.client.send_raw(line.as_bytes());
                session.client.close();
                let told: Vec<_> = std::iter::from_fn(|| session.message(PATIENCE)).collect();
                let codes: Vec<_> = told
                    .iter()
                    .map(|it| it["error"]["code"].as_i64().unwrap_or_default())
                    .collect();
                assert_eq!(
                    codes,
                    code.into_iter().collect::<Vec<_>>(),
                    "{line}: {told:?}"
                );
                let evidence = session.end();
                assert!(!evidence.was_read("hidden"));
                let last = evidence
                    .export
                    .iter()
                    .rfind(|it| it.get("decision").is_some());
                assert_eq!(last.expect("a record")["decision"], decision, "{line}");
            },
        );
    }
}
