//! The id of a message of which only the two ends were kept.

use proptest::prelude::*;
use wire::lines::{Line, Splitter};
use wire::link::{MAX_FRAME, OVERSIZE_HEAD, OVERSIZE_TAIL};
use wire::rpc::{Id, find_id};

const HEAD: &str = r#"{"result":{"content":[{"text":"aaa"#;

#[test]
fn an_id_at_the_end_is_found() {
    check(r#"a"}]},"jsonrpc":"2.0","id":7}"#, number(7));
    check(r#"a"}]},"id":7,"jsonrpc":"2.0"}"#, number(7));
    check(r#"a"}]},"id":7}"#, number(7));
    check(r#"a"}]},"id":-7}"#, number(-7));
    check(r#"a"}]},"id":"k-7"}"#, text("k-7"));
    check(r#"a"}]},"id":"é, {}","jsonrpc":"2.0"}"#, text("é, {}"));
    check(r#"a"}]},"id":"" }"#, text(""));
    check(
        "a\"}] } ,\r\t\"jsonrpc\" : \"2.0\" , \"id\" : 7 } \r",
        number(7),
    );
    check(r#"a"}]},"trace":"t","id":7}"#, number(7));
}

#[test]
fn what_stands_deeper_or_in_a_text_is_no_id() {
    check(r#"a","id":7}}"#, None);
    check(r#"a"}]},"x":{"jsonrpc":"2.0","id":7}}"#, None);
    check(r#"a"}]},"jsonrpc":"2.0","x":"\",\"id\":7"}"#, None);
    check(r#"a"}]},"x":"\",\"id\":\"k"}"#, None);
    check(r#"a"}]},"x":"\\\",\"id\":7,\"jsonrpc\":\"2.0"}"#, None);
    check(r#"a"}]},"x\",\"id":7}"#, None);
    check(r#"a"}]},"x,\"id":7}"#, None);
    check(r#"a"}]},"id":"x","method":"y"}"#, None);
}

#[test]
fn doubt_is_no_id() {
    for tail in [
        "",
        "}",
        "7}",
        r#""id":7}"#,
        r#"{"id":7}"#,
        r#","id":7"#,
        r#","id":7}]"#,
        r#","id":7},"#,
        r#","id":7.5}"#,
        r#","id":1e7}"#,
        r#","id":-0}"#,
        r#","id":007}"#,
        r#","id":7-7}"#,
        r#","id":-}"#,
        r#","id":}"#,
        r#","id":null}"#,
        r#","id":99999999999999999999}"#,
        r#","id":"a\"b"}"#,
        r#","id":"a\\"}"#,
        r#","\u0069d":7}"#,
        r#","Id":7}"#,
        r#","id" 7}"#,
        r#",id:7}"#,
        r#","id":1,"id":7}"#,
        r#","id":1,"jsonrpc":"2.0","id":7}"#,
        r#","id":7,"jsonrpc":"2.0","jsonrpc":"2.0"}"#,
        r#","id":7,"trace":"t"}"#,
        r#","jsonrpc":"2.0"}"#,
    ] {
        check(tail, None);
    }
    let bytes = [&b",\"id\":\""[..], &[0xff], b"\"}"].concat();
    assert_eq!(find_id(HEAD.as_bytes(), &bytes), None);
}

#[test]
fn the_head_comes_first_and_a_second_id_is_doubt() {
    let tail = r#"a"}]},"jsonrpc":"2.0","id":7}"#;
    ends(r#"{"id":1,"result":{"#, "a\"}}", number(1));
    ends(r#"{"id":1,"result":{"#, "", number(1));
    ends(r#"{"id":1,"result":{"#, tail, None);
    ends(r#"{"id":1,"id":2,"result":{"#, "}}", None);
    ends(r#"{"id":1,"id":2,"result":{"#, tail, None);
    ends(r#"{"id":null,"result":{"#, tail, None);
    ends(r#"{"result":1,"id":12"#, tail, None);
    ends(r#"{"result":{"id":1"#, tail, number(7));
    ends(r#"[{"result":{"#, tail, None);
    ends("", tail, None);
}

#[test]
fn an_answer_over_the_limit_as_the_typescript_sdk_writes_it_gives_its_id() {
    let text = r#"he said: \",\"id\":8} "#.repeat(MAX_FRAME / 20);
    let line = format!(
        r#"{{"result":{{"content":[{{"type":"text","text":"{text}"}}]}},"jsonrpc":"2.0","id":41}}"#
    );
    assert!(line.len() > MAX_FRAME);
    let mut splitter = Splitter::new(MAX_FRAME);
    for piece in line.as_bytes().chunks(64 * 1024) {
        splitter.push(piece);
    }
    splitter.push(b"\n");
    match splitter.next_line() {
        Some(Line::Oversize { head, tail, .. }) => {
            assert_eq!((head.len(), tail.len()), (OVERSIZE_HEAD, OVERSIZE_TAIL));
            assert_eq!(find_id(&head, &tail), number(41));
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn nothing_panics(head in bytes(), tail in bytes()) {
        let _ = find_id(&head, &tail);
    }

    #[test]
    fn a_message_cut_anywhere_gives_its_own_id_or_none(
        members in prop::sample::subsequence(MEMBERS, 1..MEMBERS.len()).prop_shuffle(),
        id in "-?[0-9]{1,4}|\"[a-z,:}{]{0,4}\"",
        place in any::<prop::sample::Index>(),
        (from, to) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let mut members: Vec<String> = members.iter().map(|it| (*it).to_owned()).collect();
        members.insert(place.index(members.len() + 1), format!("\"id\":{id}"));
        let line = format!("{{{}}}", members.join(","));
        let line = line.as_bytes();
        let (from, to) = (from.index(line.len()), to.index(line.len()));
        let (head, tail) = (&line[..from.min(to).max(1)], &line[from.max(to).max(1)..]);
        if let Some(found) = find_id(head, tail) {
            prop_assert_eq!(found.to_value().to_json(), id);
        }
    }
}

const MEMBERS: &[&str] = &[
    r#""jsonrpc":"2.0""#,
    r#""result":{"id":3,"x":[{"id":4},"\",\"id\":5}"],"id":6}"#,
    r#""x":",\"id\":5""#,
    r#""y":"\\\",\"id\":\"5""#,
    r#""a,\"id":5"#,
    r#""z":[]"#,
    r#""idx":9"#,
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "{",
        "}",
        ",",
        ":",
        "\"",
        "\\",
        "id",
        "\"id\"",
        "7",
        "-",
        " ",
        "\"jsonrpc\":\"2.0\"",
        "é",
    ];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..60),
        proptest::collection::vec(prop::sample::select(pieces), 0..20)
            .prop_map(|pieces| pieces.concat().into_bytes()),
    ]
}

fn check(tail: &str, id: Option<Id>) {
    ends(HEAD, tail, id);
}

fn ends(head: &str, tail: &str, id: Option<Id>) {
    assert_eq!(
        find_id(head.as_bytes(), tail.as_bytes()),
        id,
        "{head} ... {tail}"
    );
}

fn number(number: i64) -> Option<Id> {
    Some(Id::Number(number))
}

fn text(text: &str) -> Option<Id> {
    Some(Id::String(text.to_owned()))
}
