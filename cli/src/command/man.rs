//! `man`: the manual pages of all three programs, made from their command lines.

use std::path::{Path, PathBuf};

use clap::{Args, Command, ValueHint};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::programs::Program;

/// Where to.
#[derive(Debug, Args)]
pub struct Man {
    /// The folder to write them into; made if it is not there
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
}

impl Man {
    /// Writes one page a program, and one a command of `aipctl`.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        write(&self.folder).map_err(|source| Failure::File {
            doing: "write manual pages to",
            path: self.folder.clone(),
            source,
        })?;
        let folder = crate::text::visible(&self.folder.to_string_lossy());
        writeln!(context.out, "Wrote the manual pages to {folder}.")?;
        Ok(Exit::Done)
    }
}

fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for program in Program::ALL {
        let mut command = program.command().disable_help_subcommand(true);
        command.build();
        pages(&command, folder)?;
    }
    Ok(())
}

fn pages(command: &Command, folder: &Path) -> std::io::Result<()> {
    command
        .get_subcommands()
        .try_for_each(|it| pages(it, folder))?;
    let page = clap_mangen::Man::new(command.clone());
    let page = page.source(concat!("aip ", env!("CARGO_PKG_VERSION")));
    page.manual("aip").generate_to(folder).map(drop)
}
