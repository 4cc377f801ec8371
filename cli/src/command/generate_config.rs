//! `generate-config`: the block that makes a client run a server through aip, in that client's own
//! form. What `aip --generate-config` hands over to.

use clap::Args;

use super::generate_cursor_config::GenerateCursorConfig;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::snippet::clients_of;

/// For which client, and what the block is to run.
#[derive(Debug, Args)]
pub struct GenerateConfig {
    /// The client by its short name, such as cursor, codex or goose; `all` for every one
    client: String,
    #[command(flatten)]
    server: GenerateCursorConfig,
}

impl GenerateConfig {
    /// Prints it.
    ///
    /// # Errors
    /// When there is no such client, the command is empty, or a path can't be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let clients = clients_of(&self.client)?;
        self.server.print(context, &clients)
    }
}
