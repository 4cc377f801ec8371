//! What each revision has, as steps, and the server that has it.

use e2e::counterparts::{driver, installed};
use serde_json::{Value, json};

use crate::clients::Client;
use crate::servers::Server;

/// What not every revision has, or not every SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Has {
    /// The client says that its roots have changed.
    RootsChanged,
    /// The server asks for a form to be filled in.
    Elicitation,
    /// The server wants an address visited first.
    Visit,
    /// A call is answered by a task.
    Tasks,
}

/// The client, made to ask for this revision.
pub(crate) fn asking(client: Client, revision: &str) -> Client {
    let with = ["--revision", revision].map(str::to_owned);
    let driver = client.driver.map(|mut words| {
        words.extend(with);
        words
    });
    Client { driver, ..client }
}

/// A server of the revisions with a handshake, and the steps of this one.
pub(crate) fn handshake(revision: &str, has: &[Has]) -> Result<Server, String> {
    let mut steps = shared(revision, "a sampled answer", "file:///srv/project");
    steps.extend([
        json!({"call": "ping", "shows": "pong"}),
        json!({"call": "change", "shows": "changed"}),
        json!({"ping": true}),
    ]);
    for it in has {
        steps.extend(match it {
            Has::RootsChanged => vec![json!({"rootsChanged": true})],
            Has::Elicitation => vec![json!({"call": "elicit", "shows": "accept Ada"})],
            Has::Visit => vec![json!({"call": "visit", "shows": "-32042"})],
            Has::Tasks => vec![
                json!({"task": "later", "shows": "done later"}),
                json!({"foreign": "nobodys", "shows": "nobodys"}),
            ],
        });
    }
    server("mcp1/bin/python", "server_sdk1.py", steps)
}

/// A server of the revision without one, and its steps.
pub(crate) fn stateless() -> Result<Server, String> {
    let same = "a sampled answer same=True";
    let mut steps = shared("2026-07-28", same, "file:///srv/project same=True");
    steps.extend([
        json!({"call": "elicit", "shows": "accept Ada same=True"}),
        json!({"call": "visit", "shows": "accept same=True"}),
        json!({"listen": "change", "shows": "toolsListChanged"}),
    ]);
    server("mcp2/bin/python", "server_sdk2.py", steps)
}

/// What all revisions have, each in its own way.
fn shared(revision: &str, sampled: &str, root: &str) -> Vec<Value> {
    vec![
        json!({"tools": true, "shows": "echo"}),
        json!({"call": "revision", "shows": revision}),
        json!({"call": "echo", "args": {"text": "größer \u{1f600} \u{7f}"}, "shows": "größer"}),
        json!({"call": "count", "progress": true, "shows": "counted"}),
        json!({"cancel": "wait", "shows": "cancelled"}),
        json!({"call": "roots", "shows": root}),
        json!({"call": "sample", "shows": sampled}),
    ]
}

fn server(interpreter: &str, script: &str, steps: Vec<Value>) -> Result<Server, String> {
    Ok(Server {
        command: vec![installed(interpreter)?, driver(script)],
        env: Vec::new(),
        steps: Value::Array(steps),
        clock: &[
            // A task's id and times are of the moment.
            (r"[0-9a-f]{32}:[0-9a-f-]{36}", "<task>"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "<clock>"),
        ],
    })
}
