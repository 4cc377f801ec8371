//! Capabilities that the policy would refuse to use are not advertised in the first place, to
//! either side; never in monitor mode.

use wire::json::Value;
use wire::mcp::strip_capability;

use super::{Context, State};

/// What a server may advertise, and the method that makes it worth having, in normal form.
const OF_SERVER: [(&str, &str); 5] = [
    ("resources", "resources/read"),
    ("prompts", "prompts/get"),
    ("logging", "logging/setlevel"),
    ("completions", "completion/complete"),
    ("tools", "tools/call"),
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
        strip(ctx, result, &OF_SERVER, |ctx, method| {
            ctx.policy().allows_method(method)
        })
    }

    /// Strips a client's `initialize` params; says whether anything went.
    pub(super) fn strip_client(ctx: &Context<'_>, params: &mut Value<'_>) -> bool {
        strip(ctx, params, &OF_CLIENT, |ctx, method| {
            ctx.policy().allows_server_method(method)
        })
    }
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
