//! What a server says: answers to nothing, twice, or in two readings; requests it may not send.
//! The client gets what is allowed, in one reading, and each request one answer.

use e2e::client::PATIENCE;
use serde_json::Value;

use crate::server::each;
use crate::session::{Session, Setting};

/// What comes of one line of the server's, written while it runs the call with id 50.
struct Said {
    line: Vec<u8>,
    /// How many messages the client gets besides the call's answer.
    heard: usize,
    /// `MESSAGE_DROPPED` or `BLOCK`, for each record.
    records: &'static [&'static str],
    /// The line is taken for the answer of the call: 0 for a result, else its error's code.
    answers: Option<i64>,
}

fn dropped(line: impl AsRef<[u8]>) -> Said {
    Said {
        line: line.as_ref().to_owned(),
        heard: 0,
        records: &["MESSAGE_DROPPED"],
        answers: None,
    }
}

fn heard(line: impl AsRef<[u8]>) -> Said {
    Said {
        heard: 1,
        records: &[],
        ..dropped(line)
    }
}

fn blocked(line: impl AsRef<[u8]>) -> Said {
    Said {
        records: &["BLOCK"],
        ..dropped(line)
    }
}

/// The line ends the call; what the server answers afterwards is an answer to nothing.
fn answers(code: i64, line: impl AsRef<[u8]>, records: &'static [&'static str]) -> Said {
    Said {
        answers: Some(code),
        records,
        ..dropped(line)
    }
}

#[test]
fn what_a_server_says_in_two_readings_reaches_no_client() {
    let two = &["MESSAGE_DROPPED", "MESSAGE_DROPPED"];
    let tells = |data: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"info","data":{data}}}}}"#
        )
    };
    let mut said: Vec<Said> = vec![
        // No JSON-RPC at all.
        dropped("hidden: listening on port 8080"),
        dropped("Content-Length: 20 hidden"),
        dropped(b"hidden\xff\xfe\x00\x1b[31m".as_slice()),
        dropped("\"hidden\""),
        dropped("[\"hidden\"]"),
        dropped("[]"),
        dropped(format!("\u{feff}{}", tells("\"hidden\""))),
        dropped(format!("{0} {0}", tells("\"hidden\""))),
        dropped(format!("{}\r{{}}", tells("\"hidden\""))),
        dropped(tells("NaN,\"m\":\"hidden\"")),
        dropped(tells("1e999,\"m\":\"hidden\"")),
        dropped(tells(r#""\ud800 hidden""#)),
        dropped(tells("\"hidden\r\"")),
        dropped(tells("\u{2028}\"hidden\"")),
        dropped(tells(r#"{"a":1,"\u0061":"hidden"}"#)),
        dropped(
            tells("1")
                .replace("params", "Params")
                .replace("info", "hidden"),
        ),
        dropped(tells(r#"1,"Data":"hidden""#)),
        dropped(tells(r#"1},"result":{"m":"hidden""#)),
        dropped(tells("\"hidden\"").replace("\"2.0\"", "2.0")),
        dropped(tells("\"hidden\"").replace("\"jsonrpc\":\"2.0\",", "")),
        dropped([tells("\"hidden").as_bytes(), b"\xc0\xaf\"}}"].concat()),
        dropped(tells(&format!(
            "{}\"hidden\"{}",
            "[".repeat(130),
            "]".repeat(130)
        ))),
        // Batches exist in one revision only.
        dropped(format!("[{}]", tells("\"hidden\""))),
        dropped(r#"[{"jsonrpc":"2.0","id":50,"result":{"m":"hidden"}}]"#),
        // Good JSON in bytes that another could cut: it goes on in others.
        heard(tells("\r\"a\"\r")),
        heard(tells("\"\u{2028}\u{2029}\u{85}\"")),
        heard(tells("\t1.0")),
    ];
    // Its own answer, in a form that can be read in two ways, becomes an error.
    said.extend(
        [
            r#"{"jsonrpc":"2.0","id":50,"result":{"m":"hidden"},"error":{"code":1,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","id":50,"result":{"content":[],"content":["hidden"]}}"#,
            r#"{"jsonrpc":"2.0","id":50,"result":{"content":[],"Content":["hidden"]}}"#,
            r#"{"jsonrpc":"2.0","id":50,"result":{"m":"hidden"},"Result":{}}"#,
            r#"{"jsonrpc":"2.0","id":50,"result":{"m":"hidden"},"params":{}}"#,
            r#"{"jsonrpc":"1.0","id":50,"result":{"m":"hidden"}}"#,
            r#"{"id":50,"result":{"m":"hidden"}}"#,
            r#"{"jsonrpc":"2.0","id":50,"error":"hidden"}"#,
            r#"{"jsonrpc":"2.0","id":50,"error":{"code":"1","message":"hidden"}}"#,
            r#"{"jsonrpc":"2.0","id":50,"error":{"code":1,"message":"m","Message":"hidden"}}"#,
            r#"{"jsonrpc":"2.0","id":50,"error":{"message":"hidden"}}"#,
        ]
        .map(|line| answers(-32603, line, two)),
    );
    said.push(answers(
        0,
        "{\"jsonrpc\":\"2.0\",\r\"id\":50,\"result\":\t{\"content\":[]}}",
        &["MESSAGE_DROPPED"],
    ));
    play(
        "what_a_server_says_in_two_readings_reaches_no_client",
        &said,
    );
}

#[test]
fn a_server_answers_each_request_once_and_nothing_else() {
    let result = |id: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[],"m":"hidden"}}}}"#)
    };
    let mut said: Vec<Said> = [
        "99",
        "\"50\"",
        "\"\\u0035\\u0030\"",
        "51",
        "\"honest 1\"",
        "\"\"",
        "null",
        "50.0",
        "5e1",
        "50.5",
        "[50]",
        "{\"id\":50}",
        "true",
        "-50",
        "18446744073709551666",
    ]
    .map(|id| dropped(result(id)))
    .into();
    said.extend(
        [
            r#"{"jsonrpc":"2.0","result":{"m":"hidden"}}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"hidden"}}"#,
            r#"{"jsonrpc":"2.0","error":{"code":1,"message":"hidden"}}"#,
            r#"{"jsonrpc":"2.0","id":99,"error":{"code":1,"message":"hidden"}}"#,
            r#"{"jsonrpc":"2.0","id":"50","error":{"code":1,"message":"hidden"}}"#,
            r#"{"jsonrpc":"2.0","Id":50,"result":{"m":"hidden"}}"#,
            r#"{"jsonrpc":"2.0","id":99,"ID":50,"result":{"m":"hidden"}}"#,
            r#"{"jsonrpc":"2.0","id":50,"id":50,"result":{"m":"hidden"}}"#,
        ]
        .map(dropped),
    );
    // The first answer stands, whatever it is.
    said.push(answers(
        0,
        r#"{"jsonrpc":"2.0","id":50,"result":{"content":[]}}"#,
        &["MESSAGE_DROPPED"],
    ));
    said.push(answers(
        7,
        r#"{"jsonrpc":"2.0","id":50,"error":{"code":7,"message":"no"}}"#,
        &["MESSAGE_DROPPED"],
    ));
    play("a_server_answers_each_request_once_and_nothing_else", &said);
}

#[test]
fn a_server_asks_only_what_the_policy_lets_it() {
    let asks = |id: &str, method: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{"m":"hidden"}}}}"#)
    };
    let long = format!("\"{}\"", "x".repeat(1025));
    let mut said: Vec<Said> = vec![
        blocked(asks("1", "sampling/createMessage")),
        blocked(asks("1", "Sampling/CreateMessage")),
        blocked(asks("1", "sampling/createMessage\\u200b")),
        blocked(asks("1", "tools/call")),
        blocked(asks("1", "resources/read")),
        blocked(asks("1", "no/such")),
        blocked(r#"{"jsonrpc":"2.0","id":1,"method":"roots/list","params":{"_Meta":"hidden"}}"#),
        dropped(r#"{"jsonrpc":"2.0","id":1,"Method":"roots/list","params":{"m":"hidden"}}"#),
        dropped(asks("null", "roots/list")),
        dropped(asks("1.0", "roots/list")),
        dropped(asks("9007199254740993", "roots/list")),
        dropped(asks(&long, "roots/list")),
        // The id of the client's own request is another's here: both stand.
        heard(asks("50", "roots/list").replace("hidden", "shown")),
        // Not answered yet, so it is in use.
        dropped(asks("50", "ping")),
        heard(asks("\"50\"", "ping").replace("hidden", "shown")),
        dropped(asks("\"\\u0035\\u0030\"", "ping")),
    ];
    // Inside the answer of a call, as revision 2026-07-28 has it.
    let inside = |requests: &str| {
        let line = format!(r#"{{"jsonrpc":"2.0","id":50,"result":{{"content":[],{requests}}}}}"#);
        answers(-32603, line, &["MESSAGE_DROPPED", "MESSAGE_DROPPED"])
    };
    let refused = |requests: &str| Said {
        answers: Some(-32006),
        records: &["BLOCK", "MESSAGE_DROPPED"],
        ..inside(requests)
    };
    said.extend([
        refused(r#""inputRequests":{"a":{"method":"sampling/createMessage","params":{"m":"hidden"}}}"#),
        refused(r#""inputRequests":{"a":{"method":"Sampling/createMessage","params":{"m":"hidden"}}}"#),
        refused(r#""inputRequests":{"a":{"method":"ping"},"b":{"method":"tools/call","params":{"m":"hidden"}}}"#),
        inside(r#""inputRequests":{"a":{"method":"ping","Method":"sampling/createMessage","params":{"m":"hidden"}}}"#),
        inside(r#""inputRequests":[{"method":"sampling/createMessage","params":{"m":"hidden"}}]"#),
        inside(r#""InputRequests":{"a":{"method":"sampling/createMessage","params":{"m":"hidden"}}}"#),
        inside(r#""inputRequests":{"a":{"method":"elicitation/create","params":{"_Meta":"hidden"}}}"#),
    ]);
    play("a_server_asks_only_what_the_policy_lets_it", &said);
}

/// Has each server say each line, each while it runs a call of its own.
fn play(test: &str, said: &[Said]) {
    each(test, &Setting::default(), |mut session: Session| {
        for it in said {
            let shown = String::from_utf8_lossy(&it.line);
            session.emit("50", &[&it.line]);
            let mut messages: Vec<_> = (0..=it.heard)
                .map(|_| session.message(PATIENCE).expect("the call is answered"))
                .collect();
            messages.extend(session.settle(0));
            let (mut own, others): (Vec<_>, Vec<_>) = messages
                .into_iter()
                .partition(|it| it["id"] == 50 && it.get("method").is_none());
            assert_eq!(others.len(), it.heard, "{shown}: {others:?}");
            assert_eq!(own.len(), 1, "{shown}: {own:?}");
            let code = own[0]["error"]["code"].as_i64().unwrap_or_default();
            assert_eq!(code, it.answers.unwrap_or_default(), "{shown}: {own:?}");
            own[0]["result"]["content"].take();
            for message in own.iter().chain(&others) {
                assert!(
                    !message.to_string().contains("hidden"),
                    "{shown}: {message}"
                );
            }
        }
        let evidence = session.end();
        let emitted = |record: &Value| record["tool"] == "emit";
        let records = evidence.export.split(emitted).skip(1);
        for (it, records) in said.iter().zip(records) {
            check_records(&String::from_utf8_lossy(&it.line), it, records);
        }
    });
}

fn check_records(shown: &str, it: &Said, records: &[Value]) {
    let own: Vec<_> = records
        .iter()
        .filter(|it| it["direction"] == "downstream")
        .collect();
    let words: Vec<_> = own
        .iter()
        .map(|it| {
            it["event"]
                .as_str()
                .or(it["decision"].as_str())
                .unwrap_or_default()
        })
        .collect();
    assert_eq!(words, it.records, "{shown}: {records:?}");
    for record in own {
        assert!(!record.to_string().contains("hidden"), "{shown}: {record}");
    }
}
