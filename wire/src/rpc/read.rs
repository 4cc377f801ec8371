//! From bytes to messages.

use std::borrow::Cow;

use super::head::{head_has_answer, head_has_method};
use super::variant::variant_of;
use super::{Frame, Id, Malformed, Message, Read, find_id_in_head};
use crate::json::{self, JsonError, JsonErrorKind, Member, Value};

const PARSE_ERROR: i32 = -32700;

/// How many messages a batch may hold.
pub const MAX_BATCH: usize = 1024;

/// The members JSON-RPC defines for the envelope, and for an error.
const ENVELOPE: &[&str] = &["jsonrpc", "id", "method", "params", "result", "error"];
const ERROR: &[&str] = &["code", "message", "data"];

/// Reads one frame.
///
/// # Errors
/// When it is not JSON as [`crate::json::parse`] reads it, or not JSON-RPC 2.0.
pub fn read(bytes: &[u8]) -> Result<Read<'_>, Malformed> {
    let parsed = json::parse(bytes).map_err(|error| not_json(error, bytes))?;
    let frame = match parsed.value {
        Value::Array(elements) if elements.is_empty() => return Err(invalid("empty batch", None)),
        Value::Array(elements) if elements.len() > MAX_BATCH => {
            return Err(invalid("too many messages in a batch", None));
        }
        Value::Array(elements) => Frame::Batch(elements.into_iter().map(message).collect()),
        single @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)) => Frame::Single(message(single)?),
    };
    Ok(Read {
        frame,
        plain: parsed.plain,
    })
}

/// What is JSON but over our bounds is answered under its id; what is not JSON can't be.
fn not_json(error: JsonError, bytes: &[u8]) -> Malformed {
    match error.kind {
        JsonErrorKind::DuplicateKey | JsonErrorKind::Depth | JsonErrorKind::Nodes => {
            let asks = head_has_method(bytes) && !head_has_answer(bytes);
            Malformed {
                asks,
                ..invalid(&error.to_string(), find_id_in_head(bytes))
            }
        }
        JsonErrorKind::Utf8
        | JsonErrorKind::UnexpectedEnd
        | JsonErrorKind::Unexpected
        | JsonErrorKind::Control
        | JsonErrorKind::Escape
        | JsonErrorKind::LoneSurrogate
        | JsonErrorKind::Number
        | JsonErrorKind::NumberRange
        | JsonErrorKind::Trailing => Malformed {
            code: PARSE_ERROR,
            reason: error.to_string(),
            id: None,
            asks: false,
        },
    }
}

fn invalid(reason: &str, id: Option<Id>) -> Malformed {
    Malformed::invalid(reason.to_owned(), id)
}

/// The envelope's members, each in its place.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<Value<'a>>,
    id: Option<Value<'a>>,
    method: Option<Value<'a>>,
    params: Option<Value<'a>>,
    result: Option<Value<'a>>,
    error: Option<Value<'a>>,
    extra: Vec<Member<'a>>,
}

fn message(value: Value<'_>) -> Result<Message<'_>, Malformed> {
    let Value::Object(members) = value else {
        return Err(invalid("a message must be an object", None));
    };
    let look_alike = members
        .iter()
        .find_map(|(key, _)| variant_of(key, ENVELOPE));
    let envelope = Envelope::sort(members);
    let asks = envelope.method.is_some() && envelope.result.is_none() && envelope.error.is_none();
    checked(envelope, look_alike).map_err(|malformed| Malformed { asks, ..malformed })
}

fn checked<'a>(envelope: Envelope<'a>, look_alike: Option<&str>) -> Result<Message<'a>, Malformed> {
    let id = envelope.id.as_ref().and_then(Id::from_value);
    let refuse = |reason: &str| Err(invalid(reason, id.clone()));
    if let Some(name) = look_alike {
        let certain = if name == "id" { None } else { id };
        let reason = format!("a member looks like `{name}` and is not");
        return Err(invalid(&reason, certain));
    }
    if envelope.jsonrpc.as_ref().and_then(Value::as_str) != Some("2.0") {
        return refuse("`jsonrpc` must be \"2.0\"");
    }
    match (&envelope.method, &envelope.result, &envelope.error) {
        (Some(_), None, None) => call(envelope, id),
        (None, Some(_), None) | (None, None, Some(_)) if envelope.params.is_some() => {
            refuse("an answer must not have `params`")
        }
        (None, Some(_), None) => response(envelope, id),
        (None, None, Some(_)) => failure(envelope, id),
        (None, None, None) => refuse("none of `method`, `result` and `error` is there"),
        (Some(_), _, _) | (None, Some(_), Some(_)) => {
            refuse("only one of `method`, `result` and `error` may be there")
        }
    }
}

impl<'a> Envelope<'a> {
    fn sort(members: Vec<Member<'a>>) -> Self {
        let mut it = Self::default();
        for (key, value) in members {
            let place = match key.as_ref() {
                "jsonrpc" => &mut it.jsonrpc,
                "id" => &mut it.id,
                "method" => &mut it.method,
                "params" => &mut it.params,
                "result" => &mut it.result,
                "error" => &mut it.error,
                _ => {
                    it.extra.push((key, value));
                    continue;
                }
            };
            *place = Some(value);
        }
        it
    }
}

const BAD_ID: &str = "`id` must be a string, or an integer within 2^53-1 written as one";

fn call(envelope: Envelope<'_>, id: Option<Id>) -> Result<Message<'_>, Malformed> {
    let Envelope {
        id: sent,
        method,
        params,
        extra,
        ..
    } = envelope;
    let Some(Value::String(method)) = method else {
        return Err(invalid("`method` must be a string", id));
    };
    if !matches!(params, None | Some(Value::Object(_) | Value::Array(_))) {
        return Err(invalid("`params` must be an object", id));
    }
    match (sent, id) {
        (None, _) => Ok(Message::Notification {
            method,
            params,
            extra,
        }),
        (Some(_), Some(id)) => Ok(Message::Request {
            id,
            method,
            params,
            extra,
        }),
        (Some(_), None) => Err(invalid(BAD_ID, None)),
    }
}

fn response(envelope: Envelope<'_>, id: Option<Id>) -> Result<Message<'_>, Malformed> {
    match (id, envelope.result) {
        (Some(id), Some(result)) => Ok(Message::Response {
            id,
            result,
            extra: envelope.extra,
        }),
        (None, _) | (_, None) => Err(invalid(BAD_ID, None)),
    }
}

/// An error without an id, or with `null`, is about a message whose id could not be told.
fn failure(envelope: Envelope<'_>, id: Option<Id>) -> Result<Message<'_>, Malformed> {
    let error = envelope.error.unwrap_or(Value::Null);
    if id.is_none() && !matches!(envelope.id, None | Some(Value::Null)) {
        return Err(invalid(BAD_ID, None));
    }
    if let Some(reason) = faulty(&error) {
        return Err(invalid(&reason, id));
    }
    Ok(Message::Error {
        id,
        error,
        extra: envelope.extra,
    })
}

fn faulty(error: &Value<'_>) -> Option<Cow<'static, str>> {
    let Some(members) = error.as_object() else {
        return Some("`error` must be an object".into());
    };
    if let Some(name) = members.iter().find_map(|(key, _)| variant_of(key, ERROR)) {
        return Some(format!("a member of `error` looks like `{name}` and is not").into());
    }
    let code = error.get("code").and_then(Id::from_value);
    if !matches!(code, Some(Id::Number(_))) {
        return Some("`code` of `error` must be an integer".into());
    }
    let message = error.get("message").and_then(Value::as_str);
    message
        .is_none()
        .then(|| "`message` of `error` must be a string".into())
}
