//! The Model Context Protocol as far as aip reads it: which members a message's params and
//! results have by the protocol, where names, cursors and ids stand, and what its methods are
//! called. All revisions from 2024-11-05 to 2026-07-28.

use crate::json::Value;
use crate::rpc::{Id, Message};

mod elicit;
mod inputs;
mod methods;
mod named;
mod opaque;
mod revision;
mod shape;
mod tasks;

pub use elicit::{
    Elicited, cancelled, elicit_choice, elicited, elicits, elicits_within, input_required,
    shows_forms, states_forms,
};
pub use inputs::{
    InputRequest, asked_for, input_requests, input_responses, only_response, put_inputs,
    request_state, take_inputs, task_errors, wants_url,
};
pub use methods::KNOWN_METHODS;
pub use named::{Named, list_key, listed, named};
pub use opaque::{DEEPEST_KEPT, never_changed};
pub use revision::{client_name, empty_list, stated_revision, states_type};
use shape::{
    CLIENT_CAPABILITIES, DEFINITION, FOREIGN_PARAMS, PARAMS, RESULT, SUBSCRIPTION_ID, Shape,
};
pub use tasks::{TASKS_EXTENSION, keep_listened_tasks, keep_tasks, task_created, task_named};

/// The notice of a task in revision 2026-07-28.
const TASK_NOTICE: &str = "notifications/tasks";

/// A tool call's params.
#[derive(Clone, Copy, Debug)]
pub struct ToolCall<'v, 'a> {
    /// As sent.
    pub name: &'v str,
    /// An object, or absent.
    pub arguments: Option<&'v Value<'a>>,
}

/// Checks the params of a request or notification, of either side: no key may look like one the
/// protocol defines without being it. For a method the protocol does not have, only `_meta` is
/// defined.
///
/// # Errors
/// The reason, naming the key the protocol defines.
pub fn check_params(method_normal: &str, params: &Value<'_>) -> Result<(), String> {
    if params.as_object().is_none() {
        return Err("`params` must be an object".to_owned());
    }
    let shape = if methods::is_known(method_normal) {
        &PARAMS
    } else {
        &FOREIGN_PARAMS
    };
    no_look_alike(shape, params, "the params")?;
    match params.get("result") {
        Some(result) if method_normal == TASK_NOTICE => {
            no_look_alike(&RESULT, result, "the task's result")
        }
        Some(_) | None => Ok(()),
    }
}

/// Checks the result of a request of this method as [`check_params`] does.
///
/// # Errors
/// The reason, naming the key the protocol defines.
pub fn check_result(method_normal: &str, result: &Value<'_>) -> Result<(), String> {
    if !methods::is_known(method_normal) {
        return Ok(());
    }
    no_look_alike(&RESULT, result, "the result")?;
    // A task's own answer holds the result of the call it stands for.
    if let Some(inner) = result.get("result") {
        no_look_alike(&RESULT, inner, "the task's result")?;
    }
    input_requests(result).map(drop)
}

/// Checks one tool's definition as [`check_params`] does, its schemas left out.
///
/// # Errors
/// The reason, naming the key the protocol defines.
pub fn check_definition(definition: &Value<'_>) -> Result<(), String> {
    no_look_alike(&DEFINITION, definition, "the tool's definition")
}

fn no_look_alike(shape: &Shape, value: &Value<'_>, whose: &str) -> Result<(), String> {
    match shape.look_alike(value) {
        None => Ok(()),
        Some(name) => Err(format!(
            "a member of {whose} looks like `{name}` and is not"
        )),
    }
}

/// Reads the params of `tools/call`.
///
/// # Errors
/// When the name is not a string or the arguments are not an object.
pub fn tool_call<'v, 'a>(params: Option<&'v Value<'a>>) -> Result<ToolCall<'v, 'a>, String> {
    let name = params.and_then(|it| it.get("name")).and_then(Value::as_str);
    let name = name.ok_or("`name` must be a string")?;
    let arguments = params.and_then(|it| it.get("arguments"));
    if arguments.is_some_and(|it| it.as_object().is_none()) {
        return Err("`arguments` must be an object".to_owned());
    }
    Ok(ToolCall { name, arguments })
}

/// Gives the params of `tools/call` another tool name.
pub fn set_tool_name(params: &mut Value<'_>, name: &str) {
    params.insert("name", Value::string(name.to_owned()));
}

/// The definitions in the result of `tools/list`.
#[must_use]
pub fn tools_in<'v, 'a>(result: &'v Value<'a>) -> Option<&'v [Value<'a>]> {
    result.get("tools")?.as_array()
}

/// The definitions in the result of `tools/list`, to be changed.
pub fn tools_in_mut<'v, 'a>(result: &'v mut Value<'a>) -> Option<&'v mut Vec<Value<'a>>> {
    result.get_mut("tools")?.as_array_mut()
}

/// The cursor of the next page of a list.
#[must_use]
pub fn next_cursor<'v>(result: &'v Value<'_>) -> Option<&'v str> {
    result.get("nextCursor")?.as_str()
}

/// The request that `notifications/cancelled` names.
#[must_use]
pub fn cancelled_id(params: Option<&Value<'_>>) -> Option<Id> {
    Id::from_value(params?.get("requestId")?)
}

/// The token under which a request wants to hear of its progress.
#[must_use]
pub fn progress_token(params: Option<&Value<'_>>) -> Option<Id> {
    Id::from_value(params?.get("_meta")?.get("progressToken")?)
}

/// The notification that a request is still being worked on, as a line. `millionths` only has to
/// grow: it stays far below what a server would begin with.
#[must_use]
pub fn still_working(token: &Id, millionths: u32, message: &'static str) -> Vec<u8> {
    let progress = format!("0.{millionths:06}");
    let message = Message::Notification {
        method: "notifications/progress".into(),
        params: Some(Value::object([
            ("progressToken", token.to_value()),
            ("progress", Value::Number(progress.into())),
            ("message", Value::string(message)),
        ])),
        extra: Vec::new(),
    };
    message.to_bytes()
}

/// The token `notifications/progress` is about.
#[must_use]
pub fn progress_of(params: Option<&Value<'_>>) -> Option<Id> {
    Id::from_value(params?.get("progressToken")?)
}

/// Takes a capability out of what a side says it can do: in the params or the result of
/// `initialize`, in the result of `server/discover`, or in the `_meta` of any request of revision
/// 2026-07-28; and with it the tasks of its kind. Says whether it was there.
pub fn strip_capability(holder: &mut Value<'_>, capability: &str) -> bool {
    in_capabilities(holder, |capabilities| {
        let tasks = capabilities
            .get_mut("tasks")
            .and_then(|tasks| tasks.get_mut("requests"));
        let of_its_kind = tasks.is_some_and(|it| it.remove(capability).is_some());
        capabilities.remove(capability).is_some() || of_its_kind
    })
}

/// Takes an extension out of what a side says it can do, as [`strip_capability`] does.
pub fn strip_extension(holder: &mut Value<'_>, extension: &str) -> bool {
    in_capabilities(holder, |capabilities| {
        let extensions = capabilities.get_mut("extensions");
        extensions.is_some_and(|it| it.remove(extension).is_some())
    })
}

fn in_capabilities<'a>(holder: &mut Value<'a>, take: impl Fn(&mut Value<'a>) -> bool) -> bool {
    let stated = holder.get_mut("capabilities").is_some_and(&take);
    let meta = holder
        .get_mut("_meta")
        .and_then(|meta| meta.get_mut(CLIENT_CAPABILITIES));
    meta.is_some_and(&take) || stated
}

/// The notification that a list (`tools`, `prompts`, `resources`) has changed, as a line: in
/// revision 2026-07-28 under the request that subscribed to it.
#[must_use]
pub fn list_changed(list: &str, subscription: Option<&Id>) -> Vec<u8> {
    let params = subscription.map(|id| {
        let meta = Value::object([(SUBSCRIPTION_ID, id.to_value())]);
        Value::object([("_meta", meta)])
    });
    let message = Message::Notification {
        method: format!("notifications/{list}/list_changed").into(),
        params,
        extra: Vec::new(),
    };
    message.to_bytes()
}

/// Corrects what a list says of how long and by whom it may be kept, once it is no longer the
/// same for everyone and may change with the policy (revision 2026-07-28: `ttlMs`, `cacheScope`).
/// A list that says nothing of either is left alone.
pub fn forbid_caching(result: &mut Value<'_>) {
    if result.get("ttlMs").is_none() && result.get("cacheScope").is_none() {
        return;
    }
    result.insert("ttlMs", Value::integer(0));
    result.insert("cacheScope", Value::string("private"));
}
