//! The names of the protocol's methods.

/// All requests and notifications of either side, as the specification and its tasks extension
/// spell them, revisions 2024-11-05 to 2026-07-28. `initialized` and `cancelled` are AIP's short
/// names for two notifications.
pub const KNOWN_METHODS: &[&str] = &[
    "cancelled",
    "completion/complete",
    "elicitation/create",
    "initialize",
    "initialized",
    "logging/setLevel",
    "notifications/cancelled",
    "notifications/elicitation/complete",
    "notifications/initialized",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/roots/list_changed",
    "notifications/subscriptions/acknowledged",
    "notifications/tasks",
    "notifications/tasks/status",
    "notifications/tools/list_changed",
    "ping",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/templates/list",
    "resources/unsubscribe",
    "roots/list",
    "sampling/createMessage",
    "server/discover",
    "subscriptions/listen",
    "tasks/cancel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/update",
    "tools/call",
    "tools/list",
];

/// Whether the protocol has this method, in any case of letters.
pub(super) fn is_known(method_normal: &str) -> bool {
    KNOWN_METHODS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(method_normal))
}
