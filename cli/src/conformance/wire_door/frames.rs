//! The lines a client sends, spelled exactly as the case has them.

use engine::name::normal_form;
use serde_json::Value;

use super::super::Request;

/// Sent after the answer to `initialize`.
pub(super) const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
/// A question that shows that what went before it was judged.
pub(super) const PING: &str = r#"{"jsonrpc":"2.0","id":"aip-fence","method":"ping"}"#;
/// Its id.
pub(super) const PING_ID: &str = r#""aip-fence""#;

/// The handshake.
pub(super) fn initialize(id: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"initialize","params":{}}}"#,
        initialize_params()
    )
}

fn initialize_params() -> &'static str {
    r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"aipctl-conformance","version":"1"}}"#
}

/// A case's message; without an id, a notification.
pub(super) fn of(request: &Request, id: Option<&str>) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let mut frame = String::from(r#"{"jsonrpc":"2.0""#);
    if let Some(id) = id {
        frame.push_str(&format!(r#","id":{id}"#));
    }
    frame.push_str(&format!(r#","method":{}"#, text(&request.method)));
    let args = request.args.as_ref().map(ToString::to_string);
    match (normal_form(&request.method).as_ref(), &request.tool, args) {
        ("tools/call", tool, args) => {
            let name = tool
                .as_ref()
                .map(|tool| format!(r#""name":{}"#, text(tool)));
            let args = args.map(|args| format!(r#""arguments":{args}"#));
            let params: Vec<_> = name.into_iter().chain(args).collect();
            frame.push_str(&format!(r#","params":{{{}}}"#, params.join(",")));
        }
        ("initialize", _, None) => {
            frame.push_str(&format!(r#","params":{}"#, initialize_params()));
        }
        (_, _, Some(args)) => frame.push_str(&format!(r#","params":{args}"#)),
        (_, _, None) => {}
    }
    frame.push('}');
    frame
}

/// The id a case's message is sent with, as JSON.
pub(super) fn id_of(request: &Request) -> String {
    request
        .id
        .as_ref()
        .map_or_else(|| "1".to_owned(), ToString::to_string)
}

/// Whether a method is one that no answer comes to.
pub(super) fn is_notification(normal: &str) -> bool {
    normal.starts_with("notifications/") || matches!(normal, "initialized" | "cancelled")
}

#[cfg(test)]
mod tests {
    use super::super::super::tree::Tree;
    use super::*;

    #[test]
    fn messages_are_spelled_as_the_case_has_them() {
        check(
            "TOOLS/CALL",
            Some("Run"),
            Some("{n: 1.50}"),
            Some("7"),
            r#"{"jsonrpc":"2.0","id":7,"method":"TOOLS/CALL","params":{"name":"Run","arguments":{"n":1.50}}}"#,
        );
        check(
            "tools/call",
            Some("x"),
            None,
            None,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"x"}}"#,
        );
        check(
            "any/method",
            None,
            None,
            Some("\"a\""),
            r#"{"jsonrpc":"2.0","id":"a","method":"any/method"}"#,
        );
        check(
            "resources/read",
            None,
            Some("{uri: 'x'}"),
            Some("1"),
            r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"x"}}"#,
        );
        fn check(
            method: &str,
            tool: Option<&str>,
            args: Option<&str>,
            id: Option<&str>,
            frame: &str,
        ) {
            let request = Request {
                method: method.to_owned(),
                tool: tool.map(str::to_owned),
                args: args.map(|yaml| Tree::parse(yaml).unwrap()),
                id: None,
                previous_calls: 0,
                user_response: None,
            };
            assert_eq!(of(&request, id), frame);
        }
    }
}
