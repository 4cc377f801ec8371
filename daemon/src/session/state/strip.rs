//! Capabilities that the policy would refuse to use are not advertised in the first place, to
//! either side; never in monitor mode.

use wire::json::Value;
use wire::mcp::{TASKS_EXTENSION, strip_capability, strip_extension};

use super::{Context, State};

/// Without it a call that is answered by a task has no answer, in the core protocol of 2025-11-25
/// as in the extension of 2026-07-28, which either side has to offer.
const FETCHES_TASKS: &str = "tasks/get";

/// What a server may advertise, and the method that makes it worth having, in normal form.
const OF_SERVER: [(&str, &str); 6] = [
    ("resources", "resources/read"),
    ("prompts", "prompts/get"),
    ("logging", "logging/setlevel"),
    ("completions", "completion/complete"),
    ("tools", "tools/call"),
    ("tasks", FETCHES_TASKS),
];

/// What a client may advertise, and the server's request for it.
const OF_CLIENT: [(&str, &str); 3] = [
    ("sampling", "sampling/createmessage"),
    ("elicitation", "elicitation/create"),
    ("roots", "roots/list"),
];

impl State {
    /// Strips a server's `initialize` or `server/discover` result; says whether anything went.
    pub(super) fn strip_server(ctx: &Context<'_>, result: &mut Value<'_>) -> bool {
        let stripped = strip(ctx, result, &OF_SERVER, |ctx, method| {
            ctx.policy().allows_method(method)
        });
        strip_tasks(ctx, result) | stripped
    }

    /// Strips what a client states of itself, in `initialize` or with any message; says whether
    /// anything went.
    pub(super) fn strip_client(ctx: &Context<'_>, params: &mut Value<'_>) -> bool {
        let stripped = strip(ctx, params, &OF_CLIENT, |ctx, method| {
            ctx.policy().allows_server_method(method)
        });
        strip_tasks(ctx, params) | stripped
    }
}

fn strip_tasks(ctx: &Context<'_>, holder: &mut Value<'_>) -> bool {
    !ctx.monitor()
        && !ctx.policy().allows_method(FETCHES_TASKS)
        && strip_extension(holder, TASKS_EXTENSION)
}

fn strip(
    ctx: &Context<'_>,
    holder: &mut Value<'_>,
    table: &[(&str, &str)],
    allowed: impl Fn(&Context<'_>, &str) -> bool,
) -> bool {
    if ctx.monitor() {
        return false;
    }
    let denied = table.iter().filter(|(_, method)| !allowed(ctx, method));
    denied.fold(false, |stripped, (capability, _)| {
        strip_capability(holder, capability) | stripped
    })
}
