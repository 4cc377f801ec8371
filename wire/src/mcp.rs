//! The Model Context Protocol as far as aip reads it: which members a message's params and
//! results have by the protocol, where names, cursors and ids stand, and what its methods are
//! called. All revisions from 2024-11-05 to 2026-07-28.

use crate::json::Value;
use crate::rpc::{Id, Message};

mod methods;
mod opaque;
mod shape;

pub use methods::KNOWN_METHODS;
pub use opaque::{DEEPEST_KEPT, never_changed};
use shape::{
    CLIENT_CAPABILITIES, DEFINITION, FOREIGN_PARAMS, INPUT_REQUEST, PARAMS, RESULT,
    SUBSCRIPTION_ID, Shape,
};

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
    no_look_alike(shape, params, "the params")
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

/// A request that a result carries instead of an answer (revision 2026-07-28).
#[derive(Clone, Copy, Debug)]
pub struct InputRequest<'v, 'a> {
    /// Under which it is to be answered.
    pub key: &'v str,
    /// As sent.
    pub method: &'v str,
    /// An object, or absent.
    pub params: Option<&'v Value<'a>>,
}

/// The requests a result carries; none in most.
///
/// # Errors
/// When they are not what the protocol says: they can't be judged then.
pub fn input_requests<'v, 'a>(result: &'v Value<'a>) -> Result<Vec<InputRequest<'v, 'a>>, String> {
    let Some(requests) = result.get("inputRequests") else {
        return Ok(Vec::new());
    };
    let members = requests
        .as_object()
        .ok_or("`inputRequests` must be an object")?;
    members
        .iter()
        .map(|(key, request)| input_request(key, request))
        .collect()
}

fn input_request<'v, 'a>(
    key: &'v str,
    request: &'v Value<'a>,
) -> Result<InputRequest<'v, 'a>, String> {
    no_look_alike(&INPUT_REQUEST, request, "an input request")?;
    let method = request.get("method").and_then(Value::as_str);
    let method = method.ok_or("`method` of an input request must be a string")?;
    let params = request.get("params");
    if params.is_some_and(|it| it.as_object().is_none()) {
        return Err("`params` of an input request must be an object".to_owned());
    }
    Ok(InputRequest {
        key,
        method,
        params,
    })
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

/// The token `notifications/progress` is about.
#[must_use]
pub fn progress_of(params: Option<&Value<'_>>) -> Option<Id> {
    Id::from_value(params?.get("progressToken")?)
}

/// Takes a capability out of what a side says it can do: in the params or the result of
/// `initialize`, in the result of `server/discover`, or in the `_meta` of any request of revision
/// 2026-07-28. Says whether it was there.
pub fn strip_capability(holder: &mut Value<'_>, capability: &str) -> bool {
    let stated = take(holder.get_mut("capabilities"), capability);
    let meta = holder
        .get_mut("_meta")
        .and_then(|meta| meta.get_mut(CLIENT_CAPABILITIES));
    take(meta, capability) || stated
}

fn take(capabilities: Option<&mut Value<'_>>, capability: &str) -> bool {
    capabilities.is_some_and(|it| it.remove(capability).is_some())
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

/// The empty answer to a list method.
#[must_use]
pub fn empty_list(method_normal: &str) -> Option<Value<'static>> {
    let key = match method_normal {
        "tools/list" => "tools",
        "prompts/list" => "prompts",
        "resources/list" => "resources",
        "resources/templates/list" => "resourceTemplates",
        _ => return None,
    };
    Some(Value::object([(key, Value::Array(Vec::new()))]))
}
