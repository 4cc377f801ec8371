//! JSON-RPC 2.0 messages, read so that no other reader sees another message in the same bytes.

use std::borrow::Cow;

use crate::json::{Member, Value};

mod head;
mod id;
mod read;
mod tail;
mod variant;
mod write;

pub use head::{find_id_in_head, head_has_method};
pub use id::Id;
pub use read::{MAX_BATCH, read};
pub use tail::find_id;
pub(crate) use variant::variant_of;
pub use write::{error_line, result_line};

/// One frame: a message, or the batch that only revision 2025-03-26 allows.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// One message.
    Single(Message<'a>),
    /// Several; never empty. Whether batches are allowed is for the session to say.
    Batch(Vec<Result<Message<'a>, Malformed>>),
}

/// One message. `extra` holds members JSON-RPC does not define; they are written back.
#[derive(Clone, PartialEq, Eq)]
pub enum Message<'a> {
    /// Wants an answer.
    Request {
        /// To be answered with.
        id: Id,
        /// As sent.
        method: Cow<'a, str>,
        /// An object or an array.
        params: Option<Value<'a>>,
        /// Members JSON-RPC does not define.
        extra: Vec<Member<'a>>,
    },
    /// Wants none.
    Notification {
        /// As sent.
        method: Cow<'a, str>,
        /// An object or an array.
        params: Option<Value<'a>>,
        /// Members JSON-RPC does not define.
        extra: Vec<Member<'a>>,
    },
    /// A request's answer.
    Response {
        /// The request's.
        id: Id,
        /// Any value.
        result: Value<'a>,
        /// Members JSON-RPC does not define.
        extra: Vec<Member<'a>>,
    },
    /// A request's refusal.
    Error {
        /// The request's; `None` where the sender could not tell (`null`, or none at all).
        id: Option<Id>,
        /// An object with at least `code` and `message`.
        error: Value<'a>,
        /// Members JSON-RPC does not define.
        extra: Vec<Member<'a>>,
    },
}

/// Why bytes are not a message. The reason names no value, only members and positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// -32700 or -32600.
    pub code: i32,
    /// For the sender and the record.
    pub reason: String,
    /// To answer with, where it is certain.
    pub id: Option<Id>,
    /// It has a `method`, and nothing that an answer has: whatever its id, it ends no request.
    pub asks: bool,
}

impl Malformed {
    /// -32600, Invalid Request.
    #[must_use]
    pub fn invalid(reason: String, id: Option<Id>) -> Self {
        Self {
            code: -32600,
            reason,
            id,
            asks: false,
        }
    }
}

/// What [`read`] found.
#[derive(Debug, PartialEq, Eq)]
pub struct Read<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    /// As in [`crate::json::Parsed`]: the bytes may be forwarded as they are.
    pub plain: bool,
}

impl<'a> Message<'a> {
    /// The id, where it has one.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        match self {
            Self::Request { id, .. } | Self::Response { id, .. } => Some(id),
            Self::Error { id, .. } => id.as_ref(),
            Self::Notification { .. } => None,
        }
    }

    /// Gives an answer another id; does nothing to a request or a notification.
    pub fn set_answer_id(&mut self, other: Id) {
        match self {
            Self::Response { id, .. } => *id = other,
            Self::Error { id, .. } => *id = Some(other),
            Self::Request { .. } | Self::Notification { .. } => {}
        }
    }

    /// A request or notification's method.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Request { method, .. } | Self::Notification { method, .. } => Some(method),
            Self::Response { .. } | Self::Error { .. } => None,
        }
    }

    /// Gives a request or notification another method; does nothing to an answer.
    pub fn set_method(&mut self, spelling: impl Into<Cow<'a, str>>) {
        match self {
            Self::Request { method, .. } | Self::Notification { method, .. } => {
                *method = spelling.into();
            }
            Self::Response { .. } | Self::Error { .. } => {}
        }
    }

    /// A request or notification's params.
    #[must_use]
    pub fn params(&self) -> Option<&Value<'a>> {
        match self {
            Self::Request { params, .. } | Self::Notification { params, .. } => params.as_ref(),
            Self::Response { .. } | Self::Error { .. } => None,
        }
    }

    /// A request or notification's params, to be changed.
    pub fn params_mut(&mut self) -> Option<&mut Value<'a>> {
        match self {
            Self::Request { params, .. } | Self::Notification { params, .. } => params.as_mut(),
            Self::Response { .. } | Self::Error { .. } => None,
        }
    }

    /// The same message, borrowing nothing from the bytes it was read from.
    #[must_use]
    pub fn into_owned(self) -> Message<'static> {
        match self {
            Self::Request {
                id,
                method,
                params,
                extra,
            } => Message::Request {
                id,
                method: Cow::Owned(method.into_owned()),
                params: params.map(Value::into_owned),
                extra: owned(extra),
            },
            Self::Notification {
                method,
                params,
                extra,
            } => Message::Notification {
                method: Cow::Owned(method.into_owned()),
                params: params.map(Value::into_owned),
                extra: owned(extra),
            },
            Self::Response { id, result, extra } => Message::Response {
                id,
                result: result.into_owned(),
                extra: owned(extra),
            },
            Self::Error { id, error, extra } => Message::Error {
                id,
                error: error.into_owned(),
                extra: owned(extra),
            },
        }
    }
}

fn owned(members: Vec<Member<'_>>) -> Vec<Member<'static>> {
    members
        .into_iter()
        .map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned()))
        .collect()
}

impl std::fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self {
            Self::Request { .. } => "Request",
            Self::Notification { .. } => "Notification",
            Self::Response { .. } => "Response",
            Self::Error { .. } => "Error",
        };
        f.debug_struct(kind)
            .field("id", &self.id())
            .field("method", &self.method())
            .finish_non_exhaustive()
    }
}
