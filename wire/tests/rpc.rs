//! JSON-RPC messages: which are read, which are refused, and how they are written.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use wire::json::{MAX_NODES, Value, parse};
use wire::rpc::{
    Frame, Id, MAX_BATCH, Message, error_line, find_id_in_head, head_has_method, read, result_line,
};

#[test]
fn messages_are_read_and_written_back() {
    for (text, line) in [
        (
            r#"{ "method":"tools/call", "params":{"b":1.10,"a":2}, "jsonrpc":"2.0", "id":1 }"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"b":1.10,"a":2}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":"1","method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":"1","method":"ping"}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":"","method":"x","params":[1],"trace":"t","signature":0}"#,
            r#"{"jsonrpc":"2.0","id":"","method":"x","params":[1],"trace":"t","signature":0}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"n"}"#,
            r#"{"jsonrpc":"2.0","method":"n"}"#,
        ),
        (
            r#"{"id":-9007199254740991,"result":null,"jsonrpc":"\u0032.0"}"#,
            r#"{"jsonrpc":"2.0","id":-9007199254740991,"result":null}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m","data":[1]}}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m","data":[1]}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","error":{"message":"m","code":0,"x":1}}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"message":"m","code":0,"x":1}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":""}}"#,
            r#"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":""}}"#,
        ),
    ] {
        let message = single(text);
        assert_eq!(
            String::from_utf8(message.to_bytes()).unwrap(),
            format!("{line}\n")
        );
        assert_eq!(message.clone().into_owned().to_bytes(), message.to_bytes());
    }
}

#[test]
fn the_parts_of_a_message_are_at_hand() {
    let mut request = single(r#"{"jsonrpc":"2.0","id":7,"method":"Ping","params":{"a":1}}"#);
    assert_eq!(
        (request.id(), request.method()),
        (Some(&Id::Number(7)), Some("Ping"))
    );
    request.set_method("ping");
    request
        .params_mut()
        .unwrap()
        .insert("a", Value::string("b"));
    assert_eq!(
        request.to_bytes(),
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{\"a\":\"b\"}}\n"
    );
    let answer = single(r#"{"jsonrpc":"2.0","id":"7","result":{}}"#);
    assert_eq!(answer.id(), Some(&Id::String("7".into())));
    assert_eq!((answer.method(), answer.params()), (None, None));
    assert_ne!(Id::Number(7), Id::String("7".into()));
}

#[test]
fn malformed_messages_are_refused_under_their_id() {
    let one = Some(Id::Number(1));
    for text in [
        r#"{"id":1,"method":"x"}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"x"}"#,
        r#"{"jsonrpc":2.0,"id":1,"method":"x"}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":null}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"x","params":null}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"x","params":"p"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"x","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"x","error":null}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"m"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":null}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":"boom"}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":"m"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1.0,"message":"m"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m","Data":1}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","ｍethod":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method\u200b":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method\u0000":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","paramſ":{}}"#,
        r#"{"jsonrpc":"2.0","JsonRPC":"2.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":1,"a":2}}"#,
    ] {
        refused(text, -32600, one.as_ref());
    }
}

#[test]
fn messages_whose_id_is_in_doubt_are_refused_without_one() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"Id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"ıd":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","ID":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","result":{}}"#,
        "[]",
        "1",
        "null",
        r#""x""#,
    ] {
        refused(text, -32600, None);
    }
}

#[test]
fn ids_are_strings_or_integers_every_reader_can_hold() {
    for id in [
        "1.0",
        "1e0",
        "1E0",
        "-0",
        "null",
        "true",
        "[]",
        "{}",
        "0.5",
        "9007199254740992",
        "-9007199254740992",
        "99999999999999999999999",
    ] {
        refused(
            &format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"x"}}"#),
            -32600,
            None,
        );
        refused(
            &format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#),
            -32600,
            None,
        );
        let error = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":1,"message":""}}}}"#);
        if id == "null" {
            assert_eq!(single(&error).id(), None);
        } else {
            refused(&error, -32600, None);
        }
    }
    for id in ["0", "-1", "9007199254740991", r#""""#, r#""1.0""#] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"x"}}"#);
        assert_eq!(single(&text).id().map(Id::to_string).as_deref(), Some(id));
    }
}

#[test]
fn what_is_not_json_has_no_id() {
    for text in [
        "",
        "Server started",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}{}",
        "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}\0",
        r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":NaN}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"\ud800"}}"#,
    ] {
        refused(text, -32700, None);
    }
}

#[test]
fn what_is_too_deep_or_too_much_is_refused_under_its_id() {
    let one = Some(Id::Number(1));
    for inner in [
        format!("{}{}", "[".repeat(200), "]".repeat(200)),
        format!("[{}0]", "0,".repeat(MAX_NODES)),
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"x","params":{inner},"id":1}}"#);
        refused(&text, -32600, one.as_ref());
    }
    refused(&"[".repeat(10_000_000), -32600, None);
}

#[test]
fn a_bare_carriage_return_is_space_but_not_plain() {
    let text = "{\"jsonrpc\":\"2.0\",\r\"id\":1,\"method\":\"ping\"}";
    let read = read(text.as_bytes()).unwrap();
    assert!(!read.plain);
    let Frame::Single(message) = read.frame else {
        panic!("one message")
    };
    assert_eq!(
        message.to_bytes(),
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n"
    );
}

#[test]
fn a_batch_gives_a_verdict_for_each_element() {
    let text = r#"[{"jsonrpc":"2.0","id":1,"method":"x"},[],1,{"jsonrpc":"2.0","id":2}]"#;
    let Frame::Batch(elements) = read(text.as_bytes()).unwrap().frame else {
        panic!("a batch")
    };
    let ids: Vec<_> = elements
        .iter()
        .map(|it| match it {
            Ok(message) => (true, message.id().cloned()),
            Err(malformed) => (false, malformed.id.clone()),
        })
        .collect();
    let id = |number| Some(Id::Number(number));
    assert_eq!(
        ids,
        [(true, id(1)), (false, None), (false, None), (false, id(2))]
    );

    let long = format!("[{}0]", "0,".repeat(MAX_BATCH));
    refused(&long, -32600, None);
}

#[test]
fn answers_of_our_own_are_lines() {
    let data = Value::object([("tool", Value::string("a\nb"))]);
    for (line, expected) in [
        (
            error_line(Some(&Id::Number(1)), -32001, "Forbidden", Some(data)),
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Forbidden","data":{"tool":"a\nb"}}}"#,
        ),
        (
            error_line(None, -32700, "Parse error", None),
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#,
        ),
        (
            result_line(&Id::String("x\u{2028}".into()), Value::object([])),
            r#"{"jsonrpc":"2.0","id":"x\u2028","result":{}}"#,
        ),
    ] {
        assert_eq!(String::from_utf8(line).unwrap(), format!("{expected}\n"));
    }
}

#[test]
fn an_id_is_found_in_a_head() {
    for (head, id) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"bbbb"#,
            Some(Id::Number(1)),
        ),
        (
            r#" { "\u0069d" : "a\"b" , "#,
            Some(Id::String("a\"b".into())),
        ),
        (
            r#"{"params":{"id":5,"s":"}\"{"},"x":[{"id":6}],"id":7}"#,
            Some(Id::Number(7)),
        ),
        (r#"{"a":[[["#, None),
        (r#"{"id":12"#, None),
        (r#"{"id":12,"#, Some(Id::Number(12))),
        (r#"{"id":"ab"#, None),
        (r#"{"id":1.5,"#, None),
        (r#"{"id":null,"#, None),
        (r#"{"id":1,"id":2}"#, None),
        (r#"{"id":1,"id":2"#, None),
        (r#"{"params":{"id":5"#, None),
        (r#"[{"id":1}"#, None),
        (r#"{"id" 1,"#, None),
        (r#"{id:1,"#, None),
        ("", None),
        ("{", None),
        ("{\"id\":1\r,", Some(Id::Number(1))),
    ] {
        assert_eq!(find_id_in_head(head.as_bytes()), id, "{head}");
    }
    assert!(head_has_method(br#"{"jsonrpc":"2.0","method":"tools/ca"#));
    assert!(!head_has_method(
        br#"{"jsonrpc":"2.0","id":1,"result":{"method":"x""#
    ));
}

#[test]
fn what_messages_hold_is_not_shown() {
    let message = single(r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"p":"hunter2"}}"#);
    let shown = format!("{message:?}");
    assert!(
        shown.starts_with("Request") && !shown.contains("hunter2"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = (read(&bytes), find_id_in_head(&bytes), head_has_method(&bytes));
    }

    #[test]
    fn what_is_read_is_written_as_one_line_that_reads_the_same(text in envelope()) {
        let Ok(Frame::Single(message)) = read(text.as_bytes()).map(|it| it.frame) else {
            return Ok(());
        };
        let line = message.to_bytes();
        let body = line.strip_suffix(b"\n").unwrap();
        prop_assert!(parse(body).is_ok_and(|it| it.plain));
        let again = read(body).map_err(|it| TestCaseError::fail(it.reason))?;
        prop_assert_eq!(again.frame, Frame::Single(message));
    }

    #[test]
    fn a_cut_message_gives_its_id_or_none(text in envelope(), cut in any::<prop::sample::Index>()) {
        let Ok(Frame::Single(message)) = read(text.as_bytes()).map(|it| it.frame) else {
            return Ok(());
        };
        let whole = find_id_in_head(text.as_bytes());
        prop_assert_eq!(whole.as_ref(), message.id());
        let bytes = text.as_bytes();
        let head = &bytes[..cut.index(bytes.len())];
        if let Some(id) = find_id_in_head(head) {
            prop_assert_eq!(Some(&id), message.id());
        }
    }
}

/// Objects with some of the envelope's members, at times odd ones, in any order.
fn envelope() -> impl Strategy<Value = String> {
    let members = vec![
        r#""jsonrpc":"2.0""#,
        r#""id":12"#,
        r#""id":"a\"b""#,
        r#""id":null"#,
        r#""method":"tools/call""#,
        r#""params":{"a":[1.0,"x"]}"#,
        r#""params":[]"#,
        r#""result":{"id":3}"#,
        r#""error":{"code":1,"message":"m"}"#,
        "\"x\":\"\u{2028}\"",
        "\"Id\":1",
        "\"y\"\r:\n{}",
    ];
    prop::sample::subsequence(members, 1..5)
        .prop_shuffle()
        .prop_map(|mut members| {
            members.push(r#""jsonrpc":"2.0""#);
            members.dedup();
            format!("{{{}}}", members.join(","))
        })
}

fn single(text: &str) -> Message<'_> {
    match read(text.as_bytes()) {
        Ok(read) => match read.frame {
            Frame::Single(message) => message,
            Frame::Batch(_) => panic!("a batch: {text}"),
        },
        Err(malformed) => panic!("{text}: {malformed:?}"),
    }
}

fn refused(text: &str, code: i32, id: Option<&Id>) {
    let shown: String = text.chars().take(120).collect();
    let malformed = read(text.as_bytes()).map(drop).expect_err(&shown);
    assert_eq!(
        (malformed.code, malformed.id.as_ref()),
        (code, id),
        "{shown}"
    );
    assert!(
        !malformed.reason.is_empty() && !malformed.reason.contains('\n'),
        "{shown}"
    );
}
