//! `extends`: what a text says it is based on, to be looked for by who knows files.

use std::path::{Path, PathBuf};

use super::{
    Policy, Role,
    source::{At, Source},
    written::Text,
    yaml::{self, Tree, Value},
};
use crate::{diagnostic::Diagnostics, paths};

/// The base a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extends {
    /// As the policy writes it.
    pub path: String,
    at: At,
}

impl Extends {
    /// The line it is named in.
    pub fn line(&self) -> usize {
        self.at.line
    }

    /// What is wrong with the base, said of where `text` names it.
    pub fn error(&self, text: &str, message: String, help: &str) -> Diagnostics {
        let mut source = Source::new(text);
        source.error_with_help(self.at, message, help);
        source.into_diagnostics()
    }
}

/// The base that a policy's text names; none where it names none, or can't be read.
pub fn extends(text: &str) -> Option<Extends> {
    if !text.contains("extends") {
        return None;
    }
    let tree = yaml::read(&mut Source::new(text))?;
    let value = member(member(&tree, "spec")?, "extends")?;
    let (Value::Plain(path) | Value::Quoted(path)) = &value.value else {
        return None;
    };
    Some(Extends {
        path: path.clone(),
        at: value.at,
    })
}

impl Policy {
    /// The base it names.
    pub fn extends(&self) -> Option<&str> {
        self.extends.as_deref()
    }

    /// Whether it only tightens another: a base, or whatever policy a session names.
    pub(crate) fn is_tightening(&self) -> bool {
        self.extends.is_some() || self.role == Role::Layer
    }
}

/// Reports a path that could be read as something else than a file.
pub(super) fn check(base: &Text, followed: bool, source: &mut Source<'_>) {
    let text = base.text.as_str();
    let help = "write the path of a policy, from this file's folder";
    if text.trim().is_empty() {
        source.error_with_help(base.at, "`extends` is empty", help);
    } else if text.starts_with('~') || text.contains(['$', '\\']) || text.contains("://") {
        source.error_with_help(
            base.at,
            format!("`extends: {text}` is not a plain path"),
            help,
        );
    } else if !followed {
        let message = "`extends` can't be followed: this text stands in no file";
        source.error_with_help(base.at, message, "give the policy as a file");
    }
}

fn member<'t>(tree: &'t Tree, key: &str) -> Option<&'t Tree> {
    let Value::Map(entries) = &tree.value else {
        return None;
    };
    let entry = entries.iter().find(|entry| entry.key == key)?;
    Some(&entry.value)
}

/// The most policies that one extends, each the one before it.
pub const MOST_BASES: usize = 4;

/// A base as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its file, absolute and lexically normal.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

/// Every policy that the text of the file at `path` extends, the nearest first. `read` gives what a
/// file holds, or why it can't be a base.
///
/// # Errors
/// Where the text names a base that can't be had, or one that does.
pub fn bases(
    path: &Path,
    text: &str,
    mut read: impl FnMut(&Path) -> Result<String, String>,
) -> Result<Vec<Base>, Diagnostics> {
    let mut found: Vec<Base> = Vec::new();
    let mut first: Option<Extends> = None;
    loop {
        let child = found.last();
        let words = child.map_or(text, |it| it.text.as_str());
        let child = child.map_or(path, |it| it.path.as_path());
        let Some(named) = extends(words) else {
            return Ok(found);
        };
        let base = base_path(child, &named);
        let known = base == path || found.iter().any(|it| it.path == base);
        let read = if known {
            Err("it leads back to where it began".to_owned())
        } else if found.len() >= MOST_BASES {
            Err(format!(
                "no more than {MOST_BASES} can be extended in a row"
            ))
        } else {
            read(&base)
        };
        let why = match read {
            Ok(text) => {
                found.push(Base { path: base, text });
                first.get_or_insert(named);
                continue;
            }
            Err(why) => why,
        };
        let place = match &first {
            None => String::new(),
            Some(_) => format!(" in line {} of `{}`", named.line(), child.display()),
        };
        let message = format!("`extends: {}`{place} can't be followed: {why}", named.path);
        let help = "name the file of a policy, from this file's folder";
        return Err(first.as_ref().unwrap_or(&named).error(text, message, help));
    }
}

/// The file that a policy at `child` names as its base.
pub fn base_path(child: &Path, named: &Extends) -> PathBuf {
    let folder = child.parent().unwrap_or(Path::new("/"));
    paths::lexical(&folder.join(&named.path))
}
