//! Messages that two readers could read differently never reach the server, in either reading.
#![expect(
    clippy::indexing_slicing,
    reason = "what fails ends the test; a JSON member that is not there reads as null"
)]

use std::time::Duration;

use e2e::client::PATIENCE;
use e2e::home::Home;
use e2e::wait::wait_for;
use serde_json::json;

const PARSE: i64 = -32700;
const INVALID: i64 = -32600;
/// Stands in every line below in the place a careless reader would act on.
const HIDDEN: &[u8] = b"hidden";

#[test]
fn keys_that_are_doubled_or_look_alike_are_refused() {
    check(br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","name":"hidden"}}"#, &[PARSE, INVALID]);
    check(br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","n\u0061me":"hidden"}}"#, &[PARSE, INVALID]);
    check(br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"a":{"b":1,"b":"hidden"}}}}"#, &[PARSE, INVALID]);
    check(br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","Name":"hidden"}}"#, &[INVALID, -32602]);
    check(
        br#"{"jsonrpc":"2.0","id":7,"method":"ping","Method":"hidden"}"#,
        &[INVALID],
    );
    check("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"argument\u{17f}\":{\"x\":\"hidden\"}}}".as_bytes(), &[INVALID, -32602]);
}

#[test]
fn envelopes_that_are_not_one_thing_are_refused() {
    check(
        br#"{"jsonrpc":"2.0","id":7,"method":"ping","result":"hidden"}"#,
        &[INVALID],
    );
    check(
        br#"{"id":7,"method":"ping","params":{"x":"hidden"}}"#,
        &[INVALID],
    );
    check(
        br#"{"jsonrpc":"1.0","id":7,"method":"ping","params":{"x":"hidden"}}"#,
        &[INVALID],
    );
    check(
        br#"{"jsonrpc":"2.0","id":1.5,"method":"ping","params":{"x":"hidden"}}"#,
        &[INVALID],
    );
    check(
        br#"{"jsonrpc":"2.0","id":9007199254740993,"method":"ping","params":{"x":"hidden"}}"#,
        &[INVALID],
    );
    check(
        br#"{"jsonrpc":"2.0","id":["hidden"],"method":"ping"}"#,
        &[INVALID],
    );
    check(br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":["hidden"]}}"#, &[INVALID, -32602]);
    check(
        br#"[{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"hidden"}}]"#,
        &[INVALID],
    );
}

#[test]
fn text_that_is_not_strict_json_is_refused() {
    check(
        b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"hidden\"}",
        &[PARSE],
    );
    check(
        br#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":NaN,"y":"hidden"}}"#,
        &[PARSE],
    );
    check(
        br#"{"jsonrpc":"2.0","id":7,"method":"ping"} {"method":"hidden"}"#,
        &[PARSE],
    );
    check(
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{\"x\":\"hidden\xc0\xaf\"}}",
        &[PARSE],
    );
    check(
        br#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"hidden\ud800"}}"#,
        &[PARSE],
    );
    check(
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{\"x\":\"hidden\x00\"}}",
        &[PARSE],
    );
}

#[test]
fn no_raw_control_byte_is_forwarded_though_the_message_is_good() {
    let home = Home::new();
    let policy = home.policy("readers", "  allowed_tools: [echo]");
    let mut client = home.wrap(&policy, &home.record("server"), &[]);
    client.initialize();
    client.send_raw(
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\r\"params\":{\"name\":\"echo\",\t\"arguments\":{\"a\":\"\xe2\x80\xa8\x7f\xc2\x85\",\"n\":1.0}}}\r\n",
    );
    let answer = client.answer(7, PATIENCE).expect("an answer");
    assert!(answer.get("result").is_some(), "{answer}");
    let raw = home.record("server").raw();
    let odd = raw
        .iter()
        .filter(|byte| **byte < 0x20 && **byte != b'\n')
        .count();
    assert_eq!(
        odd,
        0,
        "control bytes went out: {}",
        String::from_utf8_lossy(&raw)
    );
    for separator in ["\u{2028}", "\u{85}"] {
        assert!(
            !String::from_utf8_lossy(&raw).contains(separator),
            "a line end went out"
        );
    }
    assert!(
        String::from_utf8_lossy(&raw).contains("\"n\":1.0"),
        "a number's form was changed"
    );
}

#[test]
fn an_id_in_flight_is_not_taken_twice_and_1_is_not_the_text_1() {
    let home = Home::new();
    let policy = home.policy("readers", "  allowed_tools: [echo]");
    let mut client = home.wrap(&policy, &home.record("server"), &["--delay", "300"]);
    client.initialize();
    for id in [json!(50), json!("50"), json!(50)] {
        let params = json!({"name": "echo", "arguments": {"id": id}});
        client.send(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}));
    }
    let refused = client.find(PATIENCE, |message| message.get("error").is_some());
    // By its id the refusal would look like the end of the first.
    assert!(refused.expect("the double is refused")["id"].is_null());
    for id in [json!(50), json!("50")] {
        let answer = client.find(PATIENCE, |message| message["id"] == id);
        assert!(
            answer.is_some_and(|answer| answer.get("result").is_some()),
            "{id}"
        );
    }
    assert_eq!(home.record("server").calls().len(), 2);
}

/// One line: refused with one of these codes, recorded, nothing of it at the server.
#[track_caller]
fn check(line: &[u8], codes: &[i64]) {
    let home = Home::new();
    let policy = home.policy(
        "readers",
        "  allowed_tools: ['*']\n  allowed_methods: ['*']",
    );
    let record = home.record("server");
    let mut client = home.wrap(&policy, &record, &[]);
    client.initialize();
    let shown = String::from_utf8_lossy(line).into_owned();
    client.send_raw(&[line, b"\n"].concat());
    let answer = client.find(Duration::from_secs(5), |message| {
        message.get("error").is_some()
    });
    let code = answer
        .as_ref()
        .and_then(|answer| answer["error"]["code"].as_i64());
    assert!(
        code.is_some_and(|code| codes.contains(&code)),
        "{shown}: {answer:?}"
    );
    assert!(
        client
            .call("echo", &json!({"n": 1}))
            .get("result")
            .is_some(),
        "{shown}"
    );
    let raw = record.raw();
    let reached = raw.windows(HIDDEN.len()).any(|piece| piece == HIDDEN);
    assert!(
        !reached,
        "{shown} reached the server: {}",
        String::from_utf8_lossy(&raw)
    );
    wait_for(&format!("a record of {shown}"), PATIENCE, || {
        home.decisions()
            .into_iter()
            .find(|line| line["decision"] == "BLOCK")
    });
}
