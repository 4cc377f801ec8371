//! From messages to lines.

use super::{Id, Message};
use crate::json::{self, Member, Value};

/// An error line is seldom longer, in bytes.
const USUAL: usize = 384;

/// An error answer as a line, newline included.
#[must_use]
pub fn error_line(id: Option<&Id>, code: i32, message: &str, data: Option<Value<'_>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    match id {
        None => out.extend_from_slice(b"null"),
        Some(Id::Number(number)) => out.extend_from_slice(number.to_string().as_bytes()),
        Some(Id::String(text)) => json::write_string(text, &mut out),
    }
    out.extend_from_slice(br#","error":{"code":"#);
    out.extend_from_slice(code.to_string().as_bytes());
    out.extend_from_slice(br#","message":"#);
    json::write_string(message, &mut out);
    if let Some(data) = data {
        out.extend_from_slice(br#","data":"#);
        json::write(&data, &mut out);
    }
    out.extend_from_slice(b"}}\n");
    out
}

/// An answer as a line, newline included.
#[must_use]
pub fn result_line(id: &Id, result: Value<'_>) -> Vec<u8> {
    line(&[("id", &id.to_value()), ("result", &result)], &[])
}

impl Message<'_> {
    /// The compact line, newline included. Number lexemes and the order within params, result
    /// and error are kept; the envelope has its customary order, with `extra` last.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Request {
                id,
                method,
                params,
                extra,
            } => {
                let (id, method) = (id.to_value(), Value::string(method.as_ref()));
                with_params(&[("id", &id), ("method", &method)], params.as_ref(), extra)
            }
            Self::Notification {
                method,
                params,
                extra,
            } => {
                let method = Value::string(method.as_ref());
                with_params(&[("method", &method)], params.as_ref(), extra)
            }
            Self::Response { id, result, extra } => {
                line(&[("id", &id.to_value()), ("result", result)], extra)
            }
            Self::Error { id, error, extra } => {
                let id = id.as_ref().map_or(Value::Null, Id::to_value);
                line(&[("id", &id), ("error", error)], extra)
            }
        }
    }
}

type Part<'v, 'a> = (&'static str, &'v Value<'a>);

fn with_params(
    parts: &[Part<'_, '_>],
    params: Option<&Value<'_>>,
    extra: &[Member<'_>],
) -> Vec<u8> {
    let params = params.map(|params| ("params", params));
    let parts: Vec<_> = parts.iter().copied().chain(params).collect();
    line(&parts, extra)
}

fn line(parts: &[Part<'_, '_>], extra: &[Member<'_>]) -> Vec<u8> {
    let mut out = br#"{"jsonrpc":"2.0""#.to_vec();
    let extra = extra.iter().map(|(key, value)| (key.as_ref(), value));
    for (key, value) in parts.iter().copied().chain(extra) {
        out.push(b',');
        json::write_string(key, &mut out);
        out.push(b':');
        json::write(value, &mut out);
    }
    out.extend_from_slice(b"}\n");
    out
}
