//! `clients`: the servers that clients start, and which of them run through aip.

use clap::Args;
use wire::control::{ClientServer, Request, ServerState};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{self, Field, Tone};

/// All of them.
#[derive(Debug, Args)]
pub struct Clients {
    /// Print a JSON array for a program to read
    #[arg(long)]
    json: bool,
}

impl Clients {
    /// Lists them.
    ///
    /// # Errors
    /// When the daemon can't be asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let servers: Vec<ClientServer> = context.ask(&Request::Clients)?.items()?;
        if self.json {
            context.print_json(&servers)?;
            return Ok(Exit::Done);
        }
        if servers.is_empty() {
            writeln!(context.out, "No AI client's configuration names a server.")?;
            return Ok(Exit::Done);
        }
        let rows: Vec<_> = servers.iter().map(row).collect();
        let table = table::render(context.screen, HEAD, &rows);
        write!(context.out, "{table}")?;
        Ok(Exit::Done)
    }
}

const HEAD: [&str; 4] = ["client", "server", "runs", "file"];

fn row(it: &ClientServer) -> [Field; 4] {
    let folder = it.folder.as_deref().map(|it| format!(" in {it}"));
    let tone = match it.state {
        ServerState::Wrapped => Tone::Good,
        ServerState::Unwrapped | ServerState::Broken => Tone::Warn,
        ServerState::Remote | ServerState::Own | ServerState::Disabled => Tone::Plain,
    };
    [
        Field::from(&it.client_name),
        Field::from(format!("{}{}", it.server, folder.unwrap_or_default())),
        Field::toned(&runs(it), tone),
        Field::from(&it.file),
    ]
}

fn runs(it: &ClientServer) -> String {
    match it.state {
        ServerState::Wrapped => "through aip".to_owned(),
        ServerState::Unwrapped if it.lost => "unwrapped: it has lost aip".to_owned(),
        ServerState::Unwrapped => "unwrapped".to_owned(),
        ServerState::Remote => "by a URL, not covered".to_owned(),
        ServerState::Own => "in the client, not covered".to_owned(),
        ServerState::Disabled => "off".to_owned(),
        ServerState::Broken => {
            let why = it.why.as_deref().unwrap_or_default();
            format!("can't be read: {why}")
        }
    }
}
