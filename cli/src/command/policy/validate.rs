//! `policy validate`: every error of every file, with line, column and the nearest known key.
//! Reads the files with the engine; no daemon is needed.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use engine::diagnostic::{Diagnostics, Severity};
use engine::policy::{Base, Loaded, Place, Policy, Role, bases};

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
            match whole(file, &text, context) {
                Ok(loaded) => write!(context.out, "{}", accepted(&name, &loaded))?,
                Err((of, errors)) => {
                    exit = Exit::No;
                    let name = of.map_or(name.into_owned(), |it| it.display().to_string());
                    write!(context.err, "{}", refused(&name, &errors))?;
                }
            }
        }
        Ok(unread.unwrap_or(exit))
    }
}

/// The policy, once every one that it extends has been read without an error too; the errors of a
/// base are told with its file.
pub(crate) fn whole(
    file: &Path,
    text: &str,
    context: &Context<'_>,
) -> Result<Loaded, (Option<PathBuf>, Diagnostics)> {
    let place = place(file, context);
    let loaded = Policy::load(text, &place).map_err(|it| (None, it))?;
    let Some(real) = place.protected.first().filter(|_| place.role == Role::Own) else {
        return Ok(loaded);
    };
    let found = bases(real, text, |base| base_text(base, context)).map_err(|it| (None, it))?;
    for Base { path, text } in found {
        let place = self::place(&path, context);
        Policy::load(&text, &place).map_err(|it| (Some(path), it))?;
    }
    Ok(loaded)
}

/// A base by the rules that `aipd` reads it by, but for who may write it.
pub(crate) fn base_text(path: &Path, context: &Context<'_>) -> Result<String, String> {
    if is_layer(path, context) {
        return Err("it is a layer, which stands beside every policy by itself".to_owned());
    }
    let real = std::fs::canonicalize(path)
        .map_err(|error| format!("can't read `{}`: {error}", path.display()))?;
    if real != path {
        let real = real.display();
        return Err(format!(
            "it leads through a link; write where it leads: `{real}`"
        ));
    }
    context
        .read_text(path, MAX_POLICY)
        .map_err(|failure| failure.to_string())
}

fn is_layer(path: &Path, context: &Context<'_>) -> bool {
    let folders = context.folders.as_ref();
    folders.is_ok_and(|folders| folders.is_layer(path))
}

/// Where a policy is read: home, and what is always protected.
pub(crate) fn place(file: &Path, context: &Context<'_>) -> Place {
    let real = std::fs::canonicalize(file).ok();
    let layer = real.as_ref().is_some_and(|it| is_layer(it, context));
    Place {
        home: context.home.clone(),
        role: if layer { Role::Layer } else { Role::Own },
        follows_extends: real.is_some(),
        protected: real.into_iter().collect(),
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
