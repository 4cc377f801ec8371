//! Ids from the client's side: one table of outstanding requests, in which 1 is not "1".

use e2e::client::PATIENCE;
use serde_json::{Value, json};

use crate::case::{dropped, play, refused};
use crate::server::each;
use crate::session::{ALLOWED, Session, Setting, call};

const INVALID: i64 = -32600;

#[test]
fn a_number_and_its_text_are_answered_each_by_its_own() {
    let setting = Setting::default();
    each(
        "a_number_and_its_text_are_answered_each_by_its_own",
        &setting,
        |mut session| {
            let ids = [
                "1",
                "\"1\"",
                "\"01\"",
                "\"\"",
                "-1",
                "\"\\u0000\"",
                "9007199254740991",
            ];
            for id in ids {
                session.call(id, "hold", &json!({ "key": id }));
            }
            assert_eq!(session.settle(0), Vec::<Value>::new());
            for id in ids.into_iter().rev() {
                let own: Value = serde_json::from_str(id).unwrap();
                let answers = release(&mut session, id, 1);
                assert_eq!(answers.len(), 1, "{id}: {answers:?}");
                assert_eq!(answers[0]["id"], own);
                assert!(
                    text(&answers[0]).contains(&json!(id).to_string()),
                    "{}",
                    answers[0]
                );
            }
            assert_eq!(session.end().runs_of("hold"), ids.len());
        },
    );
}

#[test]
fn an_id_in_use_is_refused_and_the_first_gets_its_one_answer() {
    let seconds = [
        call("7", "echo", &json!({"second": true})),
        call("7", "hold", &json!({"key": "k"})),
        call("7", "forbidden", &json!({"m": "hidden"})),
        call("\"\\u0061\"", "echo", &json!({"second": true})),
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":7,"method":"no/such/method"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","Name":"forbidden"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","name":"forbidden"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}}"#.to_owned(),
        r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}"#.to_owned(),
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"ping","params":{{"x":{}1{}}}}}"#, "[".repeat(200), "]".repeat(200)),
        // In use by a call that waits for a person.
        call("8", "echo", &json!({"second": true})),
        call("8", "careful", &json!({"second": true})),
    ];
    let setting = Setting {
        spec: format!("{ALLOWED}\n  tool_rules: [{{tool: careful, action: ask}}]"),
        ..Setting::default()
    };
    each(
        "an_id_in_use_is_refused_and_the_first_gets_its_one_answer",
        &setting,
        |mut session| {
            session.call("7", "hold", &json!({"key": "k"}));
            session.call("\"a\"", "hold", &json!({"key": "k"}));
            session.call("8", "careful", &json!({}));
            session.settle(0);
            for second in &seconds {
                session.send(second);
                let replies = session.settle(1);
                assert_eq!(replies.len(), 1, "{second}: {replies:?}");
                // By its id the refusal would be taken for the first one's answer.
                assert!(replies[0]["id"].is_null(), "{second}: {}", replies[0]);
                assert_eq!(replies[0]["error"]["code"], INVALID, "{second}");
            }
            let mut firsts = release(&mut session, "k", 2);
            firsts.sort_by_key(ToString::to_string);
            let ids: Vec<_> = firsts.iter().map(|it| it["id"].clone()).collect();
            assert_eq!(ids.len(), 2, "{firsts:?}");
            assert!(
                ids.contains(&json!(7)) && ids.contains(&json!("a")),
                "{firsts:?}"
            );
            // Once answered, an id is free again.
            for id in ["7", "\"a\"", "7"] {
                session.call(id, "echo", &json!({"again": id}));
                let again = session.settle(1);
                assert!(again[0].get("result").is_some(), "{again:?}");
            }
            deny_all(&session);
            assert_eq!(session.settle(1)[0]["error"]["code"], -32004);
            let evidence = session.end();
            assert_eq!(evidence.runs_of("hold"), 2);
            assert_eq!(evidence.runs_of("careful"), 0);
            let refused = evidence
                .decisions("BLOCK")
                .filter(|it| it["error_code"] == INVALID);
            assert_eq!(refused.count(), seconds.len());
        },
    );
}

#[test]
fn past_1024_under_way_a_request_is_refused_and_room_comes_back() {
    let setting = Setting::default();
    each(
        "past_1024_under_way_a_request_is_refused_and_room_comes_back",
        &setting,
        |mut session| {
            let lines: Vec<_> = (0..1024)
                .map(|id| call(&id.to_string(), "hold", &json!({"key": "k"})))
                .collect();
            session.send(lines.join("\n"));
            for id in ["2000", "\"more\""] {
                session.call(id, "echo", &json!({"over": true}));
                let refused = session.message(PATIENCE).expect("a refusal");
                assert_eq!(refused["id"].to_string(), id, "{refused}");
                assert_eq!(
                    refused["error"]["data"]["aip"], "too_many_outstanding",
                    "{refused}"
                );
            }
            // What concerns nothing makes no room; a cancel does.
            session.send(cancel("\"no such\""));
            session.send(cancel("\"5\""));
            session.send(r#"{"jsonrpc":"2.0","id":5,"result":{}}"#);
            session.evidence_of_server(1024);
            session.send(cancel("5"));
            session.call("\"release\"", "release", &json!({"key": "k"}));
            let answers: Vec<_> = (0..1024)
                .map(|_| session.message(PATIENCE).expect("an answer"))
                .collect();
            assert!(answers.iter().all(|it| it.get("result").is_some()));
            // Some servers answer what was cancelled, too.
            assert!(session.settle(0).len() <= 1);
            let evidence = session.end();
            assert_eq!(evidence.runs_of("hold"), 1024);
            assert_eq!(evidence.decisions("BLOCK").count(), 2);
            let dropped = evidence.events("MESSAGE_DROPPED");
            assert_eq!(
                dropped.filter(|it| it["direction"] == "upstream").count(),
                3
            );
        },
    );
}

#[test]
fn an_answer_of_the_clients_to_nothing_goes_nowhere() {
    let result = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"m":"HID"}}}}"#);
    let failure = r#""error":{"code":1,"message":"HID"}"#;
    let mut cases: Vec<_> = ["0", "1", "7", "\"0\"", "\"\"", "-1", "\"\\u0030\""]
        .map(|id| dropped(result(id)))
        .into();
    cases.extend(
        ["\"id\":0,", "\"id\":\"0\",", "\"id\":null,", ""]
            .map(|id| dropped(format!(r#"{{"jsonrpc":"2.0",{id}{failure}}}"#))),
    );
    cases.extend(
        [
            "null",
            "0.0",
            "0e0",
            "-0",
            "[0]",
            "true",
            "9007199254740993",
        ]
        .map(|id| refused(INVALID, result(id))),
    );
    cases.extend(
        [
            r#"{"jsonrpc":"2.0","result":{"m":"HID"}}"#,
            r#"{"jsonrpc":"2.0","id":0,"result":{"m":"HID"},"error":{"code":1,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","id":0,"result":{"m":"HID"},"Error":{}}"#,
            r#"{"jsonrpc":"2.0","id":0,"error":{"code":"1","message":"HID"}}"#,
            r#"{"jsonrpc":"2.0","id":0,"error":"HID"}"#,
            r#"{"jsonrpc":"2.0","id":0,"id":"0","result":{"m":"HID"}}"#,
            r#"{"jsonrpc":"2.0","id":99,"Id":0,"result":{"m":"HID"}}"#,
        ]
        .map(|send| refused(INVALID, send)),
    );
    play(
        "an_answer_of_the_clients_to_nothing_goes_nowhere",
        &Setting::default(),
        &[&cases],
    );
}

fn cancel(id: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
    )
}

/// Lets what is held under a key go on; the answers but the release's own.
pub(crate) fn release(session: &mut Session, key: &str, held: usize) -> Vec<Value> {
    session.call("\"release\"", "release", &json!({ "key": key }));
    let mut answers = session.settle(held + 1);
    answers.retain(|it| it["id"] != "release");
    answers
}

fn text(answer: &Value) -> String {
    let text = answer["result"]["content"][0]["text"].as_str();
    text.unwrap_or_default().to_owned()
}

fn deny_all(session: &Session) {
    for approval in session.home.approvals() {
        let id = approval["id"].as_str().expect("approvals have ids");
        assert!(session.home.ctl(&["deny", id]).status.success());
    }
}
