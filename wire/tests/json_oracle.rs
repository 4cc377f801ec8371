//! The strict parser and its writer on any input, with `serde_json` as the oracle.

use proptest::prelude::*;
use wire::json::{JsonErrorKind, Value, parse, write};

proptest! {
    #[test]
    fn what_we_accept_the_oracle_reads_alike(text in text_like_json()) {
        agree(text.as_bytes());
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_agree(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        agree(&bytes);
    }

    #[test]
    fn json_with_a_few_bytes_changed_agrees(
        value in any_value(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut text = value.to_json().into_bytes();
        let place = at.index(text.len());
        text[place] = byte;
        agree(&text);
        text.truncate(place);
        agree(&text);
    }

    #[test]
    fn what_is_written_reads_the_same_and_is_one_plain_line(value in any_value()) {
        let mut text = Vec::new();
        write(&value, &mut text);
        let parsed = parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(parsed.plain);
        prop_assert_eq!(parsed.value.to_json(), value.to_json());
        prop_assert!(parsed.value == value);
        prop_assert!(!text.contains(&0x7F));
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn plain_is_what_it_says(text in "\"[a-c\u{84}-\u{86}\u{2026}-\u{202a} ]{0,12}\"[ \r\n\t]{0,1}") {
        let line_end = |it: char| it < ' ' || matches!(it, '\u{85}' | '\u{2028}' | '\u{2029}');
        let plain = !text.contains(line_end);
        prop_assert_eq!(parse(text.as_bytes()).map(|it| it.plain), Ok(plain));
    }
}

/// Fragments of JSON, some of them broken, in any order.
fn text_like_json() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\"",
        "\"\\u0061\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "1",
        "-",
        "0",
        ".5",
        "e3",
        "E-2",
        "1e308",
        "9e308",
        "true",
        "false",
        "null",
        " ",
        "\r",
        "\n",
        "\"",
        "\\",
        "NaN",
        "\u{feff}",
        "\u{2028}",
        "é",
        "\u{0}",
    ]);
    let broken = proptest::collection::vec(fragment, 0..12).prop_map(|parts| parts.concat());
    prop_oneof![broken, any_value().prop_map(|value| value.to_json())]
}

fn any_value() -> impl Strategy<Value = Value<'static>> {
    let number = prop_oneof![
        any::<i64>().prop_map(|it| it.to_string()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(|lexeme| Value::Number(lexeme.into())),
        any::<String>().prop_map(Value::string),
        "[\u{0}-\u{2}\u{7f}-\u{86}\u{2027}-\u{202a}\"\\\\]{0,6}".prop_map(Value::string),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::btree_map("[a-f\u{0}\u{e9}]{0,3}", inner, 0..20).prop_map(
                |members| Value::Object(members.into_iter().map(|(k, v)| (k.into(), v)).collect())
            ),
        ]
    })
}

/// What we accept the oracle accepts with an equal value; what it refuses we refuse; and what
/// only we refuse we refuse for duplicate keys.
fn agree(text: &[u8]) {
    let oracle = serde_json::from_slice::<serde_json::Value>(text);
    match (parse(text), oracle) {
        (Ok(ours), Ok(oracle)) => assert!(same(&ours.value, &oracle), "{text:?}"),
        (Ok(_), Err(error)) => assert_eq!(error.to_string(), "", "only we accept {text:?}"),
        (Err(error), Ok(_)) => assert_eq!(error.kind, JsonErrorKind::DuplicateKey, "{text:?}"),
        (Err(_), Err(_)) => {}
    }
}

fn same(ours: &Value<'_>, oracle: &serde_json::Value) -> bool {
    use serde_json::Value as Oracle;
    match (ours, oracle) {
        (Value::Null, Oracle::Null) => true,
        (Value::Bool(a), Oracle::Bool(b)) => a == b,
        (Value::Number(lexeme), Oracle::Number(number)) => {
            serde_json::from_str::<serde_json::Number>(lexeme)
                .ok()
                .as_ref()
                == Some(number)
        }
        (Value::String(a), Oracle::String(b)) => a == b,
        (Value::Array(a), Oracle::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Oracle::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key.as_ref()).is_some_and(|b| same(a, b)))
        }
        _ => false,
    }
}
