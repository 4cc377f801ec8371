//! Methods as the MCP specification spells them, and which of them pass when a policy is silent.

use std::borrow::Cow;

use crate::name::normal_form;

/// Every method a client or a server may send, over all revisions.
const KNOWN: &[&str] = &[
    "initialize",
    "initialized",
    "ping",
    "cancelled",
    "server/discover",
    "subscriptions/listen",
    "tools/call",
    "tools/list",
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/templates/list",
    "resources/unsubscribe",
    "prompts/get",
    "prompts/list",
    "completion/complete",
    "logging/setLevel",
    "roots/list",
    "sampling/createMessage",
    "elicitation/create",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/cancel",
    "tasks/update",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/message",
    "notifications/roots/list_changed",
    "notifications/resources/updated",
    "notifications/resources/list_changed",
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "notifications/elicitation/complete",
    "notifications/subscriptions/acknowledged",
    "notifications/tasks",
    "notifications/tasks/status",
];

/// What passes when a policy names no methods: AIP's own list.
pub(crate) const SAFE: &[&str] = &[
    "initialize",
    "initialized",
    "ping",
    "tools/call",
    "tools/list",
    "completion/complete",
    "notifications/initialized",
    "notifications/progress",
    "notifications/message",
    "notifications/resources/updated",
    "notifications/resources/list_changed",
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "cancelled",
];

/// What current clients need beside it to work at all.
pub(crate) const COMPAT: &[&str] = &[
    "notifications/cancelled",
    "notifications/roots/list_changed",
    "server/discover",
    "subscriptions/listen",
];

/// What `allowed_resources` brings along when a policy names no methods.
pub(crate) const RESOURCES: &[&str] = &[
    "resources/list",
    "resources/templates/list",
    RESOURCES_READ,
    RESOURCES_SUBSCRIBE,
    "resources/unsubscribe",
];

/// What `allowed_prompts` brings along when a policy names no methods.
pub(crate) const PROMPTS: &[&str] = &["prompts/list", PROMPTS_GET];

/// Reads a resource.
pub(crate) const RESOURCES_READ: &str = "resources/read";

/// Asks to be told of a resource's changes.
pub(crate) const RESOURCES_SUBSCRIBE: &str = "resources/subscribe";

/// Gets a prompt.
pub(crate) const PROMPTS_GET: &str = "prompts/get";

/// What a server may ask of the client when a policy names nothing.
pub(crate) const SERVER: &[&str] = &["ping", "roots/list", "elicitation/create"];

/// What still passes while the user has stopped all calls: neither reaches for anything.
pub(crate) const NEVER_STOPPED: &[&str] = &["ping", "notifications/cancelled"];

/// Methods about a task begin so.
pub(crate) const TASKS: &str = "tasks/";

/// The one method whose params name a tool.
pub(crate) const TOOLS_CALL: &str = "tools/call";

/// Proposes values for what a resource template or a prompt takes.
pub(crate) const COMPLETE: &str = "completion/complete";

/// Asks to be told of changes, revision 2026-07-28.
pub(crate) const LISTEN: &str = "subscriptions/listen";

/// The spelling to forward: the MCP specification's own where it knows the method, the name
/// itself where it is in normal form, and none otherwise.
pub fn method_spelling(sent: &str) -> Option<Cow<'_, str>> {
    if let Some(known) = KNOWN.iter().find(|known| **known == sent) {
        return Some(Cow::Borrowed(known));
    }
    let normal = normal_form(sent);
    match KNOWN.iter().find(|known| normal_form(known) == normal) {
        Some(known) => Some(Cow::Borrowed(known)),
        None => (normal == sent && !sent.is_empty()).then_some(Cow::Borrowed(sent)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forwarded_is_never_the_clients_variant() {
        check("tools/call", Some("tools/call"));
        check("TOOLS/CALL", Some("tools/call"));
        check("logging/setlevel", Some("logging/setLevel"));
        check("Logging/SetLevel\u{200b}", Some("logging/setLevel"));
        check("vendor/thing", Some("vendor/thing"));
        check("Vendor/Thing", None);
        check(" vendor/thing", None);
        check("", None);
    }

    #[test]
    fn no_two_methods_share_a_normal_form() {
        for known in KNOWN {
            let alike = |it: &&&str| normal_form(it) == normal_form(known);
            assert_eq!(KNOWN.iter().filter(alike).count(), 1, "{known}");
        }
    }

    #[test]
    fn the_lists_are_spelled_as_the_specification_does() {
        for list in [SAFE, COMPAT, RESOURCES, PROMPTS, SERVER, NEVER_STOPPED] {
            for method in list {
                assert!(KNOWN.contains(method), "{method}");
            }
        }
    }

    fn check(sent: &str, spelling: Option<&str>) {
        assert_eq!(method_spelling(sent).as_deref(), spelling, "{sent:?}");
    }
}
