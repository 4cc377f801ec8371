//! `completions`: what a shell needs to complete our command lines, made from their definitions.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::programs::Program;

/// For which shell, and which program.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
    /// The program to complete
    #[arg(value_enum, default_value = "aipctl")]
    program: Program,
}

impl Completions {
    /// Prints them.
    ///
    /// # Errors
    /// When the output can't be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        let name = self.program.name();
        generate(self.shell, &mut self.program.command(), name, &mut script);
        context.out.write_all(&script)?;
        Ok(Exit::Done)
    }
}
