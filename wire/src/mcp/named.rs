//! The resources and prompts that a message names, or a list holds.

use crate::json::Value;

/// What is named; `None` where the name is missing or no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'v> {
    /// A resource, by its URI.
    Resource(Option<&'v str>),
    /// Resources, by their URI template.
    Template(Option<&'v str>),
    /// A prompt, by its name.
    Prompt(Option<&'v str>),
}

/// What the params of a request or notification from the client name.
#[must_use]
pub fn named<'v>(method_normal: &str, params: Option<&'v Value<'_>>) -> Vec<Named<'v>> {
    let text = |key| params.and_then(|it| it.get(key)).and_then(Value::as_str);
    match method_normal {
        "completion/complete" => referred(params.and_then(|it| it.get("ref"))),
        "subscriptions/listen" => subscribed(params.and_then(|it| it.get("notifications"))),
        list if list_key(list).is_some() => Vec::new(),
        // Those of no revision yet too: what else would they be about?
        resource if resource.starts_with("resources/") => vec![Named::Resource(text("uri"))],
        prompt if prompt.starts_with("prompts/") => vec![Named::Prompt(text("name"))],
        _ => Vec::new(),
    }
}

/// A reference of a kind the protocol does not have could be taken for either.
fn referred<'v>(reference: Option<&'v Value<'_>>) -> Vec<Named<'v>> {
    let text = |key| reference.and_then(|it| it.get(key)).and_then(Value::as_str);
    let resource = Named::Template(text("uri"));
    let prompt = Named::Prompt(text("name"));
    match text("type") {
        Some("ref/resource") => vec![resource],
        Some("ref/prompt") => vec![prompt],
        Some(_) | None => vec![resource, prompt],
    }
}

fn subscribed<'v>(wanted: Option<&'v Value<'_>>) -> Vec<Named<'v>> {
    match wanted.and_then(|it| it.get("resourceSubscriptions")) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(uris)) => uris
            .iter()
            .map(|uri| Named::Resource(uri.as_str()))
            .collect(),
        Some(_) => vec![Named::Resource(None)],
    }
}

/// The key of a list of resources, templates or prompts in the result of this method.
#[must_use]
pub fn list_key(method_normal: &str) -> Option<&'static str> {
    match method_normal {
        "resources/list" => Some("resources"),
        "resources/templates/list" => Some("resourceTemplates"),
        "prompts/list" => Some("prompts"),
        _ => None,
    }
}

/// What an entry of the list under this key names.
#[must_use]
pub fn listed<'v>(list_key: &str, entry: &'v Value<'_>) -> Option<Named<'v>> {
    let text = |key| entry.get(key).and_then(Value::as_str);
    match list_key {
        "resources" => Some(Named::Resource(text("uri"))),
        "resourceTemplates" => Some(Named::Template(text("uriTemplate"))),
        "prompts" => Some(Named::Prompt(text("name"))),
        _ => None,
    }
}
