//! The places whose values redaction must leave as they are.

use super::shape::{RELATED_TASK, SUBSCRIPTION_ID};

/// The longest path [`never_changed`] holds of, in keys.
pub const DEEPEST_KEPT: usize = 5;

/// Whether redaction leaves the value at this path as it is: ids, tokens, cursors and the names
/// the protocol runs on, at the places it defines them. The path starts at the envelope and
/// holds keys; an array's element is `[]`.
#[must_use]
pub fn never_changed(path: &[&str]) -> bool {
    match path {
        ["id" | "jsonrpc" | "method"] | ["error", "code"] => true,
        [
            "params",
            "cursor" | "elicitationId" | "progressToken" | "requestId" | "requestState" | "taskId",
        ]
        | ["params", "_meta", "progressToken"]
        | ["params", "notifications", "taskIds", "[]"] => true,
        ["params" | "result", "_meta", key] => *key == SUBSCRIPTION_ID,
        ["params" | "result", "_meta", key, "taskId"] => *key == RELATED_TASK,
        ["result", "nextCursor" | "requestState" | "taskId"]
        | ["result", "task", "taskId"]
        | ["result", "tasks", "[]", "taskId"]
        | ["params" | "result", "inputRequests", _, "method"]
        | [
            "params" | "result",
            "inputRequests",
            _,
            "params",
            "elicitationId",
        ]
        | ["error", "data", "elicitations", "[]", "elicitationId"] => true,
        _ => false,
    }
}
