//! `policy fmt`: policies in their canonical layout, each the same policy with the same comments.

use std::path::{Path, PathBuf};

use clap::Args;
use engine::policy::{FormatError, format};

use super::absolute;
use super::validate::{MAX_POLICY, place, refused};
use crate::context::Context;
use crate::diff;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::install::write::replace;
use crate::text::visible;

/// Which files, and whether they are written.
#[derive(Debug, Args)]
pub struct Fmt {
    /// Policy files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write nothing; the answer is no where a file is laid out otherwise
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    diff: bool,
}

impl Fmt {
    /// Lays them all out; one that can't be is left as it is and does not hide the next.
    ///
    /// # Errors
    /// When the output can't be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let mut exit = Exit::Done;
        for file in &self.files {
            match self.one(file, context) {
                Ok(Exit::Done) => {}
                Ok(other) => exit = worse(exit, other),
                Err(Failure::Output(error)) => return Err(Failure::Output(error)),
                Err(failure) => {
                    writeln!(context.err, "Error: {failure}")?;
                    exit = worse(exit, failure.exit());
                }
            }
        }
        Ok(exit)
    }

    fn one(&self, file: &Path, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let name = visible(&file.to_string_lossy());
        let text = context.read_text(file, MAX_POLICY)?;
        let out = match format(&text, &place(file, context)) {
            Ok(out) => out,
            Err(FormatError::Invalid(errors)) => {
                write!(context.err, "{}", refused(&file.to_string_lossy(), &errors))?;
                return Ok(Exit::No);
            }
            Err(error @ (FormatError::Anchor(_) | FormatError::Unsure(_))) => {
                writeln!(context.err, "Error: {name}: {error}")?;
                return Ok(Exit::No);
            }
        };
        if out == text {
            return Ok(Exit::Done);
        }
        if self.diff {
            write!(context.out, "{name}:\n{}", diff::render(&text, &out))?;
        }
        if self.check {
            writeln!(context.out, "{name}: would be laid out anew")?;
            return Ok(Exit::No);
        }
        if !self.diff {
            let path = absolute(file)?;
            replace(&path, &text, &out).map_err(|source| Failure::File {
                doing: "write",
                path,
                source,
            })?;
            writeln!(context.out, "{name}: laid out anew")?;
        }
        Ok(Exit::Done)
    }
}

/// A file that could not be read or written says more than one that is laid out otherwise.
fn worse(one: Exit, other: Exit) -> Exit {
    if one as u8 >= other as u8 { one } else { other }
}
