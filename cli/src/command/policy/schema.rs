//! `policy schema`: the policy language as a JSON Schema, for an editor. No daemon is needed.

use clap::Args;
use serde_json::Value;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Nothing to choose.
#[derive(Debug, Args)]
pub struct Schema {}

impl Schema {
    /// Prints it.
    ///
    /// # Errors
    /// When the output can't be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let schema: Value =
            serde_json::from_str(&engine::policy::schema()).map_err(Failure::Answer)?;
        context.print_json(&schema)?;
        Ok(Exit::Done)
    }
}
