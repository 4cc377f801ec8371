//! Which revision of the protocol a message is written in, and what that means for the answers
//! aip gives by itself.

use crate::json::Value;

use super::shape::{CLIENT_INFO, PROTOCOL_VERSION};

/// The revision a request states itself, as all do from 2026-07-28 on.
#[must_use]
pub fn stated_revision<'v>(params: Option<&'v Value<'_>>) -> Option<&'v str> {
    params?.get("_meta")?.get(PROTOCOL_VERSION)?.as_str()
}

/// The name that a request gives of its client: `initialize` does, and from 2026-07-28 on every
/// request. `method` is in normal form.
#[must_use]
pub fn client_name<'v>(method: &str, params: Option<&'v Value<'_>>) -> Option<&'v str> {
    let params = params?;
    let info = if method == "initialize" {
        params.get("clientInfo")
    } else {
        params.get("_meta")?.get(CLIENT_INFO)
    };
    info?.get("name")?.as_str()
}

/// Whether a result says of what type it is, as all do from 2026-07-28 on.
#[must_use]
pub fn states_type(result: &Value<'_>) -> bool {
    result.get("resultType").and_then(Value::as_str).is_some()
}

/// The empty answer to a list method. A request that stated its revision gets what results must
/// have since: their type, and how long and for whom they hold, which here is not at all.
#[must_use]
pub fn empty_list(method_normal: &str, stated: bool) -> Option<Value<'static>> {
    let key = match method_normal {
        "tools/list" => "tools",
        "prompts/list" => "prompts",
        "resources/list" => "resources",
        "resources/templates/list" => "resourceTemplates",
        "tasks/list" => "tasks",
        _ => return None,
    };
    let list = (key, Value::Array(Vec::new()));
    if !stated {
        return Some(Value::object([list]));
    }
    Some(Value::object([
        ("resultType", Value::string("complete")),
        list,
        ("ttlMs", Value::integer(0)),
        ("cacheScope", Value::string("private")),
    ]))
}
