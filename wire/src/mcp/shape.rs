//! Which keys the protocol defines where, so that their look-alikes can be refused. What is a
//! peer's own (arguments, contents, schemas, a form's answers) has no shape here.

use crate::json::Value;
use crate::rpc::variant_of;

/// The keys of one object, and the shapes of the objects under them.
pub(super) struct Shape {
    keys: &'static [&'static str],
    inside: &'static [(&'static str, &'static Self)],
}

impl Shape {
    /// Finds a key that looks like a defined one, in the object or in each of several; says which.
    pub(super) fn look_alike(&self, value: &Value<'_>) -> Option<&'static str> {
        if let Some(elements) = value.as_array() {
            return elements.iter().find_map(|it| self.look_alike(it));
        }
        let members = value.as_object()?;
        members.iter().find_map(|(key, inner)| {
            variant_of(key, self.keys).or_else(|| {
                let (_, shape) = self.inside.iter().find(|(name, _)| name == key)?;
                shape.look_alike(inner)
            })
        })
    }
}

const fn flat(keys: &'static [&'static str]) -> Shape {
    Shape { keys, inside: &[] }
}

pub(super) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(super) const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
pub(super) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";
pub(super) const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// The params of every method the protocol has, taken together: what one method does not define
/// it has no use for either.
pub(super) static PARAMS: Shape = Shape {
    keys: &[
        "_meta",
        "argument",
        "arguments",
        "capabilities",
        "clientInfo",
        "context",
        "createdAt",
        "cursor",
        "data",
        "elicitationId",
        "error",
        "includeContext",
        "inputRequests",
        "inputResponses",
        "lastUpdatedAt",
        "level",
        "logger",
        "maxTokens",
        "message",
        "messages",
        "metadata",
        "mode",
        "modelPreferences",
        "name",
        "notifications",
        "pollInterval",
        "pollIntervalMs",
        "progress",
        "progressToken",
        "protocolVersion",
        "reason",
        "ref",
        "requestId",
        "requestState",
        "requestedSchema",
        "result",
        "status",
        "statusMessage",
        "stopSequences",
        "systemPrompt",
        "task",
        "taskId",
        "temperature",
        "toolChoice",
        "tools",
        "total",
        "ttl",
        "ttlMs",
        "uri",
        "url",
    ],
    inside: &[
        ("_meta", &META),
        ("argument", &flat(&["name", "value"])),
        ("capabilities", &CAPABILITIES),
        ("clientInfo", &INFO),
        ("context", &flat(&["arguments"])),
        ("notifications", &FILTER),
        ("ref", &flat(&["name", "title", "type", "uri"])),
        ("task", &TASK),
    ],
};

/// The params of a method the protocol does not have.
pub(super) static FOREIGN_PARAMS: Shape = Shape {
    keys: &["_meta"],
    inside: &[("_meta", &META)],
};

/// The results of all methods. Bare `meta` passes in what servers send: it is common there, and
/// nothing is decided by it.
pub(super) static RESULT: Shape = Shape {
    keys: &[
        "_meta",
        "action",
        "cacheScope",
        "capabilities",
        "completion",
        "content",
        "contents",
        "createdAt",
        "description",
        "error",
        "inputRequests",
        "instructions",
        "isError",
        "lastUpdatedAt",
        "messages",
        "meta",
        "model",
        "nextCursor",
        "pollInterval",
        "pollIntervalMs",
        "prompts",
        "protocolVersion",
        "requestState",
        "resourceTemplates",
        "resources",
        "result",
        "resultType",
        "role",
        "roots",
        "serverInfo",
        "status",
        "statusMessage",
        "stopReason",
        "structuredContent",
        "supportedVersions",
        "task",
        "taskId",
        "tasks",
        "tools",
        "ttl",
        "ttlMs",
    ],
    inside: &[
        ("_meta", &META),
        ("capabilities", &CAPABILITIES),
        ("roots", &flat(&["_meta", "name", "uri"])),
        ("serverInfo", &INFO),
        ("task", &TASK),
    ],
};

/// A tool's definition.
pub(super) static DEFINITION: Shape = Shape {
    keys: &[
        "_meta",
        "annotations",
        "description",
        "execution",
        "icons",
        "inputSchema",
        "meta",
        "name",
        "outputSchema",
        "title",
    ],
    inside: &[
        (
            "annotations",
            &flat(&[
                "destructiveHint",
                "idempotentHint",
                "openWorldHint",
                "readOnlyHint",
                "title",
            ]),
        ),
        ("execution", &flat(&["taskSupport"])),
    ],
};

/// One request inside a result that wants input.
pub(super) static INPUT_REQUEST: Shape = flat(&["method", "params"]);

static META: Shape = Shape {
    keys: &[
        CLIENT_CAPABILITIES,
        CLIENT_INFO,
        RELATED_TASK,
        SUBSCRIPTION_ID,
        "io.modelcontextprotocol/logLevel",
        PROTOCOL_VERSION,
        "io.modelcontextprotocol/serverInfo",
        "progressToken",
    ],
    inside: &[
        (CLIENT_CAPABILITIES, &CAPABILITIES),
        (CLIENT_INFO, &INFO),
        (RELATED_TASK, &TASK),
    ],
};

static CAPABILITIES: Shape = flat(&[
    "completions",
    "elicitation",
    "experimental",
    "extensions",
    "logging",
    "prompts",
    "resources",
    "roots",
    "sampling",
    "tasks",
    "tools",
]);

static INFO: Shape = flat(&[
    "description",
    "icons",
    "name",
    "title",
    "version",
    "websiteUrl",
]);

static TASK: Shape = flat(&[
    "createdAt",
    "lastUpdatedAt",
    "pollInterval",
    "pollIntervalMs",
    "status",
    "statusMessage",
    "taskId",
    "ttl",
    "ttlMs",
]);

static FILTER: Shape = flat(&[
    "promptsListChanged",
    "resourceSubscriptions",
    "resourcesListChanged",
    "taskIds",
    "toolsListChanged",
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_defined_key_is_a_look_alike_of_another() {
        for shape in [&PARAMS, &META, &CAPABILITIES, &INFO, &TASK, &FILTER] {
            for key in shape.keys {
                let others: Vec<_> = shape.keys.iter().copied().filter(|it| it != key).collect();
                assert_eq!(variant_of(key, &others), None, "{key}");
            }
        }
    }
}
