//! `policy validate`: every error of every file, with line, column and the nearest known key.
//! Reads the files with the engine; no daemon is needed.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use engine::diagnostic::{Diagnostics, Severity};
use engine::policy::{Loaded, Place, Policy};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// The longest policy read, in bytes.
pub const MAX_POLICY: u64 = 4 * 1024 * 1024;

/// Which files.
#[derive(Debug, Args)]
pub struct Validate {
    /// Policy files
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Validate {
    /// Checks them all; one bad file does not hide the next.
    ///
    /// # Errors
    /// When a file can't be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let mut exit = Exit::Done;
        let mut unread = None;
        for file in &self.files {
            let text = match context.read_text(file, MAX_POLICY) {
                Ok(text) => text,
                Err(failure) => {
                    writeln!(context.err, "Error: failed to load policy: {failure}")?;
                    unread = Some(failure.exit());
                    continue;
                }
            };
            let name = file.to_string_lossy();
            match Policy::load(&text, &place(file, context)) {
                Ok(loaded) => write!(context.out, "{}", accepted(&name, &loaded))?,
                Err(errors) => {
                    exit = Exit::No;
                    write!(context.err, "{}", refused(&name, &errors))?;
                }
            }
        }
        Ok(unread.unwrap_or(exit))
    }
}

/// Where a policy is read: home, and what is always protected.
pub(crate) fn place(file: &Path, context: &Context<'_>) -> Place {
    Place {
        home: context.home.clone(),
        protected: std::fs::canonicalize(file).into_iter().collect(),
        case_insensitive: cfg!(target_os = "macos"),
    }
}

fn accepted(file: &str, loaded: &Loaded) -> String {
    let policy = &loaded.policy;
    let version = policy
        .version()
        .map(|version| format!(" (v{version})"))
        .unwrap_or_default();
    let mut text = crate::text::visible(&format!("{file}: ok: {}{version}", policy.name()));
    text.push('\n');
    text.push_str(&crate::text::visible_lines(&loaded.warnings.render(file)));
    text
}

/// Every error of a refused policy: the headline as the guide has it, then everything that was found.
pub(crate) fn refused(file: &str, errors: &Diagnostics) -> String {
    let first = errors
        .0
        .iter()
        .find(|diagnostic| diagnostic.severity == Severity::Error)
        .map_or("", |diagnostic| diagnostic.message.as_str());
    let mut text = String::new();
    let _ = writeln!(
        text,
        "Error: failed to load policy: {}",
        crate::text::visible(first)
    );
    text.push_str(&crate::text::visible_lines(&errors.render(file)));
    text
}
