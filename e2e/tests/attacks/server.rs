//! The recording servers, and a session with each.

use std::path::Path;

use e2e::counterparts::installed;
use e2e::needs::{needs, tool};

use crate::session::{Session, Setting};

/// Who reads what aip lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Python,
    TypeScript,
    Lenient,
}

pub(crate) const ALL: [Server; 3] = [Server::Python, Server::TypeScript, Server::Lenient];

/// The environment variable that names a server's record.
pub(crate) const RECORD: &str = "AIP_ATTACK_RECORD";
/// The one that holds its instructions.
pub(crate) const INSTRUCTIONS: &str = "AIP_ATTACK_INSTRUCTIONS";

impl Server {
    /// Its command, or why it can't be had.
    pub(crate) fn command(self) -> Result<Vec<String>, String> {
        match self {
            Self::Python => Ok(vec![installed("mcp2/bin/python")?, script("python_sdk.py")]),
            Self::TypeScript => {
                tool("node")?;
                let sdk = installed("node/node_modules/@modelcontextprotocol/sdk")?;
                Ok(vec!["node".to_owned(), script("typescript_sdk.mjs"), sdk])
            }
            Self::Lenient => {
                tool("python3")?;
                Ok(vec!["python3".to_owned(), script("lenient.py")])
            }
        }
    }
}

fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("attacks");
    folder.join(name).to_string_lossy().into_owned()
}

/// Attacks each server in a session of its own, all at once.
pub(crate) fn each(test: &str, setting: &Setting, attack: impl Fn(Session) + Sync) {
    on(&ALL, test, setting, attack);
}

/// Attacks these servers.
pub(crate) fn on(
    servers: &[Server],
    test: &str,
    setting: &Setting,
    attack: impl Fn(Session) + Sync,
) {
    std::thread::scope(|scope| {
        for server in servers {
            let attack = &attack;
            let run = move || {
                let name = format!("{test} ({server:?})");
                if let Some(command) = needs(&name, server.command()) {
                    attack(Session::start(&command, setting));
                }
            };
            let thread = std::thread::Builder::new().name(format!("{server:?}"));
            thread.spawn_scoped(scope, run).expect("a thread starts");
        }
    });
}
