//! The strict parser and its writer, case by case.

use wire::json::{JsonErrorKind, MAX_DEPTH, MAX_NODES, Value, parse};

#[test]
fn texts_that_are_read_come_back_compact() {
    for (text, compact) in [
        ("null", "null"),
        (" true ", "true"),
        ("-0.0e-12", "-0.0e-12"),
        ("0", "0"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        ("1.10", "1.10"),
        ("1e5", "1e5"),
        ("1E+5", "1E+5"),
        (r#"{"b":1,"a":2}"#, r#"{"b":1,"a":2}"#),
        ("[ 1 , [ ] , { } ]", "[1,[],{}]"),
        ("{\"a\"\r\n:\t1}", r#"{"a":1}"#),
        (r#""\u0041\n\/\ud83d\ude00""#, "\"A\\n/\u{1f600}\""),
        (r#""\u0000\u001f\u007f\b\f""#, r#""\u0000\u001f\u007f\b\f""#),
        (
            "\"\u{7f}\u{85}\u{2028}\u{2029}\u{2027}\u{c2}\"",
            "\"\\u007f\\u0085\\u2028\\u2029\u{2027}\u{c2}\"",
        ),
    ] {
        let written = parse(text.as_bytes()).map(|it| it.value.to_json());
        assert_eq!(written.as_deref(), Ok(compact), "{text:?}");
    }
}

#[test]
fn bytes_that_some_reader_takes_for_a_line_end_are_not_plain() {
    for (text, plain) in [
        (r#"{"a": "b"}"#, true),
        ("[1, 2]", true),
        ("\"\u{84}\u{86}\u{2027}\u{202a}é\u{1f600}\"", true),
        (r#""\r\n\u2028\u0085""#, true),
        ("[1,\r2]", false),
        ("[1,\n2]", false),
        ("[1,\t2]", false),
        ("1\r", false),
        ("\"\u{85}\"", false),
        ("\"\u{2028}\"", false),
        ("[\"é\u{2029}\"]", false),
    ] {
        assert_eq!(
            parse(text.as_bytes()).map(|it| it.plain),
            Ok(plain),
            "{text:?}"
        );
    }
}

#[test]
fn hostile_texts_are_refused() {
    use JsonErrorKind as Kind;
    let cases: &[(&[u8], Kind, usize)] = &[
        (b"", Kind::UnexpectedEnd, 0),
        (b"  ", Kind::UnexpectedEnd, 2),
        (b"\xEF\xBB\xBF{}", Kind::Unexpected, 0),
        (b"\0", Kind::Unexpected, 0),
        (b"{}\0", Kind::Trailing, 2),
        (b"{}{}", Kind::Trailing, 2),
        (b"1 2", Kind::Trailing, 2),
        (b"{} x", Kind::Trailing, 3),
        (b"NaN", Kind::Unexpected, 0),
        (b"nan", Kind::Unexpected, 1),
        (b"Infinity", Kind::Unexpected, 0),
        (b"-Infinity", Kind::Number, 1),
        (b"01", Kind::Number, 1),
        (b"-", Kind::UnexpectedEnd, 1),
        (b"+1", Kind::Unexpected, 0),
        (b"1.", Kind::UnexpectedEnd, 2),
        (b".5", Kind::Unexpected, 0),
        (b"1.e5", Kind::Number, 2),
        (b"1e", Kind::UnexpectedEnd, 2),
        (b"0x10", Kind::Number, 1),
        (b"1e999", Kind::NumberRange, 5),
        (b"[1,]", Kind::Unexpected, 3),
        (b"{\"a\":1,}", Kind::Unexpected, 7),
        (b"{a:1}", Kind::Unexpected, 1),
        (b"{'a':1}", Kind::Unexpected, 1),
        (b"[1 2]", Kind::Unexpected, 3),
        (b"[", Kind::UnexpectedEnd, 1),
        (b"{\"a\"", Kind::UnexpectedEnd, 4),
        (b"/**/1", Kind::Unexpected, 0),
        (b"tru", Kind::UnexpectedEnd, 3),
        (b"trux", Kind::Unexpected, 3),
        (b"\"a", Kind::UnexpectedEnd, 2),
        (b"\"\\", Kind::UnexpectedEnd, 2),
        (b"\"a\nb\"", Kind::Control, 2),
        (b"\"\0\"", Kind::Control, 1),
        (b"\"\\x41\"", Kind::Escape, 2),
        (b"\"\\u12G4\"", Kind::Escape, 5),
        (b"\"\\u+123\"", Kind::Escape, 3),
        (b"\"\\ud800\"", Kind::LoneSurrogate, 7),
        (b"\"\\udc00\"", Kind::LoneSurrogate, 7),
        (b"\"\\ud800\\ud800\"", Kind::LoneSurrogate, 13),
        (b"\"\\udc00\\udc00\"", Kind::LoneSurrogate, 7),
        (b"\"\\ud800\\n\"", Kind::LoneSurrogate, 8),
        (b"\"\xC0\xAF\"", Kind::Utf8, 1),
        (b"\"\xE0\x80\xAF\"", Kind::Utf8, 1),
        (b"\"\xED\xA0\x80\"", Kind::Utf8, 1),
        (b"\"\xF4\x90\x80\x80\"", Kind::Utf8, 1),
        (b"\"\xFF\"", Kind::Utf8, 1),
        (b"\xA01", Kind::Utf8, 0),
        ("\u{a0}1".as_bytes(), Kind::Unexpected, 0),
        (br#"{"a":1,"a":1}"#, Kind::DuplicateKey, 13),
        (br#"{"a":1,"\u0061":2}"#, Kind::DuplicateKey, 18),
        (br#"{"":1,"":2}"#, Kind::DuplicateKey, 11),
        (br#"[{"x":{"a":1,"b":2,"a":3}}]"#, Kind::DuplicateKey, 25),
    ];
    for (text, kind, offset) in cases {
        let error = parse(text)
            .map(|it| it.value.to_json())
            .map_err(|it| (it.kind, it.offset));
        assert_eq!(
            error,
            Err((*kind, *offset)),
            "{}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn duplicates_are_found_in_large_objects_too() {
    let keys = |count: usize| {
        (0..count)
            .map(|key| format!("\"k{key}\":0,"))
            .collect::<String>()
    };
    for count in [15, 16, 17, 190_000] {
        let unique = format!("{{{}\"last\":0}}", keys(count));
        let double = format!("{{{}\"\\u006b0\":0}}", keys(count));
        assert_eq!(kind(unique.as_bytes()), None, "{count}");
        assert_eq!(
            kind(double.as_bytes()),
            Some(JsonErrorKind::DuplicateKey),
            "{count}"
        );
    }
}

#[test]
fn keys_that_differ_only_by_case_or_form_are_no_duplicates() {
    assert_eq!(
        kind("{\"a\":1,\"A\":2,\"\u{e9}\":3,\"e\u{301}\":4}".as_bytes()),
        None
    );
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
    assert_eq!(kind(&nested(MAX_DEPTH)), None);
    assert_eq!(kind(&nested(MAX_DEPTH + 1)), Some(JsonErrorKind::Depth));
    assert_eq!(kind(&b"[".repeat(10_000_000)), Some(JsonErrorKind::Depth));
    assert_eq!(
        kind(&br#"{"a":"#.repeat(1_000_000)),
        Some(JsonErrorKind::Depth)
    );
}

#[test]
fn nodes_are_bounded() {
    let zeros = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
    assert_eq!(kind(zeros(MAX_NODES - 1).as_bytes()), None);
    assert_eq!(
        kind(zeros(MAX_NODES).as_bytes()),
        Some(JsonErrorKind::Nodes)
    );
    let pairs = format!("[{}[]]", "[[]],".repeat(MAX_NODES / 2));
    assert_eq!(kind(pairs.as_bytes()), Some(JsonErrorKind::Nodes));
}

#[test]
fn memory_is_that_of_the_values() {
    let text = format!("[[{}0],{}[0]]", "0,".repeat(50_000), "[0],".repeat(50_000));
    let parsed = parse(text.as_bytes()).unwrap();
    let Value::Array(outer) = parsed.value else {
        panic!("an array")
    };
    assert_eq!(outer.capacity(), outer.len());
    for inner in &outer {
        let Value::Array(inner) = inner else {
            panic!("an array")
        };
        assert_eq!(inner.capacity(), inner.len());
    }
}

#[test]
fn strings_without_escapes_are_borrowed() {
    let text = br#"["plain","es\tcaped",12]"#;
    let Value::Array(values) = parse(text).unwrap().value else {
        panic!("an array")
    };
    let borrowed = values.iter().map(|value| match value {
        Value::String(text) | Value::Number(text) => matches!(text, std::borrow::Cow::Borrowed(_)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    });
    assert_eq!(borrowed.collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn members_can_be_changed() {
    let mut value = parse(br#"{"a":1,"b":[2],"c":3}"#)
        .unwrap()
        .value
        .into_owned();
    value.insert("a", Value::string("x"));
    value.insert("d", Value::integer(-4));
    assert_eq!(value.remove("c"), Some(Value::integer(3)));
    assert_eq!(value.remove("c"), None);
    value
        .get_mut("b")
        .and_then(Value::as_array_mut)
        .unwrap()
        .push(Value::Null);
    assert_eq!(value.to_json(), r#"{"a":"x","b":[2,null],"d":-4}"#);
    Value::Null.insert("a", Value::Null);
}

#[test]
fn what_values_hold_is_not_shown() {
    let parsed = parse(br#"{"password":"hunter2"}"#).unwrap();
    assert_eq!(format!("{:?}", parsed.value), "object of 1");
    assert_eq!(
        format!("{:?}", Value::string("hunter2")),
        "string of 7 bytes"
    );
}

#[test]
fn errors_are_one_line() {
    let error = parse(b"[1,]").unwrap_err();
    assert_eq!(error.to_string(), "unexpected byte at byte 3");
}

fn kind(text: &[u8]) -> Option<JsonErrorKind> {
    parse(text).err().map(|error| error.kind)
}
