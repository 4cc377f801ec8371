//! What the daemon answers by itself. It tells a peer what it may know: never a pattern, a
//! secret, or another tool's name.

use engine::decide::{Code, Refusal};
use engine::policy::OnBlock;
use wire::json::Value;
use wire::rpc::{Id, error_line, result_line};

mod word;

pub(super) use word::Word;

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

/// A refusal of the daemon's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Why<'a> {
    /// One of AIP's codes.
    pub(super) code: Code,
    /// For the sender.
    pub(super) reason: &'a str,
    /// `data.aip`: a stable word.
    pub(super) word: Word,
}

/// In which form a refused call is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// What the policy wants.
    pub(super) on_block: OnBlock,
    /// The client states the revision it speaks, so results must state their type.
    pub(super) typed: bool,
}

impl Form {
    const ERROR: Self = Self {
        on_block: OnBlock::Error,
        typed: false,
    };
}

/// The answer to what the policy refused, newline included (SPEC section 3).
#[must_use]
pub(super) fn refusal(id: &Id, about: About<'_>, refusal: &Refusal, form: Form) -> Vec<u8> {
    let why = Why {
        code: refusal.code,
        reason: &refusal.reason,
        word: Word::Of(refusal.code),
    };
    let mut more = Vec::new();
    if let Some(argument) = &refusal.failed_arg {
        more.push(("failed_arg", Value::string(argument.clone())));
    }
    if let Some(after) = refusal.retry_after_ms {
        more.push(("retry_after_ms", Value::integer(after)));
    }
    answer(id, about, why, form, more)
}

/// The answer to what the daemon refused by itself, newline included.
#[must_use]
pub(super) fn plain(id: &Id, about: About<'_>, why: Why<'_>, form: Form) -> Vec<u8> {
    answer(id, about, why, form, Vec::new())
}

/// An error line, whatever form the policy gives refusals of calls.
#[must_use]
pub(super) fn error(id: &Id, about: About<'_>, why: Why<'_>) -> Vec<u8> {
    answer(id, about, why, Form::ERROR, Vec::new())
}

fn answer(
    id: &Id,
    about: About<'_>,
    why: Why<'_>,
    form: Form,
    more: Vec<(&'static str, Value<'static>)>,
) -> Vec<u8> {
    if let (About::Tool(_), OnBlock::ToolResult) = (about, form.on_block) {
        let text = format!("{}: {}", why.code.message(), why.reason);
        let item = Value::object([
            ("type", Value::string("text")),
            ("text", Value::string(text)),
        ]);
        let content = Value::Array(vec![item]);
        let of_type = form
            .typed
            .then(|| ("resultType", Value::string("complete")));
        let members = [("content", content), ("isError", Value::Bool(true))];
        let result = Value::object(of_type.into_iter().chain(members));
        return result_line(id, result);
    }
    let mut data = data(about, why.reason, why.word);
    for (key, value) in more {
        data.insert(key, value);
    }
    error_line(Some(id), why.code.number(), why.code.message(), Some(data))
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
        Some(data(About::Message, reason, Word::Malformed)),
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
            Word::ServerEnded,
        )),
    )
}

fn data<'a>(about: About<'a>, reason: &'a str, word: Word) -> Value<'a> {
    let about = match about {
        About::Tool(tool) => Some(("tool", Value::string(tool))),
        About::Method(method) => Some(("method", Value::string(method))),
        About::Message => None,
    };
    let rest = [
        ("reason", Value::string(reason)),
        ("aip", Value::string(word.text())),
    ];
    Value::object(about.into_iter().chain(rest))
}

/// The answer to a request whose answer could not be read.
#[must_use]
pub(super) fn server_malformed(id: &Id, reason: &str) -> Vec<u8> {
    let data = data(About::Message, reason, Word::MalformedAnswer);
    error_line(Some(id), -32603, "Internal error", Some(data))
}
