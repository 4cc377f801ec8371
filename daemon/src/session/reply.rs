//! What the daemon answers by itself. It tells a peer what it may know: never a pattern, a
//! secret, or another tool's name.

use engine::decide::{Code, Refusal};
use engine::policy::OnBlock;
use wire::json::Value;
use wire::rpc::{Id, error_line, result_line};

/// What a refusal is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum About<'a> {
    /// A tool, as the client named it.
    Tool(&'a str),
    /// A method, as the sender named it.
    Method(&'a str),
    /// The message as a whole.
    Message,
}

/// The error line of a refusal, newline included (SPEC section 3).
#[must_use]
pub(super) fn refusal(id: &Id, about: About<'_>, refusal: &Refusal, form: OnBlock) -> Vec<u8> {
    if let (About::Tool(_), OnBlock::ToolResult) = (about, form) {
        let text = format!("{}: {}", refusal.code.message(), refusal.reason);
        let item = Value::object([
            ("type", Value::string("text")),
            ("text", Value::string(text)),
        ]);
        return result_line(
            id,
            Value::object([
                ("content", Value::Array(vec![item])),
                ("isError", Value::Bool(true)),
            ]),
        );
    }
    let mut data = data(about, &refusal.reason, refusal.code.word());
    if let Some(argument) = &refusal.failed_arg {
        data.insert("failed_arg", Value::string(argument.clone()));
    }
    if let Some(after) = refusal.retry_after_ms {
        data.insert("retry_after_ms", Value::integer(after));
    }
    error_line(
        Some(id),
        refusal.code.number(),
        refusal.code.message(),
        Some(data),
    )
}

/// An error line for one of AIP's codes with a reason of the daemon's own.
#[must_use]
pub(super) fn error(id: &Id, about: About<'_>, code: Code, reason: &str, word: &str) -> Vec<u8> {
    error_line(
        Some(id),
        code.number(),
        code.message(),
        Some(data(about, reason, word)),
    )
}

/// JSON-RPC's own error for what could not be read.
#[must_use]
pub(super) fn malformed(id: Option<&Id>, code: i32, reason: &str) -> Vec<u8> {
    let message = if code == -32700 {
        "Parse error"
    } else {
        "Invalid Request"
    };
    error_line(
        id,
        code,
        message,
        Some(data(About::Message, reason, "malformed")),
    )
}

/// The answer to a request whose server ended before it answered.
#[must_use]
pub(super) fn server_ended(id: &Id, how: &str) -> Vec<u8> {
    error_line(
        Some(id),
        -32603,
        "Internal error",
        Some(data(
            About::Message,
            &format!("the server ended before it answered ({how})"),
            "server_ended",
        )),
    )
}

fn data(about: About<'_>, reason: &str, word: &str) -> Value<'static> {
    let mut data = Value::Object(Vec::new());
    match about {
        About::Tool(tool) => data.insert("tool", Value::string(tool.to_owned())),
        About::Method(method) => data.insert("method", Value::string(method.to_owned())),
        About::Message => {}
    }
    data.insert("reason", Value::string(reason.to_owned()));
    data.insert("aip", Value::string(word.to_owned()));
    data
}

/// The answer to a request whose answer could not be read.
#[must_use]
pub(super) fn server_malformed(id: &Id, reason: &str) -> Vec<u8> {
    let data = data(About::Message, reason, "malformed_answer");
    error_line(Some(id), -32603, "Internal error", Some(data))
}
