//! The clients: how each is started with the steps and the server's command.

use e2e::counterparts::{driver, installed};
use e2e::needs::tool;

/// One client.
pub(crate) struct Client {
    /// Its driver's command, or why it can't be had.
    pub(crate) driver: Result<Vec<String>, String>,
    /// It starts the server anew for every step, so it takes the brief ones only.
    pub(crate) brief: bool,
}

pub(crate) fn python_sdk_1() -> Client {
    script("mcp1/bin/python", "python_sdk.py", &[])
}

pub(crate) fn python_sdk_2() -> Client {
    script("mcp2/bin/python", "python_sdk.py", &[])
}

pub(crate) fn python_sdk_2_auto() -> Client {
    script("mcp2/bin/python", "python_sdk.py", &["--auto"])
}

pub(crate) fn fastmcp_4() -> Client {
    script("fastmcp/bin/python", "fastmcp_client.py", &[])
}

pub(crate) fn typescript_sdk_1() -> Client {
    node("node", "sdk", "typescript_sdk.mjs", &[])
}

pub(crate) fn typescript_sdk_2() -> Client {
    node("node", "client", "typescript_sdk2.mjs", &[])
}

pub(crate) fn typescript_sdk_2_auto() -> Client {
    node("node", "client", "typescript_sdk2.mjs", &["--auto"])
}

pub(crate) fn inspector_0_15() -> Client {
    inspector("inspector")
}

pub(crate) fn inspector_2_12() -> Client {
    inspector("inspector2")
}

pub(crate) fn rmcp_3() -> Client {
    rmcp(&[])
}

pub(crate) fn rmcp_3_auto() -> Client {
    rmcp(&["--auto"])
}

fn rmcp(more: &[&str]) -> Client {
    Client {
        driver: installed("rmcp/debug/aip-e2e-rmcp").map(|program| words(&[program], more)),
        brief: false,
    }
}

fn script(interpreter: &str, name: &str, more: &[&str]) -> Client {
    let command = |program| words(&[program, driver(name)], more);
    Client {
        driver: installed(interpreter).map(command),
        brief: false,
    }
}

fn node(environment: &str, package: &str, name: &str, more: &[&str]) -> Client {
    let package = format!("{environment}/node_modules/@modelcontextprotocol/{package}");
    let there = tool("node").and_then(|()| installed(&package));
    Client {
        driver: there.map(|_| words(&["node".to_owned(), driver(name)], more)),
        brief: false,
    }
}

fn inspector(series: &str) -> Client {
    Client {
        brief: true,
        ..node(series, "inspector", "inspector.mjs", &[series])
    }
}

fn words(command: &[String], more: &[&str]) -> Vec<String> {
    let more = more.iter().map(|&word| word.to_owned());
    command.iter().cloned().chain(more).collect()
}
