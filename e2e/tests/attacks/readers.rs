//! One message, two readers: what another could read differently reaches none of them.

use crate::case::{Case, goes_on, play, refused, silenced};
use crate::server::ALL;
use crate::server::Server::{Lenient, Python};
use crate::session::Setting;

const PARSE: i64 = -32700;
const INVALID: i64 = -32600;

#[test]
fn a_call_behind_what_another_reader_takes_for_a_line_end_runs_nowhere() {
    let python: &[_] = &[Python, Lenient];
    let mut cases: Vec<Case> = [
        "{@call,\"params\":{\"name\":\"echo\",\"arguments\":{\"a\":\r@evil\r}}}",
        "{@call,\"params\":{\"name\":\"echo\",\"arguments\":{\"a\":[[{\"b\":\r@evil\r}]]}}}",
        "{@call,\"params\":{\"name\":\"echo\",\"arguments\":{\"a\":[1,\r@evil\r,2]}}}",
        "{@call,\"params\":{\"name\":\"echo\",\"_meta\":{\"a\":\r@evil\r}}}",
        "\r{@call,\"params\":{\"arguments\":{\"a\":\r\r@evil\t\r},\"name\":\"echo\"}}\r",
    ]
    .map(|send| goes_on(send).falls(python))
    .into();
    // Inside a text these are JSON, and go on as escapes.
    cases.extend(["\u{85}", "\u{2028}", "\u{2029}"].map(|end| {
        goes_on(format!("{{@call,\"params\":{{\"name\":\"echo\",\"arguments\":{{\"a\":\"{end}\",\"b\":@evil}}}}}}"))
    }));
    for end in [
        "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}", "\u{85}", "\u{2028}", "\u{2029}",
    ] {
        cases.push(refused(
            PARSE,
            format!(
                "{{@call,\"params\":{{\"name\":\"echo\",\"arguments\":{{\"a\":{end}@evil{end}}}}}}}"
            ),
        ));
        cases.push(refused(
            PARSE,
            format!("{{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}}{end}@evil"),
        ));
    }
    for raw in ["\r", "\u{b}", "\u{c}", "\u{1c}", "\u{1d}", "\u{1e}"] {
        let send = format!(
            "{{@call,\"params\":{{\"name\":\"echo\",\"arguments\":{{\"a\":\"{raw}\",\"b\":@evil}}}}}}"
        );
        cases.push(refused(PARSE, send));
    }
    cases.push(
        refused(
            PARSE,
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\r@evil",
        )
        .falls(python),
    );
    play(
        "a_call_behind_what_another_reader_takes_for_a_line_end_runs_nowhere",
        &Setting::default(),
        &[&cases],
    );
}

#[test]
fn a_key_that_is_doubled_or_looks_alike_hides_no_call() {
    let mut cases: Vec<_> = [
        r#"{@call,"params":{"name":"echo","name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":{"name":"echo","n\u0061me":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":{"\u006e\u0061\u006D\u0065":"echo","arguments":{"m":"HID"},"name":"forbidden"}}"#,
        r#"{@call,"params":{"name":"echo"},"params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":{"name":"echo"},"p\u0061rams":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"name":"forbidden","arguments":{"m":"HID"}},"\u006dethod":"tools/call"}"#,
    ]
    .into_iter()
    .map(|send| refused(INVALID, send).falls(&ALL))
    .collect();
    cases.extend([
        r#"{@call,"id":8,"params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":{"name":"forbidden","arguments":{"m":"a"},"arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":{"name":"forbidden","arguments":{"m":"a","m":"HID"}}}"#,
        r#"{@call,"params":{"name":"forbidden","arguments":{"a":[[{"m":"a","\u006d":"HID"}]]}}}"#,
        r#"{@call,"params":{"name":"forbidden","_meta":{"x":1,"x":2},"arguments":{"m":"HID"}}}"#,
        // Look-alikes: by case, compatibility form, separators, and what can't be seen.
        r#"{@call,"params":{"name":"echo","Name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":{"name":"echo","NAME":"forbidden","arguments":{"m":"HID"}}}"#,
        "{@call,\"params\":{\"name\":\"echo\",\"ｎame\":\"forbidden\",\"arguments\":{\"m\":\"HID\"}}}",
        "{@call,\"params\":{\"name\":\"echo\",\"na\u{200b}me\":\"forbidden\",\"arguments\":{\"m\":\"HID\"}}}",
        r#"{@call,"params":{"name":"echo","na\u0000me":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":{"name":"echo"," name\t":"forbidden","arguments":{"m":"HID"}}}"#,
        "{@call,\"params\":{\"name\":\"forbidden\",\"argument\u{17f}\":{\"m\":\"HID\"}}}",
        r#"{@call,"params":{"name":"forbidden","Arguments":{"m":"HID"}}}"#,
        r#"{@call,"Params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","Method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"m\u{e9}thod\":\"tools/call\",\"params\":{\"name\":\"forbidden\",\"arguments\":{\"m\":\"HID\"}}}",
        "{@call,\"\u{131}d\":8,\"params\":{\"name\":\"forbidden\",\"arguments\":{\"m\":\"HID\"}}}",
        r#"{@call,"ID":8,"params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{@call,"JsonRpc":"2.0","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":{"name":"forbidden","_Meta":{"progressToken":1},"arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":{"name":"forbidden","_meta":{"ProgressToken":1},"arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":{"name":"forbidden","_meta":{"progress_token":1},"arguments":{"m":"HID"}}}"#,
    ]
    .map(|send| refused(INVALID, send)));
    play(
        "a_key_that_is_doubled_or_looks_alike_hides_no_call",
        &Setting::default(),
        &[&cases],
    );
}

#[test]
fn an_envelope_that_is_not_one_thing_carries_no_call() {
    let with_id = |id: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"forbidden","arguments":{{"m":"HID"}}}}}}"#
        )
    };
    let mut cases: Vec<_> = [
        r#"{@call,"params":{"name":"forbidden","arguments":{"m":"HID"}},"result":{}}"#,
        r#"{@call,"params":{"name":"forbidden","arguments":{"m":"HID"}},"result":null}"#,
        r#"{@call,"params":{"name":"forbidden","arguments":{"m":"HID"}},"error":{"code":1,"message":"m"}}"#,
        r#"{"id":7,"method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{"jsonrpc":"1.0","id":7,"method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{"jsonrpc":2.0,"id":7,"method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{"jsonrpc":"2.0 ","id":7,"method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{"jsonrpc":["2.0"],"id":7,"method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#,
        r#"{@call,"params":["forbidden",{"m":"HID"}]}"#,
        r#"{@call,"params":{"name":"forbidden","arguments":["HID"]}}"#,
        r#"{@call,"params":{"name":"forbidden","arguments":"HID"}}"#,
        r#"{@call,"params":{"name":["forbidden"],"arguments":{"m":"HID"}}}"#,
        r#"{"x":@evil}"#,
        "[@evil]",
        "[[@evil]]",
        "[[[[@evil]],1]]",
        "[1,@evil,\"a\"]",
    ]
    .into_iter()
    .map(|send| match send {
        r#"{"x":@evil}"# => refused(INVALID, send).falls(&[]),
        r#"{@call,"params":{"name":["forbidden"],"arguments":{"m":"HID"}}}"# => {
            refused(INVALID, send).falls(&[])
        }
        _ => refused(INVALID, send),
    })
    .collect();
    for id in [
        "null",
        "true",
        "1.5",
        "1.0",
        "1e0",
        "-0",
        "-0.0",
        "1E2",
        "9007199254740992",
        "-9007199254740992",
        "9007199254740993",
        "18446744073709551616",
        "123456789012345678901234567890",
        "[7]",
        r#"{"a":7}"#,
        "[]",
    ] {
        cases.push(refused(INVALID, with_id(id)));
    }
    let long = format!("\"{}\"", "x".repeat(1025));
    cases.push(refused(INVALID, with_id(&long)));
    // A call that wants no answer: no SDK runs it, a careless server does.
    cases.push(silenced(r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#));
    cases.push(silenced(r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo","arguments":{"m":"HID"}}}"#).falls(&[]));
    cases.push(silenced(r#"{"jsonrpc":"2.0","method":"Tools/Call","params":{"name":"forbidden","arguments":{"m":"HID"}}}"#));
    play(
        "an_envelope_that_is_not_one_thing_carries_no_call",
        &Setting::default(),
        &[&cases],
    );
}

#[test]
fn text_that_is_not_strict_json_carries_no_call() {
    let evil = |argument: &str| {
        format!(
            r#"{{@call,"params":{{"name":"forbidden","arguments":{{"m":"HID","x":{argument}}}}}}}"#
        )
    };
    let mut cases: Vec<_> = ["NaN", "Infinity", "-Infinity"]
        .map(|argument| refused(PARSE, evil(argument)).falls(&[Python, Lenient]))
        .into();
    cases.extend(
        ["1e999", "-1e999", "\"\u{1}\"", "\"\t\"", "/* */1"]
            .map(|argument| refused(PARSE, evil(argument))),
    );
    cases.extend(
        [
            r#""\ud800""#,
            r#""\udc00""#,
            r#""\ud83d\ud83d""#,
            r#""\ude00\ud83d""#,
            r#""\uD800\u0041""#,
        ]
        .map(|half| refused(PARSE, evil(half))),
    );
    cases.push(refused(
        PARSE,
        r#"{@call,"params":{"name":"forbidden","arguments":{"m":"HID","\ud800":1}}}"#,
    ));
    cases.extend(
        ["01", "+1", ".5", "1.", "0x10", "1_0", "'a'", "undefined"]
            .map(|argument| refused(PARSE, evil(argument)).falls(&[])),
    );
    let raw: [&[u8]; 19] = [
        b"\xef\xbb\xbf@evil",
        b"\xff\xfe@evil",
        b"\0@evil",
        b"@evil\0",
        b"{@call,\"params\":{\"name\":\"forbidden\",\0\"arguments\":{\"m\":\"HID\"}}}",
        b"{@call,\"params\":{\"name\":\"forbi\0dden\",\"arguments\":{\"m\":\"HID\"}}}",
        b"@evil @evil",
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"} @evil",
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}@evil",
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"},@evil",
        b"@evil]",
        b"@evil}",
        b"null @evil",
        b"{@call,\"params\":{\"name\":\"forbidden\",\"arguments\":{\"m\":\"HID\",\"x\":\"\xff\"}}}",
        b"{@call,\"params\":{\"name\":\"forbidden\",\"arguments\":{\"m\":\"HID\",\"x\":\"\xed\xa0\x80\"}}}",
        // Over-long: a quote, and a letter of a key.
        b"{@call,\"params\":{\"name\":\"echo\",\"arguments\":{\"m\":\"HID\"},\"x\":\"\xc0\xa2,\"name\":\"forbidden\"}}",
        b"{@call,\"params\":{\"name\":\"echo\",\"n\xc1\xa1me\":\"forbidden\",\"arguments\":{\"m\":\"HID\"}}}",
        b"{@call,\"params\":{\"name\":\"echo\",\"n\xe0\x81\xa1me\":\"forbidden\",\"arguments\":{\"m\":\"HID\"}}}",
        b"{@call,\"params\":{\"name\":\"echo\",\"n\xf0\x80\x81\xa1me\":\"forbidden\",\"arguments\":{\"m\":\"HID\"}}}",
    ];
    cases.extend(raw.map(|send| refused(PARSE, send)));
    play(
        "text_that_is_not_strict_json_carries_no_call",
        &Setting::default(),
        &[&cases],
    );
}
