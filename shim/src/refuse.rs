//! The errors the shim gives by itself, when there is no daemon to ask. Pure.

use std::borrow::Cow;

use wire::json::Value;
use wire::lines::Line;
use wire::rpc::{self, Frame, Id, Malformed, Message};

const FORBIDDEN: i32 = -32001;
const PARSE_ERROR: i32 = -32700;

/// What the client gets for a line that can't be judged: an error for each request in it,
/// nothing for notifications and answers.
pub(crate) fn answer(line: &Line, reason: &'static str) -> Vec<u8> {
    match line {
        Line::Frame(bytes) => match rpc::read(bytes) {
            Ok(read) => frame(&read.frame, reason),
            Err(error) => malformed(&error),
        },
        Line::Oversize { head, tail, .. } => match rpc::find_id(head, tail) {
            Some(id) if rpc::head_has_method(head) => forbidden(&id, reason),
            Some(_) | None => rpc::error_line(None, PARSE_ERROR, "Parse error", None),
        },
    }
}

fn frame(frame: &Frame<'_>, reason: &'static str) -> Vec<u8> {
    match frame {
        Frame::Single(message) => one(message, reason),
        Frame::Batch(items) => items
            .iter()
            .flat_map(|item| match item {
                Ok(message) => one(message, reason),
                Err(error) => malformed(error),
            })
            .collect(),
    }
}

fn one(message: &Message<'_>, reason: &'static str) -> Vec<u8> {
    match message {
        Message::Request { id, .. } => forbidden(id, reason),
        Message::Notification { .. } | Message::Response { .. } | Message::Error { .. } => {
            Vec::new()
        }
    }
}

fn malformed(error: &Malformed) -> Vec<u8> {
    let message = if error.code == PARSE_ERROR {
        "Parse error"
    } else {
        "Invalid Request"
    };
    rpc::error_line(error.id.as_ref(), error.code, message, None)
}

fn forbidden(id: &Id, reason: &'static str) -> Vec<u8> {
    let member = |key, text| (Cow::Borrowed(key), Value::String(Cow::Borrowed(text)));
    let data = Value::Object(vec![member("reason", reason), member("aip", "unavailable")]);
    rpc::error_line(Some(id), FORBIDDEN, "Forbidden", Some(data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gets_forbidden_with_its_own_id() {
        let error = |id: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32001,"message":"Forbidden","data":{{"reason":"why","aip":"unavailable"}}}}}}"#
            ) + "\n"
        };
        check(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, &error("1"));
        check(
            r#"{"jsonrpc":"2.0","id":"1","method":"tools/call","params":{}}"#,
            &error("\"1\""),
        );
    }

    #[test]
    fn what_wants_no_answer_gets_none() {
        check(
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            "",
        );
        check(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "");
    }

    #[test]
    fn what_is_not_json_gets_a_parse_error_without_an_id() {
        let want = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#;
        check("{nonsense", &format!("{want}\n"));
        let line = Line::Oversize {
            head: b"[[[[".to_vec(),
            tail: b"]]]]".to_vec(),
            length: 99,
        };
        assert_eq!(
            String::from_utf8(answer(&line, "why")).unwrap(),
            format!("{want}\n")
        );
    }

    #[test]
    fn a_request_too_long_to_read_is_still_answered() {
        too_long(
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"a":"#,
            "...",
            r#""id":7,"error":{"code":-32001"#,
        );
        too_long(
            r#"{"method":"tools/call","params":{"a":"#,
            r#"..."},"jsonrpc":"2.0","id":7}"#,
            r#""id":7,"error":{"code":-32001"#,
        );
        too_long(
            r#"{"result":{"a":"#,
            r#"..."},"jsonrpc":"2.0","id":7}"#,
            r#""id":null,"error":{"code":-32700"#,
        );
    }

    fn too_long(head: &str, tail: &str, want: &str) {
        let line = Line::Oversize {
            head: head.into(),
            tail: tail.into(),
            length: 99,
        };
        let answer = String::from_utf8(answer(&line, "why")).unwrap();
        assert!(answer.contains(want), "{answer}");
    }

    fn check(line: &str, want: &str) {
        let answer = answer(&Line::Frame(line.as_bytes().to_vec()), "why");
        assert_eq!(String::from_utf8(answer).unwrap(), want);
    }
}
